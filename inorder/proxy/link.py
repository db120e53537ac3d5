"""What the two directions of a connection share: both ends, the requests under way, and the ways to end it."""

import asyncio
from collections import deque
from collections.abc import Callable

from inorder.faults.injection import Injection
from inorder.proxy.exchange import Exchange
from inorder.proxy.side import Owner, Side

_FLUSH_S = 0.01
"""Bytes that are to arrive before a reset leave so long before it: an RST takes with it what is still in the buffers."""


class Link:
    """The client's end, the server's end, and what is under way between them."""

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop, free: Callable[[], None]) -> None:
        """`free` is called when a request that had to be alone is over, or one that waits to be alone is."""
        self.loop = loop
        self.client = Side(owner, loop)
        self.server = Side(owner, loop)
        self._free = free
        self.outstanding: deque[Exchange] = deque()
        """Requests begun and not yet answered, in their order."""
        self.alone: Exchange | None = None
        """The request that faults strike: it is handled alone, and what the client sends meanwhile waits."""
        self.waiting: Exchange | None = None
        """One that is struck, and waits until all before it are answered."""
        self.last: Exchange | None = None
        """The request that began last."""
        self.tunnel = False
        """What passes is no HTTP/1.1: no request is told from another."""
        self.server_ended = False
        self.lingering = False
        """It is over, and the client does not know yet: what it sends is lost."""

    def settle(self, exchange: Exchange) -> None:
        """Let the next one begin, if this one is over: taken and answered."""
        if exchange.whole and exchange.answered and self.alone is exchange:
            self.alone = None
            self._free()

    def answered(self, exchange: Exchange) -> None:
        """Its answer is over."""
        exchange.answered = True
        self.outstanding.remove(exchange)
        self.settle(exchange)
        if self.waiting is not None and not self.outstanding:
            self._free()

    def untie(self) -> None:
        """Tell requests apart no more, and let pass what waits."""
        self.tunnel = True
        self.alone = self.waiting = None
        self._free()

    def close(self, at: float = 0.0) -> None:
        """Close both ends, the client's when all that was sent to it has left, and not before `at`."""
        self.lingering = True
        self.client.lane.then(self.client.close, at)
        self.server.close()

    def reset_client(self) -> None:
        """Reset the client's end, close the server's."""
        self.client.reset()
        self.server.close()

    def cut(self) -> None:
        """The same, once what was sent to the client has arrived."""
        self.lingering = True
        self.client.lane.then(lambda: self._later(_FLUSH_S, self.reset_client))

    def reset(self) -> None:
        """Reset both ends."""
        self.client.reset()
        self.server.reset()

    def _later(self, seconds: float, deed: Callable[[], None]) -> None:
        self.loop.call_later(seconds, deed)

    def closing_at(self) -> float:
        """When an end is to close whose other end has closed: now (0), or later where slow-close struck."""
        exchange = self.last
        slow: Injection | None = exchange.plan.slow_close if exchange is not None and exchange.plan is not None else None
        if exchange is None or slow is None or not slow.active():
            return 0.0
        exchange.count(slow)
        return self.loop.time() + slow.seconds("delay_ms")
