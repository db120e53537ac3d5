"""Percentiles that are exact, and intervals that cover what they say that they cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.blocks import DRAWS, Blocks
from analysis.intervals import (
    Estimate,
    at_most_per_million,
    enough,
    over_repeats,
    percentile,
    percentile_within,
    ratios_within,
    share_within,
)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=200), st.sampled_from(["50", "95", "99", "99.9", "100"]))
def test_a_percentile_is_the_first_value_with_its_share_at_or_below(values: list[int], percent: str) -> None:
    """By counting: no smaller value of the sample has so large a share at or below it."""
    found = percentile(np.sort(np.array(values, float)), percent)
    enough = [value for value in values if 1000 * sum(own <= value for own in values) >= 10 * float(percent) * len(values)]
    assert found == min(enough)


def test_percentiles_at_exact_ranks() -> None:
    """p99.9 of a thousand is the 999th value, not the 1000th that rounding errors would give; p50 of four the 2nd."""
    assert percentile(np.arange(1.0, 1001), "99.9") == 999
    assert percentile(np.arange(1.0, 101), "99") == 99
    assert percentile(np.array([1.0, 2, 3, 4]), "50") == 2
    assert percentile(np.array([7.0]), "99.9") == 7


def test_an_interval_needs_some_blocks_of_time() -> None:
    """All at one instant: a value, and no interval."""
    estimate = percentile_within(np.arange(100.0), np.zeros(100), "50")
    assert (estimate.value, estimate.low, estimate.high) == (49, None, None)
    assert percentile_within(np.zeros(0), np.zeros(0), "50").value is None


def test_an_interval_holds_its_value_and_is_always_the_same() -> None:
    """The draws are seeded."""
    values = np.random.default_rng(3).exponential(size=500)
    times = np.linspace(0, 60, 500)
    first, second = (percentile_within(values, times, "95") for _ in range(2))
    assert first == second
    assert first.low is not None
    assert first.high is not None
    assert first.value is not None
    assert first.low < first.value < first.high


def test_draws_of_a_percentile_are_those_of_the_blocks_drawn() -> None:
    """Against the obvious: put the drawn blocks' values together and take their percentile."""
    random = np.random.default_rng(5)
    values, times = random.exponential(size=300), random.uniform(0, 10, 300)
    blocks = Blocks.over(times)
    block = blocks.of(times)
    [drawn] = blocks.percentiles(times, values, ["90"])
    for draw in range(0, DRAWS, 97):
        together = np.sort(np.repeat(values, blocks.weights[draw][block]))
        assert drawn[draw] == percentile(together, "90")


def test_many_values_are_drawn_in_bins_that_move_a_percentile_by_less_than_a_bin() -> None:
    """Above 4096 values a draw knows the rank to a four-thousandth."""
    random = np.random.default_rng(6)
    values, times = random.uniform(0, 1, 50_000), random.uniform(0, 10, 50_000)
    blocks = Blocks.over(times)
    block = blocks.of(times)
    [drawn] = blocks.percentiles(times, values, ["50"])
    exact = percentile(np.sort(np.repeat(values, blocks.weights[0][block])), "50")
    assert drawn[0] == pytest.approx(exact, abs=0.001)


def test_independent_values_are_covered_by_the_interval_within_a_run() -> None:
    """Where calls are independent the blocks cover the truth about as often as they say (95 %, here 88 to 100)."""
    random = np.random.default_rng(7)
    truth, held = np.log(2), 0
    for _ in range(200):
        estimate = percentile_within(random.exponential(size=600), np.linspace(0, 60, 600), "50")
        assert estimate.low is not None
        assert estimate.high is not None
        held += estimate.low <= truth <= estimate.high
    assert 176 <= held <= 200


def test_repeats_cover_what_one_run_cannot() -> None:
    """Runs with a level of their own: Student's t over five covers the mean of all runs in about 95 of 100."""
    random = np.random.default_rng(8)
    held = {"repeats": 0, "one run": 0}
    for _ in range(400):
        levels = random.normal(100, 10, 5)
        estimate = over_repeats([float(level) for level in levels])
        assert estimate.low is not None
        assert estimate.high is not None
        held["repeats"] += estimate.low <= 100 <= estimate.high
    for _ in range(100):
        run = random.normal(100, 10) + random.normal(0, 10, 500)
        one = percentile_within(run, np.linspace(0, 60, 500), "50")
        assert one.low is not None
        assert one.high is not None
        held["one run"] += one.low <= 100 <= one.high
    assert 368 <= held["repeats"] <= 392
    assert held["one run"] < 30


def test_one_repeat_has_no_interval() -> None:
    """There is nothing to tell how runs differ."""
    assert (over_repeats([4.0]).value, over_repeats([4.0]).low) == (4.0, None)


