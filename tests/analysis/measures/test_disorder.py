"""Disorder of a permutation: what may be left out of the count, and the two counts."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.disorder import inversions, removals, unsettled

PERMUTATIONS = st.integers(0, 9).flatmap(lambda length: st.permutations(range(length)))


@pytest.mark.parametrize(
    ("order", "rest"),
    [
        ([], []),
        ([0, 1, 2], []),
        ([0, 2, 1, 3], [1, 0]),
        ([1, 0, 2, 4, 3], [1, 0, 3, 2]),
        ([2, 1, 0], [2, 1, 0]),  # 1 stands in its place, but between others that do not
    ],
)
def test_numbers_that_all_others_stand_around_rightly_are_left_out(order: list[int], rest: list[int]) -> None:
    """The rest is a permutation again."""
    assert unsettled(np.array(order, np.int64)).tolist() == rest


@given(PERMUTATIONS)
def test_pairs_out_of_order_and_removals_are_those_of_the_definitions(order: list[int]) -> None:
    """All pairs, and the longest ascending choice of all."""
    given = np.array(order, np.int64)
    assert inversions(given) == sum(first > second for first, second in combinations(order, 2))
    longest: list[int] = []
    for place, number in enumerate(order):
        longest.append(1 + max((longest[other] for other in range(place) if order[other] < number), default=0))
    assert removals(given) == len(order) - max(longest, default=0)


@pytest.mark.parametrize("length", [2, 3, 4, 5, 8, 9, 16, 17, 1000])
def test_in_reverse_every_pair_is_out_of_order(length: int) -> None:
    """Around the powers of two, up to which the numbers are filled."""
    order = np.arange(length)[::-1]
    assert inversions(order) == length * (length - 1) // 2
    assert removals(order) == length - 1
    assert type(inversions(order)) is int  # a float would be exact up to 2^53 only
