"""How sure a number is: blocks of time drawn again within one run, Student's t over the repeats of a run.

Calls of one run share a queue, so they are not independent: whole blocks of time are drawn, and still the interval says
only what this run shows. What another run would give, only repeats can tell.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import stats

from analysis.arrays import Array, Floats, Ints

LEVEL = 0.95
BLOCKS = 30
FEWEST_BLOCKS = 5
"""With fewer blocks that hold anything there is no interval."""
DRAWS = 1000
_BINS = 4096
_SEED = 20180915  # of the draws: any, but always the same, so that a run is judged the same twice


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


@dataclass(frozen=True)
class Blocks:
    """Equal stretches of time, and how often each is drawn in each of many draws."""

    start: float
    length: float
    weights: Ints
    """One row a draw, one column a block."""

    @classmethod
    def over(cls, *times: Floats) -> "Blocks":
        """Blocks from the earliest to the latest of all `times`, seconds."""
        together = np.concatenate(times)
        start, end = (float(together.min()), float(together.max())) if len(together) else (0.0, 0.0)
        draws = np.random.default_rng(_SEED).multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), size=DRAWS)
        return cls(start, (end - start) / BLOCKS, draws)

    def of(self, times: Floats) -> Ints:
        """The block of each instant."""
        if not self.length:
            return np.zeros(len(times), np.int64)
        block: Ints = np.clip(((times - self.start) / self.length).astype(np.int64), 0, BLOCKS - 1)
        return block

    def enough(self, times: Floats) -> bool:
        """Whether enough blocks hold anything."""
        return len(np.unique(self.of(times))) >= FEWEST_BLOCKS

    def sums(self, times: Floats, values: Array) -> Floats:
        """The sum of `values` in each draw."""
        per_block = np.bincount(self.of(times), weights=values, minlength=BLOCKS)
        drawn: Floats = self.weights.astype(np.float64) @ per_block
        return drawn

    def percentiles(self, times: Floats, values: Floats, percents: list[str]) -> list[Floats]:
        """Percentiles of `values` in each draw (NaN where a draw holds none)."""
        order = np.argsort(values, kind="stable")
        count = len(values)
        bins = min(count, _BINS)
        bin_of = np.arange(count) * bins // max(1, count)
        upper = values[order][np.searchsorted(bin_of, np.arange(bins), side="right") - 1]
        table = np.bincount(self.of(times)[order] * bins + bin_of, minlength=BLOCKS * bins).reshape(BLOCKS, bins)
        reached = np.cumsum(self.weights.astype(np.float64) @ table.astype(np.float64), axis=1)
        drawn = []
        for percent in percents:
            wanted = np.maximum(1, np.ceil(float(Fraction(percent) / 100) * reached[:, -1] - 1e-9))
            place = (reached < wanted[:, None]).sum(axis=1)
            drawn.append(np.where(place < bins, upper[np.minimum(place, bins - 1)], np.nan))
        return drawn


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


def over_repeats(values: list[float]) -> Estimate:
    """The mean of the repeats' values with Student's t interval."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(mean)
    reach = float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return Estimate(mean, mean - reach, mean + reach)


def at_most_per_million(found: int, checked: int) -> float | None:
    """Upper 95 % bound (one-sided, Clopper-Pearson) of how many of a million are hit; None where none was checked."""
    if not checked:
        return None
    return 1e6 if found >= checked else 1e6 * float(stats.beta.ppf(LEVEL, found + 1, checked - found))
