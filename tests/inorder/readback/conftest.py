"""A database to read a log from, of either kind, and a listing server."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from inorder.sandbox.embedded import embedded
from tests.inorder.readback.shops import ListingServer, Shop, listing_server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a PostgreSQL server, gone at the end."""
    with embedded() as dsn:
        yield dsn


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A database with an empty table `log`."""
    if request.param == "postgresql":
        made = Shop(request.getfixturevalue("postgresql"))
        made.execute("DROP TABLE IF EXISTS log")
        made.execute(
            "CREATE TABLE log (at bigint, who text, what text, body jsonb, server text, stored timestamptz, odd numeric)"
        )
        yield made
        return
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.sqlite")) as file:
        file.execute("CREATE TABLE log (at INTEGER, who TEXT, what TEXT, body BLOB, server TEXT, stored TEXT, odd NUMERIC)")
    yield Shop(f"sqlite:///{tmp_path / 'shop.sqlite'}")


@pytest.fixture
def server() -> Iterator[ListingServer]:
    """A listing with nothing in it."""
    with listing_server() as made:
        yield made
