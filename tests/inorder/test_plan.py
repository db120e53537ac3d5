"""Who acts when: shares are kept, arrivals have their shape, repeats draw anew for the same visitors."""

from pathlib import Path

import pytest

from inorder import scenario
from inorder.errors import UnusableInput
from inorder.plan import Plan, plan_of, prefix_of
from inorder.schedule import Schedule, first_instants
from tests.inorder.crowd import plan


def phases(text: str, count: int = 2000) -> Plan:
    head = f'question = "?"\n[visitors]\ncount = {count}\n'
    return plan_of(scenario.parse(head + text, Path("plan.toml")))


def returns(of: Plan) -> list[float | None]:
    return [of.times(sender, 0, False).back for sender in range(of.senders)]


def test_splits_keep_the_shares_and_lose_no_event() -> None:
    """Rounding is drawn, so that small sessions do not distort the shares; a returning visitor has a backlog."""
    crowd = plan(4000)
    splits = [crowd.split(number, False) for number in range(1, 4001)]
    sizes = [crowd.behaviour.size(number) for number in range(1, 4001)]
    assert [one.before + one.backlog + one.after for one in splits] == sizes
    assert min(one.backlog for one in splits) >= 1
    assert sum(one.before for one in splits) / sum(sizes) == pytest.approx(0.2, abs=0.01)
    assert sum(one.after for one in splits) / sum(sizes) == pytest.approx(0.1, abs=0.01)


def test_some_visitors_never_go_offline() -> None:
    """The share of the scenario, all of whose events are made online."""
    crowd = plan(3000, online=0.3)
    online = [crowd.online(sender) for sender in range(crowd.senders)]
    assert sum(online) / len(online) == pytest.approx(0.3, abs=0.03)
    assert crowd.split(1, True).before == crowd.behaviour.size(1)


def test_a_burst_brings_all_back_within_its_time() -> None:
    """All at once, at the start of the phase."""
    back = returns(phases('[[phases]]\nname="a"\nduration_s=5\n[[phases]]\nname="b"\nduration_s=9\nreturning=1.0\n'
                          'arrival="burst"\nwithin_s=2'))  # fmt: skip
    assert all(at is not None and 5 <= at < 7 for at in back)


def test_waves_bring_them_back_in_waves() -> None:
    """As many bursts as said, spread over the phase, each about equal."""
    back = returns(phases('[[phases]]\nname="a"\nduration_s=20\nreturning=1.0\narrival="waves"\nwaves=4\nwithin_s=1'))
    waves = [int(at // 5) for at in back if at is not None]
    assert all(at is not None and at % 5 < 1 for at in back)
    assert all(waves.count(wave) == pytest.approx(500, abs=80) for wave in range(4))


def test_a_share_that_returns_nowhere_stays_offline() -> None:
    """Their backlog is never sent, and not counted as due."""
    crowd = plan(2000, returning=0.5)
    back = returns(crowd)
    assert back.count(None) == pytest.approx(1000, abs=100)
    _, events, backlog = first_instants(crowd, range(crowd.senders))
    assert backlog < 0.6 * sum(crowd.behaviour.size(number) for number in range(1, 2001))
    assert events > backlog


def test_a_repeat_draws_other_arrivals_for_the_same_visitors() -> None:
    """Same events, other instants."""
    one, two = plan(50), plan(50, repeat=2)
    assert [one.split(number, False) for number in range(1, 51)] == [two.split(number, False) for number in range(1, 51)]
    assert returns(one) != returns(two)
    assert returns(one) == returns(plan(50))


def test_the_prefix_is_letters_that_follow_name_and_seed() -> None:
    """Visitors of different scenarios and seeds do not share names."""
    first = plan().scenario
    assert prefix_of(first).isalpha()
    assert prefix_of(first) == prefix_of(plan().scenario)
    assert prefix_of(scenario.with_seed(first, 6)) != prefix_of(first)


def test_a_click_log_beside_the_scenario_is_found(tmp_path: Path) -> None:
    """A relative path is relative to the scenario's file; one that is missing is refused."""
    (tmp_path / "log.jsonl").write_text('{"events":[{"aid":1,"ts":1000,"type":"clicks"}]}\n')
    text = 'question="?"\n[visitors]\ncount=3\nbehaviour="log.jsonl"\n[[phases]]\nname="a"\nduration_s=1'
    written = scenario.parse(text, tmp_path / "x.toml")
    assert plan_of(written, beside=tmp_path).behaviour.size(3) == 1
    with pytest.raises(UnusableInput, match="cannot be read"):
        plan_of(written, beside=tmp_path / "elsewhere")


def test_the_schedule_gives_the_earliest_place_that_is_due() -> None:
    """First instants and places that were put back come in one order, and not before their time."""
    schedule = Schedule([(3.0, 7), (1.0, 5)])
    schedule.push(2.0, 9, 3)
    assert schedule.next_due() == 1.0
    assert schedule.pop_due(0.5) is None
    assert [schedule.pop_due(9.0) for _ in range(4)] == [(1.0, 5, 0), (2.0, 9, 3), (3.0, 7, 0), None]
    assert len(schedule) == 0
    assert schedule.next_due() is None
