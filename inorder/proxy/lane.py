"""One direction of a connection: bytes and deeds in order, each at its time, at its pace, bounded in memory."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

HIGH, LOW = 262_144, 65_536
"""Above HIGH bytes kept the source is not read any more, below LOW again."""
_ROUND_S = 0.02
"""A bandwidth passes on what is due in so long at a time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How bytes are passed on: in slices, so far apart, at so many bytes a second (0: as fast as they can)."""

    slice_bytes: int = 0
    gap_s: float = 0.0
    bytes_per_s: float = 0.0

    @property
    def most(self) -> int:
        """Longest slice, in bytes."""
        if self.slice_bytes:
            return min(HIGH, self.slice_bytes)
        return min(HIGH, max(1, int(self.bytes_per_s * _ROUND_S)))


@dataclass(slots=True)
class _Item:
    data: bytes
    pace: Pace | None
    at: float
    """Not before this instant of the loop's clock."""
    deed: Callable[[], None] | None = None
    due: float | None = None
    """When the next slice leaves, once that is reckoned."""
    done: int = 0


class Lane:
    """What goes out by one transport."""

    def __init__(self, loop: asyncio.AbstractEventLoop, changed: Callable[[], None]) -> None:
        """`changed` is called when `full` may have changed."""
        self._loop = loop
        self._changed = changed
        self._transport: asyncio.Transport | None = None
        self._queue: deque[_Item] = deque()
        self._held = 0
        self._brimming = False
        self._writable = True
        self._timer: asyncio.TimerHandle | None = None
        self._free = 0.0
        """The pace of what went before lets the next slice go at this instant."""

    def open(self, transport: asyncio.Transport) -> None:
        """Send by this transport."""
        self._transport = transport

    @property
    def full(self) -> bool:
        """Whether the source should not be read now."""
        return self._brimming or not self._writable

    def writable(self, writable: bool) -> None:
        """The transport takes no more for now, or takes more again."""
        self._writable = writable
        if writable:
            self._run()
        self._changed()

    def send(self, data: bytes, pace: Pace | None = None, at: float = 0.0) -> None:
        """Send after what was sent before; without pace, time or queue it leaves at once."""
        if self._transport is None or not data:
            return
        if pace is None and not self._queue and not at:
            self._transport.write(data)
            return
        self._queue.append(_Item(data, pace, at))
        self._keep(len(data))
        self._run()

    def then(self, deed: Callable[[], None], at: float = 0.0) -> None:
        """Do something once all before it has left, and not before `at`."""
        self._queue.append(_Item(b"", None, at, deed))
        self._run()

    def drop(self) -> None:
        """The connection is gone: forget what is left."""
        self._transport = None
        self._queue.clear()
        self._held = 0
        self._brimming, self._writable = False, True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._changed()

    def _keep(self, more: int) -> None:
        self._held += more
        brimming = self._held > (LOW if self._brimming else HIGH)
        if brimming != self._brimming:
            self._brimming = brimming
            self._changed()

    def _fire(self) -> None:
        self._timer = None
        self._run()

    def _run(self) -> None:
        """Send and do what is due."""
        while self._queue and self._timer is None:
            item = self._queue[0]
            size = len(item.data) - item.done
            if item.pace is not None:
                size = min(size, item.pace.most)
            if item.due is None:
                item.due = max(item.at, self._free, self._loop.time())
                if item.pace is not None and item.pace.bytes_per_s:
                    item.due += size / item.pace.bytes_per_s
            if item.due > self._loop.time():
                self._timer = self._loop.call_at(item.due, self._fire)
                return
            if item.deed is not None:
                self._queue.popleft()
                item.deed()
                continue
            if not self._writable or self._transport is None:
                return
            self._write(item, size)

    def _write(self, item: _Item, size: int) -> None:
        assert self._transport is not None
        assert item.due is not None
        last = item.done + size == len(item.data)
        piece = item.data if last and not item.done else item.data[item.done : item.done + size]
        item.done += size
        if item.pace is not None:
            self._free = item.due + item.pace.gap_s
        item.due = None
        if last:
            self._queue.popleft()
        self._transport.write(piece)
        self._keep(-size)
