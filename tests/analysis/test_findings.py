"""The sentences that a report leads with, and that they follow from the data."""

import math
from typing import Any

import pytest

from analysis import findings, words
from analysis.judgement import Judgement
from tests.analysis import cases
from tests.analysis.synthetic import objective, promise


def told(text: str) -> str:
    """A text with plain spaces."""
    return text.replace(words.THIN, " ")


def with_(case: Judgement, **more: Any) -> Judgement:
    """The case with other keys in its verdict."""
    case.verdict.update(more)
    return case


def test_a_pass_says_for_how_many_and_by_how_much() -> None:
    """Promises, visitors, events, objectives, and the one time that everybody asks for."""
    text = told(findings.headline(cases.passing()))
    assert text.startswith("All 8 promises held for 8,000 visitors and 104,519 batched events, and all 6 objectives")
    assert " against 1,500 ms." in text


def test_a_pass_with_a_promise_that_nothing_tested_says_so() -> None:
    """Zero found of zero checked is not held."""
    case = cases.passing()
    case.verdict["promises"][4] = promise(4, 0, 0)
    assert "7 of 8 promises held" in findings.headline(case)
    assert "(1 had nothing to check)" in findings.headline(case)
    assert findings.promises_heading(case) == "Seven of eight promises held, one not checked"


def test_promises_beyond_the_api_are_counted() -> None:
    """Eleven lines are eleven promises, each broken one in its own words; and what changed in the log is added."""
    case = cases.further()
    assert findings.promises_heading(case) == "Two of eleven promises were broken: whole batches and contiguous batches"
    assert told(findings.headline(case)) == (
        "5 of 2,000 visitors found a promise broken: 2 had a batch stored with events of other calls inside and 1 had a "
        "batch stored in part. Between two readings of the log 2 rows vanished and 1 row was rewritten."
    )
    case.verdict["promises"][10] = promise(10, 9, 9, 2, 2)
    assert "2 had the last copies of events stored out of order" in findings.headline(case)


def test_a_second_copy_is_no_re_send_where_exactly_once_is_promised() -> None:
    """Then the event was not stored more often than sent, and still too often."""
    case = cases.passing()
    case.verdict["promises"][3] = promise(3, 9, 9, 2, 2, anomalies=["duplicate-unexplained", "duplicate-explained"])
    case.verdict["verdict"] = "fail"
    assert "2 had events stored more than once." in findings.headline(case)


def test_a_log_that_changed_is_a_fail_though_all_promises_held() -> None:
    """Neither the headline nor the heading of the promises may sound as if all were well."""
    case = cases.passing()
    case.verdict["anomalies"]["vanished"] = 1
    case.verdict["verdict"] = "fail"
    assert findings.headline(case) == "Between two readings of the log 1 row vanished."
    assert findings.promises_heading(case) == "All eight promises held, but 1 row vanished in the log"


def test_a_fail_says_what_broke_for_how_many_and_what_was_missed() -> None:
    """The worst two promises with counts, then the missed limit."""
    text = told(findings.headline(cases.failing()))
    assert text.startswith("44 of 8,000 visitors found a promise broken: 33 had a batch stored out of order, 8 lost 160")
    assert "Batch response time (95th percentile) was " in text
    assert "over its limit of" in text


def test_a_fail_by_time_alone_says_that_the_promises_held() -> None:
    """A slow system that keeps its promises is not told as one that breaks them."""
    lines = [objective("confirmed_events_per_s", 800.0, 1000, unit="events/s", sense="min")]
    text = told(findings.headline(with_(cases.passing(), verdict="fail", sla=lines)))
    assert text == "Events confirmed a second was 800 /s, under its limit of 1,000 /s. 8 of 8 promises held."


def test_an_inconclusive_run_leads_with_its_reason() -> None:
    """The first reason, then what held nevertheless."""
    text = findings.headline(cases.inconclusive())
    assert text.startswith("240 confirmed events of 12 visitors were not seen")
    assert text.endswith("5 of 8 promises held.")


