"""One run's times as a few quantiles of their logarithm, and the same quantiles where blocks of time are drawn again."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from analysis.arrays import Array, Floats, Ints

TAILS = ("95", "99")
POINTS = 48
"""Evenly spaced order statistics that stand for the whole distribution where two bodies are held against each other:
more of them move the Hodges-Lehmann shift by less than a tenth of its standard error."""
SHORTEST_MS = 1e-3
"""Times are compared by their logarithm: what is shorter than a microsecond counts as one."""
_BINS = 2048


@dataclass(frozen=True)
class Times:
    """Times of the confirmed calls of one kind in one run."""

    ms: Floats
    """Milliseconds."""
    at: Floats
    """Intended instant of each, seconds of the run."""

    def __len__(self) -> int:
        return len(self.ms)


@dataclass(frozen=True)
class Sketch:
    """Logarithms of milliseconds: of the run itself and of each draw of its blocks."""

    body: Floats
    """`POINTS` quantiles, evenly spaced."""
    tails: Floats
    """One a tail of `TAILS`."""
    drawn_body: Floats
    """One row a draw; NaN where a draw holds no call."""
    drawn_tails: Floats


def places(count: float | Floats) -> Array:
    """How many of `count` calls must be at or below each quantile of a sketch, the body's first: one row a count."""
    total = np.atleast_1d(np.asarray(count, np.float64))[:, None]
    body = np.ceil((np.arange(POINTS) + 0.5) / POINTS * total - 1e-9)
    tails = np.ceil(np.array([float(Fraction(tail) / 100) for tail in TAILS]) * total - 1e-9)
    found: Array = np.maximum(1, np.hstack([body, tails]))
    return found


def sketch(times: Times, block: Ints, weights: Ints) -> Sketch:
    """`block`: of each call; `weights`: how often each block is drawn, one row a draw.

    The run's own quantiles are exact order statistics; those of a draw are exact to one of 2048 steps of equal counts.
    """
    order = np.argsort(times.ms, kind="stable")
    ordered = np.log(np.maximum(times.ms[order], SHORTEST_MS))
    count = len(ordered)
    own = ordered[places(count)[0].astype(np.int64) - 1]
    bins = min(count, _BINS)
    bin_of = np.arange(count) * bins // count
    upper = ordered[np.searchsorted(bin_of, np.arange(bins), side="right") - 1]
    blocks = weights.shape[1]
    table = np.bincount(block[order] * bins + bin_of, minlength=blocks * bins).reshape(blocks, bins)
    reached = np.cumsum(weights.astype(np.float64) @ table.astype(np.float64), axis=1)
    wanted = places(reached[:, -1])
    drawn = np.full(wanted.shape, math.nan)
    for number, (row, want) in enumerate(zip(reached, wanted, strict=True)):
        if row[-1]:
            drawn[number] = upper[np.searchsorted(row, want, side="left")]
    return Sketch(own[:POINTS], own[POINTS:], drawn[:, :POINTS], drawn[:, POINTS:])


def hodges_lehmann(one: Floats, other: Floats) -> Floats:
    """The median of all differences `other` - `one`, for each row: the shift between two bodies.

    Rows of points in ascending order; NaN rows give NaN.
    """
    one, other = np.atleast_2d(one), np.atleast_2d(other)
    apart = (other[:, :, None] - one[:, None, :]).reshape(len(one), -1)
    middle = apart.shape[1] // 2
    apart.partition([middle - 1, middle], axis=1)
    found: Floats = (apart[:, middle - 1] + apart[:, middle]) / 2
    return found
