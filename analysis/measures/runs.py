"""How long order holds: the reordering-free runs of RFC 4737, and numbers of lengths that add up."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from analysis.arrays import Ints


@dataclass
class Lengths:
    """Lengths of runs, in events, by their number, sums and maximum."""

    count: int = 0
    total: int = 0
    squares: int = 0
    longest: int = 0

    def add(self, other: "Lengths") -> None:
        """Take in other runs."""
        self.count += other.count
        self.total += other.total
        self.squares += other.squares
        self.longest = max(self.longest, other.longest)

    def as_json(self) -> dict[str, Any]:
        """Number, mean, standard deviation and maximum, lengths in events; None where there is no run."""
        if not self.count:
            return {"count": 0, "mean": None, "deviation": None, "max": None}
        # Whole numbers up to the last division, so that equal lengths deviate by nothing at all.
        spread = self.count * self.squares - self.total**2
        return {
            "count": self.count,
            "mean": self.total / self.count,
            "deviation": sqrt(spread) / self.count,
            "max": self.longest,
        }


def lengths(values: Ints) -> Lengths:
    """The numbers of these lengths, in events."""
    if not len(values):
        return Lengths()
    # A sum of squares is at most the sum of lengths times the longest: 1e9 events times 1e9 still fit 63 bits.
    return Lengths(len(values), int(values.sum()), int((values * values).sum()), int(values.max()))


def reordering_free(late: Ints, starts: Ints, sizes: Ints) -> tuple[Lengths, Lengths]:
    """Runs that a reordered event ends, and the run each visitor's last event leaves open.

    `late` are the places of the reordered events, in ascending order; `starts` (places) and `sizes` (events) those of
    the visitors. Two reordered events in a row have a run of length 0 between them; every visitor has one open run, of
    length 0 where its last event is reordered. So the lengths of both kinds add up to the events in order.
    """
    visitor = np.searchsorted(starts, late) - 1
    before = starts - 1
    previous = np.maximum(np.append(-1, late[:-1]), before[visitor])
    last = before.copy()
    last[visitor] = late  # ascending, so the last one stays
    return lengths(late - previous - 1), lengths(starts + sizes - 1 - last)
