"""The sandbox's side of a connection: uvicorn's, with bounds against slow, many and oversized clients."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from inorder.sandbox.settings import Settings

MAX_HEAD_BYTES = 65_536
"""Longest head of a request: the parser itself has no bound."""
TRANSPORT = "inorder.transport"
"""The extension of the ASGI scope that holds the connection's transport, so that a route can drop the connection."""
_SWEEP_S = 0.5
"""How often slow clients are looked for: one look at all connections costs less than a timer for each request."""

_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """One connection; `bounded_by` makes the class for some settings."""

    max_connections = 0
    request_timeout_s = 0.0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._began: float | None = None
        """When the request that is not whole yet began; None: none is open."""
        self._in_head = True
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or drop it where there are too many."""
        super().connection_made(transport)
        self._began = self.loop.time()
        if len(self.connections) > self.max_connections:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head without an end is refused."""
        if self._began is None:
            self._began = self.loop.time()
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins: in its scope stands the connection's transport."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]
        self._in_head = True
        if self._began is None:
            self._began = self.loop.time()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole: from here on it is the server's turn."""
        self._began = None
        self._in_head = True
        super().on_message_complete()

    def expire(self, now: float) -> None:
        """Close the connection where its request takes too long to arrive."""
        if self._began is None or now - self._began < self.request_timeout_s or self.transport.is_closing():
            return
        if not self._in_head and not self.cycle.response_started:
            self.transport.write(_TIMEOUT)
        self.transport.close()


def bounded_by(settings: Settings) -> type[BoundedProtocol]:
    """The protocol of a sandbox with these settings."""
    bounds = {"max_connections": settings.max_connections, "request_timeout_s": settings.request_timeout_s}
    return type("SandboxProtocol", (BoundedProtocol,), bounds)


async def sweep(state: ServerState) -> None:
    """Close the connections of slow clients, again and again."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_SWEEP_S)
        for protocol in list(state.connections):
            if isinstance(protocol, BoundedProtocol):
                protocol.expire(loop.time())
