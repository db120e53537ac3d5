"""Open stores to test, of either kind, and rows to put into them."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from inorder.sandbox.store import Row, Store
from inorder.sandbox.store_postgres import PostgresStore
from inorder.sandbox.store_sqlite import SqliteStore
from tests.inorder.sandboxes import Place, lines


def rows(count: int, size: int = 0, visitor: str = "ann", begin: int = 0) -> list[Row]:
    """Rows whose events are numbered, and padded to about `size` bytes."""
    return [(visitor, "view", b'{"n":%d,"x":"%b"}' % (number, b"x" * size), "s1") for number in range(begin, begin + count)]


def playing(place: Place, play: Callable[..., Coroutine[Any, Any, Any]], writers: int = 1) -> Any:
    """Open the store for so many server processes, play with them, and close it."""

    async def whole() -> Any:
        stores: list[Store] = []
        try:
            for number in range(1, writers + 1):
                stores.append(
                    SqliteStore(place / "log.sqlite")
                    if isinstance(place, Path)
                    else await PostgresStore.open(place, f"s{number}")
                )
            return await play(*stores)
        finally:
            for store in stores:
                await store.close()

    return asyncio.run(whole())


async def numbers(store: Store) -> list[int]:
    """The numbers of all stored events, in stored order."""
    return [row["event"]["n"] for row in lines(await store.page(-1, 100_000))]


def cut_pages(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Let pages end after fewer bytes."""
    for kind in ("sqlite", "postgres"):
        monkeypatch.setattr(f"inorder.sandbox.store_{kind}.PAGE_BYTES", size)
