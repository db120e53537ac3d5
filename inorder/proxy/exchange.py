"""One request with its answer: which faults strike it, drawn in their order, and what they have done to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from zlib import crc32

from inorder.faults.injection import Injection
from inorder.proxy.lane import Pace

MAX_COPY = 16_777_216
"""A longer request is not replayed: its copy has to be kept."""
Source = Literal["server", "timeout", "reset", "inject-429", "inject-503"]
"""Where the answer comes from, if one comes: all but `server` pass nothing on."""
End = Literal["delivered", "cut", "swallowed"]


@dataclass(slots=True)
class Plan:
    """What strikes one request."""

    source: Source = "server"
    by: Injection | None = None
    """Whose work the source is."""
    end: End = "delivered"
    """What becomes of the answer; other than delivered, the connection ends with it."""
    ender: Injection | None = None
    """Whose work the end is."""
    delay_s: float = 0.0
    """Its answer is held back for so long."""
    pace: Pace | None = None
    replay: Injection | None = None
    slow_close: Injection | None = None
    steady: list[Injection] = field(default_factory=list)
    """Those that have done what they do as soon as its first byte is passed on."""
    latencies: list[Injection] = field(default_factory=list)


_SOURCES: dict[str, Source] = {
    "timeout": "timeout",
    "reset": "reset",
    "inject-429": "inject-429",
    "inject-503": "inject-503",
}


def draw(injections: Sequence[Injection]) -> Plan | None:
    """What strikes the next request; None: nothing.

    A request meets the faults in their order, and its answer in the opposite one: what comes after a fault that
    passes nothing on is not drawn. Of two faults that end the connection with the answer, the later one meets it first.
    """
    plan: Plan | None = None
    for injection in injections:
        name = injection.fault.name
        # `down` strikes connections (listener.py).
        if name == "down" or not injection.strikes():
            continue
        plan = plan or Plan()
        if name == "latency":
            spread_s = injection.seconds("jitter_ms")
            plan.delay_s += max(0.0, injection.seconds("delay_ms") + injection.chance.uniform(-spread_s, spread_s))
            plan.latencies.append(injection)
        elif name in ("bandwidth", "slicer"):
            plan.pace = _paced(plan.pace or Pace(), injection)
            plan.steady.append(injection)
        elif name == "slow-close":
            plan.slow_close = injection
        elif name == "replay":
            plan.replay = injection
        elif name == "swallow":
            plan.end, plan.ender = "swallowed", injection
        elif name == "reset" and injection.pick((False, True)):
            plan.end, plan.ender = "cut", injection
        else:
            plan.source, plan.by = _SOURCES[name], injection
            break
    return plan


def _paced(pace: Pace, injection: Injection) -> Pace:
    """A pace slowed by one more fault."""
    if injection.fault.name == "bandwidth":
        allowed = injection.fault.value("bytes_per_s")
        return Pace(pace.slice_bytes, pace.gap_s, min(pace.bytes_per_s or allowed, allowed))
    size = max(1, int(injection.fault.value("slice_bytes")))
    gap_s = max(pace.gap_s, injection.seconds("delay_ms"))
    return Pace(min(pace.slice_bytes or size, size), gap_s, pace.bytes_per_s)


@dataclass(slots=True, eq=False)
class Exchange:
    """A request under way."""

    number: int
    """Unique among the requests of this proxy."""
    plan: Plan | None
    method: bytes = b""
    whole: bool = False
    """The request was taken to its end."""
    answered: bool = False
    """So was its answer; the last one, where the request is passed on twice."""
    begun: bool = False
    """Part of an answer has come."""
    cut: bool = False
    """The answer was cut."""
    copy: bytearray | None = None
    """The request, to be passed on again."""
    size: int = 0
    """Bytes of a request that a fault strikes, as far as they came; and their checksum."""
    checksum: int = 0
    first_status: int = 0
    """Status of the answer to a request that is passed on again."""

    @property
    def kept_back(self) -> bool:
        """Whether it is not passed on."""
        return self.plan is not None and self.plan.source != "server"

    @property
    def times_out(self) -> bool:
        """Whether it is never answered, and its connection closed after a while."""
        return self.plan is not None and self.plan.source == "timeout"

    def count(self, injection: Injection | None) -> None:
        """Count this request as harmed."""
        if injection is not None:
            injection.count((self.number,))

    def count_once(self, injection: Injection | None) -> None:
        """Count what this request asks for as harmed: sent again it is the same, so the store is harmed once."""
        if injection is not None:
            injection.count(((self.size, self.checksum),))

    def see(self, piece: bytes) -> None:
        """Take note of a part of the request."""
        self.size += len(piece)
        self.checksum = crc32(piece, self.checksum)
