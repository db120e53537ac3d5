"""The search: which rate comes next, and what the steps so far say."""

import pytest

from analysis.capacity.search import Interval, interval, narrow, next_rate
from inorder.stepping import Stepping
from tests.analysis.capacity.machines import step

SETTINGS = Stepping(from_per_s=10, to_per_s=1000)


def steps(text: str) -> list:
    """`10+ 20- 15? 15x`: rates that held, broke, decided nothing, were not valid."""
    marks = {"+": (True, True), "-": (False, True), "?": (None, True), "x": (True, False)}
    return [
        step(float(word[:-1]), marks[word[-1]][0], number, marks[word[-1]][1])
        for number, word in enumerate(text.split(), 1)
    ]


@pytest.mark.parametrize(
    ("so_far", "rate"),
    [
        ("", 10),
        ("10+", 20),
        ("10+ 20+ 40+", 80),
        ("10+ 600+", 1000),
        ("10+ 1000+", None),
        ("10-", None),
        ("10+ 20+ 40-", 28.3),
        ("10+ 20+ 40- 28.3+", 33.6),
        ("10+ 20+ 40- 28.3-", 23.8),
        ("40+ 44-", None),
        ("40+ 44.1-", 42),
        ("10+ 20?", 20),
        ("10+ 20? 20?", 14.1),
        ("10+ 20? 20+", 40),
        ("10+ 20? 20-", 14.1),
        ("10+ 20x", 20),
        ("10+ 20x 20x", 14.1),
        ("10+ 20x 20+", 40),
        ("10? 10?", None),
    ],
)
def test_the_next_rate(so_far: str, rate: float | None) -> None:
    """Up by the factor, then halved geometrically; what decided nothing is tried once more, then counts as not held."""
    assert next_rate(steps(so_far), SETTINGS) == rate


def test_no_step_follows_the_last_that_is_allowed() -> None:
    """Whatever is still open."""
    assert next_rate(steps("10+ 20+"), Stepping(from_per_s=10, to_per_s=1000, most_steps=2)) is None


@pytest.mark.parametrize("limit", [11.0, 37.3, 64.0, 99.5, 512.0, 999.0])
@pytest.mark.parametrize("precision", [0.02, 0.1, 0.5])
def test_the_search_ends_at_an_interval_around_the_limit(limit: float, precision: float) -> None:
    """Whatever the system takes, within the steps that were said beforehand."""
    settings = Stepping(from_per_s=10, to_per_s=1000, precision=precision)
    made: list = []
    while (rate := next_rate(made, settings)) is not None:
        made.append(step(rate, rate <= limit))
    found = interval(made)
    assert found.held is not None
    assert found.beyond is not None
    assert found.held <= limit < found.beyond
    assert narrow(found, settings)
    assert len(made) <= settings.expected_steps()[0]


@pytest.mark.parametrize(
    ("so_far", "found"),
    [
        ("10+ 20-", Interval(10, 20, "broken", None)),
        ("10+ 20? 20?", Interval(10, 20, "undecided", None)),
        ("10+ 20x", Interval(10, 20, "invalid", 20)),
        ("10+ 20- 40+", Interval(10, 20, "broken", None)),
        ("10+", Interval(10, None, None, None)),
        ("10x 10? 20+", Interval(None, 10, "undecided", None)),
    ],
)
def test_what_the_steps_say(so_far: str, found: Interval) -> None:
    """A rate that held above one that did not is not believed."""
    assert interval(steps(so_far)) == found
