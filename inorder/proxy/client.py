"""The proxy's connection to a client: its requests one after another, straight on or through what harms them."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from inorder.faults.injection import Injection
from inorder.proxy.framing import BadMessage, Framer, Side, closes
from inorder.proxy.harm import Drawn, Gone
from inorder.proxy.upstream import Lost, Upstream

_QUEUE = 16
"""Requests that a client may send ahead before it is read no further."""


@dataclass
class Way:
    """What all connections of a proxy share."""

    host: str
    port: int
    """The server's."""
    injections: Sequence[Injection] = ()
    connections: "set[Client]" = field(default_factory=set)
    work: set["asyncio.Task[None]"] = field(default_factory=set)


class Client(asyncio.Protocol):
    """A connection from a client."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._framer = Framer(Side.CLIENT)
        self._queue: deque[bytes] = deque()
        self._task: asyncio.Task[None] | None = None
        self._upstream: Upstream | None = None
        self._transport: asyncio.Transport | None = None
        self._closing = False
        """Whether the server ends the connection with the answer that it gave last."""
        self._here = True
        """Whether the client is still connected."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by what it does only
        self._way.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Queue the requests that are whole, and work on them in their order."""
        try:
            self._queue.extend(self._framer.feed(data))
        except BadMessage:
            self._end(reset=False)
            return
        if self._queue and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())
            self._way.work.add(self._task)
            self._task.add_done_callback(self._way.work.discard)
        if len(self._queue) >= _QUEUE and self._transport is not None:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; what has reached the proxy whole still goes up, as a network delivers it."""
        self._here = False
        self._way.connections.discard(self)
        if self._task is None:
            self._drop_upstream()

    async def _work(self) -> None:
        """Take the requests to the server, one at a time."""
        try:
            while self._queue:
                request = self._queue.popleft()
                if len(self._queue) < _QUEUE and self._here and self._transport is not None:
                    self._transport.resume_reading()
                await self._exchange(request)
        except Gone as gone:
            self._end(gone.reset)
        except Lost as lost:
            self._end(lost.reset)
        finally:
            self._task = None
        if not self._here:
            self._drop_upstream()

    async def _exchange(self, request: bytes) -> None:
        if self._way.injections:
            await Drawn.of(self._way.injections).exchange(request, self._ask, self._write)
        else:
            self._write(await self._ask(request))
        if self._closing:
            raise Gone(reset=False)

    async def _ask(self, request: bytes) -> bytes:
        """The server's answer."""
        if self._upstream is None:
            self._upstream = await self._connect()
        answer = await self._upstream.ask(request)
        self._closing = closes(answer)
        return answer

    async def _connect(self) -> Upstream:
        loop = asyncio.get_running_loop()
        lost: asyncio.Future[bool] = loop.create_future()
        lost.add_done_callback(self._upstream_lost)
        try:
            _, upstream = await loop.create_connection(lambda: Upstream(lost), self._way.host, self._way.port)
        except OSError:
            # The client is connected already, to the proxy: refused is no longer what it can be told.
            raise Lost(reset=True) from None
        return upstream

    def _upstream_lost(self, lost: "asyncio.Future[bool]") -> None:
        """A server that closes an idle connection closes the client's with it."""
        self._upstream = None
        if self._task is None and not lost.cancelled():
            self._end(lost.result())

    def _drop_upstream(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            self._slowly(upstream.close)

    def _write(self, data: bytes) -> None:
        if self._here and self._transport is not None:
            self._transport.write(data)

    def _slowly(self, close: Callable[[], None]) -> None:
        """Close a connection, late where a fault wants it so."""
        for injection in self._way.injections:
            if injection.fault.name == "slow-close" and injection.strikes():
                injection.count([(id(self), injection.struck)])
                asyncio.get_running_loop().call_later(injection.seconds("delay_ms"), close)
                return
        close()

    def _end(self, reset: bool) -> None:
        """End both connections; nothing that still waits is passed on."""
        self._queue.clear()
        self._drop_upstream()
        if self._transport is None or self._transport.is_closing():
            return
        if reset:
            self.reset()
        else:
            self._slowly(self._transport.close)

    def reset(self) -> None:
        """End the client's connection by RST."""
        if self._transport is not None and not self._transport.is_closing():
            own = self._transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def cut(self) -> None:
        """The line is cut: reset at once."""
        self._queue.clear()
        self.reset()
