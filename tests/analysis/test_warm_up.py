"""A warm-up is left out of all times, and of nothing that is judged of order."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from analysis.sla import Measurements, measure
from analysis.tally import Tally
from analysis.verdict import judge
from analysis.warm_up import timed_marks
from inorder.run import RunFolder
from tests.analysis.language import case
from tests.analysis.material import write
from tests.analysis.test_sla import measurements


def run(folder: Path, sent: str, stored: str, warm_up_s: float, sla: str = "") -> RunFolder:
    """A run folder with a warm-up; the calls of the tiny language are sent a second or more apart."""
    made = write(case(sent, stored), folder)
    made.scenario_file.write_text(f"warm_up_s = {warm_up_s}\n{made.scenario_file.read_text('utf-8')}\n{sla}", "utf-8")
    return made


def instants(folder: RunFolder) -> list[float]:
    """When the calls of a run were intended."""
    lines = map(msgspec.json.decode, (folder.history / "w0.jsonl").read_bytes().splitlines())
    return sorted(line["intended"] for line in lines if line["type"] == "sent")


CALLS = "ann: [0 1] [2 3] (4) (5)", "ann: 0 1 2 3 4 5"


def test_calls_of_the_warm_up_are_in_no_time_and_counted(tmp_path: Path) -> None:
    """The first call is left out, the rest are timed; all of them are still calls and events of the run."""
    look = run(tmp_path / "look", *CALLS, 0.0)
    first, second, *_ = instants(look)
    assert judge([look]).verdict["drain_s"]["n"] == 1
    verdict = judge([run(tmp_path / "run", *CALLS, (first + second) / 2)]).verdict
    assert (verdict["latency_ms"]["batch"]["n"], verdict["latency_ms"]["ordinary"]["n"]) == (1, 2)
    assert verdict["timing"]["warm_up_s"] == (first + second) / 2
    assert verdict["timing"]["left_out"] == {"batch": 1, "ordinary": 0}
    assert [verdict["timing"]["schedule"][kind]["n"] for kind in ("batch", "ordinary")] == [1, 2]
    assert verdict["latency_ms"]["batch"]["unconfirmed"] == 0
    assert verdict["drain_s"]["n"] == 0  # the only visitor came back in the warm-up
    assert verdict["calls"]["batch"]["confirmed"] == 2
    assert verdict["events"]["sent"] == 6
    assert verdict["verdict"] == "pass"


@pytest.mark.parametrize(("warm_up_s", "share"), [(0.0, 2 / 6), (0.5, 1 / 5), (1.0, 1 / 5), (1.5, 0.0)])
def test_a_share_is_of_the_calls_after_the_warm_up(tmp_path: Path, warm_up_s: float, share: float) -> None:
    """A call counts by its own instant, of a batch that began in the warm-up too; the verdict's counts are of all."""
    sent = "ann: [0]!!. [1] [2] [3]"
    folder = run(tmp_path / "run", sent, "ann: 0 1 2 3", warm_up_s, '[[sla]]\nmetric = "batch.rejected_share"\nmax = 0\n')
    assert instants(folder)[:3] == [0, 1, 2]
    verdict = judge([folder]).verdict
    assert verdict["sla"][0]["value"] == pytest.approx(share)
    assert verdict["calls"]["batch"] == {"confirmed": 4, "rejected": 2, "indeterminate": 0}


@pytest.mark.parametrize(("warm_up_s", "late_ms", "waited"), [(0.0, 300, 1 / 4), (1.0, 200, 0.0), (1.5, 0, 0.0)])
def test_a_late_start_of_the_warm_up_is_forgiven(tmp_path: Path, warm_up_s: float, late_ms: float, waited: float) -> None:
    """The call at the very end of the warm-up is not; nor is one that waited for a connection."""
    folder = run(tmp_path / "run", "ann: [0] [1] [2] [3]", "ann: 0 1 2 3", warm_up_s)
    file = folder.history / "w0.jsonl"
    lines = [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]
    calls = [line for line in lines if line["type"] == "sent"]
    assert [call["intended"] for call in calls[:2]] == [0, 1]
    calls[0] |= {"ready": 0.1, "sent": 0.4}
    calls[1] |= {"sent": 1.2}
    file.write_bytes(b"\n".join(map(msgspec.json.encode, lines)) + b"\n")
    found = judge([folder]).verdict["validity"]
    assert found["late_starts_ms_p99"] == pytest.approx(late_ms)
    assert found["waited_for_connection"] == pytest.approx(waited)


