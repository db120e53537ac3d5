"""Stores to test on: one PostgreSQL server for all tests, and a fresh database for each."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from inorder.sandbox.address import Postgres
from inorder.sandbox.embedded import embedded
from tests.inorder.sandboxes import Place


def execute(dsn: str, *statements: str) -> None:
    """Run statements as the owner of the server."""

    async def play() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(play())


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of a PostgreSQL server, gone at the end."""
    with embedded() as dsn:
        yield dsn


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """A database with nothing in it."""
    name = f"test_{abs(hash(request.node.nodeid))}"
    execute(server, f"CREATE DATABASE {name}")
    yield Postgres(urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each of the places where a sandbox can store."""
    found: Place = request.getfixturevalue("database") if request.param == "postgresql" else tmp_path
    return found
