"""How sure a number is: blocks of time drawn again within one run, Student's t over the repeats of a run.

Calls of one run share a queue, so they are not independent: whole blocks of time are drawn, and still the interval says
only what this run shows. What another run would give, only repeats can tell.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from scipy import stats

from analysis.arrays import Array, Floats
from analysis.blocks import Blocks

LEVEL = 0.95
Scale = Literal["positive", "share", "any"]
"""What a number can be: `positive` (times, ratios, rates, counts) never below 0, a `share` from 0 to 1, or `any`."""


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval; None: could not be measured."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, float | None]:
        """As in verdict.json."""
        return {"value": self.value, "low": self.low, "high": self.high}


NOTHING = Estimate(None)


def rank(percent: str, count: int) -> int:
    """The place, from 1, of a percentile among `count` sorted values: the first with that share at or below it."""
    return max(1, math.ceil(Fraction(percent) * count / 100))


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


def ratio_within(above: tuple[Floats, Floats], below: tuple[Floats, Floats], percents: list[str]) -> dict[str, Estimate]:
    """Ratios of percentiles of two samples, each (values, times), drawn from the same blocks."""
    if not len(above[0]) or not len(below[0]):
        return dict.fromkeys(percents, NOTHING)
    blocks = Blocks.over(above[1], below[1])
    sorted_above, sorted_below = np.sort(above[0]), np.sort(below[0])
    drawn = [blocks.percentiles(times, values, percents) for values, times in (above, below)]
    found = {}
    for number, percent in enumerate(percents):
        bottom = percentile(sorted_below, percent)
        if bottom <= 0:
            found[percent] = NOTHING
            continue
        value = percentile(sorted_above, percent) / bottom
        if not (blocks.enough(above[1]) and blocks.enough(below[1])):
            found[percent] = Estimate(value)
            continue
        divisor = np.where(drawn[1][number] > 0, drawn[1][number], np.nan)
        found[percent] = between(value, drawn[0][number] / divisor)
    return found


def share_within(hits: Array, of: Array, times: Floats) -> Estimate:
    """The share sum(hits) / sum(of) with its interval within one run."""
    total = float(of.sum())
    if not total:
        return NOTHING
    value = float(hits.sum()) / total
    blocks = Blocks.over(times)
    if not blocks.enough(times):
        return Estimate(value)
    drawn = blocks.sums(times, of)
    return between(value, blocks.sums(times, hits) / np.where(drawn > 0, drawn, np.nan))


def over_repeats(values: Sequence[float], scale: Scale = "positive") -> Estimate:
    """The mean of the repeats' values with its interval; a point where all are the same, none of a single one."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean)
    low, high = around(mean, float(np.std(values, ddof=1)), len(values), scale)
    return Estimate(mean, low, high)


def around(
    mean: float, spread: float, repeats: int, scale: Scale = "positive", next_one: bool = False
) -> tuple[float, float]:
    """Student's t interval of the mean of `repeats` runs with this standard deviation, or of the next run's value.

    Times and rates are skewed and have their bound at 0, shares two bounds: the interval is made on the logarithm, or the
    logit, of the mean (delta method), so it keeps within them, and where it is narrow it is the plain one.
    """
    reach = float(stats.t.ppf((1 + LEVEL) / 2, repeats - 1)) * spread * math.sqrt(1 / repeats + next_one)
    inner = {"positive": mean > 0, "share": 0 < mean < 1, "any": False}[scale]
    if not inner or not reach:
        return mean - reach, mean + reach
    if scale == "positive":
        factor = math.exp(min(reach / mean, 700))
        return mean / factor, mean * factor
    factor, odds = math.exp(min(reach / (mean * (1 - mean)), 700)), mean / (1 - mean)
    return odds / (odds + factor), odds * factor / (1 + odds * factor)


def over_none(highs: Sequence[float]) -> float:
    """Upper end of a share that was 0 in every repeat, each of which alone allows up to one of `highs`.

    Together they are as many trials as they are one by one, and of n trials without a hit the end is 1 - tail ** (1/n).
    """
    tail = math.log((1 - LEVEL) / 2)
    trials = sum(tail / math.log1p(-high) for high in highs if 0 < high < 1)
    return -math.expm1(tail / trials) if trials else 0.0


def at_most_per_million(found: int, checked: int) -> float | None:
    """Upper 95 % bound (one-sided, Clopper-Pearson) of how many of a million are hit; None where none was checked."""
    if not checked:
        return None
    return 1e6 if found >= checked else 1e6 * float(stats.beta.ppf(LEVEL, found + 1, checked - found))
