"""The proxy's connection to the server: one a client, one request at a time."""

import asyncio
from typing import cast

from inorder.proxy.framing import BadMessage, Framer, Side, interim


class Lost(Exception):
    """The connection to the server was lost, or never came about; `reset`: by an error, not by an ordinary close."""

    def __init__(self, reset: bool) -> None:
        super().__init__()
        self.reset = reset


class Upstream(asyncio.Protocol):
    """A connection to the server."""

    def __init__(self, on_lost: "asyncio.Future[bool]") -> None:
        """`on_lost` is given whether it was by an error, once the connection is gone."""
        self.transport: asyncio.Transport | None = None
        self._framer = Framer(Side.SERVER)
        self._on_lost = on_lost
        self._waiting: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one by what it does only

    def data_received(self, data: bytes) -> None:
        """Hand a whole answer to who waits for it."""
        try:
            answers = [answer for answer in self._framer.feed(data) if not interim(answer)]
        except BadMessage:
            self._lost(True)
            self.close()
            return
        for answer in answers:
            waiting, self._waiting = self._waiting, None
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """An answer may end with the connection."""
        last = self._framer.end()
        if last is not None and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(last)
            self._waiting = None
        self._lost(exc is not None)

    def _lost(self, reset: bool) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Lost(reset))
        self._waiting = None
        if not self._on_lost.done():
            self._on_lost.set_result(reset)

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        """Send a request; the future is its answer, or raises Lost."""
        assert self.transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        if self._on_lost.done():
            self._waiting.set_exception(Lost(self._on_lost.result()))
        else:
            self._framer.bodiless = request.startswith(b"HEAD ")
            self.transport.write(request)
        return self._waiting

    def close(self) -> None:
        """Close the connection."""
        if self.transport is not None:
            self.transport.close()
