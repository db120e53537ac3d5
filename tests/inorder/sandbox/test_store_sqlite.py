"""The SQLite store: what is committed is on disk, whole, under positions that only grow."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from inorder.errors import UnusableInput
from inorder.sandbox.store import Row, StoreError
from inorder.sandbox.store_sqlite import SqliteStore
from tests.inorder.sandboxes import lines


def rows(count: int, size: int = 0) -> list[Row]:
    """Rows whose events are numbered, and padded to about `size` bytes."""
    return [("ann", "view", b'{"n":%d,"x":"%b"}' % (number, b"x" * size), "s1") for number in range(count)]


def playing(path: Path, play: Callable[[SqliteStore], Coroutine[Any, Any, Any]]) -> Any:
    """Open the store, play, and close it."""

    async def whole() -> Any:
        store = SqliteStore(path)
        try:
            return await play(store)
        finally:
            await store.close()

    return asyncio.run(whole())


@pytest.mark.parametrize("count", [1, 4, 5, 19, 20, 126, 500, 1_731])
def test_rows_of_any_number_are_stored_in_order(tmp_path: Path, count: int) -> None:
    """However they are divided into statements."""

    async def play(store: SqliteStore) -> list[dict[str, Any]]:
        await store.commit(rows(count))
        return lines(await store.page(-1, 10_000))

    stored = playing(tmp_path / "log.db", play)
    assert [row["event"]["n"] for row in stored] == list(range(count))
    assert [row["position"] for row in stored] == list(range(1, count + 1))


def test_a_commit_can_be_read_from_the_file_at_once(tmp_path: Path) -> None:
    """By another process, the moment that it returns; each transaction is synced (synchronous = FULL, WAL)."""

    async def play(store: SqliteStore) -> tuple[int, str, int]:
        await store.commit(rows(7))
        with sqlite3.connect(tmp_path / "log.db") as other:
            (count,) = other.execute("SELECT count(*) FROM event").fetchone()
        other.close()
        (mode,) = store._write.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = store._write.execute("PRAGMA synchronous").fetchone()
        return count, mode, synchronous

    assert playing(tmp_path / "log.db", play) == (7, "wal", 2)


def test_a_failed_commit_stores_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    """All or nothing, over several statements."""
    broken: list[Any] = [*rows(30), ("ann", None, b"{}", "s1")]

    async def play(store: SqliteStore) -> list[dict[str, Any]]:
        with pytest.raises(StoreError, match="NOT NULL"):
            await store.commit(broken)
        await store.commit(rows(2))
        return lines(await store.page(-1, 100))

    assert [row["event"]["n"] for row in playing(tmp_path / "log.db", play)] == [0, 1]


def test_positions_are_never_used_again(tmp_path: Path) -> None:
    """Not after the file is opened anew, and not after the newest rows were taken away."""

    async def add(store: SqliteStore) -> list[int]:
        await store.commit(rows(3))
        return [row["position"] for row in lines(await store.page(-1, 100))]

    assert playing(tmp_path / "log.db", add) == [1, 2, 3]
    with sqlite3.connect(tmp_path / "log.db") as other:
        other.execute("DELETE FROM event WHERE position > 1")
    other.close()
    assert playing(tmp_path / "log.db", add) == [1, 4, 5, 6]


def test_pages_go_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """With the position of the last row as `after`; behind the newest the page is empty."""

    async def play(store: SqliteStore) -> list[list[int]]:
        await store.commit(rows(1_203))
        pages, after = [], -1
        while page := lines(await store.page(after, 601)):
            after = page[-1]["position"]
            pages.append([row["position"] for row in page])
        assert await store.page(1_203, 601) == b""
        assert await store.page((1 << 63) - 1, 601) == b""
        return pages

    pages = playing(tmp_path / "log.db", play)
    assert [len(page) for page in pages] == [601, 601, 1]
    assert [position for page in pages for position in page] == list(range(1, 1_204))


def test_a_page_of_huge_events_is_cut_short_but_not_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded, and a reader still gets on."""
    monkeypatch.setattr("inorder.sandbox.store_sqlite.PAGE_BYTES", 1_000_000)

    async def play(store: SqliteStore) -> int:
        await store.commit(rows(2_000, size=1_000))
        return len(lines(await store.page(-1, 2_000)))

    assert playing(tmp_path / "log.db", play) == 1_000


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
