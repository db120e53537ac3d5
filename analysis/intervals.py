"""How sure a number is: blocks of time drawn again within one run, Student's t over the repeats of a run.

Calls of one run share a queue, so they are not independent: whole blocks of time are drawn, and still the interval says
only what this run shows. What another run would give, only repeats can tell.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy import stats

from analysis.arrays import Array, Floats
from analysis.blocks import FEWEST_BLOCKS, Blocks
from analysis.repeats import LEVEL, Repeats, Scale

FEW_HITS = 10
"""Below so many hits in all, a share's interval also allows for the chance of counts."""


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval; None: could not be measured."""

    value: float | None
    low: float | None = None
    high: float | None = None
    trials: float | None = field(default=None, compare=False)
    """Of a share: how many independent trials it is worth."""

    def as_json(self) -> dict[str, float | None]:
        """As in verdict.json."""
        return {"value": self.value, "low": self.low, "high": self.high}


NOTHING = Estimate(None)


def rank(percent: str, count: int) -> int:
    """The place, from 1, of a percentile among `count` sorted values: the first with that share at or below it."""
    return max(1, math.ceil(Fraction(percent) * count / 100))


def enough(count: int, percent: str) -> bool:
    """Whether there are values enough for a percentile: at least one beyond it is to be expected."""
    return count > 0 and count * (100 - Fraction(percent)) >= (0 if percent == "100" else 100)


def percentile(ordered: Array, percent: str) -> float:
    """A percentile of sorted values, as one of them (an order statistic, no interpolation)."""
    return float(ordered[rank(percent, len(ordered)) - 1])


def between(value: float, drawn: Floats) -> Estimate:
    """A value with the middle 95 % of what the draws gave; the interval always holds the value."""
    finite = drawn[np.isfinite(drawn)]
    if len(finite) < 0.5 * len(drawn):
        return Estimate(value)
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(finite, [tail, 100 - tail])
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def percentile_within(values: Floats, times: Floats, percent: str) -> Estimate:
    """A percentile with its interval within one run."""
    if not len(values):
        return NOTHING
    value = percentile(np.sort(values), percent)
    blocks = Blocks.over(times)
    if not blocks.enough(times):
        return Estimate(value)
    return between(value, blocks.percentiles(times, values, [percent])[0])


def ratios_within(
    above: Sequence[tuple[Floats, Floats]], below: tuple[Floats, Floats], percents: Sequence[str], draw: bool = True
) -> list[dict[str, Estimate]]:
    """Ratios of percentiles of some samples to those of one, each (values, times), drawn from the same blocks.

    `draw`: with intervals within the run. No value where either sample is too small for the percentile.
    """
    draw = draw and len(below[0]) > 0 and any(len(values) for values, _ in above)
    blocks = Blocks.over(*(times for _, times in above), below[1]) if draw else None
    ordered = np.sort(below[0])
    bottoms = {own: percentile(ordered, own) for own in percents if enough(len(ordered), own)}
    drawn_below = _drawn(blocks, below, percents)
    found: list[dict[str, Estimate]] = []
    for sample in above:
        tops, drawn = np.sort(sample[0]), _drawn(blocks, sample, percents)
        own = dict.fromkeys(percents, NOTHING)
        for number, percent in enumerate(percents):
            bottom = bottoms.get(percent, 0.0)
            if bottom <= 0 or not enough(len(tops), percent):
                continue
            own[percent] = Estimate(percentile(tops, percent) / bottom)
            if drawn is not None and drawn_below is not None:
                divisor = np.where(drawn_below[number] > 0, drawn_below[number], np.nan)
                own[percent] = between(percentile(tops, percent) / bottom, drawn[number] / divisor)
        found.append(own)
    return found


def _drawn(blocks: Blocks | None, sample: tuple[Floats, Floats], percents: Sequence[str]) -> list[Floats] | None:
    values, times = sample
    return blocks.percentiles(times, values, percents) if blocks and blocks.enough(times) else None


def share_within(hits: Array, of: Array, times: Floats) -> Estimate:
    """The share sum(hits) / sum(of) with its interval within one run (Korn and Graubard, with blocks of time as clusters).

    It is worth as many trials as there are calls, fewer where hits come together in time; where there was no hit
    nothing tells whether they would.
    """
    total = float(of.sum())
    if not total:
        return NOTHING
    value = float(hits.sum()) / total
    block, filled = Blocks.places(times)
    if filled < FEWEST_BLOCKS:
        return Estimate(value)
    rest = np.bincount(block, hits - value * of)
    variance = filled / (filled - 1) * float(rest @ rest) / total**2
    trials = float(len(times))  # and not `of`: the events of a batch are hit together
    if variance > 0:
        trials = min(trials, value * (1 - value) / variance)
        # The variance is known by so many blocks only: Student's t for the normal quantile.
        wider = float(stats.norm.ppf((1 + LEVEL) / 2) / stats.t.ppf((1 + LEVEL) / 2, filled - 1))
        low, high = trials_allow(value * trials * wider**2, trials * wider**2)
    else:
        low, high = trials_allow(value * trials, trials)
    return Estimate(value, min(value, low), max(value, high), trials)


def rate_within(amounts: Floats, times: Floats, start: float, end: float) -> Estimate:
    """Sum of `amounts` over the time from `start` to `end`, a second, with its interval within one run."""
    value = float(amounts.sum()) / (end - start)
    edges = np.array([start, end])
    blocks = Blocks.over(edges)
    drawn = blocks.sums(times, amounts) / (end - start)
    return between(value, drawn)


def over_repeats(values: Sequence[float], scale: Scale = "positive") -> Estimate:
    """The middle of the repeats' values with its interval; a point where all are the same, none of a single one."""
    repeats = Repeats.of(values, scale)
    return Estimate(repeats.value, *repeats.interval()) if len(values) > 1 else Estimate(repeats.value)


def share_over_repeats(runs: Sequence[Estimate], count: int | None = None) -> Estimate:
    """A share over repeats, had there been `count` such; of few hits in all, no narrower than so many trials allow.

    Counts of 0, 1 or 2 are the same in many runs by chance, and then do not show how they scatter.
    """
    known = [(run.value, run.trials) for run in runs if run.value is not None]
    repeats = Repeats.of([value for value, _ in known], "share")
    low, high = repeats.interval(count)
    trials = [number for _, number in known if number is not None]
    hits = sum(value * (number or 0) for value, number in known)
    if len(trials) == len(known) and hits < FEW_HITS:
        more = (count or repeats.count) / repeats.count
        ends = trials_allow(hits * more, sum(trials) * more)
        low, high = min(low, ends[0]), max(high, ends[1])
    return Estimate(repeats.value, low, high)


def trials_allow(hits: float, trials: float) -> tuple[float, float]:
    """Clopper-Pearson interval of a share; neither need be whole."""
    tail = (1 - LEVEL) / 2
    low = float(stats.beta.ppf(tail, hits, trials - hits + 1)) if hits > 0 else 0.0
    return low, float(stats.beta.ppf(1 - tail, hits + 1, trials - hits)) if hits < trials else 1.0


def at_most_per_million(found: int, checked: int) -> float | None:
    """Upper 95 % bound (one-sided, Clopper-Pearson) of how many of a million are hit; None where none was checked."""
    if not checked:
        return None
    return 1e6 if found >= checked else 1e6 * float(stats.beta.ppf(LEVEL, found + 1, checked - found))
