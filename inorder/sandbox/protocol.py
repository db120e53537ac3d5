"""The sandbox's end of one connection: uvicorn's HTTP protocol with bounds on time, size and number.

A route finds the connection's transport in its scope, as `scope["extensions"]["inorder.transport"]`, and drops the
connection without an answer by `await drop(scope, receive)`.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from inorder.sandbox.answers import ErrorBody

TRANSPORT = "inorder.transport"
"""The ASGI extension that is the connection's transport."""
MAX_HEAD_BYTES = 65_536
"""A request's line and headers, or what else stands around its body: more is refused with 431."""

_ERRORS = {400: "bad request", 408: "request timeout", 431: "request header fields too large"}


@dataclass(frozen=True)
class Bounds:
    """What one connection may take, and how many there may be."""

    request_timeout_s: float
    """A request is whole after so long, and its answer does not stand still for as long, or the connection is closed."""
    max_connections: int
    """One more is closed at once."""


async def drop(scope: Scope, receive: Receive) -> None:
    """Close the connection of a call without an answer, and return once it is gone: the route then returns, too."""
    transport: asyncio.Transport = scope["extensions"][TRANSPORT]
    transport.abort()
    # Uvicorn complains of a route that ends without an answer before the connection is known to be lost.
    while (await receive())["type"] != "http.disconnect":
        pass


class Connection(HttpToolsProtocol):
    """One connection. Its one timer is set anew when it fires, never by a request."""

    bounds: Bounds

    def __init__(self, *args: Any, **more: Any) -> None:
        """As uvicorn makes it."""
        super().__init__(*args, **more)
        self._extensions: dict[str, Any] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._since: float | None = None
        """When the wait for a whole request began; None while nothing of one is there."""
        self._moved = False
        """Whether the data just read began or ended a head, or brought a part of a body."""
        self._idle_bytes = 0
        """Bytes read since something last moved."""
        self._reading_bytes = 0
        self._began_bytes = 0
        """Bytes of the reading in which the last request began: up to so many of them are of its head."""
        self._unsent_bytes = 0
        """What waited to be sent when the timer last fired."""
        self._refusal = 400
        self._running: RequestResponseCycle | None = None
        self.pipeline: deque[tuple[RequestResponseCycle, Any]]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Close the connection if there are too many; else wait for its first request."""
        if len(self.connections) >= self.bounds.max_connections:
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)
        self._extensions = {TRANSPORT: transport}
        self._since = self.loop.time()
        self._timer = self.loop.call_later(self.bounds.request_timeout_s, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)
        self._extensions = {}
        # Uvicorn tells the last call only; those before it would write to a connection that is gone.
        for cycle in (self._running, *(waiting for waiting, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and count what belongs to no body."""
        if self._since is None:
            self._since = self.loop.time()
        self._moved = False
        self._reading_bytes = self._idle_bytes + len(data)
        super().data_received(data)
        if self._moved:
            self._idle_bytes = 0
            return
        # All of it was one head that has no end yet, or chunk extensions, trailers, empty lines.
        self._idle_bytes = self._reading_bytes
        if self._idle_bytes > MAX_HEAD_BYTES:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """Begin a request, with the transport in its scope."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._moved = True
        self._began_bytes = self._reading_bytes
        if self._since is None:
            self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Hand the request to the application, if its head is not too long."""
        self._moved = True
        # A reading may be longer than a head may be, and hold the end of what came before: a long one is looked at.
        if self._began_bytes + self._reading_bytes > MAX_HEAD_BYTES and _size(self.url, self.headers) > MAX_HEAD_BYTES:
            self._refusal = 431
            raise ValueError("the head is too long")
        super().on_headers_complete()
        # The parser brings trailers as headers: they are none of the request's.
        self.headers = []
        if self.expect_100_continue:
            # If it is refused before it was told to continue, its client may or may not send the body.
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._moved = True
        self._since = None
        super().on_message_complete()
        self.cycle.more_body = False  # where the answer is out already, uvicorn does not say so

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, self._serve)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        """Let the application answer; a client that goes away meanwhile is nobody's mistake."""
        try:
            await self.app(scope, receive, send)
        except RuntimeError:
            if not self.transport.is_closing():
                raise
            while (await receive())["type"] != "http.disconnect":
                pass

    def resume_writing(self) -> None:
        """The client reads."""
        self._unsent_bytes = 0
        super().resume_writing()

    def _unsupported_upgrade_warning(self) -> None:
        """Answer as if no other protocol had been asked for; what follows may be in it, so it is the last answer."""
        last = self._last()
        if last is None or last.response_complete:
            self.transport.close()
        else:
            last.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls on a request that the parser cannot take."""
        self._refuse(self._refusal)

    def _last(self) -> RequestResponseCycle | None:
        """The last request whose head is whole, and its answer."""
        return self.cycle

    def _answering(self) -> bool:
        """Whether a whole request waits for its answer."""
        last = self._last()
        return last is not None and not (last.more_body or last.response_complete)

    def _refuse(self, status: int) -> None:
        """Answer what was read last with an error, where its turn has come, and close."""
        if self.transport.is_closing():
            return
        if self._answering():
            # An error now would be taken for the answer to the call before, which may well be stored.
            self.flow.pause_reading()
            self.cycle.keep_alive = False
        elif self.pipeline:
            self.transport.abort()
        else:
            last = self._last()
            if last is None or not (last.more_body and last.response_started):
                self.transport.write(_error(status))
            self.transport.close()

    def _check(self) -> None:
        """Close the connection if its client kept it waiting for too long; else look again when it may have."""
        self._timer = None
        now = self.loop.time()
        timeout_s = self.bounds.request_timeout_s
        unsent, self._unsent_bytes = self._unsent_bytes, self.transport.get_write_buffer_size()
        if self.transport.is_closing() or 0 < unsent == self._unsent_bytes:
            # It does not read what it was sent, so nothing more can be told to it.
            self.transport.abort()
            return
        if self._answering() or self.flow.read_paused:
            # The wait is ours.
            self._since = None if self._since is None else now
        wait_s = timeout_s if self._since is None else self._since + timeout_s - now
        if wait_s > 0:
            self._timer = self.loop.call_later(wait_s, self._check)
            return
        if self._in_body() and not self.pipeline:
            self.transport.write(_error(408))
        self.transport.close()
        self._timer = self.loop.call_later(timeout_s, self._check)

    def _in_body(self) -> bool:
        """Whether the last request has a whole head, lacks a part of its body, and has no answer yet."""
        last = self._last()
        return last is not None and last.more_body and not last.response_started


def _size(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def _error(status: int) -> bytes:
    """A whole answer, the last one of its connection."""
    body = msgspec.json.encode(ErrorBody(_ERRORS[status]))
    head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
    return STATUS_LINE[status] + head + body


def bounded(bounds: Bounds) -> type[Connection]:
    """The protocol of connections with these bounds, as `uvicorn.Config(http=...)` takes it."""
    return type("BoundedConnection", (Connection,), {"bounds": bounds})
