"""One end of a pair: the protocol of its transport, the lane out of it, and its ways to end."""

import asyncio
import socket
import struct
from typing import Protocol, cast

from inorder.proxy.lane import Lane

_LINGER_0 = struct.pack("ii", 1, 0)


class Owner(Protocol):
    """What is told of a side."""

    def heard(self, side: "Side", data: bytes) -> None:
        """Bytes came."""

    def ended(self, side: "Side", lost: bool, reset: bool) -> None:
        """No more bytes come; `lost`: and none can be sent; `reset`: for it was reset."""

    def regulate(self) -> None:
        """Whether to read may have changed."""

    def made(self, side: "Side") -> None:
        """It is connected."""


class Side(asyncio.Protocol):
    """The client's or the server's end."""

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self.transport: asyncio.Transport | None = None
        self.lane = Lane(loop, owner.regulate)
        self.lost = False
        self._reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send by this transport from now on."""
        self.transport = cast(asyncio.Transport, transport)
        self.lane.open(self.transport)
        self._owner.made(self)

    def data_received(self, data: bytes) -> None:
        """Tell the pair."""
        self._owner.heard(self, data)

    def eof_received(self) -> bool:
        """Tell the pair; what it still sends here may be read."""
        self._owner.ended(self, lost=False, reset=False)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the pair, and forget what was to be sent."""
        self.lost = True
        self.lane.drop()
        self._owner.ended(self, lost=True, reset=isinstance(exc, ConnectionError))

    def pause_writing(self) -> None:
        """The peer reads slowly."""
        self.lane.writable(False)

    def resume_writing(self) -> None:
        """The peer has read."""
        self.lane.writable(True)

    @property
    def open(self) -> bool:
        """Whether it can still be written."""
        return self.transport is not None and not self.transport.is_closing()

    def read(self, reading: bool) -> None:
        """Read it, or let the system hold what comes."""
        if reading == self._reading or not self.open:
            return
        assert self.transport is not None
        self._reading = reading
        if reading:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def finish(self) -> None:
        """Tell the peer that no more comes; it may still send."""
        if self.transport is not None and self.open:
            self.transport.write_eof()

    def close(self) -> None:
        """End it in order: what was written still leaves."""
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        """End it by an RST, which also takes what has not left yet."""
        if self.transport is None or self.lost:
            return
        end: socket.socket | None = self.transport.get_extra_info("socket")
        if end is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        self.transport.abort()
