"""What the faults of the network do to one request, and to the connection that it came on."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from inorder.faults.injection import Injection
from inorder.proxy.framing import status_of

_BODY = {b"429": b'{"error":"too many requests","detail":[]}', b"503": b'{"error":"unavailable","detail":[]}'}
_REASON = {b"429": b"Too Many Requests\r\nretry-after: 1", b"503": b"Service Unavailable"}
_BITS_PIECE_S = 0.02
"""A narrow line passes bytes on in pieces that take so long each."""


class Gone(Exception):
    """The client's connection is to end now; `reset`: with RST, not in an orderly way."""

    def __init__(self, reset: bool) -> None:
        super().__init__()
        self.reset = reset


Write = Callable[[bytes], None]
Ask = Callable[[bytes], Awaitable[bytes]]


def own_answer(status: bytes) -> bytes:
    """An answer that the network gives itself."""
    body = _BODY[status]
    head = b"HTTP/1.1 %b %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % (status, _REASON[status], len(body)) + body


@dataclass
class Drawn:
    """The faults that strike one request, by name."""

    struck: dict[str, Injection] = field(default_factory=dict)

    @classmethod
    def of(cls, injections: Sequence[Injection]) -> "Drawn":
        """Draw for one request; what concerns connections as such is not drawn here."""
        drawn = cls()
        for injection in injections:
            if injection.fault.name not in ("down", "slow-close") and injection.strikes():
                drawn.struck[injection.fault.name] = injection
        return drawn

    def _count(self, name: str, request: bytes) -> None:
        """Count the request, each once however often it is sent again."""
        self.struck[name].count([(zlib.crc32(request), len(request))])

    async def exchange(self, request: bytes, ask: Ask, write: Write) -> None:
        """Take a request to the server and its answer to the client, as far as they get. Raises Gone."""
        struck = self.struck
        if "timeout" in struck:
            self._count("timeout", request)
            await asyncio.sleep(struck["timeout"].seconds("delay_ms"))
            raise Gone(reset=False)
        early = "reset" in struck and struck["reset"].chance.random() < 0.5
        if "reset" in struck:
            self._count("reset", request)
        if early:
            raise Gone(reset=True)
        for status in (b"429", b"503"):
            name = f"inject-{status.decode()}"
            if name in struck:
                self._count(name, request)
                await self._pass(own_answer(status), write)
                return
        await self._hold(request)
        answer = await ask(request)
        applied = status_of(answer) == 200
        if "replay" in struck:
            again = await ask(request)
            if applied and status_of(again) == 200:  # else it was not stored twice
                self._count("replay", request)
        if "swallow" in struck:
            if applied:  # else nothing was stored that the client does not know of
                self._count("swallow", request)
            raise Gone(reset=False)
        if "latency" in struck:
            self._count("latency", request)
            own = struck["latency"]
            spread = own.seconds("jitter_ms") * (2 * own.chance.random() - 1)
            await asyncio.sleep(max(0.0, own.seconds("delay_ms") + spread))
        if "reset" in struck:
            write(answer[: len(answer) // 2])
            await asyncio.sleep(0.001)  # so that the half is on its way before the reset overtakes it
            raise Gone(reset=True)
        await self._pass(answer, write)

    async def _hold(self, request: bytes) -> None:
        """On a narrow or cut up way the server sees the request whole only when its last piece is there."""
        for name in ("bandwidth", "slicer"):
            if name in self.struck:
                self._count(name, request)
                await asyncio.sleep(self._way_s(name, len(request)))

    def _way_s(self, name: str, size: int) -> float:
        own = self.struck[name]
        if name == "bandwidth":
            return size / own.fault.value("bytes_per_s")
        slices = -(-size // max(1, int(own.fault.value("slice_bytes"))))
        return (slices - 1) * own.seconds("delay_ms")

    async def _pass(self, answer: bytes, write: Write) -> None:
        """Pass an answer on, in pieces where the way is narrow or cuts it up."""
        piece, pause_s = len(answer), 0.0
        if "bandwidth" in self.struck:
            rate = self.struck["bandwidth"].fault.value("bytes_per_s")
            piece = max(1, int(rate * _BITS_PIECE_S))
            pause_s = piece / rate
            await asyncio.sleep(min(piece, len(answer)) / rate)
        if "slicer" in self.struck:
            own = self.struck["slicer"]
            piece = min(piece, max(1, int(own.fault.value("slice_bytes"))))
            pause_s = max(pause_s * piece / len(answer), own.seconds("delay_ms"))
        for at in range(0, len(answer), piece):
            if at:
                await asyncio.sleep(pause_s)
            write(answer[at : at + piece])
