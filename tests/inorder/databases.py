"""An embedded PostgreSQL for the whole session, and a fresh database in it for each test that asks."""

import asyncio
import itertools
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from inorder.sandbox.embedded import EmbeddedPostgres


class Databases:
    """A running server."""

    def __init__(self) -> None:
        self._server = EmbeddedPostgres()
        self._numbers = itertools.count(1)

    def fresh(self) -> str:
        """The address of a database with nothing in it."""
        name = f"test{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} STRATEGY file_copy")
        parts = urlsplit(self._server.dsn)
        return urlunsplit(parts._replace(path=f"/{name}"))

    def run(self, *statements: str, dsn: str | None = None) -> None:
        """Run statements one after another."""

        async def work() -> None:
            connection = await asyncpg.connect(dsn or self._server.dsn)
            for statement in statements:
                await connection.execute(statement)
            await connection.close()

        asyncio.run(work())

    def stop(self) -> None:
        """End the server."""
        self._server.stop()
