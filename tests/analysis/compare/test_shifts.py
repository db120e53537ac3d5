"""How far times have moved: known shifts are found, and a system that is as it was is not called slower."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.compare.sample import RunTimes
from analysis.compare.shifts import Shift, Tolerance, method, shifts
from analysis.compare.sketch import Times
from analysis.intervals import NOTHING, Estimate
from tests.analysis.compare.made import Made

PAIRS = 100


def judged(base: list[RunTimes], new: list[RunTimes], tolerance: Tolerance | None = None) -> list[Shift]:
    """What is judged of two sides."""
    return [own for own in shifts(base, new, tolerance or Tolerance())[0] if own.judged]


def batches(arrivals: int, noise: int, slower: float = 1.0) -> RunTimes:
    """A run, and of it the batches alone: half the work where there are many pairs."""
    found = Made(arrivals=arrivals, noise=noise, slower=slower).times()
    return replace(found, times={place: own for place, own in found.times.items() if place[0] == "batch"})


def words(base: list[RunTimes], new: list[RunTimes], **tolerance: float) -> dict[str, str]:
    """The word of each quantity, judged or not."""
    return {f"{own.kind} {own.name}": own.word for own in shifts(base, new, Tolerance(**tolerance))[0]}


def repeats(noise: int) -> list[RunTimes]:
    """Five runs of a system, each with arrivals of its own; `noise` is where their seeds begin."""
    return [batches(number, noise + number) for number in range(1, 6)]


def shared_at_least(hits: int, of: int, share: float) -> bool:
    """Whether so many hits could well be had where `share` of all are hits."""
    return stats.binomtest(hits, of, share, alternative="less").pvalue > 0.01


@pytest.mark.parametrize(
    "sides",
    [
        lambda number: ([batches(1, 2 * number)], [batches(1, 2 * number + 1)]),
        lambda number: ([batches(1, 2 * number)], [batches(number + 2, 2 * number + 1)]),
        lambda number: (repeats(20 * number), repeats(20 * number + 10)),
    ],
    ids=["same arrivals", "other arrivals", "five repeats"],
)
def test_an_unchanged_system_is_seldom_called_slower(sides: Any) -> None:
    """In at least 95 of 100 pairs nothing is worse, with no tolerance: nothing but the intervals holds it back."""
    none = Tolerance(share=0.0, ms=0.0)
    pairs = PAIRS // 4 if len(sides(0)[0]) > 1 else PAIRS
    quiet = sum(all(own.word != "worse" for own in judged(*sides(number), none)) for number in range(pairs))
    assert shared_at_least(quiet, pairs, 0.95)


@pytest.mark.parametrize("new", [Made(noise=2, slower=1.3), Made(noise=2, arrivals=2, slower=1.3)], ids=["same", "other"])
def test_a_large_slowdown_is_found_in_all_that_is_judged(new: Made) -> None:
    """30 % longer times: every body and tail is worse, and the true change lies within each interval."""
    found = judged([Made().times()], [new.times()])
    assert len(found) == 6
    assert {own.word for own in found} == {"worse"}
    assert all((own.change.low or 0) < 0.3 < (own.change.high or 0) for own in found)


def test_the_intervals_hold_the_true_change_together() -> None:
    """All three at once in at least 95 of 100 pairs; and they are no wider than they need be to tell 30 %."""
    held, told = 0, 0
    for number in range(PAIRS):
        found = judged([batches(1, 2 * number)], [batches(1, 2 * number + 1, slower=1.3)])
        held += all((own.change.low or 0) < 0.3 < (own.change.high or 0) for own in found)
        told += sum(own.word == "worse" for own in found if own.name == "body")
    assert shared_at_least(held, PAIRS, 0.95)
    assert told == PAIRS


def test_an_exact_factor_is_found_exactly() -> None:
    """Each time of BASE, 10 % longer: the share is the factor everywhere, the milliseconds a tenth of the time or so."""
    base = Made().times()
    new = replace(base, times={place: Times(1.1 * own.ms, own.at) for place, own in base.times.items()})
    found, curves = shifts([base], [new], Tolerance())
    for own in found:
        assert own.change.value == pytest.approx(0.1)
        assert own.change_ms.value == pytest.approx(0.1 * (own.base_ms or math.nan), rel=0.05)
        assert own.new_ms == pytest.approx(1.1 * (own.base_ms or math.nan))
        assert own.runs == pytest.approx([0.1])
        assert own.base_runs == pytest.approx([0.0], abs=1e-9)
    assert {curve.kind for curve in curves} == {"batch", "ordinary"}
    assert all(change == pytest.approx(0.1) for curve in curves for change in curve.change)


def test_a_tail_alone_leaves_the_body_as_it_was() -> None:
    """The slowest tenth takes twice as long: p95 and p99 are worse, and the typical call is not."""
    base = Made().times()
    own = base.times["batch", "response"]
    slow = np.where(own.ms > np.quantile(own.ms, 0.9), 2 * own.ms, own.ms)
    new = replace(base, times=base.times | {("batch", "response"): Times(slow, own.at)})
    found = words([base], [new])
    assert [found[f"batch {name}"] for name in ("body", "p95", "p99")] == ["same", "worse", "worse"]


def test_which_side_is_which() -> None:
    """What is worse one way is better the other way, and the changes undo each other."""
    base, new = [Made().times()], [Made(noise=2, slower=1.5).times()]
    ahead, back = judged(base, new), judged(new, base)
    assert {own.word for own in back} == {"better"}
    for one, other in zip(ahead, back, strict=True):
        assert (1 + (one.change.value or 0)) * (1 + (other.change.value or 0)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "ms", "word"),
    [
        (Estimate(0.08, 0.051, 0.11), 2.0, "worse"),
        (Estimate(0.08, 0.05, 0.11), 2.0, "open"),
        (Estimate(0.08, 0.051, 0.11), 0.5, "open"),
        (Estimate(-0.08, -0.11, -0.051), -2.0, "better"),
        (Estimate(-0.08, -0.11, -0.051), -0.5, "open"),
        (Estimate(0.0, -0.05, 0.05), 0.0, "same"),
        (Estimate(0.0, -0.06, 0.05), 0.0, "open"),
        (Estimate(0.02, None, None), 2.0, "open"),
    ],
)
def test_the_whole_interval_must_lie_beyond_both_tolerances(change: Estimate, ms: float, word: str) -> None:
    """A share of 5 %, and half a millisecond."""
    assert Tolerance(share=0.05, ms=0.5).word(change, Estimate(ms)) == word


@pytest.mark.parametrize(
    ("visitors", "names"), [(199, ["body"]), (200, ["body", "p95"]), (999, ["body", "p95"]), (1000, ["body", "p95", "p99"])]
)
def test_a_quantity_needs_ten_slower_calls(visitors: int, names: list[str]) -> None:
    """Else it is told with its reason, and has no number."""
    base, new = [Made(visitors=visitors).times()], [Made(visitors=visitors, noise=2).times()]
    batch = [own for own in shifts(base, new, Tolerance())[0] if own.kind == "batch"]
    assert [own.name for own in batch if own.judged] == names
    for own in batch[len(names) :]:
        assert (own.word, own.change, own.base_ms) == ("unknown", NOTHING, None)
        assert own.reason == f"{visitors} confirmed calls are too few: {200 if own.name == 'p95' else '1,000'} are needed"


def test_of_a_handful_of_calls_nothing_is_judged() -> None:
    """No number, no curve."""
    found, curves = shifts([Made(visitors=9).times()], [Made(visitors=9, noise=2).times()], Tolerance())
    assert [own.word for own in found] == ["unknown"] * 6
    assert found[0].reason == "9 confirmed calls are too few: 20 are needed"
    assert curves == []


def test_calls_of_one_moment_are_not_judged() -> None:
    """All within a tenth of the run: how the rest of the time was nobody knows."""
    base = Made().times()
    burst = {place: Times(own.ms, 0.05 * own.at) for place, own in base.times.items()}
    late = Times(np.array([1.0]), np.array([28.0]))
    base = replace(base, times=burst | {("ordinary", "response"): late})
    body = next(own for own in shifts([base], [base], Tolerance())[0] if own.kind == "batch")
    assert body.word == "unknown"
    assert body.reason == "calls in 2 of 30 blocks of time are too few: 10 are needed"


def test_where_the_intervals_come_from() -> None:
    """Four matching repeats are held against each other; fewer, or others, are taken side by side."""
    one, other = Made().times(), Made(arrivals=2).times()
    five = repeats(0)
    assert method([one], [one]) == "paired blocks of time"
    assert method([one], [other]) == "blocks of time"
    assert method(five, five) == method(five[:4], five[:4]) == "pairs of repeats"
    assert method(five[:3], five[:3]) == method(five, five[:4]) == "repeats"
    assert method([one, other], [one]) == "blocks of time"
    assert method(five, [batches(number, 90) for number in range(2, 7)]) == "repeats"


def test_the_order_of_the_repeats_makes_no_difference() -> None:
    """Repeats are paired by their seed and number, however they were named."""
    base, new = repeats(0), repeats(50)
    assert shifts(base, new, Tolerance()) == shifts(base[::-1], new[2:] + new[:2], Tolerance())
