"""Which rate comes next: up by a factor until the SLA breaks, then halves of the interval between held and broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal, Protocol

from inorder.stepping import Stepping


class Tried(Protocol):
    """What the search needs to know of a step."""

    @property
    def target_per_s(self) -> float: ...

    @property
    def held(self) -> bool | None: ...

    @property
    def valid(self) -> bool: ...


Standing = Literal["held", "broken", "undecided", "invalid"]


@dataclass(frozen=True)
class Interval:
    """What the steps so far say, batches a second."""

    held: float | None
    """The highest rate at which the SLA held, below the lowest at which it did not."""
    beyond: float | None
    """The lowest rate that counts as not held; None: there is none yet."""
    why: Standing | None
    """What happened there."""
    again: float | None
    """A rate that decided nothing and has not been repeated yet."""


def standing(tried: Sequence[Tried]) -> Standing:
    """What the steps of one rate say: the last that decided something, else what the last one was."""
    for step in reversed(tried):
        if step.valid and step.held is not None:
            return "held" if step.held else "broken"
    return "undecided" if any(step.valid for step in tried) else "invalid"


def interval(steps: Sequence[Tried]) -> Interval:
    """The interval that the steps leave open.

    A rate that decided nothing is tried once more; after that it counts as not held, for a system is not said to take
    what it was not seen to take.
    """
    rates: dict[float, list[Tried]] = {}
    for step in steps:
        rates.setdefault(step.target_per_s, []).append(step)
    found = {rate: standing(tried) for rate, tried in sorted(rates.items())}
    again = next((rate for rate in found if found[rate] in ("undecided", "invalid") and len(rates[rate]) < 2), None)
    beyond = next((rate for rate in found if found[rate] != "held"), None)
    held = max((rate for rate in found if found[rate] == "held" and (beyond is None or rate < beyond)), default=None)
    return Interval(held, beyond, None if beyond is None else found[beyond], again)


def next_rate(steps: Sequence[Tried], settings: Stepping) -> float | None:
    """The rate of the next step, batches a second; None: the answer is narrow enough, or no step may follow."""
    if len(steps) >= settings.most_steps:
        return None
    now = interval(steps)
    if now.again is not None:
        return now.again
    if now.held is None:
        return settings.from_per_s if now.beyond is None else None
    if now.beyond is None:
        return None if now.held >= settings.to_per_s else min(_rounded(now.held * settings.factor), settings.to_per_s)
    if narrow(now, settings):
        return None
    middle = _rounded(sqrt(now.held * now.beyond))
    return middle if now.held < middle < now.beyond else None


def narrow(now: Interval, settings: Stepping) -> bool:
    """Whether the answer is as narrow as was asked for."""
    return now.held is not None and now.beyond is not None and now.beyond <= now.held * (1 + settings.precision)


def _rounded(rate: float) -> float:
    """Three digits: a rate that people can say, and that a repeat hits again."""
    return float(f"{rate:.3g}")
