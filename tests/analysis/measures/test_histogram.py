"""Histograms of values that may be large: exact up to a limit, one percent above, and never many bins."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.histogram import EXACT, binned, percentile


@given(st.lists(st.one_of(st.integers(0, EXACT + 5), st.integers(0, 2**44))))
def test_values_are_exact_up_to_the_limit_and_near_above(values: list[int]) -> None:
    """A bin is named by its lowest value: never above any in it, and less than one percent below."""
    assert binned(np.array(values, np.int64)) == Counter(map(expected, values))
    for value in values:
        assert 0 <= value - expected(value) <= value / 128
        assert value >= EXACT or expected(value) == value


def expected(value: int) -> int:
    """The value with all but its eight highest bits struck, if it is large."""
    drop = max(0, value.bit_length() - 8) if value >= EXACT else 0
    return value >> drop << drop


def test_a_million_different_values_have_some_five_thousand_bins() -> None:
    """So the measures of one visitor stay small, however many events it has."""
    assert len(binned(np.arange(2**20))) == 5120


@pytest.mark.parametrize(
    ("counts", "percent", "value"),
    [({}, "50", None), ({3: 1}, "95", 3), ({1: 2, 5: 2}, "50", 1), ({1: 1, 5: 1}, "95", 5), ({1: 19, 5: 1}, "95", 1)],
)
def test_percentiles_are_values_that_occur(counts: dict[int, int], percent: str, value: int | None) -> None:
    """The lowest that so many percent do not exceed; nothing has none."""
    assert percentile(Counter(counts), percent) == value
