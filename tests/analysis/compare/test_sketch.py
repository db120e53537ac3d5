"""The shift between two bodies and the few quantiles that stand for a run, against a slow and obvious count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.compare.sketch import POINTS, TAILS, Times, hodges_lehmann, places, sketch

VALUES = st.lists(st.floats(-50, 50), min_size=2, max_size=12).map(sorted)


def middle_difference(one: list[float], other: list[float]) -> float:
    """Every difference, in order, and the middle of them."""
    apart = sorted(b - a for a in one for b in other)
    half = len(apart) // 2
    return apart[half] if len(apart) % 2 else (apart[half - 1] + apart[half]) / 2


@given(VALUES, VALUES)
def test_the_shift_is_the_middle_of_all_differences(one: list[float], other: list[float]) -> None:
    """An even number of points, as a sketch has."""
    one, other = one[: len(one) // 2 * 2], other[: len(other) // 2 * 2]
    assert hodges_lehmann(np.array(one), np.array(other))[0] == pytest.approx(middle_difference(one, other), abs=1e-9)


def test_each_row_has_its_own_shift_and_a_row_of_nothing_has_none() -> None:
    """As many as there are draws."""
    one = np.array([[0.0, 1.0], [0.0, 1.0], [np.nan, np.nan]])
    found = hodges_lehmann(one, np.array([[2.0, 3.0], [-1.0, 0.0], [2.0, 3.0]]))
    assert found[:2].tolist() == [2.0, -1.0]
    assert np.isnan(found[2])


def test_a_few_of_the_slowest_hardly_move_the_shift() -> None:
    """What moves a mean by far moves the middle difference by less than its error."""
    one = np.sort(np.random.default_rng(1).normal(3, 1, 400))
    other = np.sort(np.concatenate([one[:-8] + 0.2, one[-8:] + 500]))
    assert hodges_lehmann(one, other)[0] == pytest.approx(0.2, abs=0.03)
    assert other.mean() - one.mean() > 9


@pytest.mark.parametrize(("count", "p95", "p99"), [(100, 95, 99), (1000, 950, 990), (1, 1, 1), (20, 19, 20), (21, 20, 21)])
def test_the_tails_are_order_statistics(count: int, p95: int, p99: int) -> None:
    """The least that at least the share of the calls are at or below."""
    assert TAILS == ("95", "99")
    assert places(count)[0, POINTS:].tolist() == [p95, p99]


def test_the_quantiles_of_a_run_are_its_own_times() -> None:
    """Of 48,000 times, in any order: each quantile is the time at its place, and blocks drawn once each give the same."""
    ms = np.exp(np.random.default_rng(2).permutation(48_000) / 10_000)
    block = np.arange(48_000) % 30
    found = sketch(Times(ms, np.zeros(48_000)), block, np.ones((1, 30), np.int64))
    assert found.body == pytest.approx((np.arange(48) * 1000 + 499) / 10_000)
    assert found.tails == pytest.approx([4.5599, 4.7519])
    step = 48_000 / 2048 / 10_000
    assert found.drawn_body[0] == pytest.approx(found.body, abs=step)
    assert found.drawn_tails[0] == pytest.approx(found.tails, abs=step)


def test_a_block_that_is_drawn_twice_counts_twice() -> None:
    """Two blocks, one of fast calls and one of slow ones; a draw of neither has no quantile."""
    ms = np.array([1.0] * 100 + [10.0] * 100)
    block = np.repeat([0, 1], 100)
    found = sketch(Times(ms, np.zeros(200)), block, np.array([[2, 0, 0], [0, 2, 0], [1, 1, 0], [0, 0, 2]]))
    assert np.exp(found.drawn_tails[:3, 0]) == pytest.approx([1, 10, 10])
    assert np.exp(found.drawn_body[:3, 20]) == pytest.approx([1, 10, 1])
    assert np.isnan(found.drawn_body[3]).all()
    assert np.isnan(found.drawn_tails[3]).all()


def test_what_is_shorter_than_a_microsecond_counts_as_one() -> None:
    """No time has a logarithm of minus infinity."""
    found = sketch(Times(np.zeros(40), np.zeros(40)), np.zeros(40, np.int64), np.ones((1, 30), np.int64))
    assert np.exp(found.body) == pytest.approx(0.001)
