"""How far events arrive out of order, whatever was promised: the measures of RFC 4737 for the events of each visitor.

An event is reordered iff one sent later is stored before it. Its *extent* is how many events lie between the earliest
stored of those and itself, it included; it is *n-reordered* for the largest n such that the n events stored just
before it were all sent later.
"""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import Array, Ints, highest_before, keyed, nearest_above


@dataclass(frozen=True)
class Reordering:
    """Extents and n of the reordered events; how many events there are in all."""

    events: int
    extents: dict[int, int]
    n_reordered: dict[int, int]


def measure(visitor: Array, sent: Ints) -> Reordering:
    """`sent` is the rank of each event in the order sent, distinct within a visitor; in stored order by visitor."""
    if not len(sent):
        return Reordering(0, {}, {})
    late = np.flatnonzero(highest_before(visitor, sent) > sent)
    key = keyed(visitor, sent)
    first = np.searchsorted(np.maximum.accumulate(key), key[late], side="right")
    # The nearest event that was sent earlier ends the run of later ones: the highest of the reversed ranks.
    reversed_key = keyed(visitor, int(sent.max()) - sent)
    before = nearest_above(reversed_key, late, reversed_key[late])
    start = np.searchsorted(visitor, visitor[late])
    return Reordering(len(sent), _histogram(late - first), _histogram(late - np.maximum(before, start - 1) - 1))


def _histogram(values: Ints) -> dict[int, int]:
    numbers, counts = np.unique(values, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))
