"""Faults at work: when each strikes, drawn from its seed, and what it has done so far."""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from math import isinf
from typing import TypeVar

import msgspec
from msgspec import Struct

from inorder.faults.fault import Fault

T = TypeVar("T")


class Clock:
    """The clock of the windows: its zero is the start of the load; before that is told, no window is open."""

    def __init__(self, started: bool, now: Callable[[], float] = time.monotonic) -> None:
        """`started`: zero is this very instant."""
        self._now = now
        self.zero: float | None = now() if started else None

    def start(self, monotonic: float) -> None:
        """Zero is, or was, at `monotonic` of this machine's CLOCK_MONOTONIC."""
        self.zero = monotonic

    def seconds(self) -> float | None:
        """Seconds since zero."""
        return None if self.zero is None else self._now() - self.zero


class Report(Struct, kw_only=True):
    """What a fault has done; a row of `run.json` and of the control endpoint's answer."""

    fault: str
    side: str
    does: str
    rate: float
    from_s: float
    until_s: float | None
    """None: its window never closes."""
    injected: int | None
    """How often it has done harm, counted in `unit`; None: who knew was gone before it could be asked."""
    unit: str
    struck: int | None
    """How many batches (of the network: requests; of reading: readings) it struck."""


class Injection:
    """One fault at work."""

    def __init__(self, fault: Fault, clock: Clock, seed: int) -> None:
        """The same seed draws the same strikes, and the same choices within them."""
        self.fault = fault
        self._clock = clock
        self.chance = random.Random(f"{seed} {fault.name}")
        self._until = fault.closes_s
        self._rate = fault.share
        self._seen: set[object] = set()
        self.injected = 0
        self.struck = 0

    def active(self) -> bool:
        """Whether its window is open."""
        now = self._clock.seconds()
        return now is not None and self.fault.from_s <= now < self._until

    def strikes(self) -> bool:
        """Whether it strikes now: drawn, while its window is open."""
        if not self.active() or self.chance.random() >= self._rate:
            return False
        self.struck += 1
        return True

    def count(self, harmed: Iterable[object]) -> None:
        """Count what was harmed, each once however often it is harmed."""
        before = len(self._seen)
        self._seen.update(harmed)
        self.injected += len(self._seen) - before

    def pick(self, choices: Sequence[T]) -> T:
        """One of them, drawn."""
        return choices[int(self.chance.random() * len(choices))]

    def seconds(self, parameter: str) -> float:
        """A parameter in milliseconds, as seconds."""
        return self.fault.value(parameter) / 1000

    def report(self) -> Report:
        """What it has done so far."""
        return report_of(self.fault, self.injected, self.struck)


def report_of(fault: Fault, injected: int | None, struck: int | None) -> Report:
    """What a fault is, and has done."""
    return Report(
        fault=fault.name,
        side=fault.kind.side,
        does=fault.does,
        rate=fault.share,
        from_s=fault.from_s,
        until_s=None if isinf(fault.closes_s) else fault.closes_s,
        injected=injected,
        unit=fault.kind.unit,
        struck=struck,
    )


def added(reports: Iterable[Report]) -> list[Report]:
    """The reports of several servers or runs as one of each fault: its counts added up, unknown where one is."""
    together: dict[tuple[str, str, float, float, float | None], Report] = {}
    for report in reports:
        key = (report.fault, report.does, report.rate, report.from_s, report.until_s)
        known = together.get(key)
        if known is None:
            together[key] = msgspec.structs.replace(report)
        else:
            known.injected = _sum(known.injected, report.injected)
            known.struck = _sum(known.struck, report.struck)
    return list(together.values())


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
