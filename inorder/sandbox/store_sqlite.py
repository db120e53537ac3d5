"""The store in one SQLite file: write-ahead log, synced at each commit, one thread that writes and one that reads."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inorder.errors import UnusableInput
from inorder.sandbox.store import PAGE_BYTES, Row, StoreError

_APPLICATION_ID = 0x696E6F72
"""Marks the file as the sandbox's ("inor"), so that it never writes into somebody else's database."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    visitor TEXT NOT NULL,
    name TEXT NOT NULL,
    event BLOB NOT NULL,
    server TEXT NOT NULL,
    stored_at REAL NOT NULL
)
"""

# The writing thread gives up Python's lock at each statement and must win it back from the event loop: rows go in by
# few statements of fixed sizes, which also keeps the number of prepared statements small.
_INSERT = {
    size: "INSERT INTO event (visitor, name, event, server, stored_at) VALUES " + ",".join(["(?,?,?,?,?)"] * size)
    for size in (500, 100, 20, 5, 1)
}

# SQLite itself joins a page, in one statement: Python's lock is free meanwhile. A line break inside an event can only
# be white space between its tokens (JSON escapes it elsewhere) and would break the line of the stream.
_PAGE = """
SELECT group_concat(line, char(10)), max(position), count(*) FROM (
    SELECT position, '{"position":' || position || ',"visitor":' || json_quote(visitor) || ',"name":' || json_quote(name)
        || ',"event":' || replace(replace(CAST(event AS TEXT), char(10), ' '), char(13), ' ')
        || ',"server":"' || server || '","stored_at":' || stored_at || '}' AS line
    FROM event WHERE position > ? ORDER BY position LIMIT ?
)
"""
_PAGE_ROWS = 500
"""Rows joined by one statement."""

_CHECKPOINT_PAGES = 4000
"""The log is moved into the database after so many pages (16 MB): seldom enough to cost little."""


class SqliteStore:
    """A Store (store.py) on one SQLite file, made where it does not exist."""

    def __init__(self, path: Path) -> None:
        """Open `path`; raises UnusableInput with one line where it is no database of a sandbox."""
        try:
            self._write = _connect(path)
            _prepare(self._write, path)
            self._read = _connect(path)
            self._read.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise UnusableInput(f"store {path}: {error}") from None
        self._writer = ThreadPoolExecutor(1, "sandbox-writer")
        self._reader = ThreadPoolExecutor(1, "sandbox-reader")
        self.commits = 0

    async def commit(self, rows: Sequence[Row]) -> None:
        """Store the rows as one transaction, on disk when this returns."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self._commit, rows)

    def _commit(self, rows: Sequence[Row]) -> None:
        stored_at = time.time()
        begin, execute = 0, self._write.execute
        try:
            execute("BEGIN IMMEDIATE")
            for size, insert in _INSERT.items():
                while len(rows) - begin >= size:
                    values: list[object] = []
                    for row in rows[begin : begin + size]:
                        values += row
                        values.append(stored_at)
                    execute(insert, values)
                    begin += size
            execute("COMMIT")
        except sqlite3.Error as error:
            if self._write.in_transaction:
                execute("ROLLBACK")
            raise StoreError(f"the store failed: {error}") from error
        self.commits += 1

    async def page(self, after: int, limit: int) -> bytes:
        """JSON Lines of the rows behind `after`."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reader, self._page, after, limit)
        except sqlite3.Error as error:
            raise StoreError(f"the store failed: {error}") from error

    def _page(self, after: int, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while limit > 0 and size < PAGE_BYTES:
            wanted = min(limit, _PAGE_ROWS)
            lines, last, count = self._read.execute(_PAGE, (after, wanted)).fetchone()
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
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._last_position)

    def _last_position(self) -> int:
        (position,) = self._read.execute("SELECT max(position) FROM event").fetchone()
        return -1 if position is None else int(position)

    async def discard(self, after: int) -> list[tuple[str, bytes]]:
        """Delete the rows behind `after`."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._discard, after)

    def _discard(self, after: int) -> list[tuple[str, bytes]]:
        delete = "DELETE FROM event WHERE position > ? RETURNING visitor, event"
        return self._write.execute(delete, (after,)).fetchall()

    async def reset(self) -> None:
        """Delete all rows; AUTOINCREMENT goes on."""
        await self.discard(-1)

    async def close(self) -> None:
        """Close both connections; SQLite then moves the log into the database."""
        self._writer.shutdown()
        self._reader.shutdown()
        self._read.close()
        self._write.close()


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that other threads may use, one at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the table in a new file; refuse a file that something else made."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and application != _APPLICATION_ID:
        raise UnusableInput(f"store {path}: a database of something else")
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(_SCHEMA)
