"""How far times have moved from one side to the other: the body by Hodges and Lehmann, the tails by their quantiles.

All on logarithms, so a change is a share. Intervals are simultaneous: 95 % for all judged quantities together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.compare.sample import BLOCKS, NAMES, NOISE, RunTimes, Sample, blocks_over, in_pairs
from analysis.compare.sketch import POINTS
from analysis.intervals import NOTHING, Estimate

KINDS = ("batch", "ordinary")
MEASURES = ("response", "service")
JUDGED = "response"
"""The service time is part of the response time: it is told, and not judged a second time."""
LEVEL = 0.95


@dataclass(frozen=True)
class Tolerance:
    """What is no change: up to `share` of the value with the whole interval beyond it, or up to `ms` as measured."""

    share: float = 0.05
    ms: float = 0.5

    def word(self, change: Estimate, change_ms: Estimate) -> str:
        """`worse` or `better`: the whole interval lies beyond; `same`: it lies within; `open`: neither."""
        if change.low is None or change.high is None or change_ms.value is None:
            return "open"
        if abs(change_ms.value) > self.ms:
            if change.low > self.share:
                return "worse"
            if change.high < -self.share:
                return "better"
        return "same" if change.low >= -self.share and change.high <= self.share else "open"


@dataclass(frozen=True)
class Shift:
    """One quantity on both sides."""

    kind: str
    measure: str
    name: str
    base_ms: float | None
    """The quantile, for the body the median; of several runs the geometric mean."""
    new_ms: float | None
    change: Estimate
    """new / base - 1."""
    change_ms: Estimate
    runs: list[float]
    """new / base - 1 of each run of NEW against all of BASE."""
    base_runs: list[float]
    """The same of each run of BASE."""
    word: str
    """As in `Tolerance.word`; `unknown` where it could not be judged."""
    reason: str | None = None

    @property
    def judged(self) -> bool:
        """Whether the verdict rests on it."""
        return self.measure == JUDGED and self.reason is None


@dataclass(frozen=True)
class Curve:
    """The change at each quantile of the response time of a kind, with intervals for each by itself."""

    kind: str
    share: list[float]
    change: list[float]
    low: list[float]
    high: list[float]


def shifts(
    base: Sequence[RunTimes], new: Sequence[RunTimes], tolerance: Tolerance, noise: float = NOISE
) -> tuple[list[Shift], list[Curve]]:
    """Each quantity of each kind and measure, those that cannot be judged too, with the reason; and the curves."""
    base, new = (sorted(side, key=lambda run: run.key) for side in (base, new))
    blocks = blocks_over(base, new)
    samples = {
        place: Sample.of(base, new, place, blocks, noise)
        for place in ((kind, measure) for measure in MEASURES for kind in KINDS)
        if all(place in run.times for run in (*base, *new))
    }
    judged = sum(reason is None for (_, measure), own in samples.items() if measure == JUDGED for reason in own.reasons)
    freedom = _freedom(base, new)
    reach = _reach(freedom, judged)
    found = [
        _shift(sample, kind, measure, number, name, reach, tolerance)
        for (kind, measure), sample in samples.items()
        for number, name in enumerate(NAMES)
    ]
    curves = [
        _curve(sample, kind, _reach(freedom, 1))
        for (kind, measure), sample in samples.items()
        if measure == JUDGED and sample.reasons[0] is None
    ]
    return found, curves


def method(base: Sequence[RunTimes], new: Sequence[RunTimes]) -> str:
    """Where the intervals come from: `pairs of repeats`, `repeats`, `paired blocks of time` or `blocks of time`."""
    if min(len(base), len(new)) > 1:
        return "pairs of repeats" if in_pairs(base, new) else "repeats"
    paired = {run.key for run in base} == {run.key for run in new}
    return "paired blocks of time" if paired else "blocks of time"


def _freedom(base: Sequence[RunTimes], new: Sequence[RunTimes]) -> int:
    """Degrees of freedom of the standard errors."""
    if min(len(base), len(new)) == 1:
        return BLOCKS - 1
    return len(base) - 1 if in_pairs(base, new) else len(base) + len(new) - 2


def _reach(freedom: int, judged: int) -> float:
    """How many standard errors reach, by Student and by Bonferroni for all that is judged together."""
    return float(stats.t.ppf(1 - (1 - LEVEL) / 2 / max(1, judged), freedom))


def _shift(sample: Sample, kind: str, measure: str, number: int, name: str, reach: float, tolerance: Tolerance) -> Shift:
    """One quantity, with intervals that reach `reach` standard errors to each side."""
    reason = sample.reasons[number]
    if reason is not None:
        return Shift(kind, measure, name, None, None, NOTHING, NOTHING, [], [], "unknown", reason)
    value, way = float(sample.value[number]), reach * float(sample.error[number])
    both = [math.exp(side[number]) for side in (sample.base_log, sample.new_log)]
    change = Estimate(math.expm1(value), math.expm1(value - way), math.expm1(value + way))
    ms = float(sample.value_ms[number])
    change_ms = Estimate(ms, *(ms + both[0] * (math.expm1(value + side) - math.expm1(value)) for side in (-way, way)))
    each = [[math.expm1(own[number]) for own in side] for side in sample.each]
    word = tolerance.word(change, change_ms)
    return Shift(kind, measure, name, both[0], both[1], change, change_ms, each[1], each[0], word)


def _curve(sample: Sample, kind: str, reach: float) -> Curve:
    """The change over the quantiles of the body, then the tails that could be judged."""
    tails = [number for number in range(1, len(NAMES)) if sample.reasons[number] is None]
    share = (np.arange(POINTS) + 0.5) / POINTS
    tail = np.array([float(NAMES[number][1:]) / 100 for number in tails])
    body = share < (tail[0] if len(tail) else 1)
    places = np.concatenate([len(NAMES) + np.flatnonzero(body), np.array(tails, np.int64)])
    value, way = sample.value[places], reach * sample.error[places]
    ends = [np.expm1(value + side).tolist() for side in (0, -way, way)]
    return Curve(kind, np.concatenate([share[body], tail]).tolist(), *ends)
