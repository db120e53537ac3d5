"""Which of its steps a capacity run takes its numbers from."""

from types import SimpleNamespace
from typing import Any

from analysis.capacity_run import _lightest


def judged(offered_per_s: float, valid: bool = True) -> Any:
    """A step, as far as it is looked at."""
    return SimpleNamespace(valid=valid, step=SimpleNamespace(offered_per_s=offered_per_s))


def test_the_cost_of_a_batch_is_that_of_the_lightest_valid_step() -> None:
    """Near the limit a service time is mostly waiting; and a step that the generator shaped says nothing."""
    steps = [judged(80), judged(40), judged(20, valid=False)]
    assert _lightest(steps) is steps[1]
    assert _lightest(steps[2:]) is steps[2]
