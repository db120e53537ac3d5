"""What verdicts say beside the times: anomalies, objectives, capacity, failed calls, the ratio."""

from typing import Any

import pytest

from analysis.compare.changes import Change, changes

FAILING = frozenset({"lost", "reordered-in-batch"})


def verdict(**more: Any) -> dict[str, Any]:
    """A verdict.json in which nothing is wrong, unless `more` says so."""
    return {
        "anomalies": {},
        "visitors": {"total": 1000, "affected": 0},
        "calls": {"batch": calls(), "ordinary": calls()},
        "latency_ms": {"ratio_p50": {"value": 5.0}},
    } | more


def calls(confirmed: int = 1000, rejected: int = 0) -> dict[str, int]:
    """How the calls of a kind ended."""
    return {"confirmed": confirmed, "rejected": rejected, "indeterminate": 0}


def found(base: dict[str, Any], new: dict[str, Any], tolerance: float = 0.05) -> dict[str, Change]:
    """The changes by their name."""
    return {own.name: own for own in changes([base], [new], FAILING, tolerance)}


def line(value: float, verdict: str, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    """An objective with the interval of its value."""
    ends = {"low": value - 1 if low is None else low, "high": value + 1 if high is None else high}
    return {"name": "Batch p95", "metric": "batch.response_ms.p95", "limit": 100, "value": value, "verdict": verdict} | ends


def wrong(affected: int, **anomalies: int) -> dict[str, Any]:
    """A verdict with these anomalies."""
    return verdict(anomalies=anomalies, visitors={"total": 1000, "affected": affected})


def test_one_anomaly_that_base_had_not_is_worse() -> None:
    """A single one: there is no tolerance for it."""
    own = found(verdict(), wrong(1, lost=1))["lost"]
    assert (own.word, own.base, own.new, own.sentence) == ("worse", 0, 1, "lost: 1 in NEW, none in BASE")


def test_what_fails_no_run_is_only_told() -> None:
    """Such as what the client explains, or a promise that the scenario does not make."""
    assert found(verdict(), wrong(0, recovered=7))["recovered"].word == "told"


@pytest.mark.parametrize(
    ("before", "after", "word"), [(0, 20, "worse"), (20, 0, "better"), (20, 22, "open"), (5, 0, "open"), (6, 0, "better")]
)
def test_visitors_hit_are_two_shares(before: int, after: int, word: str) -> None:
    """Of 1,000 on each side. Five that vanished may be chance (1 in 16); six may not (1 in 32)."""
    own = found(wrong(before, lost=before), wrong(after, lost=after))["visitors affected"]
    assert own.word == word
    assert (own.base, own.new) == (before / 1000, after / 1000)
    assert bool(own.sentence) == (word != "open")


def test_anomalies_of_all_runs_of_a_side_count_together() -> None:
    """An anomaly in any repeat of BASE is none that BASE had not."""
    own = {one.name: one for one in changes([verdict(), wrong(1, lost=2)], [wrong(1, lost=3), verdict()], FAILING, 0.05)}
    assert (own["lost"].word, own["lost"].base, own["lost"].new) == ("told", 2, 3)


@pytest.mark.parametrize(
    ("base", "new", "word"),
    [
        (line(90, "pass"), line(120, "fail"), "worse"),
        (line(120, "fail"), line(90, "pass"), "better"),
        (line(99, "pass", 98, 99.4), line(101, "fail", 100.5, 102), "told"),  # apart, but by less than the tolerance
        (line(90, "pass", 80, 115), line(120, "fail"), "worse"),
        (line(90, "pass", 80, 119.5), line(120, "fail"), "told"),  # the intervals meet
        (line(90, "pass"), line(120, "inconclusive"), "told"),
        (line(90, "pass") | {"high": None}, line(120, "fail"), "told"),
        (line(80, "pass"), line(95, "pass"), "told"),
    ],
)
def test_an_objective_counts_where_it_parts(base: dict[str, Any], new: dict[str, Any], word: str) -> None:
    """From pass to fail or back, beyond the tolerance, with intervals that do not meet."""
    assert found(verdict(sla=[base]), verdict(sla=[new]))["Batch p95"].word == word


@pytest.mark.parametrize(("second", "word"), [(line(92, "pass"), "worse"), (line(118, "fail", 100, 125), "told")])
def test_of_several_folders_an_objective_spans_all(second: dict[str, Any], word: str) -> None:
    """In whichever order they are named: the worst verdict, and the widest interval."""
    base = [verdict(sla=[line(90, "pass")]), verdict(sla=[second])]
    new = [verdict(sla=[line(120, "fail")])]
    for side in (base, base[::-1]):
        own = {one.name: one for one in changes(side, new, FAILING, 0.05)}["Batch p95"]
        assert (own.word, own.base) == (word, second["verdict"])


def test_an_objective_that_one_side_has_not_is_not_held_against_it() -> None:
    """With another limit it is another objective."""
    other = line(120, "fail") | {"limit": 110}
    assert "Batch p95" not in found(verdict(sla=[line(90, "pass")]), verdict(sla=[other]))


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [(0, 0, "same"), (0, 4, "same"), (0, 6, "worse"), (6, 0, "better"), (10, 19, "same"), (10, 21, "worse")],
)
def test_calls_that_fail_are_no_fast_calls(before: int, after: int, word: str) -> None:
    """Of 1,000, by more than half a per cent and twofold."""
    sides = [verdict(calls={"batch": calls(1000 - failed, failed), "ordinary": calls()}) for failed in (before, after)]
    assert found(*sides)["batch calls not confirmed"].word == word


