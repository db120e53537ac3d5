"""A percentile that the plan of a run cannot have values for is refused before the load."""

from pathlib import Path

import pytest

from inorder import enough, scenario
from inorder.errors import UnusableInput
from inorder.plan import plan_of

CROWD = """
question = "?"
[visitors]
count = 150
online_before = 0.0
[[phases]]
name = "all"
duration_s = 5
returning = 1.0
"""
SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.toml"))


def check(metric: str, text: str = CROWD) -> None:
    """Ask for one line of this metric."""
    asked = scenario.parse(f'{text}[[sla]]\nmetric = "{metric}"\nmax = 100\n', Path("storm.toml"))
    enough.check(plan_of(asked), Path("storm.toml"))


@pytest.mark.parametrize("metric", ["batch.response_ms.p99.9", "ratio.p99.9", "ordinary.service_ms.p99.9", "drain_s.p99.9"])
def test_a_crowd_too_small_for_a_percentile_is_refused(metric: str) -> None:
    """With the number that it needs and the number that there is."""
    with pytest.raises(UnusableInput) as refused:
        check(metric)
    said = str(refused.value)
    assert said.startswith(f"storm.toml: sla[0].metric: {metric} needs 1,000 values, and the plan has ")
    assert 100 < int(said.split()[-3].replace(",", "")) < 1000


@pytest.mark.parametrize(
    "metric", ["batch.response_ms.p99", "batch.response_ms.max", "drain_s.p99.3", "visibility_ms.p99.9"]
)
def test_a_crowd_that_has_the_values_is_not(metric: str) -> None:
    """Nor where nothing is certain."""
    check(metric)


def test_a_backlog_in_ordinary_calls_has_a_value_for_each() -> None:
    """It is counted where it goes."""
    check("ordinary.response_ms.p99.9", CROWD + '[client]\nbacklog = "ordinary"\n')


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_the_scenarios_of_the_repository_have_them(file: Path) -> None:
    """They are to be run."""
    asked = scenario.load(file)
    if asked.capacity is None:
        enough.check(plan_of(asked, beside=file.parent), file)
