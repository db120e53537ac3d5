"""The store in PostgreSQL, which many server processes write: one turn after the other, so that positions are commits."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

from inorder.errors import UnusableInput
from inorder.sandbox.address import Postgres
from inorder.sandbox.store import PAGE_BYTES, Row, StoreError, StoreUnsure

T = TypeVar("T")

_MARK = "inorder sandbox: the stored log, format 1"
"""Comment on the table: it is the sandbox's, which never writes into somebody else's."""
_TURN = 0x696E6F72
"""Key of the advisory lock ("inor")."""
_OLDEST_VERSION = 14

_TABLE = f"""
CREATE TABLE event (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    visitor text NOT NULL,
    name text NOT NULL,
    event text NOT NULL,
    server text NOT NULL,
    stored_at double precision NOT NULL
);
COMMENT ON TABLE event IS '{_MARK}';
"""

# A sequence alone hands out positions in the order in which they are asked for, and transactions commit in another: a
# reader that pages `position > after` would step over rows that become visible late. So the lock comes first (no row
# reaches the insert, which draws the position, before `turn` has given its row), and PostgreSQL lets go of it after the
# transaction is on disk and visible: positions, commits and visibility have one order over all processes.
# One statement is one round trip, and the lock is held for no longer than that; COPY needs three, and is faster only
# from some hundred rows on.
_INSERT = f"""
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock({_TURN}))
INSERT INTO event (visitor, name, event, server, stored_at)
SELECT visitor, name, event, server, $5
FROM turn, unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS taken (visitor, name, event, server, number)
ORDER BY number
"""

# PostgreSQL itself joins a page. A line break inside an event can only be white space between its tokens (JSON escapes
# it elsewhere) and would break the line of the stream.
_PAGE = r"""
SELECT convert_to(string_agg(line, E'\n' ORDER BY position), 'UTF8'), max(position), count(*) FROM (
    SELECT position, '{"position":' || position || ',"visitor":' || to_json(visitor) || ',"name":' || to_json(name)
        || ',"event":' || translate(event, E'\n\r', '  ')
        || ',"server":"' || server || '","stored_at":' || stored_at || '}' AS line
    FROM event WHERE position > $1 ORDER BY position LIMIT $2
) AS page
"""
_PAGE_ROWS = 500
"""Rows joined by one statement."""

_CONNECT_S = 10.0
_COMMIT_S = 60.0
"""A statement that is not answered for so long is given up."""

_LOST = (OSError, TimeoutError, asyncpg.InterfaceError)
"""What is raised where the connection, and not a statement, failed (besides some errors of PostgreSQL's own)."""


class PostgresStore:
    """A Store (store.py) on a PostgreSQL database; its table is made where it is not there."""

    def __init__(self, address: Postgres, server: str) -> None:
        """`server` tells the writer of one process from the others; `open` connects."""
        self._address = address
        self._name = f"inorder {address.token} {server}"
        self._writer: asyncpg.Connection | None = None
        self._insert: asyncpg.prepared_stmt.PreparedStatement
        self._reader: asyncpg.Connection | None = None
        self._reading = asyncio.Lock()

    @classmethod
    async def open(cls, address: Postgres, server: str) -> "PostgresStore":
        """Connect; raises UnusableInput with one line where that fails, or where the database is of something else."""
        store = cls(address, server)
        try:
            await store._open_writer()
        except BaseException:
            await store.close()
            raise
        return store

    async def commit(self, rows: Sequence[Row]) -> None:
        """Store the rows as one transaction, on disk when this returns."""
        if not rows:
            return
        try:
            if self._writer is None or self._writer.is_closed():
                await self._open_writer()
        except UnusableInput as error:
            raise StoreError(f"the store failed: {error}") from error
        visitors, names, bodies, servers = zip(*rows, strict=True)
        events = [body.decode() for body in bodies]
        try:
            await self._insert.fetch(visitors, names, events, servers, time.time(), timeout=_COMMIT_S)
        except (asyncpg.PostgresError, *_LOST) as error:
            if not _is_lost(error):
                raise StoreError(f"the store failed: {error}") from error
            # The statement may have left, and may be committed: only its answer is missing.
            _drop(self._writer)
            raise StoreUnsure(f"the connection to the store was lost: {error}") from error

    async def page(self, after: int, limit: int) -> bytes:
        """JSON Lines of the rows behind `after`."""
        return await self._ask(lambda reader: self._page(reader, after, limit))

    async def last_position(self) -> int:
        """The highest position, -1 where the log is empty."""
        return int(await self._ask(lambda reader: reader.fetchval("SELECT coalesce(max(position), -1) FROM event")))

    async def discard(self, after: int) -> list[tuple[str, bytes]]:
        """Delete the rows behind `after`."""
        delete = "DELETE FROM event WHERE position > $1 RETURNING visitor, event"
        gone = await self._ask(lambda reader: reader.fetch(delete, after))
        return [(visitor, event.encode()) for visitor, event in gone]

    async def reset(self) -> None:
        """Delete all rows; the sequence goes on."""
        await self.discard(-1)

    async def _ask(self, question: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """The answer to a question on the reading connection, which takes one at a time."""
        async with self._reading:
            for attempt in (1, 2):
                try:
                    if self._reader is None or self._reader.is_closed():
                        self._reader = await _connect(self._address, self._name + " reads")
                    return await question(self._reader)
                except UnusableInput as error:
                    raise StoreError(f"the store cannot be read: {error}") from error
                except (asyncpg.PostgresError, *_LOST) as error:
                    if not _is_lost(error) or attempt == 2:
                        raise StoreError(f"the store cannot be read: {error}") from error
                    _drop(self._reader)
        raise AssertionError("the second attempt returns or raises")

    async def _page(self, reader: asyncpg.Connection, after: int, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while limit > 0 and size < PAGE_BYTES:
            wanted = min(limit, _PAGE_ROWS)
            lines, last, count = await reader.fetchrow(_PAGE, after, wanted, timeout=_COMMIT_S)
            if not count:
                break
            parts += (lines, b"\n")
            size += len(lines)
            after, limit = last, limit - count
            if count < wanted:
                break
        return b"".join(parts)

    async def close(self) -> None:
        """Close both connections."""
        for connection in (self._writer, self._reader):
            if connection is not None and not connection.is_closed():
                try:
                    await connection.close(timeout=_CONNECT_S)
                except (asyncpg.PostgresError, *_LOST):
                    connection.terminate()

    async def _open_writer(self) -> None:
        """Connect to write, after what an earlier connection of this writer left under way has come to an end."""
        self._writer = connection = await _connect(self._address, self._name)
        try:
            # PostgreSQL notices late that a client is gone, and may still commit what that had sent, after batches that
            # were sent later. So the old connection ends first, whether it was of this process or of a killed one.
            ended = await connection.fetch(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE application_name = $1 AND pid <> pg_backend_pid()",
                self._name,
            )
            if not all(done for (done,) in ended):
                raise UnusableInput(f"store {self._address}: an earlier connection does not end")
            await _prepare(connection, self._address)
            self._insert = await connection.prepare(_INSERT)
        except (asyncpg.PostgresError, *_LOST) as error:
            _drop(connection)
            raise UnusableInput(f"store {self._address}: {_reason(self._address, error)}") from None
        except UnusableInput:
            _drop(connection)
            raise


def _is_lost(error: BaseException) -> bool:
    """Whether it is not known if the statement took effect: no answer, or the server ended the connection meanwhile."""
    if isinstance(error, asyncpg.PostgresError):
        return error.sqlstate is None or error.sqlstate.startswith(("08", "57P")) or error.sqlstate == "40003"
    return True


def _drop(connection: asyncpg.Connection | None) -> None:
    """Use a connection no more; the next call makes a new one."""
    if connection is not None:
        connection.terminate()


async def _connect(address: Postgres, name: str) -> asyncpg.Connection:
    """A connection that shows as `name`; raises UnusableInput with one line."""
    settings = {"application_name": name, "synchronous_commit": "on"}
    try:
        return await asyncpg.connect(address.dsn, timeout=_CONNECT_S, server_settings=settings)
    except TimeoutError:
        raise UnusableInput(f"store {address}: no answer within {_CONNECT_S:.0f} s") from None
    except (asyncpg.PostgresError, OSError, asyncpg.InterfaceError, ValueError) as error:
        raise UnusableInput(f"store {address}: {_reason(address, error)}") from None


def _reason(address: Postgres, error: BaseException) -> str:
    """What an error says, as one line without the password."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    for password in address.passwords:
        text = text.replace(password, "…")
    return " ".join(text.split())


async def _prepare(connection: asyncpg.Connection, address: Postgres) -> None:
    """Make the table where there is none; refuse one that something else made. Several processes may come at once."""
    if connection.get_server_version().major < _OLDEST_VERSION:
        raise UnusableInput(f"store {address}: expected PostgreSQL {_OLDEST_VERSION} or newer")
    if connection.get_settings().server_encoding != "UTF8":
        raise UnusableInput(f"store {address}: expected a database in UTF8")
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_TURN})")
        table = await connection.fetchval("SELECT to_regclass('event')::oid")
        if table is None:
            await connection.execute(_TABLE)
        elif await connection.fetchval("SELECT obj_description($1, 'pg_class')", table) != _MARK:
            raise UnusableInput(f"store {address}: a database of something else, for its table event is not the sandbox's")
