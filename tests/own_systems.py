"""A small HTTP server for systems that are not the sandbox: a stored log in memory, and the stream by which it is read."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Row = tuple[str, str, Any]
"""Visitor, name, event as stored."""
Take = Callable[["Log", str, "Message", bytes], tuple[int, Any]]
"""Takes a call (path with its query, headers, body); its status, and its answer to be written as JSON."""


@dataclass
class Log:
    """What is stored, in its order."""

    rows: list[Row] = field(default_factory=list)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers of each call."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rows: Sequence[Row]) -> None:
        """Store rows behind all others, nothing between them; the lock is held by who calls."""
        assert self.lock.locked()
        self.rows += rows

    def behind(self, after: int, limit: int) -> list[tuple[int, Row]]:
        """The rows behind a position, with their own."""
        with self.lock:
            return list(enumerate(self.rows))[after + 1 : after + 1 + limit]

    def read(self, path: str, asked: dict[str, list[str]], headers: "Message") -> tuple[int, bytes]:
        """Answer somebody who reads: here by the stream of docs/formats.md."""
        if path != "/stored":
            return 404, b"{}"
        found = self.behind(int(asked["after"][0]), int(asked["limit"][0]))
        lines = [{"position": at, "visitor": row[0], "name": row[1], "event": row[2]} for at, row in found]
        return 200, b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _handler(log: Log, take: Take) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with log.lock:
                log.calls.append((self.path, dict(self.headers)))
                status, answer = take(log, self.path, self.headers, body)
            self._answer(status, json.dumps(answer).encode())

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._answer(*log.read(parts.path, parse_qs(parts.query), self.headers))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that go away, or that show no certificate."""


@contextmanager
def serving(take: Take, tls: ssl.SSLContext | None = None, log: Log | None = None) -> Iterator[tuple[str, Log]]:
    """A running system: its origin, and its log. `tls`: it is spoken to by https, as `localhost`."""
    log = log or Log()
    server = _Server(("127.0.0.1", 0), _handler(log, take))
    if tls is not None:
        # The handshake is made by the thread of the connection: one that hangs must not keep others out.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"{'https://localhost' if tls else 'http://127.0.0.1'}:{server.server_port}", log
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def swapped(rows: list[Row]) -> list[Row]:
    """The fault of a system that does not keep order: the first two events of a batch have changed places."""
    return [*rows[1:2], *rows[:1], *rows[2:]]
