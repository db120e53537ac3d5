"""What the figures draw, counted on runs small enough to count by hand."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.figures import latency, over_time, reordering, size, storm, timeline
from analysis.judgement import Judgement, RunFrames
from tests.analysis.synthetic import frames, judgement, with_infos


def run_of(*batches: tuple[float, float, float, int]) -> RunFrames:
    """A run of batches: due, sent, confirmed (inf: never), events."""
    due, sent, ack, events = (np.array(column, float) for column in zip(*batches, strict=True))
    columns = {"kind": np.zeros(len(due), int), "events": events.astype(int)}
    calls = pd.DataFrame(columns | {"intended": due, "sent": sent, "done": np.where(np.isfinite(ack), ack, np.nan)})
    grouped = pd.DataFrame(columns | {"first_intended": due, "ack": ack, "response_s": ack - due})
    grouped["service_s"] = (ack - sent).astype(float)
    grouped.loc[~np.isfinite(ack), "service_s"] = np.nan
    return replace(frames(5), calls=calls, batches=grouped)


def of(run: RunFrames) -> Judgement:
    """A judgement of that run, its verdict from another one."""
    return replace(judgement([frames(5)]), runs=[run])


def test_the_backlog_falls_by_what_is_confirmed() -> None:
    """Two batches of 30 events in all, one of them never confirmed: 30 before, 10 left from its confirmation on."""
    series = storm.count(run_of((1, 2, 5, 20), (1, 3, np.inf, 10)))
    assert series is not None
    assert {float(n) for n in series.backlog[series.moments < 5]} == {30}
    assert {float(n) for n in series.backlog[series.moments >= 5]} == {10}


def test_a_call_is_in_flight_from_sent_to_done_and_waits_before() -> None:
    """Due at 1, sent at 2, done at 5; the other is sent at 3 and has no end on file."""
    series = storm.count(run_of((1, 2, 5, 20), (1, 3, np.inf, 10)))
    assert series is not None
    at = {moment: int(np.searchsorted(series.moments, moment)) for moment in (0.5, 1.5, 2.5, 4, 6)}
    assert [series.waiting[at[moment]] for moment in (0.5, 1.5, 2.5, 4)] == [0, 2, 1, 0]
    assert [series.in_flight[0][at[moment]] for moment in (1.5, 2.5, 4, 6)] == [0, 1, 2, 1]


def test_rates_add_up_to_the_events() -> None:
    """What was due, times the length of a bin, is every event; of what was confirmed only those that were."""
    series = storm.count(run_of((1, 2, 5, 20), (1, 3, np.inf, 10)))
    assert series is not None
    assert series.due[0].sum() * series.time.step == 30
    assert series.confirmed[0].sum() * series.time.step == 20


@pytest.mark.parametrize(("length", "step"), [(20, 0.5), (60, 1), (600, 5), (7200, 30), (200_000, 1800)])
def test_bins_are_few_whatever_the_length(length: float, step: float) -> None:
    """Half a second in a short run, and never more than 240 bins."""
    time = timeline.clock(run_of((0, 1, length, 1)))
    assert time is not None
    assert time.step == step
    assert len(time.edges) <= 242


def since(start: float, target: str = "") -> tuple[float, float, float, int]:
    """Origin, start and end of the axis, and how many bins it has, of two calls within 12 seconds from a start on."""
    [run] = with_infos([run_of((start, start + 1, start + 5, 20), (start + 2, start + 3, start + 12, 10))], target=target)
    time = timeline.clock(run)
    assert time is not None
    return time.origin, time.start, time.end, len(time.edges) - 1


@pytest.mark.parametrize("start", [1.764e9, 500_000.25, 100.0])
def test_the_axis_of_given_evidence_starts_at_its_first_call(start: float) -> None:
    """Where the clock's zero is no start: seconds of the epoch, or since a machine was switched on."""
    floor = math.floor(2 * start) / 2
    assert since(start)[:2] == (floor, floor)
    assert since(start)[3] <= 26


