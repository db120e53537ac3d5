"""Blocks of time of one run, drawn again and again: how its calls scatter, though they share a queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from analysis.arrays import Array, Floats, Ints

BLOCKS = 30
FEWEST_BLOCKS = 5
"""With fewer blocks that hold anything there is no interval."""
DRAWS = 1000
_BINS = 4096
_SEED = 20180915  # of the draws: any, but always the same, so that a run is judged the same twice


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

    @staticmethod
    def places(times: Floats) -> tuple[Ints, int]:
        """The block of each instant, and how many blocks hold any; nothing is drawn."""
        if not len(times):
            return np.zeros(0, np.int64), 0
        start, end = float(times.min()), float(times.max())
        block = Blocks(start, (end - start) / BLOCKS, np.zeros((0, BLOCKS), np.int64)).of(times)
        return block, len(np.unique(block))

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

    def percentiles(self, times: Floats, values: Floats, percents: Sequence[str]) -> list[Floats]:
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
