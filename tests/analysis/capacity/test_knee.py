"""The knee: that of a queue whose own is known."""

import numpy as np
import pytest

from analysis.capacity import knee
from tests.analysis.capacity.machines import knee_of, step, stepped


def found(steps: list) -> float | None:
    """The knee that the steps show."""
    x, n, fine = (
        np.array([getattr(own, name) for own in steps], float) for name in ("confirmed_per_s", "in_flight", "keeps_up")
    )
    return knee.knee(x, n, fine)


def test_the_knee_of_one_server_is_at_half_its_load() -> None:
    """λ / R = λ (μ − λ) is highest at μ / 2; more servers can be loaded more."""
    assert knee_of(1) == pytest.approx(75, rel=0.01)
    assert knee_of(1) < knee_of(4) < knee_of(16) < 150


@pytest.mark.parametrize("servers", [1, 4, 16])
def test_the_knee_of_a_queue_is_found_within_a_tenth(servers: int) -> None:
    """In each of twelve capacity runs against a simulated M/M/c, stepped as a run does it, with steps of a minute."""
    random = np.random.default_rng(servers)
    off = [(found(stepped(random, servers, step_s=60)) or 0) / knee_of(servers) - 1 for _ in range(12)]
    assert max(map(abs, off)) <= 0.1, off


def test_too_few_steps_have_no_knee() -> None:
    """A curve of four parameters is not drawn through three points."""
    assert found([step(10.0 * n) for n in (1, 2, 4)]) is None


def test_loads_that_never_wait_have_no_knee() -> None:
    """Where the response time is the same at each load, more load is only better: the knee lies beyond what was tried."""
    assert found([step(10.0 * n) for n in (1, 2, 4, 8, 16)]) is None
