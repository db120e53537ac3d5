"""The scenario of a step: the crowd that its rate needs, and what it keeps of the scenario that was asked for."""

from pathlib import Path

import pytest
from msgspec import structs

from inorder import scenario, steps
from inorder.driver.hope import planned
from inorder.errors import UnusableInput
from inorder.plan import plan_of
from inorder.scenario import Scenario
from tests.inorder.stepped import CAPACITY

FILE = Path("some.toml")


def made(number: int = 1, per_s: float = 30, text: str = CAPACITY, file: Path = FILE) -> Scenario:
    """The scenario of a step, read."""
    return scenario.parse(steps.of(text, scenario.parse(text, file), number, per_s, file), file)


@pytest.mark.parametrize("client", ["", "visitors_per_call = 3", "queue_limit = 12", "attempts = 2"])
@pytest.mark.parametrize("per_s", [20, 33.3, 80])
def test_a_step_has_the_smallest_crowd_that_offers_its_rate(per_s: float, client: str) -> None:
    """Counted as the driver counts what a run will send: enough, and with one visitor (gateway) less not enough."""
    step = made(1, per_s, CAPACITY.replace("batch_size = 10", f"batch_size = 10\n{client}"))
    assert step.step is not None
    plan = plan_of(step)
    batches, _ = planned(plan, range(plan.senders))
    assert sum(batches.values()) == round(step.step.offered_per_s * 3) >= per_s * 3
    events = sum(size * many for size, many in batches.items())
    assert events == round(step.step.offered_events_per_s * 3)
    fewer = planned(plan, range(plan.senders - 1))[0]
    assert sum(fewer.values()) < per_s * 3


def test_a_step_keeps_what_was_asked_for() -> None:
    """Its own are the visitors, the phases and the seed; each line of the SLA is of the measured time."""
    step, asked = made(2, 40), scenario.parse(CAPACITY, FILE)
    assert step.capacity is None
    assert (step.name, step.seed, step.warm_up_s) == ("some", 10, 1)
    assert [(phase.name, phase.duration_s) for phase in step.phases] == [("warm-up", 1), ("measured", 2)]
    assert [phase.returning for phase in step.phases] == pytest.approx([1 / 3, 2 / 3])
    assert [structs.replace(line, phase=None) for line in step.sla] == asked.sla
    assert {line.phase for line in step.sla} == {"measured"}
    assert (step.client, step.sandbox, step.readback) == (asked.client, asked.sandbox, asked.readback)
    assert step.step is not None
    assert (step.step.number, step.step.target_per_s) == (2, 40)


def test_steps_share_no_visitor() -> None:
    """Each has names of its own, the repeat of a rate too."""
    assert len({plan_of(made(number, 20)).namespace.prefix for number in (1, 2, 3)}) == 3


def test_an_anomaly_is_counted_over_the_whole_step() -> None:
    """Such a line takes no phase."""
    step = made(text=CAPACITY + '[[sla]]\nmetric = "anomalies.system"\nmax = 0\n')
    assert [line.phase for line in step.sla] == ["measured", None]


def test_a_click_log_is_found_from_the_folder_of_a_step(tmp_path: Path) -> None:
    """Relative to the scenario's file, and so written with its whole path."""
    clicks = ",".join(f'{{"aid":1,"ts":{1659304800000 + 1000 * at},"type":"clicks"}}' for at in range(30))
    (tmp_path / "clicks.jsonl").write_text(f'{{"session":1,"events":[{clicks}]}}\n')
    text = CAPACITY.replace("count = 1", 'count = 1\nbehaviour = "clicks.jsonl"')
    step = made(text=text, file=tmp_path / "some.toml")
    assert step.visitors.behaviour == str(tmp_path / "clicks.jsonl")
    assert step.step is not None
    assert step.visitors.count == 30  # with three batches each: 90 in the three seconds


def test_a_rate_that_no_crowd_reaches_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An identity names so many visitors and no more."""
    monkeypatch.setattr(steps, "MAX_VISITOR", 5)
    with pytest.raises(UnusableInput, match=r"some\.toml: capacity: 80 batches a second need more visitors than can be"):
        made(per_s=80)


def test_visitors_without_a_backlog_are_refused() -> None:
    """They would be looked for without an end."""
    text = CAPACITY.replace("count = 1", "count = 1\nonline_share = 0.999999999")
    with pytest.raises(UnusableInput, match=r"some\.toml: visitors: expected some that have a backlog to send in batches"):
        made(text=text)


def test_a_scenario_without_the_table_has_no_steps() -> None:
    """Only `[capacity]` says how long one is."""
    text = CAPACITY.replace("[capacity]", "[step]")
    plain = structs.replace(scenario.parse(CAPACITY, FILE), capacity=None)
    with pytest.raises(UnusableInput, match="only a scenario with it has steps"):
        steps.of(text, plain, 1, 20, FILE)
