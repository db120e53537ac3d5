"""The simulated storm against sums done by hand and against queueing theory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.forecast.fluid import fluid
from analysis.forecast.simulation import Client, Outcome, Service, storm


def played(
    back: list[float], backlogs: list[int], service: Service, size: int = 10, connections: int | None = None
) -> Outcome:
    """A storm of a few visitors."""
    return storm(np.array(back, float), np.array(backlogs), Client(size, connections), service)


def test_one_visitor_sends_its_batches_one_after_the_other() -> None:
    """25 events in batches of 10: three groups of 1 s + 0.1 s an event, and twice on the way for 0.5 s, then once."""
    outcome = played([2.0], [25], Service(1.0, 0.1, 0.5))
    assert outcome.drain_s == pytest.approx(2 + (2 + 0.5) + (2 + 0.5) + (1.5 + 0.5))
    assert outcome.calls_s == pytest.approx([2.5, 2.5, 2.0])


def test_those_who_wait_are_stored_together() -> None:
    """One comes first and has a group of its own; the two that come meanwhile share the next one's fixed time."""
    outcome = played([0, 0.1, 0.2], [10, 10, 10], Service(1.0, 0.1))
    assert outcome.waits_s == pytest.approx([2.0, 2.0 + 3.0 - 0.1, 2.0 + 3.0 - 0.2])
    alone = played([0, 0.1, 0.2], [10, 10, 10], Service(1.0, 0.1, together=1))
    assert alone.drain_s == pytest.approx(6.0)


def test_servers_work_side_by_side() -> None:
    """Three calls, two servers that take one call each: the third waits for the first that is free."""
    outcome = played([0, 0, 0], [10, 10, 10], Service(1.0, 0.1, together=1, servers=2))
    assert outcome.waits_s == pytest.approx([2, 2, 4])


def test_a_call_without_a_connection_waits_in_turn() -> None:
    """One connection: the second visitor's first batch goes before the first one's second."""
    outcome = played([0, 0.1], [20, 10], Service(1.0, 0.0), connections=1)
    assert outcome.waits_s == pytest.approx([3.0, 1.9])
    assert outcome.in_flight == 1


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_a_single_server_is_m_d_1(load: float) -> None:
    """Random arrivals at a server of constant time wait ρ / (2 (1 − ρ)) services on the mean (Pollaczek-Khinchine)."""
    random = np.random.default_rng(11)
    count = 100_000
    back = np.cumsum(random.exponential(1 / load, count))
    outcome = storm(back, np.ones(count, int), Client(1), Service(1.0, 0.0, together=1))
    assert outcome.waits_s.mean() - 1 == pytest.approx(load / (2 * (1 - load)), rel=0.05)


STORMS = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 60)), min_size=1, max_size=30)


@given(STORMS, st.integers(1, 30), st.sampled_from([None, 1, 3]), st.sampled_from([None, 1]), st.integers(1, 3))
@settings(deadline=None)
def test_all_that_is_sent_is_stored_and_nothing_sooner_than_it_can(
    storms: list[tuple[int, int]], size: int, connections: int | None, together: int | None, servers: int
) -> None:
    """Events and batches are conserved, limits are kept, and neither the fluid nor a lonely visitor is beaten."""
    back, backlogs = (np.array(column) for column in zip(*storms, strict=True))
    service = Service(0.5, 0.25, 0.125, 0.0, together, servers)
    outcome = storm(back.astype(float), backlogs, Client(size, connections), service)
    assert outcome.stored == backlogs.sum()
    assert len(outcome.calls_s) == (-(-backlogs // size)).sum()
    assert outcome.in_flight <= (connections or len(storms))
    batches = -(-backlogs // size)
    assert (outcome.waits_s >= batches * (0.5 + 0.125) + 0.25 * backlogs - 1e-9).all()
    assert outcome.drain_s >= back.min() + backlogs.sum() * 0.25 / servers - 1e-9
    assert outcome.drain_s == (back + outcome.waits_s).max()


def test_a_storm_beyond_the_rate_is_the_fluids() -> None:
    """Where many small batches come faster than they can be stored, both models say the same."""
    random = np.random.default_rng(3)
    back = np.sort(random.random(4000)) * 4
    outcome = storm(back, np.full(4000, 5), Client(20), Service(0.005, 0.0005, together=200))
    expected = fluid(20_000, 4, 2000)
    assert expected.drain_s == 10
    assert outcome.drain_s == pytest.approx(expected.drain_s, rel=0.03)
    assert outcome.waits_s.max() == pytest.approx(expected.worst_wait_s, rel=0.12)


@pytest.mark.parametrize(("events", "within_s"), [(20_000, 4.0), (20_000, 0.0), (3_000, 4.0), (8_000, 4.0)])
def test_the_fluid_solves_its_equation(events: float, within_s: float) -> None:
    """dQ/dt = λ(t) − μ, stepped in time, ends when the closed form says."""
    per_s, step = 2000.0, 0.0005
    queue, time, peak = (events, 0.0, events) if within_s == 0 else (0.0, 0.0, 0.0)
    while time < within_s or queue > 0:
        inflow = events / within_s if time < within_s else 0.0
        queue = max(0.0, queue + (inflow - per_s) * step)
        time += step
        peak = max(peak, queue)
    found = fluid(events, within_s, per_s)
    assert found.drain_s == pytest.approx(time, abs=0.01)
    assert found.peak_events == pytest.approx(peak, abs=20)
    assert found.worst_wait_s == pytest.approx(peak / per_s, abs=0.01)
