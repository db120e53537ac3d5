"""What stood before an element within its own segment: running maxima and nearest predecessors, in O(n log n)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Array = NDArray[Any]


def segment_starts(segment: Array) -> Bools:
    """Whether each element is the first of its segment; equal segments stand together."""
    first = np.ones(len(segment), bool)
    first[1:] = segment[1:] != segment[:-1]
    return first


def distinct(ordered: Array) -> int:
    """How many different values a sorted array has."""
    return int(segment_starts(ordered).sum())


def keyed(segment: Array, value: Array) -> Ints:
    """One integer that sorts by segment, then value; values from 0, segments not falling."""
    span = int(value.max()) + 1 if len(value) else 1
    key: Ints = segment.astype(np.int64) * span + value
    return key


def highest_before(segment: Array, value: Array) -> Ints:
    """The highest value that stands before each element within its segment, -1 where none does."""
    if not len(value):
        return np.zeros(0, np.int64)
    span = int(value.max()) + 1
    high = np.maximum.accumulate(segment.astype(np.int64) * span + value)
    before = np.full(len(value), -1)
    # A maximum carried over from an earlier segment lies below this segment's zero.
    before[1:] = np.maximum(high[:-1] - segment[1:].astype(np.int64) * span, -1)
    return before


def highest(segment: Array, value: Array) -> Ints:
    """The highest value of each element's segment."""
    if not len(value):
        return np.zeros(0, np.int64)
    starts = np.flatnonzero(segment_starts(segment))
    peaks = np.maximum.reduceat(value, starts)
    spread: Ints = np.repeat(peaks, np.diff(np.append(starts, len(value)))).astype(np.int64)
    return spread


def lowest(segment: Array, value: Array) -> Ints:
    """The lowest value of each element's segment."""
    return -highest(segment, -value.astype(np.int64))


def nearest_above(key: Ints, at: Ints, bound: Ints) -> Ints:
    """For each place in `at` the nearest earlier place whose key is above `bound`, -1 where none is.

    A binary tree of maxima: climb until a node to the left holds such a key, then go down to its last one. With keys
    of `keyed`, and a bound not below the segment's zero, the answer lies in the same segment.
    """
    levels = [key]
    while len(levels[-1]) > 1:
        below = levels[-1]
        if len(below) % 2:
            below = np.append(below, np.iinfo(np.int64).min)
        levels.append(np.maximum(below[0::2], below[1::2]))
    node = at.copy()
    found: list[Ints] = []
    pending = np.arange(len(at))
    for tree in levels:
        here = node[pending]
        hit = (here & 1) == 1
        hit[hit] = tree[here[hit] - 1] > bound[pending[hit]]
        found.append(pending[hit])
        node[pending[hit]] -= 1
        pending = pending[~hit]
        node[pending] >>= 1
    node[pending] = -1
    going = np.zeros(0, np.int64)
    for level in range(len(levels) - 1, 0, -1):
        going = np.concatenate([going, found[level]])
        right = 2 * node[going] + 1  # always there: a node to the left of another is full
        node[going] = right - (levels[level - 1][right] <= bound[going])
    return node
