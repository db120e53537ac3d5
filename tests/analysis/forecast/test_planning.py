"""Forecasts of storms: what must grow with what, and how sure they are."""

from dataclasses import replace

import pytest

from analysis.forecast.backlogs import synthetic
from analysis.forecast.learning import Learned, learn
from analysis.forecast.planning import Forecast, Storm, beyond, forecast
from analysis.forecast.simulation import Client, Service
from analysis.forecast.table import Asked, document, notes
from tests.analysis.forecast.capacities import verdict

SESSIONS = synthetic(1, 4000)


@pytest.fixture(scope="module")
def learned() -> Learned:
    """A system that stores 2,400 events a second in groups."""
    return learn(verdict(Service(0.020, 0.0004, 0.005), 2400), "run")


def told(learned: Learned, visitors: int = 2000, minutes: float = 60, within_s: float = 2, draws: int = 6) -> Forecast:
    """A forecast."""
    return forecast(learned, SESSIONS, Storm(visitors, minutes, within_s, Client(20, 600)), draws=draws)


def test_more_visitors_and_longer_offline_take_longer(learned: Learned) -> None:
    """Drain and worst wait grow with both."""
    for storms in (
        [told(learned, visitors) for visitors in (300, 1000, 3000, 9000)],
        [told(learned, minutes=minutes) for minutes in (1, 10, 60, 480)],
    ):
        for name in ("drain_s", "worst_wait_s", "events"):
            values = [getattr(storm, name).value for storm in storms]
            assert values == sorted(values)
            assert len(set(values)) == len(values)


def test_a_storm_takes_no_less_than_the_fluid(learned: Learned) -> None:
    """And hardly more where the system is overloaded by many visitors with few batches each."""
    storm = told(learned, visitors=6000, minutes=30)
    assert storm.drain_s.value == pytest.approx(storm.fluid.drain_s, rel=0.06)
    assert (storm.drain_s.high or 0) > storm.fluid.drain_s


def test_a_small_storm_is_latency_and_not_rate(learned: Learned) -> None:
    """Ten visitors at once: the fluid says a hundredth of a second, the visitors wait for their answers."""
    storm = told(learned, visitors=10, minutes=5, within_s=0)
    assert storm.fluid.drain_s < 0.02
    assert 0.03 < (storm.drain_s.value or 0) < 0.2


def test_the_same_seed_gives_the_same_forecast(learned: Learned) -> None:
    """All draws come from it."""
    assert told(learned) == told(learned)


def test_the_interval_of_the_rate_is_carried_through(learned: Learned) -> None:
    """A rate known to a third makes a drain that is known no better."""
    low, high = 2400 / 1.4, 2400 * 1.4
    unsure = replace(learned, peak=(2400.0, low, high))
    wide, narrow = told(unsure, visitors=6000, draws=20).drain_s, told(learned, visitors=6000, draws=20).drain_s
    assert (wide.high or 0) / (wide.low or 1) > 1.6
    assert (narrow.high or 0) / (narrow.low or 1) < 1.2


def test_what_was_not_measured_is_said(learned: Learned) -> None:
    """More calls in flight, other batch sizes, and a load beyond which the system confirmed less."""
    storm = Storm(5000, 5, 1, Client(20, None))
    falling = replace(learned, falls_beyond=2600.0)
    assert set(beyond(falling, storm, forecast(falling, SESSIONS, storm, draws=2))) == {
        "in_flight",
        "events_per_batch",
        "events_per_s",
    }
    usual = Storm(500, 1e6, 20, Client(20, 600))
    assert beyond(learned, usual, forecast(learned, SESSIONS, usual, draws=2)) == {}


def test_a_run_that_never_saturated_says_so(learned: Learned) -> None:
    """Its peak is a lower bound, so the drain is an upper one."""
    assert notes(learned) == []
    (note,) = notes(replace(learned, saturated=False))
    assert "at least 2,400 events/s" in note


def test_a_table_has_a_cell_for_each_pair(learned: Learned) -> None:
    """Row by row, with the mark where the worst wait is over the limit, may be, or is not."""
    plan = document(learned, SESSIONS, Asked([500, 6000], [5, 480], 4, Client(20, 600), None, 5.0), "run", "synthetic")
    assert [(cell["visitors"], cell["offline_min"]) for cell in plan["cells"]] == [
        (500, 5),
        (6000, 5),
        (500, 480),
        (6000, 480),
    ]
    assert [plan["cells"][0]["over"], plan["cells"][-1]["over"]] == [False, True]
    assert len(plan["heatmap"]["worst_wait_s"]) == len(plan["heatmap"]["offline_min"])
