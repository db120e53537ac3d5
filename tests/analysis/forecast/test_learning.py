"""What a capacity run teaches, and the runs that teach nothing."""

from typing import Any

import pytest

from analysis.forecast.learning import learn
from analysis.forecast.simulation import Service
from inorder.errors import UnusableInput
from tests.analysis.forecast.capacities import EVENTS, verdict

GROUPED = Service(0.020, 0.0004, 0.005)
SERVERS = Service(0.040, 0.0004, together=1, servers=16)


def test_a_group_commit_is_recognised() -> None:
    """The part of the fixed cost that is paid once a group is found from the service times alone."""
    learned = learn(verdict(GROUPED, 2400), "run")
    assert learned.shape == "group commit"
    assert learned.share == pytest.approx(0.8, abs=0.21)
    assert learned.off is not None
    assert learned.off < 0.1
    assert learned.saturated
    service = learned.service(2400)
    rows = 600 / 2 * EVENTS
    assert rows / (service.fixed_s + service.per_event_s * rows) == pytest.approx(2400)


def test_servers_side_by_side_are_recognised() -> None:
    """Service times that do not grow with the load are those of servers, each with a call of its own."""
    rate = SERVERS.servers * EVENTS / (SERVERS.fixed_s + EVENTS * SERVERS.per_event_s)
    learned = learn(verdict(SERVERS, rate), "run")
    assert learned.shape == "servers"
    service = learned.service(rate)
    assert service.servers * EVENTS / (service.fixed_s + EVENTS * service.per_event_s) == pytest.approx(rate)


def test_a_fit_of_a_step_with_queues_is_not_believed() -> None:
    """The lightest step says what an unloaded call takes, whatever a fit of a loaded step holds."""
    loaded = {"fixed_ms": {"value": 900.0, "low": None, "high": None}, "per_event_ms": {"value": 3.0}}
    learned = learn(verdict(GROUPED, 2400, size_fit=loaded), "run")
    assert learned.fixed_s + EVENTS * learned.per_event_s == pytest.approx(0.0306, rel=0.3)
    assert learn(verdict(GROUPED, 2400, size_fit=None), "run").fixed_s == pytest.approx(learned.fixed_s)


def test_a_peak_without_an_upper_end_is_a_rate_that_was_reached() -> None:
    """A run that never saturated knows the lower end only."""
    told = verdict(GROUPED, 2400, peak_events_per_s={"value": 2400.0, "low": 2400.0, "high": None})
    told["capacity"]["steps"].pop()
    learned = learn(told, "run")
    assert learned.peak == (2400, 2400, 2400)
    assert not learned.saturated


def _broken(told: dict[str, Any]) -> None:
    told["promises"] = [{"name": "Order across batches", "verdict": "broken"}]


def _invalid(told: dict[str, Any]) -> None:
    for step in told["capacity"]["steps"]:
        step["valid"] = False


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda told: told.update(capacity=None), "no capacity run"),
        (lambda told: told.pop("capacity"), "no capacity run"),
        (lambda told: told["capacity"].update(steps=[]), "no capacity run"),
        (_broken, r"broke a promise \(Order across batches\)"),
        (_invalid, "the generator, not the system"),
        (lambda told: told["capacity"].update(peak_events_per_s={"value": None}), "confirmed no batch"),
    ],
)
def test_what_teaches_nothing_is_refused(spoil: Any, said: str) -> None:
    """In one line that names the run."""
    told = verdict(GROUPED, 2400)
    spoil(told)
    with pytest.raises(UnusableInput, match=said) as raised:
        learn(told, "reports/cap")
    assert str(raised.value).startswith("reports/cap: ")
    assert "\n" not in str(raised.value)