def test_a_call_at_the_very_end_of_the_warm_up_is_timed(tmp_path: Path) -> None:
    """The first `warm_up_s` seconds are a half-open stretch."""
    second = instants(run(tmp_path / "look", *CALLS, 0.0))[1]
    verdict = judge([run(tmp_path / "run", *CALLS, second)]).verdict
    assert verdict["timing"]["left_out"] == {"batch": 1, "ordinary": 0}
    assert verdict["latency_ms"]["batch"]["n"] == 1


def test_disorder_in_the_warm_up_still_fails(tmp_path: Path) -> None:
    """A cold system promises the same order as a warm one."""
    verdict = judge([run(tmp_path / "run", "ann: [0 1] [2 3]", "ann: 1 0 2 3", 29.0)]).verdict
    assert verdict["timing"]["left_out"] == {"batch": 2, "ordinary": 0}
    assert verdict["latency_ms"]["batch"]["n"] == 0
    assert verdict["anomalies"]["reordered-in-batch"] == 1
    assert verdict["verdict"] == "fail"


def after(warm_up_s: float) -> Measurements:
    """Forty seconds of test_sla, the first of them a warm-up: slow from the tenth second on."""
    of = measurements()
    calls = of.calls[of.calls["intended"] >= warm_up_s]
    tally = timed_marks(of.tally, of.batches, warm_up_s)
    return Measurements(calls, of.batches, tally, of.log, of.bounds, warm_up_s)


@pytest.mark.parametrize(
    ("metric", "without", "with_warm_up"),
    [
        ("batch.response_ms.p25", 100, 200),
        ("batch.service_ms.p25", 50, 100),
        ("ratio.p50", 10, 10),
        ("drain_s.p1", 0.0, 2.5),
        ("batch.rejected_share", 1 / 41, 1 / 31),
        # Order has no warm-up: 40 of 400 ordinary events, the last four of them lost, three copies of 800 batch events.
        ("ordinary.reordered_share", 0.1, 0.1),
        ("ordinary.lost_share", 0.01, 0.01),
        ("duplicate_share", 3 / 800, 3 / 800),
    ],
)
def test_metrics_of_time_leave_the_warm_up_out_and_those_of_order_do_not(
    metric: str, without: float, with_warm_up: float
) -> None:
    """Ten of forty seconds."""
    assert measure(metric, None, after(0.0)).estimate.value == pytest.approx(without)
    assert measure(metric, None, after(10.0)).estimate.value == pytest.approx(with_warm_up)


@pytest.mark.parametrize("phase", [None, "calm"])
def test_the_rate_counts_from_the_end_of_the_warm_up(phase: str | None) -> None:
    """Thirty events a second, in the first five seconds as later: a phase that is cut in the middle is no slower."""
    found = measure("confirmed_events_per_s", phase, after(5.0)).estimate.value
    assert found == pytest.approx(30, rel=0.05)


def test_marks_of_the_warm_up_are_left_out_in_step() -> None:
    """Each time keeps its instant and its batch; what is no time stays whole."""
    batches = measurements().batches  # the first of second 12 is row 132
    tally = Tally()
    tally.mark("visibility/batch", np.array([0, 132, 133]))
    tally.mark("visibility/ms", np.array([1.0, 2.0, 3.0]))
    tally.mark("duplicate", np.array([0]))
    kept = timed_marks(tally, batches, 10.0)
    assert kept.marked("visibility/batch").tolist() == [132, 133]
    assert kept.measured("visibility/ms").tolist() == [2.0, 3.0]
    assert kept.marked("duplicate").tolist() == [0]
    assert tally.marked("visibility/batch").tolist() == [0, 132, 133]


def test_without_a_warm_up_nothing_is_touched() -> None:
    """The very same tally: a run of millions of calls is not copied for nothing."""
    of = measurements()
    assert timed_marks(of.tally, of.batches, 0.0) is of.tally
    assert measure("batch.response_ms.p50", None, of).estimate.value == 200
