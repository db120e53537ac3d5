"""Response and service times, the fit against batch size, and how repeats are put together."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.latency import combine, latencies, size_fit, summary


def batches(rows: list[tuple[int, int, float, float, float]]) -> pd.DataFrame:
    """Rows of (kind, events, first_intended, response_s, service_s)."""
    frame = pd.DataFrame(rows, columns=["kind", "events", "first_intended", "response_s", "service_s"])
    return frame.astype(dict.fromkeys(("first_intended", "response_s", "service_s"), "float64"))


def test_both_kinds_are_summed_up_apart() -> None:
    """Milliseconds; what was never confirmed is counted, and is in no percentile."""
    frame = batches([(0, 5, 0.0, 0.2, 0.1), (0, 5, 1.0, 0.4, 0.1), (0, 5, 2.0, np.inf, np.nan), (1, 1, 0.0, 0.01, 0.01)])
    found = latencies(frame)
    assert (found["batch"]["n"], found["batch"]["unconfirmed"]) == (2, 1)
    assert (found["batch"]["p50"], found["batch"]["max"]) == (200, 400)
    assert found["batch"]["service"]["p50"] == 100
    assert (found["ordinary"]["n"], found["ordinary"]["p99.9"]) == (1, 10)
    assert found["ratio_p50"]["value"] == pytest.approx(20)
    assert found["ratio_p50"]["low"] is None


def test_nothing_measured_is_none_and_not_zero() -> None:
    """A zero would be a number made up."""
    found = latencies(batches([]))
    assert (found["batch"]["n"], found["batch"]["p95"], found["batch"]["max"]) == (0, None, None)
    assert found["ratio_p95"] == {"value": None, "low": None, "high": None}
    assert found["size_fit"] is None


def fitted(noise: float, seed: int = 1, count: int = 2000) -> dict[str, Any]:
    """The fit of a service time of 5 ms and 0.3 ms an event, with an exponential tail of `noise` ms."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 21, count)
    took = (5 + 0.3 * sizes + random.exponential(noise, count) - noise * np.log(2)) / 1000
    times = np.linspace(0, 60, count)
    found = size_fit(batches([(0, *row) for row in zip(sizes, times, took, took, strict=True)]))
    assert found is not None
    return found


def test_the_fit_finds_the_fixed_and_the_cost_of_an_event() -> None:
    """Exactly where there is no noise; else with an interval that holds the truth."""
    assert fitted(0)["fixed_ms"]["value"] == pytest.approx(5)
    assert fitted(0)["per_event_ms"]["value"] == pytest.approx(0.3)
    held = 0
    for seed in range(20):
        found = fitted(2.0, seed)
        held += found["per_event_ms"]["low"] <= 0.3 <= found["per_event_ms"]["high"]
        held += found["fixed_ms"]["low"] <= 5 <= found["fixed_ms"]["high"]
    assert held >= 34


def test_a_tail_of_queueing_does_not_bend_the_fit() -> None:
    """One large batch in ten waited for seconds: medians do not care."""
    sizes = np.tile(np.arange(1, 21), 50)
    took = (5 + 0.3 * sizes) / 1000
    took[(np.arange(1000) % 200) >= 180] += 3.0
    frame = batches([(0, *row) for row in zip(sizes, np.linspace(0, 60, 1000), took, took, strict=True)])
    found = size_fit(frame)
    assert found is not None
    assert found["per_event_ms"]["value"] == pytest.approx(0.3)


def test_one_size_gives_no_fit() -> None:
    """A line needs two points."""
    assert size_fit(batches([(0, 20, 0.1 * t, 0.1, 0.1) for t in range(50)])) is None


def test_a_handful_of_calls_gives_a_fit_though_some_draws_hold_none_of_them() -> None:
    """Five calls in five of the thirty blocks: of a thousand draws some have nothing to fit."""
    found = size_fit(batches([(0, size, 6.0 * size, 0.1 * size, 0.1 * size) for size in range(1, 6)]))
    assert found is not None
    assert found["per_event_ms"]["value"] == pytest.approx(100)
    assert found["per_event_ms"]["low"] == pytest.approx(100)


def test_repeats_are_means_with_an_interval_over_them() -> None:
    """Counts add up, the maximum is the highest, percentiles are the mean of the runs'."""
    runs = [
        latencies(batches([(0, n, 0.1 * n, x * (1 + n), x) for n in range(1, 9)] + [(1, 1, 0.5, 0.1, 0.1)] * 3))
        for x in (0.1, 0.2)
    ]
    found = combine(runs)
    assert found["batch"]["n"] == 16
    assert found["batch"]["p50"] == pytest.approx((500 + 1000) / 2)
    assert found["batch"]["max"] == pytest.approx(1800)
    assert found["ratio_p50"]["value"] == pytest.approx(7.5)
    assert found["ratio_p50"]["low"] < 5
    assert found["ratio_p50"]["high"] > 10
    assert found["size_fit"]["n"] == 16
    assert found["ordinary"]["unconfirmed"] == 0


def test_a_summary_is_of_the_values_themselves() -> None:
    """No interpolation, whatever the order that they come in."""
    assert summary(np.array([3.0, 1.0, 2.0]), ("50", "95")) == {"n": 3, "p50": 2.0, "p95": 3.0, "max": 3.0}
