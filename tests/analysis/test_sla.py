"""Each metric measured by hand, and each line judged by its whole interval."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.intervals import NOTHING, Estimate
from analysis.sla import Measured, Measurements, judge_line, measure, unit
from analysis.tally import Tally
from inorder.scenario import METRICS, Sla

BOUNDS = {"calm": (0.0, 10.0), "storm": (10.0, 40.0)}


def measurements(log: bool = True) -> Measurements:
    """Forty seconds: ten ordinary events and one batch of 20 each second; in the storm everything takes twice as long.

    The last batch has no certain answer, and the last but one was rejected first.
    """
    rows: list[dict[str, Any]] = []
    for second in range(40):
        slow = 2 if second >= 10 else 1
        took = [0.1 * slow] + [0.01 * slow] * 10
        for number, response in enumerate(took):
            kind, events = (0, 20) if number == 0 else (1, 1)
            rows.append(
                {
                    "kind": kind,
                    "events": events,
                    "first_intended": second + 0.05 * number,
                    "response_s": response,
                    "service_s": 0.5 * response,
                    "outcome": 0,
                    "phase": "storm" if second >= 10 else "calm",
                }
            )
    batches = pd.DataFrame(rows)
    batches["ack"] = batches["first_intended"] + batches["response_s"]
    last, before = batches.index[batches["kind"] == 0][[-1, -2]]
    batches.loc[last, ["outcome", "ack", "response_s", "service_s"]] = [2, np.inf, np.inf, np.nan]
    calls = batches.rename(columns={"first_intended": "intended"})[["kind", "intended", "outcome", "phase"]]
    again = calls.loc[[before]].assign(outcome=1)
    tally = Tally()
    ordinary = np.flatnonzero(batches["kind"] == 1)
    tally.mark("ordinary/reordered", ordinary[:40])
    tally.mark("ordinary/lost", ordinary[-4:])
    tally.mark("ordinary/duplicated", ordinary[100:101])
    tally.mark("duplicate", np.array([0, 0, 11]))
    tally.mark("drain/s", np.arange(100) / 10)
    tally.mark("drain/intended", np.arange(100) * 0.4)  # the 25th at 10.0, where the storm begins
    return Measurements(pd.concat([calls, again]), batches, tally, log, BOUNDS)


@pytest.mark.parametrize(
    ("metric", "phase", "value"),
    [
        ("batch.response_ms.p50", None, 200),
        ("batch.response_ms.p25", None, 100),
        ("batch.response_ms.max", "calm", 100),
        ("batch.service_ms.p50", None, 100),
        ("ordinary.response_ms.p95", "calm", 10),
        ("ratio.p50", None, 10),
        ("batch.rejected_share", None, 1 / 41),
        ("batch.rejected_share", "calm", 0),
        ("batch.indeterminate_share", "storm", 1 / 31),
        ("ordinary.rejected_share", None, 0),
        ("ordinary.reordered_share", None, 0.1),
        ("ordinary.reordered_share", "calm", 0.4),
        ("ordinary.reordered_share", "storm", 0),
        ("ordinary.lost_share", None, 0.01),
        ("ordinary.duplicated_share", None, 1 / 400),
        ("duplicate_share", None, 3 / 800),
        ("drain_s.p50", None, 4.9),
        ("drain_s.max", None, 9.9),
        ("drain_s.max", "calm", 2.4),
        ("drain_s.p50", "storm", 6.2),
        ("confirmed_events_per_s", "calm", 30),
        ("confirmed_events_per_s", "storm", 880 / 30),
    ],
)
def test_a_metric_is_what_it_says(metric: str, phase: str | None, value: float) -> None:
    """By hand, with an interval around it."""
    assert METRICS.fullmatch(metric)
    measured = measure(metric, phase, measurements())
    assert measured.reason is None
    assert measured.estimate.value == pytest.approx(value)
    assert measured.estimate.low is not None
    assert measured.estimate.high is not None
    assert measured.estimate.low <= value * 1.001
    assert measured.estimate.high >= value * 0.999


def test_throughput_is_over_the_time_from_the_first_call_to_the_last_answer() -> None:
    """39 confirmed batches of 20 and 400 ordinary events."""
    of = measurements()
    last = float(of.batches["ack"][np.isfinite(of.batches["ack"])].max())
    assert measure("confirmed_events_per_s", None, of).estimate.value == pytest.approx((39 * 20 + 400) / last)


def test_a_throughput_has_an_interval_of_its_size() -> None:
    """Each second holds one batch of 20, so a third of a second has it or has it not: the rate is known to a half."""
    estimate = measure("confirmed_events_per_s", "calm", measurements()).estimate
    assert estimate.low is not None
    assert estimate.high is not None
    assert 15 < estimate.low < 30 < estimate.high < 45


def test_visibility_is_measured_by_event(  # the one metric that needs the log read during the load
) -> None:
    """Of the events of a phase's batches, however many each has."""
    of = measurements()
    assert measure("visibility_ms.p50", None, of).reason == "the log was not read while the load went on"
    batch = np.flatnonzero(of.batches["kind"] == 0)[:30]
    of.tally.mark("visibility/batch", np.repeat(batch, 20))
    of.tally.mark("visibility/ms", np.repeat(np.arange(30.0), 20))
    assert measure("visibility_ms.p50", None, of).estimate.value == 14
    assert measure("visibility_ms.max", "calm", of).estimate.value == 9


