"""What both stores promise: whole commits, positions that only grow, pages that go on."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from inorder.sandbox.store import Row, Store, StoreError, StoreUnsure
from tests.inorder.sandbox.conftest import execute
from tests.inorder.sandbox.stores import cut_pages, numbers, playing, rows
from tests.inorder.sandboxes import Place, lines


@pytest.mark.parametrize("count", [0, 1, 4, 5, 19, 20, 126, 500, 1_731])
def test_rows_of_any_number_are_stored_in_order(place: Place, count: int) -> None:
    """However they are divided into statements."""

    async def play(store: Store) -> list[dict[str, Any]]:
        await store.commit(rows(count))
        return lines(await store.page(-1, 10_000))

    stored = playing(place, play)
    assert [row["event"]["n"] for row in stored] == list(range(count))
    assert [row["position"] for row in stored] == list(range(1, count + 1))


TEXTS = ["a\tb", 'a"b\\c', "\\N", "{a,b}", "NULL", "'", "κόσμε 🛒", "\u2028", "\\u0000", "%s $1"]


def test_events_come_back_byte_for_byte(place: Place) -> None:
    """Whatever means something to a database, in JSON as the client wrote it."""
    bodies = [b'{"n": %d,\t"x":  "%b"}' % (number, _escaped(text)) for number, text in enumerate(TEXTS)]

    async def play(store: Store) -> bytes:
        await store.commit([("ann", "view", body, "s1") for body in bodies])
        return await store.page(-1, 100)

    page = playing(place, play)
    assert [line.partition(b',"event":')[2].rpartition(b',"server":')[0] for line in page.splitlines()] == bodies


def _escaped(text: str) -> bytes:
    """A text inside a JSON string, with nothing escaped that need not be."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").encode()


def test_a_failed_commit_stores_nothing_and_the_next_one_works(place: Place) -> None:
    """All or nothing, over several statements; that nothing is stored is certain."""
    broken: list[Any] = [*rows(30), ("ann", None, b"{}", "s1")]

    async def play(store: Store) -> list[int]:
        with pytest.raises(StoreError, match=r"(?i)not.null") as failed:
            await store.commit(broken)
        assert not isinstance(failed.value, StoreUnsure)
        await store.commit(rows(2))
        return await numbers(store)

    assert playing(place, play) == [0, 1]


def test_positions_are_never_used_again(place: Place) -> None:
    """Not after the store is opened anew, and not after the newest rows were taken away."""

    async def add(store: Store) -> list[int]:
        await store.commit(rows(3))
        return [row["position"] for row in lines(await store.page(-1, 100))]

    assert playing(place, add) == [1, 2, 3]
    if isinstance(place, Path):
        with sqlite3.connect(place / "log.sqlite") as other:
            other.execute("DELETE FROM event WHERE position > 1")
        other.close()
    else:
        execute(str(place.dsn), "DELETE FROM event WHERE position > 1")
    assert playing(place, add) == [1, 4, 5, 6]


def test_pages_go_on_where_the_last_one_ended(place: Place) -> None:
    """With the position of the last row as `after`; behind the newest the page is empty."""

    async def play(store: Store) -> list[list[int]]:
        await store.commit(rows(1_203))
        pages, after = [], -1
        while page := lines(await store.page(after, 601)):
            after = page[-1]["position"]
            pages.append([row["position"] for row in page])
        assert await store.page(1_203, 601) == b""
        assert await store.page((1 << 63) - 1, 601) == b""
        return pages

    pages = playing(place, play)
    assert [len(page) for page in pages] == [601, 601, 1]
    assert [position for page in pages for position in page] == list(range(1, 1_204))


def test_a_page_of_huge_events_is_cut_short_but_not_empty(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded, and a reader still gets on."""
    cut_pages(monkeypatch, 1_000_000)

    async def play(store: Store) -> int:
        await store.commit(rows(2_000, size=1_000))
        return len(lines(await store.page(-1, 2_000)))

    assert playing(place, play) == 1_000


def test_several_may_read_while_one_writes(place: Place) -> None:
    """Each page is a beginning of what follows."""

    async def play(store: Store) -> None:
        async def write() -> None:
            for begin in range(0, 200, 10):
                group: list[Row] = rows(10, begin=begin)
                await store.commit(group)

        writing = asyncio.create_task(write())
        while not writing.done():
            for seen in await asyncio.gather(*(numbers(store) for _ in range(5))):
                assert seen == list(range(len(seen)))
                assert len(seen) % 10 == 0
        await writing
        assert await numbers(store) == list(range(200))

    playing(place, play)
