"""A client's connection and the one to the server that goes with it, from the first byte to the last end."""

import asyncio
from collections.abc import Callable
from typing import Literal

from inorder.proxy.downward import Downward
from inorder.proxy.exchange import Exchange
from inorder.proxy.lane import HIGH
from inorder.proxy.link import Link
from inorder.proxy.side import Side
from inorder.proxy.upward import Upward

_CONNECT_S = 10.0
"""A server that takes longer to accept is not reached."""


class Pair:
    """The owner of both ends."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        server: tuple[str, int],
        opened: Callable[["Pair"], bool],
        begin: Callable[[], Exchange],
        gone: Callable[["Pair"], None],
    ) -> None:
        """`opened` says whether the client's connection may stand; `gone` is told when both ends are gone."""
        self._loop = loop
        self._address = server
        self._opened = opened
        self._gone = gone
        self.link = Link(self, loop, self._resume)
        self._downward = Downward(self.link)
        self._upward = Upward(self.link, self._downward, begin)
        self._connecting: asyncio.Task[None] | None = None
        self._connected = False
        self._client_ended: Literal["", "sends no more", "gone"] = ""
        self._told: str = ""
        """Which end of the client the server was told."""

    def made(self, side: Side) -> None:
        """An end is connected: the client's, then the server's."""
        if side is self.link.server:
            self._connected = True
            self._resume()
        elif self._opened(self):
            self._connecting = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        """Connect to the server; where it is not reached the client is reset, as it is without HTTP in between."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._loop.create_connection(lambda: self.link.server, *self._address)
        except OSError:  # TimeoutError is one
            self.link.server.lost = True
            self.link.client.reset()
            self._forget()

    async def end(self) -> None:
        """Close it at once."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
            self.link.server.lost |= self.link.server.transport is None
        for side in (self.link.client, self.link.server):
            if side.transport is not None:
                side.transport.abort()

    def heard(self, side: Side, data: bytes) -> None:
        """Bytes came."""
        if side is self.link.server:
            self._downward.take(data)
        elif self.link.lingering:
            return
        elif self._upward.backlog or not self._connected:
            self._upward.keep(data)
            self.regulate()
        else:
            self._upward.take(data)

    def _resume(self) -> None:
        """What waits may go on."""
        if not self._connected:
            return
        self._upward.resume()
        self.regulate()
        self._pass_end_on()

    def regulate(self) -> None:
        """Read an end only while the other one takes what comes: so memory is bounded."""
        self.link.client.read(not self.link.server.lane.full and len(self._upward.backlog) < HIGH)
        self.link.server.read(not self.link.client.lane.full)

    def ended(self, side: Side, lost: bool, reset: bool) -> None:
        """An end sends no more, or is gone."""
        if side is self.link.server:
            self._server_ended(lost, reset)
        else:
            self._client_ended = "gone" if lost else self._client_ended or "sends no more"
            self._pass_end_on()
        if lost:
            self._forget()

    def _forget(self) -> None:
        if self.link.client.lost and self.link.server.lost:
            self._gone(self)

    def _pass_end_on(self) -> None:
        """Tell the server that the client is gone, or sends no more, once what came before has been passed on.

        What came whole is still passed on: a network delivers what it has got. What is kept back is not.
        """
        link, alone = self.link, self.link.alone
        if not self._client_ended or self._told == self._client_ended or not self._connected:
            return
        if alone is not None and alone.kept_back:
            if self._client_ended == "gone" or not (alone.whole or alone.times_out):
                link.close()
            return
        if self._upward.backlog or (alone is not None and alone.whole):
            return
        self._told = self._client_ended
        link.server.lane.then(link.server.close if self._told == "gone" else link.server.finish, link.closing_at())

    def _server_ended(self, lost: bool, reset: bool) -> None:
        """Tell the client that the server is gone, once it has got all that the server sent."""
        link = self.link
        if link.server_ended:
            return
        link.server_ended = True
        self._downward.ended()
        if not lost:
            link.server.close()
        if link.alone is not None and link.alone.kept_back:
            return  # nothing of it was passed on, and its end comes without the server
        at = link.closing_at()
        link.lingering = at > 0
        link.client.lane.then(link.client.reset if reset else link.client.close, at)
