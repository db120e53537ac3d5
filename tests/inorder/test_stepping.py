"""How a capacity run is stepped: what is refused, and how many steps are said beforehand."""

from pathlib import Path

import pytest

from analysis.intervals import trials_allow
from inorder import scenario
from inorder.errors import UnusableInput
from inorder.sla import Sla
from inorder.stepping import Stepping, _needed
from tests.inorder.stepped import CAPACITY


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("from_per_s = 20", "from_per_s = 0", "capacity.from_per_s: expected float > 0.0, got 0"),
        ("to_per_s = 80", "to_per_s = inf", "capacity.to_per_s: expected float < 1000000000.0, got inf"),
        ("to_per_s = 80", "to_per_s = 10", "capacity.to_per_s: expected at least from_per_s, got 10"),
        ("to_per_s = 80\n", "", "capacity: the key 'to_per_s' is missing"),
        ("factor = 2", "factor = 1", "capacity.factor: expected float > 1.0, got 1"),
        ("step_s = 2", "step_s = 0.5", "capacity.step_s: expected float >= 1.0, got 0.5"),
        ("warm_up_s = 1", "warm_up_s = 0", "capacity.warm_up_s: expected float > 0.0, got 0"),
        ("precision = 0.1", "precision = nan", "capacity.precision: expected float >= 0.01, got nan"),
        ("precision = 0.1", "most_steps = 0", "capacity.most_steps: expected int >= 1, got 0"),
        ("precision = 0.1", "precise = 0.1", "capacity: unknown key 'precise'; known here: from_per_s, to_per_s, "),
        ("factor = 2", "at_least_per_s = 81", "capacity.at_least_per_s: expected from_per_s to to_per_s, got 81"),
        ("p90", "p99", "expected at least 50, so that a step has 100 batches for batch.response_ms.p99, got 20"),
        ("batch.response_ms.p90", "ratio.p99.5", "expected at least 100, so that a step has 200 batches for ratio.p99.5"),
        (
            'batch.response_ms.p90"\nmax = 500',
            'batch.indeterminate_share"\nmax = 0.01',
            "expected at least 184, so that a step has 368 batches for batch.indeterminate_share of at most 0.01, got 20",
        ),
        ("max = 500\n", 'max = 500\nphase = "measured"\n', "sla[0].phase: expected none with [capacity]: each step is one"),
        ("[client]", '[[phases]]\nname = "a"\nduration_s = 1\n[client]', "phases: expected none beside [capacity]"),
        ("[client]", '[client]\nbacklog = "ordinary"', "client.backlog: expected 'batches' with [capacity]"),
        ("count = 1", "count = 1\nonline_share = 1", "visitors.online_share: expected below 1 with [capacity]"),
        ("[capacity]", "warm_up_s = 2\n[capacity]", "warm_up_s: expected none beside [capacity], which has its own"),
    ],
)
def test_each_bad_key_is_one_line(old: str, new: str, said: str) -> None:
    """Where it is, and what was expected there."""
    assert old in CAPACITY
    with pytest.raises(UnusableInput) as refused:
        scenario.parse(CAPACITY.replace(old, new), Path("some.toml"))
    told = str(refused.value)
    assert told.startswith("some.toml: ")
    assert said in told
    assert "\n" not in told


def test_a_step_of_as_many_batches_as_a_share_needs_can_hold() -> None:
    """With none of them hit the interval ends within the limit; with one batch less it does not."""
    for limit in (0.001, 0.01, 0.05, 0.3):
        calls, _ = _needed(Sla("batch.error_share", max=limit))
        assert trials_allow(0, calls)[1] <= limit < trials_allow(0, calls - 1)[1]


@pytest.mark.parametrize("line", [Sla("batch.error_share", max=0.0), Sla("ordinary.error_share", max=0.01)])
def test_of_some_lines_nobody_knows_how_many_batches_they_need(line: Sla) -> None:
    """None at all is a count; and ordinary calls are not what is stepped."""
    assert _needed(line)[0] == 0


def test_a_capacity_run_without_an_objective_is_refused() -> None:
    """It would not know what to look for."""
    with pytest.raises(UnusableInput, match=r"some\.toml: sla: expected at least one objective, for \[capacity\] asks"):
        scenario.parse(CAPACITY.partition("[[sla]]")[0], Path("some.toml"))


@pytest.mark.parametrize(
    ("more", "steps"),
    [
        ({}, (11, 22)),  # 10, 20, … 640, 1000; then 2 is halved to 1.41, 1.19, 1.09
        ({"precision": 1.0}, (8, 16)),
        ({"factor": 10.0}, (8, 16)),  # 10, 100, 1000; 10 is halved five times
        ({"to_per_s": 10.0}, (4, 8)),
        ({"most_steps": 9}, (9, 9)),
        ({"most_steps": 15}, (11, 15)),
    ],
)
def test_the_steps_are_said_beforehand(more: dict[str, float], steps: tuple[int, int]) -> None:
    """Made once each, and at most."""
    settings = {"from_per_s": 10.0, "to_per_s": 1000.0, **more}
    assert Stepping(**settings).expected_steps() == steps  # type: ignore[arg-type]