def test_a_limit_within_the_interval_is_told_in_words() -> None:
    """An objective as the first reason is written like all others on the page."""
    line = objective("batch.response_ms.p95", 1711.2, 1700)
    reasons = ["batch.response_ms.p95 is 1711 ms [1659, 1762], the limit is 1700 ms: the limit lies within the interval."]
    text = told(findings.headline(with_(cases.passing(), verdict="inconclusive", sla=[line], reasons=reasons)))
    assert text.startswith("Batch response time (95th percentile) is 1,711 ms against 1,700 ms: the limit lies within")


def test_a_name_of_its_own_is_told_in_quotes() -> None:
    """It may be any text, as one with a verb; and a number of slices that does not decide has its interval."""
    slices = {"length_s": 10.0, "of": 7, "held": 7, "share": 1.0, "low": 0.59, "high": 1.0, "needed": 0.9}
    line = objective("ordinary.response_ms.p95", 12.0, 500) | {
        "name": "Ordinary calls are answered",
        "slices": slices,
        "verdict": "inconclusive",
        "reason": "the limit lies within the interval",
    }
    reasons = [f"{words.named(line)} held, …"]
    text = told(findings.headline(with_(cases.passing(), verdict="inconclusive", sla=[line], reasons=reasons)))
    start = "“Ordinary calls are answered” held in 7 of 7 slices of 10 s (100 % [59, 100]): the limit lies within"
    assert text.startswith(start)


@pytest.mark.parametrize("case", cases.CASES)
@pytest.mark.parametrize(
    "heading",
    [
        findings.headline,
        findings.promises_heading,
        findings.objectives_heading,
        findings.latency_heading,
        findings.storm_heading,
        findings.witnesses_heading,
        findings.reordering_heading,
    ],
)
def test_every_heading_is_a_finished_sentence_in_every_case(case: str, heading: Any) -> None:
    """Nothing is left open, nothing is None, and no cause is asserted."""
    text = heading(cases.CASES[case]())
    assert text[0].isupper() or text[0].isdigit()
    for never in ("None", "nan", "{", "because", "caused", "due to"):
        assert never not in text


def test_the_ratio_says_what_its_interval_covers() -> None:
    """One run and repeats are not the same certainty."""
    assert "within this run" in findings.latency_heading(cases.passing())
    assert "5 repeats" in findings.latency_heading(cases.repeats())


def test_witnesses_of_what_is_only_counted_are_no_faults() -> None:
    """A split batch breaks no promise, so its witness does not read as one that does."""
    case = with_(cases.passing(), witnesses=[cases.WITNESSES["split"]])
    assert findings.witnesses_heading(case) == "No witness against a promise; shown is what is only counted: split"


@pytest.mark.parametrize(
    ("line", "used"),
    [
        ({"limit": 200, "sense": "max"}, 0.5),
        ({"limit": 200, "sense": "min"}, 2.0),
        ({"limit": 0, "sense": "max"}, math.inf),
    ],
)
def test_more_of_the_limit_is_always_worse(line: dict[str, Any], used: float) -> None:
    """For a lower limit the share is turned over, so that one axis serves both."""
    assert findings.used(line, 100.0) == used


def test_the_objective_that_ended_the_load_leads() -> None:
    """Whatever else was missed; its own value says nothing of how far it was missed."""
    case = cases.CASES["stopped"]()
    assert told(findings.headline(case)).startswith(
        "Batch response time (99th percentile): stopped early at 4.2 s: 412 of "
    )
    assert findings.objectives_heading(case) == "4 met and 2 missed; the load was stopped early"


def test_a_limit_that_was_missed_by_far_is_told_in_times_of_it() -> None:
    """In percent where that can be read."""
    case = cases.failing()
    line = case.verdict["sla"][0]
    line["value"] = 1.32 * line["limit"]
    assert told(findings.objectives_heading(case)).endswith("; the one missed is at 132 % of its limit")
    line["value"] = 100 * line["limit"]
    assert told(findings.objectives_heading(case)).endswith("; the one missed is at 100 times its limit")
    line["limit"] = 0
    assert findings.objectives_heading(case).endswith("1 missed and 1 undecided")
    assert findings.objectives_heading(cases.CASES["sliced"]()) == "2 met, 1 missed and 3 undecided"
