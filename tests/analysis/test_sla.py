"""Each metric measured by hand, and each line judged by its whole interval."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.intervals import NOTHING, Estimate
from analysis.sla import Measured, Measurements, Slices, judge_line, measure, measure_line, unit
from analysis.tally import Tally
from inorder.sla import METRICS, Sla

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
        ("batch.error_share", None, 2 / 41),
        ("batch.error_share", "calm", 0),
        ("confirmed_batches_per_s", "calm", 1),
        ("confirmed_batches_per_s", "storm", 29 / 30),
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
    "confirmed_batches_per_s": "batches/s",
    "batch.error_share": "share",
    "anomalies.phantom": "",
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
    """The runs' values and their middle; the interval of each run alone does not matter."""
    runs = [Measured(Estimate(value, 0, 1000)) for value in (90.0, 91.0, 92.0, 93.0, 94.0)]
    line = judge_line(Sla("batch.response_ms.p50", "fast", max=100, phase="storm"), runs, "5 repeats")
    assert (line["verdict"], line["runs"]) == ("pass", [90, 91, 92, 93, 94])
    assert line["value"] == pytest.approx(92, rel=1e-3)
    assert (line["name"], line["phase"], line["interval"]) == ("fast", "storm", "5 repeats")
    assert line["low"] == pytest.approx(92 - 2.776445 * (2.5**0.5) / 5**0.5, rel=1e-3)
    assert judge_line(Sla("batch.response_ms.p50", max=92.5), runs, "5 repeats")["verdict"] == "inconclusive"


def test_a_repeat_without_a_value_leaves_the_line_open() -> None:
    """A mean of the others would be a number of another scenario."""
    runs = [Measured(Estimate(90.0, 89, 91)), Measured(NOTHING, "nothing was measured")]
    line = judge_line(Sla("batch.response_ms.p50", max=100), runs, "2 repeats")
    assert (line["verdict"], line["reason"], line["runs"]) == ("inconclusive", "nothing was measured", [90.0, None])


def test_a_metric_can_be_of_batches_of_some_sizes() -> None:
    """Both ends are included; ordinary calls stay as they are."""
    of = measurements()
    of.batches.loc[(of.batches["kind"] == 0) & (of.batches["first_intended"] < 10), "events"] = 3
    of.calls["batch"] = of.calls.index

    def sized(metric: str, low: int, high: int) -> float | None:
        return measure_line(Sla(metric, max=1, sizes=(low, high)), of).estimate.value

    assert sized("batch.response_ms.p50", 1, 3) == 100
    assert sized("batch.response_ms.p50", 4, 20) == 200
    assert sized("batch.response_ms.p50", 4, 19) is None
    assert sized("ratio.p50", 3, 3) == pytest.approx(5)
    assert sized("batch.error_share", 1, 3) == 0
    assert sized("batch.error_share", 20, 20) == pytest.approx(2 / 31)
    assert sized("duplicate_share", 3, 3) == pytest.approx(3 / 30)


def test_an_anomaly_is_counted_exactly() -> None:
    """No interval: one is one too many. What could not be looked for is not none."""
    of = measurements()
    of.tally.numbers["lost"] = 2
    line = Sla("anomalies.lost", max=0)
    assert judge_line(line, [measure_line(line, of)], "within this run")["verdict"] == "fail"
    assert judge_line(Sla("anomalies.lost", max=2), [measure_line(line, of)], "")["verdict"] == "pass"
    none = measure("anomalies.torn", None, of)
    assert (none.estimate, none.reason) == (Estimate(0, 0, 0), None)
    assert measure("anomalies.system", None, replace(of, system=7)).estimate.value == 7
    blind = measure("anomalies.torn", None, replace(of, unchecked=frozenset({"torn"})))
    assert (blind.estimate.value, blind.reason) == (None, "torn could not be looked for")
    assert measure("anomalies.torn", None, replace(of, log=False)).reason == "there is no stored log"


def test_of_repeats_the_worst_count_decides() -> None:
    """Three runs without a loss do not make up for one with it."""
    runs = [Measured(Estimate(value, value, value)) for value in (0.0, 3.0, 0.0)]
    line = judge_line(Sla("anomalies.lost", max=0), runs, "3 repeats")
    assert (line["verdict"], line["value"], line["runs"]) == ("fail", 3, [0, 3, 0])
    line = judge_line(Sla("anomalies.lost", max=0), [runs[0], Measured(NOTHING, "there is no stored log")], "2 repeats")
    assert (line["verdict"], line["reason"]) == ("inconclusive", "there is no stored log")


@pytest.mark.parametrize("metric", ["batch.response_ms.p95", "ordinary.response_ms.max", "ratio.p50", "drain_s.p95"])
def test_what_a_quota_shaped_is_open(metric: str) -> None:
    """However clear it would be otherwise, of repeats too; what it does not shape is judged as ever."""
    why = "the quota of the target held back 7 of 9 calls"
    runs = [Measured(Estimate(value, value, value)) for value in (400.0, 401.0, 402.0)]
    for given in (runs, runs[:1]):
        line = judge_line(Sla(metric, max=1), given, "3 repeats", None, why)
        assert (line["verdict"], line["reason"], line["runs"][0]) == ("inconclusive", why, 400.0)
    kept = judge_line(Sla(metric.replace("response", "service"), max=1), runs, "3 repeats", "stopped early", why)
    assert (kept["verdict"], kept["reason"]) == ("fail", "stopped early")
    for other in ("batch.service_ms.p95", "batch.error_share", "anomalies.lost", "ordinary.lost_share"):
        assert judge_line(Sla(other, max=1), runs, "3 repeats", None, why)["verdict"] == "fail"