def test_an_interval_over_repeats_keeps_within_what_the_number_can_be() -> None:
    """Student's t on the logarithms and on the logit of the mean, the plain one where a number may be anything."""
    assert over_repeats([1.0, 2.0, 3.0], "any").low == pytest.approx(2 - 4.302653 / 3**0.5)
    assert over_repeats([1.0, 2.0, 4.0]).value == pytest.approx(2)
    assert over_repeats([1.0, 2.0, 4.0]).low == pytest.approx(2 / 2 ** (4.302653 / 3**0.5))
    assert over_repeats([0.0, 1.0, 2.0]).low == pytest.approx(1 / np.exp(4.302653 / 3**0.5))  # 0 has no logarithm
    for values in ([0.0, 0.0, 0.3], [0.7, 1.0, 1.0], [0.0, 1.0], [0.1, 0.2, 0.9]):
        found = over_repeats(values, "share")
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low < np.mean(values) < found.high <= 1
    narrow = over_repeats([100.0, 101.0, 102.0])
    assert narrow.low == pytest.approx(101 - 4.302653 / 3**0.5, rel=1e-3)


def test_repeats_that_agree_give_a_point() -> None:
    """Nothing to tell them apart, and no interval made up."""
    assert over_repeats([3.0, 3.0, 3.0]) == Estimate(3.0, 3.0, 3.0)
    assert over_repeats([0.0, 0.0]) == Estimate(0.0, 0.0, 0.0)


def test_a_ratio_is_of_the_percentiles() -> None:
    """Twice as slow, with blocks drawn for both at once; where one kind is missing there is none."""
    random = np.random.default_rng(9)
    values, times = random.exponential(size=400), np.linspace(0, 30, 400)
    [found] = ratios_within([(2 * values, times)], (values, times), ["50", "95"])
    # The same calls in both: whatever is drawn, the ratio is 2.
    assert [(own.value, own.low, own.high) for own in found.values()] == [(2, 2, 2), (2, 2, 2)]
    assert ratios_within([(values, times)], (values[:0], times[:0]), ["50"])[0]["50"].value is None
    assert ratios_within([(values, times)], (np.zeros(400), times), ["50"])[0]["50"].value is None


def test_a_ratio_of_too_few_is_none_and_the_others_stay() -> None:
    """99 are too few for a p99, whichever side they are on; without draws there is a value and no interval."""
    values, times = np.arange(1.0, 401), np.linspace(0, 30, 400)
    for above, below in ((99, 400), (400, 99)):
        [found] = ratios_within([(values[:above], times[:above])], (values[:below], times[:below]), ["99", "50"])
        assert found["99"] == Estimate(None)
        assert found["50"].low is not None
    [found] = ratios_within([(3 * values, times)], (values, times), ["99"], draw=False)
    assert found["99"] == Estimate(3.0)


def test_a_percentile_needs_values_beyond_it() -> None:
    """n times the share beyond it is at least 1; the maximum needs one value."""
    assert [count for count in (1, 2, 19, 20, 99, 100) if enough(count, "95")] == [20, 99, 100]
    assert (enough(999, "99.9"), enough(1000, "99.9")) == (False, True)
    assert (enough(0, "100"), enough(1, "100"), enough(1, "50")) == (False, True, False)


def test_a_share_is_of_sums() -> None:
    """Hits over all: clustered hits make a wide interval, none at all the bound of so many calls without one."""
    times = np.linspace(0, 30, 300)
    spread, clustered = np.zeros(300), np.zeros(300)
    spread[::10] = 1
    clustered[:30] = 1
    wide, narrow = (share_within(hits, np.ones(300), times) for hits in (clustered, spread))
    assert wide.value == narrow.value == 0.1
    assert wide.high is not None
    assert narrow.high is not None
    assert wide.high > 1.9 * narrow.high
    assert narrow.trials == 300
    assert wide.trials is not None
    assert wide.trials < 30  # all hits within 3 of 30 s
    none = share_within(np.zeros(300), np.full(300, 20.0), times)  # of 300 calls with 20 events each
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 300))
    assert share_within(np.zeros(0), np.zeros(0), np.zeros(0)).value is None


def test_the_bound_a_million_is_the_rule_of_three_where_nothing_was_found() -> None:
    """Clopper-Pearson, one-sided: 3/n for none, everything for all, nothing where nothing was checked."""
    assert at_most_per_million(0, 20_000) == pytest.approx(1e6 * 3 / 20_000, rel=0.002)
    assert at_most_per_million(1, 20_000) == pytest.approx(1e6 * 4.7439 / 20_000, rel=0.001)
    assert at_most_per_million(5, 5) == 1e6
    assert at_most_per_million(0, 0) is None
