"""Histograms that stay small whatever they count: exact for small values, within one percent above."""

from collections import Counter

import numpy as np

from analysis.arrays import Ints
from analysis.intervals import rank

EXACT = 4096
"""Values below it are counted one by one."""
BINS = 128
"""Bins for each doubling above; a bin is named by its lowest value, which is less than 1/128 below any in it."""


def binned(values: Ints) -> Counter[int]:
    """How often each value occurs; values from 0. At most 5120 different ones up to a million, 9216 up to 2^44."""
    kept = values.copy()
    large = values >= EXACT
    if large.any():
        high = values[large]
        # frexp gives the power of two above the value, exact below 2^53.
        shift = np.frexp(high.astype(np.float64))[1].astype(np.int64) - BINS.bit_length()
        kept[large] = high >> shift << shift
    return counted(kept)


def counted(values: Ints) -> Counter[int]:
    """How often each value occurs."""
    numbers, counts = np.unique(values, return_counts=True)
    return Counter(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))


def percentile(histogram: Counter[int], percent: str) -> int | None:
    """A percentile of the counted values, as one of them (an order statistic, no interpolation); None of nothing."""
    if not histogram:
        return None
    wanted, seen = rank(percent, histogram.total()), 0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= wanted:
            break
    return value
