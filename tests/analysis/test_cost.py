"""Batches against ordinary calls: ratios over all, by phase and by size, and the fit against batch size."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.cost import combine, costs, size_fit


def batches(rows: list[tuple[int, int, float, float, float]]) -> pd.DataFrame:
    """Rows of (kind, events, first_intended, response_s, service_s), those before 10 s in the phase `calm`."""
    frame = pd.DataFrame(rows, columns=["kind", "events", "first_intended", "response_s", "service_s"])
    frame = frame.astype(dict.fromkeys(("first_intended", "response_s", "service_s"), "float64"))
    return frame.assign(phase=np.where(frame["first_intended"] < 10, "calm", "storm"))


def crowd(calls: int = 200, slow: float = 1.0) -> pd.DataFrame:
    """40 s: batches of 1 to 30 events take 10 ms and 1 ms an event, ordinary calls 2 ms; from 10 s on twice as long."""
    rows: list[tuple[int, int, float, float, float]] = []
    for number in range(calls):
        second = 40 * number / calls
        factor = slow * (0.002 if second >= 10 else 0.001)
        size = 1 + number % 30
        rows.append((0, size, second, factor * (10 + size), factor * (10 + size)))
        rows.append((1, 1, second, 2 * factor, 2 * factor))
    return batches(rows)


def test_ratios_are_of_response_times() -> None:
    """With an interval within the run; of one ordinary call there is no median, and so no ratio."""
    found = costs(crowd())
    assert list(found)[:3] == ["ratio_p50", "ratio_p95", "ratio_p99"]
    assert found["ratio_p50"]["value"] == pytest.approx(40 / 4)
    assert found["ratio_p50"]["low"] < found["ratio_p50"]["value"] < found["ratio_p50"]["high"]
    assert found["ratio_p99"]["value"] == pytest.approx(80 / 4)
    few = costs(batches([(0, 5, 0.0, 0.2, 0.1), (0, 5, 1.0, 0.4, 0.1), (1, 1, 0.0, 0.01, 0.01)]))
    assert few["ratio_p50"] == {"value": None, "low": None, "high": None}
    nothing = costs(batches([]))
    assert nothing["ratio_p95"] == {"value": None, "low": None, "high": None}
    assert (nothing["by_phase"], nothing["by_size"], nothing["size_fit"]) == ([], [], None)


def test_each_phase_has_its_own_times_and_ratio() -> None:
    """In the order of time; in the storm both kinds take twice as long, so the ratio stays."""
    calm, storm = costs(crowd(600))["by_phase"]
    assert (calm["phase"], storm["phase"]) == ("calm", "storm")
    assert (calm["batch"]["n"], storm["ordinary"]["n"]) == (150, 450)
    assert storm["batch"]["p50"] == pytest.approx(2 * calm["batch"]["p50"])
    assert calm["ratio_p50"]["value"] == pytest.approx(storm["ratio_p50"]["value"]) == pytest.approx(12.5)
    assert calm["ratio_p50"]["low"] <= 12.5 <= calm["ratio_p50"]["high"]
    [only] = costs(crowd()[lambda frame: frame["kind"] == 0][lambda frame: frame["phase"] == "calm"])["by_phase"]
    assert (only["ordinary"]["n"], only["ratio_p50"]["value"]) == (0, None)


def test_each_class_of_sizes_has_its_own_ratio() -> None:
    """1, 2 to 5, 6 to 10, …; the last ends at the largest batch. The small ones are the ones cheap by the call."""
    rows = costs(crowd(6000))["by_size"]
    assert [(row["from"], row["to"]) for row in rows] == [(1, 1), (2, 5), (6, 10), (11, 20), (21, 30)]
    assert [row["n"] for row in rows] == [200, 800, 1000, 2000, 2000]
    assert rows[0]["ratio_p50"]["value"] == pytest.approx(22 / 4)
    assert rows[-1]["ratio_p50"]["value"] == pytest.approx(68 / 4)
    assert all(row["ratio_p99"]["low"] <= row["ratio_p99"]["value"] <= row["ratio_p99"]["high"] for row in rows)
    large = costs(batches([(0, 101, 0.0, 1, 1), (0, 999, 1.0, 1, 1), (0, 3, 1.0, 1, 1)]))["by_size"]
    assert [(row["from"], row["to"], row["n"]) for row in large] == [(2, 3, 1), (101, 999, 2)]


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


def test_repeats_are_put_together_with_an_interval_over_them() -> None:
    """The geometric mean of ratios, the mean of the fit, phases and sizes by name; what one run shows is not looked at."""
    runs = [costs(crowd(slow=slow), alone=False) for slow in (1.0, 2.0, 4.0)]
    assert runs[0]["ratio_p50"]["low"] is None
    found = combine(runs)
    assert found["ratio_p50"]["value"] == pytest.approx(10)
    assert found["size_fit"]["n"] == 600
    fits = [run["size_fit"]["per_event_ms"]["value"] for run in runs]
    assert found["size_fit"]["per_event_ms"]["value"] == pytest.approx(np.mean(fits))
    assert found["size_fit"]["per_event_ms"]["low"] < 0 < np.mean(fits)  # a slope may be below 0
    storm = found["by_phase"][1]
    assert (storm["phase"], storm["batch"]["n"]) == ("storm", 450)
    assert storm["batch"]["p50"] == pytest.approx(runs[1]["by_phase"][1]["batch"]["p50"])
    assert [(row["from"], row["to"]) for row in found["by_size"]][-1] == (21, 30)
    assert found["by_size"][-1]["p50"] == pytest.approx(runs[1]["by_size"][-1]["p50"])
    assert combine(runs[:1]) is runs[0]


def test_what_a_repeat_lacks_has_no_value_of_the_rest() -> None:
    """A run cut off in the calm has no storm, and one of batches alone no ratio."""
    whole = costs(crowd(), alone=False)
    cut = costs(crowd()[lambda frame: (frame["phase"] == "calm") & (frame["kind"] == 0)], alone=False)
    found = combine([whole, cut])
    assert [row["phase"] for row in found["by_phase"]] == ["calm"]
    assert found["ratio_p50"] == {"value": None, "low": None, "high": None}
    assert found["by_phase"][0]["batch"]["n"] == 100
    assert found["by_phase"][0]["ordinary"]["p50"] is None
