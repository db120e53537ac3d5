"""The store in PostgreSQL, for many server processes: one writing connection each, positions in the order of commits."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from inorder.errors import UnusableInput
from inorder.sandbox.store import PAGE_BYTES, Row, StoreError, StoreUnsure

SCHEMA = "inorder_sandbox"
"""All lies in a schema of its own, so that nothing of others in the database is ever touched."""
_LOCK = 0x696E6F72
"""The advisory lock under which positions are given and the schema is made ("inor")."""

_COLUMNS = {
    "position": "bigint",
    "visitor": "text",
    "name": "text",
    "event": "text",
    "server": "text",
    "stored_at": "double precision",
}
_MAKE = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.event (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    visitor text NOT NULL,
    name text NOT NULL,
    event text NOT NULL,
    server text NOT NULL,
    stored_at double precision NOT NULL
)
"""

# A position is drawn from the sequence only while the lock is held, and the lock is given back only after the commit
# can be seen. So positions grow in the order of the commits over all servers, and a reader that has seen one has seen
# all below it: without this, two transactions that overlap could commit in the other order, and a reader that pages
# would miss the rows that come late. One statement is one transaction, and one way there and back.
_INSERT = f"""
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock({_LOCK}), clock_timestamp() AS instant)
INSERT INTO {SCHEMA}.event (visitor, name, event, server, stored_at)
SELECT visitor, name, event, server, extract(epoch FROM instant)
FROM turn, unnest($1::text[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS row (visitor, name, event, server, place)
ORDER BY place
"""

# PostgreSQL itself joins a page. A line break inside an event can only be white space between its tokens (JSON escapes
# it elsewhere) and would break the line of the stream.
_PAGE = f"""
SELECT string_agg(line, E'\\n' ORDER BY position), max(position), count(*) FROM (
    SELECT position, '{{"position":' || position || ',"visitor":"' || visitor || '","name":"' || name || '","event":'
        || translate(event, E'\\n\\r', '  ') || ',"server":"' || server || '","stored_at":' || stored_at || '}}' AS line
    FROM {SCHEMA}.event WHERE position > $1 ORDER BY position LIMIT $2
) AS page
"""
_PAGE_ROWS = 500
"""Rows joined by one statement."""

_CONNECT_S = 10.0
_LOST = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
"""What is raised where a connection is lost, or the server is shut down under it."""


class PostgresStore:
    """A Store (store.py) in PostgreSQL; `open` makes one."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._write: asyncpg.Connection[Any] | None = None
        self._read: asyncpg.Connection[Any] | None = None
        self._reading = asyncio.Lock()
        self.commits = 0

    @classmethod
    async def open(cls, dsn: str) -> "PostgresStore":
        """Connect, and make the table where it is not there; raises UnusableInput with one line, without a password."""
        store = cls(dsn)
        try:
            store._write = await store._connect()
            await _prepare(store._write)
        except UnusableInput:
            await store.close()
            raise
        except (OSError, ValueError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            await store.close()
            raise UnusableInput(f"store postgresql: {_told(error)}") from None
        return store

    async def _connect(self) -> "asyncpg.Connection[Any]":
        settings = {"application_name": "inorder sandbox", "synchronous_commit": "on"}
        return await asyncpg.connect(self._dsn, timeout=_CONNECT_S, server_settings=settings)

    async def commit(self, rows: Sequence[Row]) -> None:
        """Store the rows as one transaction, on disk when this returns."""
        if not rows:
            return
        try:
            if self._write is None or self._write.is_closed():
                self._write = await self._connect()
        except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresError) as error:
            raise StoreError(f"the store cannot be reached: {_told(error)}") from error
        visitors, names, events, servers = zip(*rows, strict=True)
        try:
            await self._write.execute(_INSERT, visitors, names, [event.decode() for event in events], servers)
        except _LOST as error:
            # The commit may have been done, with only its answer lost.
            await _drop(self._write)
            raise StoreUnsure(f"the connection to the store was lost: {_told(error)}") from error
        except asyncpg.PostgresError as error:
            raise StoreError(f"the store failed: {_told(error)}") from error
        self.commits += 1

    async def page(self, after: int, limit: int) -> bytes:
        """JSON Lines of the rows behind `after`."""
        parts: list[bytes] = []
        size = 0
        while limit > 0 and size < PAGE_BYTES:
            wanted = min(limit, _PAGE_ROWS)
            lines, last, count = (await self._ask(_PAGE, after, wanted))[0]
            if not count:
                break
            parts += (lines.encode(), b"\n")
            size += len(parts[-2])
            after, limit = last, limit - count
            if count < wanted:
                break
        return b"".join(parts)

    async def last_position(self) -> int:
        """The highest position, -1 where the log is empty."""
        return int((await self._ask(f"SELECT coalesce(max(position), -1) FROM {SCHEMA}.event"))[0][0])

    async def discard(self, after: int) -> list[tuple[str, bytes]]:
        """Delete the rows behind `after`."""
        delete = f"DELETE FROM {SCHEMA}.event WHERE position > $1 RETURNING visitor, event"
        return [(visitor, event.encode()) for visitor, event in await self._ask(delete, after)]

    async def reset(self) -> None:
        """Delete all rows; the sequence goes on."""
        await self.discard(-1)

    async def _ask(self, query: str, *values: int) -> "list[asyncpg.Record]":
        """The rows of a query on the reading connection, which takes one at a time."""
        async with self._reading:
            if self._read is None or self._read.is_closed():
                self._read = await self._connect()
            rows: list[asyncpg.Record] = await self._read.fetch(query, *values)
            return rows

    async def close(self) -> None:
        """Close both connections."""
        for connection in (self._write, self._read):
            if connection is not None and not connection.is_closed():
                await connection.close(timeout=5)


async def _prepare(connection: "asyncpg.Connection[Any]") -> None:
    """Make the schema and its table, one server after another; refuse a table of another shape."""
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
        found = dict(
            await connection.fetch(
                "SELECT column_name::text, data_type::text FROM information_schema.columns"
                " WHERE table_schema = $1 AND table_name = 'event'",
                SCHEMA,
            )
        )
        if not found:
            await connection.execute(_MAKE)
        elif found != _COLUMNS:
            raise UnusableInput(f"store postgresql: {SCHEMA}.event is a table of something else")


async def _drop(connection: "asyncpg.Connection[Any]") -> None:
    """Give up a connection at once."""
    if not connection.is_closed():
        connection.terminate()


def _told(error: Exception) -> str:
    """The error in one line."""
    return " ".join(str(error).split()) or type(error).__name__