@pytest.mark.parametrize(
    ("metric", "phase", "limit", "of", "held"),
    [
        ("batch.response_ms.max", None, 150, 7, 2),  # 35 s: calm in two slices of 5 s, the storm in five
        ("batch.response_ms.max", "storm", 150, 5, 0),
        ("batch.response_ms.p50", None, 250, 7, 7),
        ("batch.response_ms.p95", None, 250, 0, 0),  # five batches have no 95th percentile
        ("ordinary.response_ms.p95", None, 15, 7, 2),
        ("ratio.p50", None, 10, 7, 7),
        ("ratio.p50", None, 9.9, 7, 0),
        ("batch.error_share", None, 0, 7, 7),
        ("ordinary.reordered_share", None, 0.5, 7, 6),
        ("drain_s.p50", None, 4.5, 7, 4),
    ],
)
def test_slices_are_judged_one_by_one(metric: str, phase: str | None, limit: float, of: int, held: int) -> None:
    """The last intended call is at 39.5 s, so seven whole slices of 5 s lie in the run, and five in the storm."""
    line = Sla(metric, max=limit, phase=phase, slices_s=5, held_share=0.5)
    slices = measure_line(line, measurements()).slices
    assert slices is not None
    assert (slices.of, slices.held) == (of, held)


def test_a_batch_that_was_never_confirmed_is_late_in_its_slice() -> None:
    """The last one, at 39 s: whatever the limit, its slice does not hold. One that was rejected has no time."""
    of = measurements()
    of = replace(of, bounds=BOUNDS | {"end": (30.0, 39.4)})
    line = Sla("batch.response_ms.max", max=1e9, phase="end", slices_s=1.0, held_share=0.5)
    of.batches.loc[of.batches["first_intended"] >= 38, "phase"] = "end"
    slices = measure_line(line, replace(of, bounds={"end": (37.5, 39.5)})).slices
    assert slices is not None
    assert (slices.of, slices.held) == (2, 1)


def test_a_stall_shows_in_the_slices_of_a_throughput() -> None:
    """Also a slice in which nothing was confirmed at all."""
    of = measurements()
    late = (of.batches["ack"] > 20) & (of.batches["ack"] < 30)
    of.batches.loc[late, "ack"] = 30.5
    slices = measure_line(Sla("confirmed_events_per_s", min=20, slices_s=5, held_share=0.5), of).slices
    assert slices is not None
    assert (slices.of, slices.held) == (7, 5)


def test_the_warm_up_is_in_no_slice() -> None:
    """Whole slices begin behind it."""
    line = Sla("ordinary.response_ms.p50", max=1, slices_s=5, held_share=0.5)
    slices = measure_line(line, replace(measurements(), warm_up_s=7.0)).slices
    assert slices is not None
    assert slices.of == 6


def sliced(of: int, held: int, low: float, high: float) -> Measured:
    return Measured(Estimate(80, 79, 81), slices=Slices(10, of, held, Estimate(held / of, low, high)))


def test_the_share_of_slices_that_held_decides() -> None:
    """Not the metric over the whole run, which is shown beside it."""
    line = Sla("batch.response_ms.p95", max=100, slices_s=10, held_share=0.9)
    held = judge_line(line, [sliced(12, 12, 1, 1)], "within this run")
    assert (held["verdict"], held["value"], held["limit"]) == ("pass", 80, 100)
    wanted = {"length_s": 10, "of": 12, "held": 12, "share": 1.0, "low": 1, "high": 1, "needed": 0.9}
    assert held["slices"] == wanted
    near = judge_line(line, [sliced(12, 11, 0.7, 1)], "within this run")
    assert (near["verdict"], near["slices"]["held"]) == ("inconclusive", 11)
    assert judge_line(line, [sliced(12, 6, 0.3, 0.7)], "within this run")["verdict"] == "fail"
    both = judge_line(line, [sliced(12, 12, 1, 1), sliced(10, 10, 1, 1)], "2 repeats")
    assert (both["verdict"], both["slices"]["of"], both["slices"]["share"]) == ("pass", 22, 1)


def test_without_a_slice_that_holds_enough_the_line_is_open() -> None:
    """As with any percentile of too few values."""
    line = Sla("batch.response_ms.p95", max=1e9, slices_s=5, held_share=0.5)
    judged = judge_line(line, [measure_line(line, measurements())], "within this run")
    assert judged["verdict"] == "inconclusive"
    assert judged["reason"] == "no whole slice of 5 s holds enough calls"
    nothing = dict.fromkeys(("share", "low", "high"))
    assert judged["slices"] == {"length_s": 5, "of": 0, "held": 0, "needed": 0.5, **nothing}


def test_a_line_that_stopped_the_load_is_lost() -> None:
    """Whatever the part of the load that was made would say."""
    why = "stopped early at 12.3 s: too many were late"
    line = judge_line(Sla("batch.response_ms.p50", max=100, stop=True), [Measured(Estimate(50, 49, 51))], "", why)
    assert (line["verdict"], line["reason"]) == ("fail", why)
