"""Intervals hold the truth about as often as they say, on simulated repeats of a queue that visitors share."""

import numpy as np
import pytest

from analysis.cost import size_fit
from analysis.deciding import Limit, decide
from analysis.intervals import percentile as exact
from analysis.repeats import Repeats
from benchmarks import coverage
from benchmarks.shared_queue import Crowd, Runs, backlogs, percentiles, simulate
from tests.analysis.test_cost import batches

OVERLOADED = Crowd(load=2.0)
SETS = 1000
KNOWN = ("events/s to the last answer",)
"""Covers less, as docs/statistics.md says: it ends with a single answer, and differs by 0.3 % from run to run."""


@pytest.fixture(scope="module")
def repeats() -> coverage.Samples:
    """A thousand sets of five runs."""
    return coverage.samples(OVERLOADED, 5 * SETS, seed=7)


@pytest.fixture(scope="module")
def few() -> Runs:
    """Some runs of the same queue."""
    return simulate(OVERLOADED, 20, seed=3)


@pytest.mark.parametrize("count", [3, 5])
def test_intervals_over_repeats_cover_the_truth(repeats: coverage.Samples, count: int) -> None:
    """Response and drain times, ratios, shares, throughput, the fit: each in 92 to 98 of 100 sets."""
    found = {
        metric: coverage.held(values, count, coverage.SCALES.get(metric, "positive"))
        for metric, values in repeats.items()
        if metric not in KNOWN
    }
    assert len(found) == 16
    assert {metric: round(share, 3) for metric, share in found.items() if not 0.92 <= share <= 0.98} == {}


def test_the_interval_of_one_run_covers_far_less(repeats: coverage.Samples) -> None:
    """That is why it decides nothing near a limit: what it takes for the truth is what this run was like."""
    single = coverage.within_runs(OVERLOADED, 40, seed=7)["batch p95"]
    truth = Repeats.of(repeats["batch p95"].tolist(), "positive").value
    assert np.mean([coverage.holds(own, truth) for own in single]) < 0.7
    assert coverage.wrong(single, truth, 1.05, rule=False) > 0.15
    assert coverage.wrong(single, truth, 1.05, rule=True) < 0.1


def test_five_repeats_seldom_decide_wrongly(repeats: coverage.Samples) -> None:
    """The truth lies 2 % beyond the limit: at most one set in forty passes."""
    values = repeats["batch p95"]
    limit = Limit(Repeats.of(values.tolist(), "positive").value / 1.02, upper=True)
    runs = [[coverage.Estimate(value) for value in own] for own in values.reshape(-1, 5).tolist()]
    assert np.mean([decide(own, limit).verdict == "pass" for own in runs]) < 0.025


def test_the_simulated_queue_is_a_queue(few: Runs) -> None:
    """Everything is sent, first come first served by so many workers, and a visitor sends one batch at a time."""
    assert (few.events.sum(axis=1) == backlogs(OVERLOADED).sum()).all()
    done = few.arrival + few.response / 1000
    assert (np.diff(few.arrival, axis=1)[:, :-1] >= 0)[np.isfinite(few.arrival[:, 1:-1])].all()
    for row in range(3):
        known = np.isfinite(done[row])
        busy = [int(((few.arrival[row] <= t) & (done[row] > t))[known].sum()) for t in np.linspace(0, 12, 50)]
        assert max(busy) > OVERLOADED.workers  # some wait


def test_the_simulation_measures_as_the_judge_does(few: Runs) -> None:
    """Percentiles and the fit of a run, by the judge's own functions."""
    batch, _ = coverage.kinds(few)
    own = batch[0][np.isfinite(batch[0])]
    assert percentiles(batch, ["95"])["95"][0] == exact(np.sort(own), "95")
    sizes, times = few.events[0][few.events[0] > 0], few.arrival[0][few.events[0] > 0]
    rows = [(0, int(size), float(t), ms / 1000, ms / 1000) for size, t, ms in zip(sizes, times, own, strict=True)]
    fit = size_fit(batches(rows), alone=False)
    assert fit is not None
    found = coverage.measured(few, 450.0, np.random.default_rng(1))
    assert fit["fixed_ms"]["value"] == pytest.approx(found["fixed ms"][0])
    assert fit["per_event_ms"]["value"] == pytest.approx(found["per event ms"][0])
