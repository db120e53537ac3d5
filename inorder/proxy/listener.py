"""Takes connections, and is down where the fault `down` says so: refuses new ones, and resets those that are open."""

import asyncio
import contextlib
import itertools
import socket

from inorder.faults.injection import Injection
from inorder.faults.switch import Switch
from inorder.ports import BACKLOG, check_host, refused
from inorder.proxy.exchange import Exchange, draw
from inorder.proxy.pair import Pair

_LOOK_S = 0.01
"""How exactly windows of `down` are kept."""


def bind(host: str, port: int) -> socket.socket:
    """A socket on an address, which does not listen yet; raises UnusableInput with one line."""
    check_host(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Two sockets may be bound to an address at once if both say so and none of them listens yet.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise refused(error, host, port) from None
    return bound


class Listener:
    """The proxy's front door, with all connections behind it."""

    def __init__(self, host: str, port: int, server: tuple[str, int], switch: Switch) -> None:
        """Bind the address; raises UnusableInput."""
        # It keeps the port while nothing listens there, and never listens itself.
        self._place = bind(host, port)
        self.address: tuple[str, int] = self._place.getsockname()[:2]
        self._server = server
        self._numbers = itertools.count(1)
        self._pairs: set[Pair] = set()
        self._open: asyncio.Server | None = None
        self._injections: list[Injection] = []
        self._down: list[Injection] = []
        """Those of `down` whose windows are open."""
        self._news = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        switch.listen(self._changed)

    def _changed(self, injections: list[Injection]) -> None:
        self._injections = injections
        self._news.set()

    async def start(self) -> "asyncio.Task[None]":
        """Listen, and keep the windows of `down`; the task ends by being cancelled, or raises UnusableInput."""
        await self._look()
        self._watching = asyncio.create_task(self._watch())
        return self._watching

    async def stop(self) -> None:
        """Take no more connections, and close all there are."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        if self._open is not None:
            self._open.close()
        self._place.close()
        for pair in list(self._pairs):
            await pair.end()
        while self._pairs:
            await asyncio.sleep(0.001)

    async def _watch(self) -> None:
        while True:
            downs = any(injection.fault.name == "down" for injection in self._injections)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S if downs else None):
                    await self._news.wait()
            self._news.clear()
            await self._look()

    async def _look(self) -> None:
        """Be down or up, as the windows say."""
        down = [one for one in self._injections if one.fault.name == "down" and one.active()]
        opening = [one for one in down if one not in self._down]
        self._down = down
        refuses = any(one.fault.share >= 1 for one in down)
        if refuses and self._open is not None:
            self._open.close()
            self._open = None
        for injection in opening:
            for pair in list(self._pairs):
                if injection.strikes():
                    injection.count([one.number for one in pair.link.outstanding] or [next(self._numbers)])
                    pair.link.reset()
        if not refuses and self._open is None:
            await self._listen()

    async def _listen(self) -> None:
        loop, (host, port) = asyncio.get_running_loop(), self.address

        def accept() -> asyncio.Protocol:
            return Pair(loop, self._server, self._opened, self._begin, self._pairs.discard).link.client

        door = bind(host, port)
        try:
            self._open = await loop.create_server(accept, sock=door, backlog=BACKLOG)
        except OSError as error:
            door.close()
            raise refused(error, host, port) from None

    def _opened(self, pair: Pair) -> bool:
        """Take a client's connection, or reset it where it is refused in its turn."""
        for injection in self._down:
            if injection.strikes():
                injection.count([next(self._numbers)])
                pair.link.reset()
                return False
        self._pairs.add(pair)
        return True

    def _begin(self) -> Exchange:
        return Exchange(next(self._numbers), draw(self._injections))