def capacity(held: float | None, broken: float | None, peak: tuple[float, float] | None = None) -> dict[str, Any]:
    """The verdict of a capacity run."""
    ends = {"value": sum(peak) / 2, "low": peak[0], "high": peak[1]} if peak else {}
    return verdict(capacity={"held": held, "broken": broken, "peak_events_per_s": ends})


@pytest.mark.parametrize(
    ("base", "new", "word"),
    [
        ((100, 110), (80, 90), "worse"),
        ((80, 90), (100, 110), "better"),
        ((100, 110), (90, 99), "open"),  # below, but by less than the tolerance
        ((100, 104), (100, 104), "same"),
        ((100, 110), (100, 110), "open"),  # the range is wider than the tolerance
        ((100, None), (80, 90), "worse"),
        ((100, 110), (80, None), "open"),
        ((100, 110), (150, None), "better"),
        ((None, 110), (None, 50), "open"),
    ],
)
def test_capacity_is_a_range(
    base: tuple[float | None, float | None], new: tuple[float | None, float | None], word: str
) -> None:
    """Worse where NEW broke below what BASE held; past an end that was not found nothing is shown."""
    both = found(capacity(*base), capacity(*new))
    assert [both[name].word for name in ("load held", "load broken at")] == [word, word]


def test_of_several_capacity_runs_the_outermost_ends_count() -> None:
    """The least that held and the most that broke; where one run held nothing, nothing is known to hold."""
    own = changes([capacity(100, 110), capacity(90, 120)], [capacity(60, 65), capacity(None, 70)], FAILING, 0.05)
    assert [(one.base, one.new) for one in own if one.name.startswith("load")] == [(90, None), (120, 70)]


def test_a_capacity_that_was_not_broken_has_no_upper_end() -> None:
    """Neither where one of several runs was never broken, nor where the step was only not decided."""
    own = changes([capacity(200, 210)], [capacity(80, 90), capacity(80, None)], FAILING, 0.05)
    assert {one.word for one in own if one.about == "capacity"} == {"open"}
    step = {"offered_per_s": 90, "valid": True, "held": None}
    undecided = capacity(80, 90)
    undecided["capacity"]["steps"] = [step]
    assert found(capacity(200, 210), undecided)["load held"].word == "open"
    step["held"] = False
    assert found(capacity(200, 210), undecided)["load held"].word == "worse"


def test_a_change_of_the_capacity_is_told_once_with_both_ranges() -> None:
    """In batches a second; the highest throughput in events a second by itself."""
    both = found(capacity(100, 110, (1000, 1100)), capacity(50, None, (500, 600)))
    assert [own.sentence for own in both.values() if own.about == "capacity"] == [
        "", "", "highest throughput: 500–600 events/s in NEW, 1,000–1,100 in BASE",
    ]  # fmt: skip
    both = found(capacity(100, 110), capacity(50, 60))
    assert both["load held"].sentence == "capacity: 50–60 batches/s in NEW, 100–110 in BASE"
    assert both["load broken at"].sentence == ""


def test_the_ratio_is_told() -> None:
    """No verdict rests on it; where a side has none, neither is told."""
    own = found(verdict(), verdict(latency_ms={"ratio_p50": {"value": 9.0}}))["batch over ordinary, p50"]
    assert (own.word, own.base, own.new, own.unit) == ("told", 5.0, 9.0, "×")
    assert "batch over ordinary, p50" not in found(verdict(), verdict(latency_ms={"ratio_p50": None}))
