"""How much disorder there is in a sequence: pairs out of order, and the events too many for the rest to be in order.

Both take a permutation: which of the numbers 0, 1, 2, … stands at each place. Visitors put one behind the other, each with
numbers above the one's before, are one permutation too, and what is found is the sum of theirs.
"""

from bisect import bisect_left

import numpy as np

from analysis.arrays import Ints


def unsettled(order: Ints) -> Ints:
    """The permutation without the numbers that have all lower ones before and all higher ones behind them.

    Such a number is in no pair out of order and need never be removed; where little is out of order, little is left.
    """
    high = np.maximum.accumulate(order)
    places = np.arange(len(order))
    # The highest up to a place is the place itself iff what stands there are the lowest numbers of all.
    settled = (order == places) & (high == places)
    rest = order[~settled]
    lower: Ints = rest - np.cumsum(settled)[rest]
    return lower


def inversions(order: Ints) -> int:
    """Pairs of which the higher number stands first: Kendall's tau distance from being sorted, in O(n log n).

    Bit by bit from the highest: numbers that agree in all higher bits stand together as a group, in the order given, and
    a pair of a group differs by this bit and is out of order iff the one with the bit stands first.
    """
    rest = unsettled(order)
    if not len(rest):
        return 0
    bits = int(rest.max()).bit_length()
    # A full power of two makes all groups alike; the numbers put behind are in order, so they add no pair.
    full = np.append(rest, np.arange(len(rest), 1 << bits))
    row: Ints = full.astype(np.int32 if bits < 31 else np.int64)
    found = 0
    for bit in range(bits - 1, -1, -1):
        half = 1 << bit
        raised = (row & half) != 0
        zeros: Ints = np.flatnonzero(~raised)
        # Before a zero of a group stand as many ones as its place in the group is above its place among the zeros.
        groups = len(row) >> (bit + 1)
        found += int((zeros & (2 * half - 1)).sum()) - groups * (half * (half - 1) // 2)
        row = np.concatenate([row[zeros], row[raised]])
    return found


def removals(order: Ints) -> int:
    """How many numbers must go at least so that the rest ascends: all but the longest ascending subsequence."""
    rest: list[int] = unsettled(order).tolist()
    # The lowest number that ends an ascending subsequence of each length, found so far.
    ends: list[int] = []
    for number in rest:
        if not ends or number > ends[-1]:
            ends.append(number)
        else:
            ends[bisect_left(ends, number)] = number
    return len(rest) - len(ends)
