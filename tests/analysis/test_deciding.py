"""When a line is decided: what a single run may say, what repeats say, and how many would."""

import numpy as np
import pytest

from analysis.deciding import FEWEST_REPEATS, Decision, Limit, decide, repeats_needed
from analysis.intervals import NOTHING, Estimate, over_repeats
from analysis.repeats import Repeats

AT_MOST, AT_LEAST = Limit(100, upper=True), Limit(100, upper=False)
SHARE = Limit(0.01, upper=True, scale="share")
MAXIMUM = Limit(100, upper=True, utmost=True)
NEAR = "one run cannot decide a line so near its limit: at least 5 repeats would"


def one(low: float, high: float, limit: Limit = AT_MOST) -> Decision:
    """What a single run decides with this interval around its middle."""
    return decide([Estimate((low + high) / 2, low, high)], limit)


def points(*values: float) -> list[Estimate]:
    """Runs that measured these values."""
    return [Estimate(value, value, value) for value in values]


@pytest.mark.parametrize(
    ("low", "high", "below", "above"),
    [
        (50, 99, "pass", "fail"),
        (50, 100, "pass", "inconclusive"),
        (50, 101, "inconclusive", "inconclusive"),
        (99, 201, "inconclusive", "inconclusive"),
        (100, 200, "inconclusive", "pass"),
        (101, 200, "fail", "pass"),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, below: str, above: str) -> None:
    """Inside: pass. Outside: fail. Else the limit lies within it, and nothing is decided. The limit is inside."""
    assert (one(low, high).verdict, one(low, high, AT_LEAST).verdict) == (below, above)


@pytest.mark.parametrize(("value", "near"), [(79.9, False), (80.1, True), (99, True), (124.9, True), (125.1, False)])
def test_one_run_decides_nothing_near_a_limit(value: float, near: bool) -> None:
    """However narrow its interval: within a factor 1.25 of the limit the next run may lie on its other side."""
    for limit in (AT_MOST, AT_LEAST):
        decision = one(value - 0.01, value + 0.01, limit)
        assert (decision.verdict == "inconclusive") == near
        assert (decision.reason, decision.repeats_needed) == ((NEAR, FEWEST_REPEATS) if near else (None, None))


def test_one_run_says_that_repeats_would_decide_where_its_interval_does_not() -> None:
    """Far from the limit, and the limit within the interval; or too short a stretch of time for any."""
    wide = one(20, 101)
    assert (wide.reason, wide.repeats_needed) == (
        "the limit lies within the interval of one run: at least 5 repeats would decide it",
        5,
    )
    none = decide([Estimate(0.0, 0.0, 0.023)], Limit(0.01, upper=True, scale="share")).reason
    assert none == f"none was seen, but among too few to tell, for {wide.reason}"
    short = decide([Estimate(10.0)], AT_MOST, "too short a stretch of time for an interval")
    assert (short.verdict, short.repeats_needed) == ("inconclusive", 5)


def test_what_was_not_measured_is_not_decided_by_repeats_either() -> None:
    """No value, no number of repeats."""
    decision = decide([NOTHING], AT_MOST, "8 values are too few for a p99")
    assert decision == Decision(NOTHING, "inconclusive", "8 values are too few for a p99")
    assert decide([*points(1.0), NOTHING], AT_MOST, "nothing was measured").repeats_needed is None


def test_repeats_decide_as_near_as_their_interval_lets_them() -> None:
    """Five runs from 90 to 94: 92 [90.0, 94.0]. The interval of each run alone does not matter."""
    values = [90.0, 91.0, 92.0, 93.0, 94.0]
    runs = [Estimate(value, 0, 1000) for value in values]
    assert decide(runs, AT_MOST) == Decision(over_repeats(values), "pass")
    assert decide(runs, Limit(92.5, upper=True)).verdict == "inconclusive"
    assert decide(runs, Limit(89, upper=True)).verdict == "fail"


def test_the_repeats_needed_are_the_fewest_that_would_decide() -> None:
    """With one less the limit lies within the interval; told in the reason."""
    values = [90.0, 94.0, 98.0, 102.0, 106.0]
    needed = repeats_needed(points(*values), AT_MOST)
    assert needed is not None
    repeats = Repeats.of(values, "positive")
    assert repeats.interval(needed)[1] <= 100 < repeats.interval(needed - 1)[1]
    decision = decide(points(*values), AT_MOST)
    assert decision.repeats_needed == needed == 37
    assert decision.reason == "the limit lies within the interval: about 37 repeats would decide it"


def test_on_the_limit_no_number_of_repeats_decides() -> None:
    """And none is named."""
    decision = decide(points(90.0, 100.0, 100 / 0.9), AT_MOST)
    assert (decision.verdict, decision.repeats_needed) == ("inconclusive", None)
    assert decision.reason == "the limit lies within the interval: 1000 repeats would not decide it either"


def test_a_share_of_none_passes_where_its_bound_does() -> None:
    """0 of 1000 allows up to 0.37 %, 0 of 300 up to 1.2 %, two such runs 0.6 %; 0 of 100 needs four."""
    assert decide([Estimate(0.0, 0.0, 0.0037)], SHARE).verdict == "pass"
    assert decide([Estimate(0.0, 0.0, 0.0122)], SHARE).verdict == "inconclusive"
    together = decide([Estimate(0.0, 0.0, 0.0122, trials=300)] * 2, SHARE)
    assert together.verdict == "pass"
    assert together.estimate.high == pytest.approx(1 - 0.025 ** (1 / 600))
    few = decide([Estimate(0.0, 0.0, 0.0362, trials=100)] * 3, SHARE)
    assert (few.verdict, few.repeats_needed) == ("inconclusive", 4)


def test_nearness_of_shares_is_of_their_odds() -> None:
    """99.2 % held where 99 % is asked for: 0.8 % missed and not 1 %, a factor 1.25 and no more."""
    least = Limit(0.99, upper=False, scale="share")
    assert least.near(0.9918)
    assert not least.near(0.9925)
    assert not least.near(1.0)
    assert SHARE.near(0.0081)
    assert not SHARE.near(0.0079)


def test_none_at_all_is_a_claim_about_what_was_seen() -> None:
    """As a promise is: nothing found passes, one found fails, in one run and in any repeat."""
    none = Limit(0, upper=True, scale="share")
    assert decide([Estimate(0.0, 0.0, 0.0037)], none).verdict == "pass"
    assert decide([Estimate(0.0001, 0.0, 0.01)], none).verdict == "fail"
    assert decide(points(0.0, 0.0, 0.0001), none).verdict == "fail"
    every = Limit(1, upper=False, scale="share")
    assert decide(points(1.0), every).verdict == "pass"
    assert decide(points(0.999), every).verdict == "fail"


def test_one_call_refutes_a_maximum_and_one_run_does_not_prove_it() -> None:
    """Above the limit: fail, in whichever repeat. Below: only far below, or by what the repeats say of another run."""
    assert decide(points(101), MAXIMUM).verdict == "fail"
    assert decide(points(99), MAXIMUM).reason == NEAR
    assert decide(points(70), MAXIMUM).verdict == "inconclusive"
    assert decide(points(60), MAXIMUM).verdict == "pass"
    assert decide(points(40, 45, 50, 101), MAXIMUM).verdict == "fail"
    assert decide(points(40, 45, 50, 42), MAXIMUM) == Decision(Estimate(50, 50, 50), "pass")
    scattered = decide(points(50, 60, 70, 80, 90), MAXIMUM)
    assert scattered.verdict == "inconclusive"
    assert scattered.repeats_needed is None  # no number of runs makes the next one steadier
    assert (over_repeats([50, 60, 70, 80, 90]).high or 100) < 100  # their middle would have been inside


def test_a_late_answer_that_never_came_undoes_a_pass_of_repeats_too() -> None:
    """And no number of repeats is named, for they would not help."""
    decision = decide(points(40, 41, 42), AT_MOST, None, [45, np.inf])
    assert (decision.verdict, decision.repeats_needed) == ("inconclusive", None)
    assert "never had a certain answer" in str(decision.reason)
