"""The SQLite store: what is committed is on disk, whole, under positions that only grow."""

import sqlite3
from pathlib import Path

import pytest

from inorder.errors import UnusableInput
from inorder.sandbox.store_sqlite import SqliteStore
from tests.inorder.sandbox.stores import playing, rows


def test_a_commit_can_be_read_from_the_file_at_once(tmp_path: Path) -> None:
    """By another process, the moment that it returns; each transaction is synced (synchronous = FULL, WAL)."""

    async def play(store: SqliteStore) -> tuple[int, str, int]:
        await store.commit(rows(7))
        with sqlite3.connect(tmp_path / "log.sqlite") as other:
            (count,) = other.execute("SELECT count(*) FROM event").fetchone()
        other.close()
        (mode,) = store._write.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = store._write.execute("PRAGMA synchronous").fetchone()
        return count, mode, synchronous

    assert playing(tmp_path, play) == (7, "wal", 2)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """A database of another program, and a file that is none: one line each, and nothing is written into them."""
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE event (x)")
    other.close()
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be taken for one " * 20)
    before = (tmp_path / "notes.txt").read_bytes()
    with pytest.raises(UnusableInput, match=r"^store .*other.db: a database of something else$"):
        SqliteStore(tmp_path / "other.db")
    with pytest.raises(UnusableInput, match=r"^store .*notes.txt: file is not a database$"):
        SqliteStore(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_bytes() == before