UNITS = {
    "batch.response_ms.p99.9": "ms",
    "ordinary.service_ms.max": "ms",
    "ratio.p95": "ratio",
    "batch.rejected_share": "share",
    "duplicate_share": "share",
    "visibility_ms.p50": "ms",
    "drain_s.max": "s",
    "confirmed_events_per_s": "events/s",
}


@pytest.mark.parametrize("metric", UNITS)
def test_every_metric_has_a_unit(metric: str) -> None:
    """One of each form that a scenario may name."""
    assert METRICS.fullmatch(metric)
    assert unit(metric) == UNITS[metric]


@pytest.mark.parametrize(
    ("metric", "phase", "reason"),
    [
        ("batch.response_ms.p99", None, "39 values are too few for a p99"),
        ("batch.response_ms.p95", "calm", "10 values are too few for a p95"),
        ("ratio.p99", None, "39 confirmed calls (batch) are too few for a p99"),
        ("batch.response_ms.max", "later", "nothing was measured"),
        ("batch.rejected_share", "later", "nothing was measured"),
        ("ordinary.lost_share", "later", "nothing was measured"),
    ],
)
def test_what_cannot_be_measured_says_why(metric: str, phase: str | None, reason: str) -> None:
    """Never a number made up: the line is inconclusive with this reason."""
    of = measurements()
    of.bounds["later"] = (40.0, 50.0)
    measured = measure(metric, phase, of)
    assert measured.reason == reason
    line = judge_line(Sla(metric, max=1e9), [measured], "within this run")
    assert (line["verdict"], line["reason"]) == ("inconclusive", reason)


def test_without_a_log_its_shares_have_no_value() -> None:
    """Not zero."""
    for metric in ("ordinary.lost_share", "duplicate_share"):
        assert measure(metric, None, measurements(log=False)).reason == "there is no stored log"


def test_calls_without_an_answer_can_undo_a_pass() -> None:
    """The confirmed ones are fast enough; one that never had an answer is the 40th of 40: it decides the maximum."""
    measured = measure("batch.response_ms.max", None, measurements())
    assert measured.worst == np.inf
    line = judge_line(Sla("batch.response_ms.max", max=1000), [measured], "within this run")
    assert line["verdict"] == "inconclusive"
    assert "never had a certain answer" in line["reason"]
    assert measure("batch.response_ms.p75", None, measurements()).worst == 200
    median = measure("batch.response_ms.p50", None, measurements())
    assert median.worst == 200
    assert judge_line(Sla("batch.response_ms.p50", max=1000), [median], "within this run")["verdict"] == "pass"


@pytest.mark.parametrize(("value", "below", "above"), [(50, "pass", "fail"), (99, "inconclusive", "inconclusive")])
def test_a_line_is_judged_to_its_side_of_the_limit(value: float, below: str, above: str) -> None:
    """At most, at least; how it is decided is in test_deciding.py."""
    measured = [Measured(Estimate(value, value - 1, value + 1))]
    upper = judge_line(Sla("batch.response_ms.p50", max=100), measured, "within this run")
    lower = judge_line(Sla("batch.response_ms.p50", min=100), measured, "within this run")
    assert (upper["verdict"], lower["verdict"]) == (below, above)
    assert (upper["sense"], lower["sense"]) == ("max", "min")
    assert [line["repeats_needed"] for line in (upper, lower)] == [5 if below == "inconclusive" else None] * 2


def test_repeats_decide_by_their_own_interval() -> None:
    """The runs' values and their mean; the interval of each run alone does not matter."""
    runs = [Measured(Estimate(value, 0, 1000)) for value in (90.0, 91.0, 92.0, 93.0, 94.0)]
    line = judge_line(Sla("batch.response_ms.p50", "fast", max=100, phase="storm"), runs, "5 repeats")
    assert (line["verdict"], line["value"], line["runs"]) == ("pass", 92, [90, 91, 92, 93, 94])
    assert (line["name"], line["phase"], line["interval"]) == ("fast", "storm", "5 repeats")
    assert line["low"] == pytest.approx(92 - 2.776445 * (2.5**0.5) / 5**0.5, rel=1e-3)
    assert judge_line(Sla("batch.response_ms.p50", max=92.5), runs, "5 repeats")["verdict"] == "inconclusive"


def test_a_repeat_without_a_value_leaves_the_line_open() -> None:
    """A mean of the others would be a number of another scenario."""
    runs = [Measured(Estimate(90.0, 89, 91)), Measured(NOTHING, "nothing was measured")]
    line = judge_line(Sla("batch.response_ms.p50", max=100), runs, "2 repeats")
    assert (line["verdict"], line["reason"], line["runs"]) == ("inconclusive", "nothing was measured", [90.0, None])