@pytest.mark.parametrize("start", [0.0, 3.0, 7.9])
def test_the_axis_starts_at_zero_where_the_calls_are_near(start: float) -> None:
    """Given evidence, too, is best from about the start of its run."""
    assert since(start)[:2] == (0, 0)


def test_the_axis_of_a_driven_run_starts_with_its_load() -> None:
    """That nobody came for ten minutes is part of what happened."""
    assert since(600.0, target="http://127.0.0.1:1/1.0")[:2] == (0, 0)


def test_phases_beside_the_axis_are_not_named() -> None:
    """Those of a scenario say nothing of a clock that starts elsewhere; instants are told from where the axis starts."""
    [run] = with_infos([run_of((1.764e9, 1.764e9 + 1, 1.764e9 + 5, 20))], target="")
    time = timeline.clock(run)
    assert time is not None
    assert time.phases == ()
    assert time.named() == ""
    assert time.told(1.764e9 + 2.5) == "2.5"
    assert time.meaning.startswith("seconds since 1,764,000,000")


def test_a_percentile_needs_enough_calls_in_its_bin() -> None:
    """29 calls have a median and no 95th percentile, 30 have both."""
    many = [(0.1, 0.2, 0.3, 1)] * 30 + [(1.1, 1.2, 1.4, 1)] * 29
    run = run_of(*many)
    time = timeline.clock(run)
    assert time is not None
    series = over_time.count(run, time, 0)
    assert np.isfinite(series.levels["p50"]).tolist()[:3] == [True, False, True]
    assert np.isfinite(series.levels["p95"]).tolist()[:3] == [True, False, False]


def test_a_line_of_percentiles_stops_where_ten_calls_are_left() -> None:
    """Of 1,000 calls the line ends at the 99th percentile, exactly at the call that has ten behind it."""
    x, y = latency.curve(np.arange(1, 1001, dtype=float))
    assert x[-1] == pytest.approx(2)
    assert y[-1] == pytest.approx(990, abs=1)


def test_quartiles_by_size_leave_out_sizes_with_few_batches() -> None:
    """Five batches of a size are drawn, four are not; what was never confirmed is not there at all."""
    batches = [(0, 0, 0.001 * (1 + k), 1) for k in range(5)] + [(0, 0, 0.01, 2)] * 4 + [(0, 0, np.inf, 3)] * 9
    sizes = size.count(of(run_of(*batches)))
    assert sizes.size.tolist() == [1]
    assert (sizes.low.tolist(), sizes.median.tolist(), sizes.high.tolist()) == ([2], [3], [4])
    assert sizes.n == 9


@pytest.mark.parametrize(
    ("each", "drawn"),
    [
        ({"value": 2.0, "low": 1.0, "high": 3.0}, True),
        ({"value": 2.0, "low": None, "high": None}, True),
        ({"value": 2.0, "low": -0.1, "high": 4.0}, False),
        ({"value": -2.0, "low": -3.0, "high": -1.0}, False),
        ({"value": None, "low": None, "high": None}, False),
    ],
)
def test_the_cost_of_an_event_is_told_only_where_time_grows_with_size(each: dict[str, float], drawn: bool) -> None:
    """Under overload small batches can be the slow ones; the fit then says nothing about size."""
    fit = {"fixed_ms": {"value": 4.0, "low": 3.0, "high": 5.0}, "per_event_ms": each, "n": 100}
    assert (size.growing(fit) is not None) == drawn


def test_extents_are_counted_from_a_value_on() -> None:
    """Ten events with extent 1, two with 3: twelve have at least 1, two at least 2 and 3."""
    assert reordering.at_least({1: 10, 3: 2}) == [(1, 12), (2, 2), (3, 2)]
    assert reordering.at_least({}) == []
    assert [value for value, _ in reordering.at_least({1: 1, 700: 1})] == [
        1,
        2,
        3,
        5,
        10,
        20,
        30,
        50,
        100,
        200,
        300,
        500,
        700,
    ]
