"""The segmented primitives against the obvious loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.arrays import distinct, highest, highest_before, keyed, lowest, nearest_above
from analysis.measures.reordering import measure

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40)


@given(ROWS)
def test_maxima_are_those_of_the_segment(rows: list[tuple[int, int, int]]) -> None:
    """Before an element, of its whole segment, and the lowest; segments never leak into each other."""
    segment, value, _ = (np.array(column) for column in zip(*sorted(rows, key=lambda row: row[0]), strict=True))
    for place in range(len(segment)):
        mine = [value[other] for other in range(len(segment)) if segment[other] == segment[place]]
        before = [value[other] for other in range(place) if segment[other] == segment[place]]
        assert highest_before(segment, value)[place] == max(before, default=-1)
        assert highest(segment, value)[place] == max(mine)
        assert lowest(segment, value)[place] == min(mine)
    assert distinct(segment) == len(set(segment.tolist()))


@given(ROWS)
def test_the_nearest_above_is_the_nearest(rows: list[tuple[int, int, int]]) -> None:
    """The last earlier element of the segment that is higher than the bound."""
    segment, value, bound = (np.array(column) for column in zip(*sorted(rows, key=lambda row: row[0]), strict=True))
    bound = np.minimum(bound, value.max())
    key = keyed(segment, value)
    found = nearest_above(key, np.arange(len(key)), key - value + bound)
    for place in range(len(segment)):
        higher = [p for p in range(place) if segment[p] == segment[place] and value[p] > bound[place]]
        assert found[place] == max(higher, default=-1)


def test_nothing_is_found_in_nothing() -> None:
    """Empty arrays are no special case."""
    none = np.zeros(0, np.int64)
    assert len(highest_before(none, none)) == len(highest(none, none)) == distinct(none) == 0
    assert len(nearest_above(none, none, none)) == 0


def test_extent_and_n_reordering_by_hand() -> None:
    """3 is early: 1 and 2 are late, 1 by one place, 2 by two, and only 1 stands right behind a later one."""
    measured = measure(np.zeros(4, np.int64), np.array([0, 3, 1, 2]))
    assert measured.extents == {1: 1, 2: 1}
    assert measured.n_reordered == {1: 1, 0: 1}
