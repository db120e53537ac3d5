"""What judging a bucket gives: sums, marks and witnesses that add up, so that buckets can be judged anywhere."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.arrays import Array, Floats, Ints
from analysis.measures.reordering import Reordering

KINDS = ("batch", "ordinary")
WITNESSES = 3
"""Witnesses shown of each anomaly."""


@dataclass(frozen=True)
class Witness:
    """The facts that prove one anomaly."""

    anomaly: str
    gap: int
    """Between the positions that prove it; of many witnesses those with the smallest gap are shown."""
    visitor: str
    content: dict[str, Any]
    """As in verdict.json."""


@dataclass
class Tally:
    """The findings of one bucket, or of several together."""

    numbers: Counter[str] = field(default_factory=Counter)
    """Counts by name: an anomaly's own, and with `/client`, `/visitors`, `/checked` and the like behind it.

    `/doubted`: those that a gap in the history may explain, and no breach of the client.
    """
    marks: dict[str, list[Array]] = field(default_factory=dict)
    """Numbers of batches (or calls) with some property; equal names are put together."""
    reordering: dict[str, Reordering] = field(default_factory=lambda: {kind: Reordering() for kind in KINDS})
    """Kind of call to the measures of its events' order."""
    witnesses: list[Witness] = field(default_factory=list)

    def of_system(self, name: str) -> int:
        """How many of an anomaly are the system's: neither the client's breach nor a gap in the history explains them."""
        return self.numbers[name] - self.numbers[f"{name}/client"] - self.numbers[f"{name}/doubted"]

    def mark(self, name: str, values: Array) -> None:
        """Keep values under a name."""
        self.marks.setdefault(name, []).append(values)

    def marked(self, name: str) -> Ints:
        """All whole numbers kept under a name."""
        parts = self.marks.get(name)
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def measured(self, name: str) -> Floats:
        """All measurements kept under a name."""
        parts = self.marks.get(name)
        return np.concatenate(parts) if parts else np.zeros(0)

    def add(self, other: "Tally") -> None:
        """Take in the findings of other visitors."""
        self.numbers.update(other.numbers)
        for name, values in other.marks.items():
            self.marks.setdefault(name, []).extend(values)
        for kind, measures in other.reordering.items():
            self.reordering[kind].add(measures)
        self.witnesses = closest([*self.witnesses, *other.witnesses])


def closest(witnesses: Iterable[Witness]) -> list[Witness]:
    """Of each anomaly the few witnesses with the smallest gap, in a stable order."""
    ordered = sorted(witnesses, key=lambda witness: (witness.anomaly, witness.gap, witness.visitor))
    kept, seen = [], Counter[str]()
    for witness in ordered:
        seen[witness.anomaly] += 1
        if seen[witness.anomaly] <= WITNESSES:
            kept.append(witness)
    return kept
