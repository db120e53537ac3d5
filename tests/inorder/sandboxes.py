"""Sandboxes to test with: one inside the test's own process, and a real one in a process of its own."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx
import msgspec
from starlette.applications import Starlette

from inorder.sandbox.address import Postgres
from inorder.sandbox.serve import opened
from inorder.sandbox.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"apiKey": "k", "partnerId": "p"}
Place = Path | Postgres
"""Where a sandbox stores: in a folder, by SQLite, or in a database of PostgreSQL."""
T = TypeVar("T")

SERVE = """
import sys
import msgspec
from inorder.errors import UnusableInput
from inorder.sandbox.serve import serve
from inorder.sandbox.settings import Settings
try:
    serve(Settings.from_options(**msgspec.json.decode(sys.argv[1])), lambda line: print(line, flush=True))
except UnusableInput as error:
    print(error)
    sys.exit(2)
"""


def lines(body: bytes) -> list[dict[str, Any]]:
    """The rows of a page of the stream."""
    return [msgspec.json.decode(line) for line in body.split(b"\n") if line]


class Near:
    """A sandbox inside this process: time passes in it only while a call or `run` goes on."""

    def __init__(self, runner: asyncio.Runner, app: Starlette, peer: str) -> None:
        self._runner = runner
        transport = httpx.ASGITransport(app, client=(peer, 1234))  # type: ignore[arg-type, unused-ignore]
        self.client = httpx.AsyncClient(transport=transport, base_url="http://sandbox")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the sandbox's own loop."""
        return self._runner.run(work)

    async def send(self, name: str, body: Any, query: dict[str, str] = KEYS, **more: Any) -> httpx.Response:
        """Make a tracking call; bytes are sent as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        return await self.client.post(f"/1.0/{name}", params=query, content=content, headers=headers, **more)

    def post(self, name: str, body: Any, query: dict[str, str] = KEYS, **more: Any) -> httpx.Response:
        """Make a tracking call and wait for its answer."""
        return self.run(self.send(name, body, query, **more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Ask for a path."""
        return self.run(self.client.get(path, **more))

    def stored(self) -> list[dict[str, Any]]:
        """The whole stored log."""
        return lines(self.get("/stored", params={"limit": 100_000}).content)

    def stored_after(self, seconds: float) -> list[dict[str, Any]]:
        """The whole stored log, some time later."""
        self.run(asyncio.sleep(seconds))
        return self.stored()


@contextlib.contextmanager
def near(place: Place, peer: str = "127.0.0.1", **settings: Any) -> Iterator[Near]:
    """Open a sandbox in this process; its store is a database, or `log.sqlite` in a folder."""
    store = place / "log.sqlite" if isinstance(place, Path) else place
    with asyncio.Runner() as runner:
        scope = opened(Settings(**{"store": store, **settings}))
        app = runner.run(scope.__aenter__())
        sandbox = Near(runner, app, peer)
        try:
            yield sandbox
        finally:
            runner.run(sandbox.client.aclose())
            runner.run(scope.__aexit__(None, None, None))


@dataclass
class Far:
    """A sandbox in a process of its own."""

    process: "subprocess.Popen[str]"
    port: int
    line: str
    """What it said when it listened."""

    @property
    def base(self) -> str:
        """Where its calls go."""
        return f"http://127.0.0.1:{self.port}/1.0"

    @property
    def bases(self) -> list[str]:
        """Where the calls of each of its processes go."""
        return [word for word in self.line.split() if word.startswith("http://")]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send it a signal and wait: its exit code, and all that it said after the first line."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=20)
        return self.process.returncode, said


def in_store(place: Place) -> dict[str, list[int]]:
    """What each visitor looked at, in stored order, as the store itself has it."""
    if isinstance(place, Path):
        with contextlib.closing(sqlite3.connect(place / "log.sqlite")) as file:
            rows = file.execute("SELECT visitor, event FROM event ORDER BY position").fetchall()
    else:
        rows = asyncio.run(selected(place, "SELECT visitor, event FROM event ORDER BY position"))
    found: dict[str, list[int]] = {}
    for visitor, body in rows:
        found.setdefault(visitor, []).append(msgspec.json.decode(body)["productId"])
    return found


async def selected(database: Postgres, query: str, *values: Any) -> list[Any]:
    """The rows of a query, by a connection of its own."""
    connection = await asyncpg.connect(database.dsn)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


def start(
    place: Place, environment: dict[str, str] | None = None, prefix: Sequence[str] = (), **options: Any
) -> "subprocess.Popen[str]":
    """Start a sandbox with options of `Settings.from_options`; what it says, errors too, is in `stdout`.

    `prefix`: a command that starts the command behind it.
    """
    store = f"sqlite:{place / 'log.sqlite'}" if isinstance(place, Path) else place.dsn
    given = {"store": store, "port": 0, **options}
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", SERVE, msgspec.json.encode(given).decode()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
    )


@contextlib.contextmanager
def far(place: Place, environment: dict[str, str] | None = None, **options: Any) -> Iterator[Far]:
    """A running sandbox in a process of its own, gone at the end whatever happens."""
    process = start(place, environment, **options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, line + process.stdout.read()
        yield Far(process, int(line.split("/1.0")[0].rpartition(":")[2]), line)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
