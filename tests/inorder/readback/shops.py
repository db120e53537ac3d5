"""Systems to read a log from: a table of a database, and a listing over HTTP that pages in each way."""

import asyncio
import contextlib
import sqlite3
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import msgspec

from inorder.readback.row import StoredRow
from inorder.readback.settle import Reader


def given(reader: Reader, after: int | None = None) -> list[StoredRow]:
    """The rows that a reader gives now; `after`: it begins behind that position."""
    if after is not None:
        reader.begin(after)
    return [row for page in reader.pages() for row in page]


def positions(reader: Reader, after: int | None = None) -> list[int]:
    """Their positions."""
    return [row.position for row in given(reader, after)]


class Shop:
    """A database with a table `log`, which statements can be put to."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def execute(self, statement: str, *values: Any) -> None:
        """Run a statement; `$1` stands for the first value."""
        if self.uri.startswith("sqlite"):
            with contextlib.closing(sqlite3.connect(self.uri.removeprefix("sqlite:///"))) as file, file:
                file.execute(statement.replace("$", "?"), values)
            return

        async def play() -> None:
            connection = await asyncpg.connect(self.uri)
            try:
                await connection.execute(statement, *values)
            finally:
                await connection.close()

        asyncio.run(play())

    def store(self, *places: int) -> None:
        """Store rows at these positions, each a view of visitor `run7`."""
        for place in places:
            self.execute(
                f"INSERT INTO log VALUES ({place}, 'run7', 'view', '{{\"productId\": {place}}}', 's1', "
                f"'2026-01-02T03:04:05.500000+00:00', {place})"
            )


class ListingServer:
    """Gives `records`, at most `cap` a page, in the way that the path names; counts what it is asked for."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.records: list[dict[str, Any]] = []
        self.cap = 3
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.failures: list[int] = []
        """Statuses that are answered first."""
        self.stuck = False
        """Whether it always gives the same page."""

    def add(self, *places: int) -> None:
        """Store records at these positions."""
        self.records += [
            {"n": place, "user": {"id": "run7"}, "type": "view", "data": {"productId": place}} for place in places
        ]

    def answer(self, path: str) -> Any:
        """What is answered to a request."""
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        size = min(self.cap, int(asked.get("size", self.cap)))
        way = parts.path.strip("/")
        if self.stuck:
            return {"data": {"items": self.records[:size]}, "next": "/link?cursor=3" if way == "link" else "again"}
        if way == "position":
            found = [record for record in self.records if record["n"] > int(asked["after"])]
            return {"data": {"items": found[:size]}}
        start = (int(asked.get("page", 1)) - 1) * size + int(asked.get("offset", asked.get("cursor", 0)))
        answer: dict[str, Any] = {"data": {"items": self.records[start : start + size]}}
        if start + size < len(self.records):
            answer["next"] = f"/link?cursor={start + size}" if way == "link" else str(start + size)
        return answer


@contextlib.contextmanager
def listing_server(tls: ssl.SSLContext | None = None) -> Iterator[ListingServer]:
    """A listing server on loopback, gone at the end; `tls`: its certificate, and whom it lets in."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            made.asked.append(self.path)
            made.headers.append(dict(self.headers))
            status = made.failures.pop(0) if made.failures else 200
            body = msgspec.json.encode(made.answer(self.path)) if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        web.socket = tls.wrap_socket(web.socket, server_side=True)
    made = ListingServer(f"{'https' if tls else 'http'}://127.0.0.1:{web.server_port}")
    thread = threading.Thread(target=web.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        web.shutdown()
        thread.join()
        web.server_close()
