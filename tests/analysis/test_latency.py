"""Response and service times of both kinds, and how repeats are put together."""

import numpy as np
import pytest

from analysis.latency import combine, latencies
from analysis.samples import summary
from tests.analysis.test_cost import batches


def test_both_kinds_are_summed_up_apart() -> None:
    """Milliseconds; what was never confirmed is counted, and is in no percentile."""
    frame = batches([(0, 5, 0.0, 0.2, 0.1), (0, 5, 1.0, 0.4, 0.1), (0, 5, 2.0, np.inf, np.nan), (1, 1, 0.0, 0.01, 0.01)])
    found = latencies(frame)
    assert (found["batch"]["n"], found["batch"]["unconfirmed"]) == (2, 1)
    assert (found["batch"]["p50"], found["batch"]["max"]) == (200, 400)
    assert found["batch"]["service"]["p50"] == 100
    assert (found["ordinary"]["n"], found["ordinary"]["max"]) == (1, 10)


def test_too_few_values_for_a_percentile_are_none() -> None:
    """p99.9 of 500 calls would be their maximum under another name."""
    found = summary(np.arange(500.0))
    assert (found["p99"], found["p99.9"], found["max"]) == (494, None, 499)
    assert summary(np.arange(1000.0))["p99.9"] == 998


def test_nothing_measured_is_none_and_not_zero() -> None:
    """A zero would be a number made up."""
    found = latencies(batches([]))
    assert (found["batch"]["n"], found["batch"]["p95"], found["batch"]["max"]) == (0, None, None)


def test_repeats_are_their_middle() -> None:
    """Counts add up, the maximum is the highest, percentiles are the geometric mean of the runs'."""
    runs = [
        latencies(batches([(0, n, 0.1 * n, x * (1 + n), x) for n in range(1, 9)] + [(1, 1, 0.5, 0.1, 0.1)] * 3))
        for x in (0.1, 0.2)
    ]
    found = combine(runs)
    assert found["batch"]["n"] == 16
    assert found["batch"]["p50"] == pytest.approx((500 * 1000) ** 0.5)
    assert found["batch"]["max"] == pytest.approx(1800)
    assert (found["batch"]["p99"], found["ordinary"]["unconfirmed"]) == (None, 0)


def test_a_summary_is_of_the_values_themselves() -> None:
    """No interpolation, whatever the order that they come in."""
    found = summary(np.array([3.0, 1.0, 2.0]), ("25", "50", "95"))
    assert found == {"n": 3, "p25": 1.0, "p50": 2.0, "p95": None, "max": 3.0}
