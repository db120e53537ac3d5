"""The answer of a capacity run: the interval, the highest throughput, the mark beyond which it falls."""

import math
from typing import Any

import numpy as np
import pytest

from analysis.capacity.answer import answer, falls_beyond, held_step
from analysis.capacity.measured import BINS, Step
from inorder.stepping import Stepping
from tests.analysis.capacity.machines import EVENTS, step, stepped

SETTINGS = Stepping(from_per_s=10, to_per_s=1000)


def told(*steps: Step) -> dict[str, Any]:
    """The key `capacity` of these steps."""
    return answer(steps, SETTINGS, None)


def full(offered: float, confirmed: float, number: int = 1, scatter: float = 0.05, **more: Any) -> Step:
    """A step that confirmed less than it was offered."""
    events = EVENTS * confirmed
    bins = events * (1 + scatter * np.random.default_rng(number).standard_normal(BINS))
    facts = {"confirmed_per_s": confirmed, "confirmed_events_per_s": events, "bins": bins} | more
    return step(offered, False, number, **facts)


@pytest.mark.parametrize(
    ("steps", "sentence", "limited_by"),
    [
        ([step(100), step(108, False)], "SLA held at 100 batches/s (1,200 events/s) offered, broken at 108.", "system"),
        (
            [step(100), step(108, None), step(108, None, 3)],
            "SLA held at 100 batches/s (1,200 events/s) offered, not decided at 108, which counts as not held.",
            "system",
        ),
        (
            [step(100), step(108, valid=False, generator=True), step(108, valid=False, generator=True)],
            "SLA held at 100 batches/s (1,200 events/s) offered, and at 108 "
            "the generator, not the system, reached its limit.",
            "generator",
        ),
        (
            [step(100), step(108, valid=False), step(108, valid=False)],
            "SLA held at 100 batches/s (1,200 events/s) offered, not valid at 108, which counts as not held.",
            "invalid",
        ),
        (
            [step(100), step(200, None, valid=False, generator=True, cut=True)],
            "SLA held at 100 batches/s (1,200 events/s) offered, interrupted in the step of 200.",
            "interrupted",
        ),
        ([step(100, None, valid=False, cut=True)], "No step held the SLA, interrupted in the step of 100.", "interrupted"),
        (
            [step(100), step(200, False), step(141, None, valid=False, cut=True)],
            "SLA held at 100 batches/s (1,200 events/s) offered, broken at 200. "
            "The steps ended before the interval was as narrow as 10 %. The run was interrupted in the step of 141.",
            "system",
        ),
        (
            [step(1000)],
            "SLA held at 1,000 batches/s (12,000 events/s) offered, not broken at any higher rate that was tried.",
            "range",
        ),
        ([step(10, False)], "No step held the SLA, broken at 10.", "system"),
        (
            [step(100), step(200, False)],
            "SLA held at 100 batches/s (1,200 events/s) offered, broken at 200. "
            "The steps ended before the interval was as narrow as 10 %.",
            "system",
        ),
        (
            [step(100), step(108, False), step(216)],
            "SLA held at 100 batches/s (1,200 events/s) offered, broken at 108. "
            "It also held at 216, above a rate at which it did not.",
            "system",
        ),
    ],
)
def test_the_answer_in_a_sentence(steps: list[Step], sentence: str, limited_by: str) -> None:
    """What held, what did not, and what ended the search."""
    found = told(*steps)
    assert found["sentence"] == sentence
    assert found["limited_by"] == limited_by


def test_a_limit_of_the_generator_is_no_limit_of_the_system() -> None:
    """Where the generator fell behind, no rate is called broken."""
    found = told(step(100), *(step(108, valid=False, generator=True) for _ in range(2)))
    assert (found["held"], found["broken"]) == (100, None)
    assert [own["held"] for own in found["steps"]] == [True, None, None]
    assert found["steps"][1]["why"] == "Calls left late."


def test_steps_are_told_by_load() -> None:
    """In whatever order they were made."""
    assert [own["offered_per_s"] for own in told(step(40), step(20), step(30, False))["steps"]] == [20, 30, 40]


def test_the_step_that_held_is_the_one_that_decided() -> None:
    """Of two at one rate the later, if it decided something."""
    steps = [step(10), step(20, None, 2), step(20, True, 3), step(22, False, 4)]
    assert held_step(steps) is steps[2]
    assert held_step([step(10, False)]) is None


def test_throughput_that_falls_is_seen() -> None:
    """The mark is the load of the highest throughput."""
    assert falls_beyond([step(50), full(110, 100, 1), full(220, 80, 2)]) is not None
    assert told(step(50), full(110, 100, 1), full(220, 80, 2))["falls_beyond"] == {"offered_per_s": 110}


@pytest.mark.parametrize("confirmed", [99, 101, 98])
def test_throughput_that_only_scatters_does_not_fall(confirmed: float) -> None:
    """A plateau is no fall: less by a hundredth, or more, or by a scatter that chance explains."""
    assert falls_beyond([step(50), full(110, 100, 1), full(220, confirmed, 2)]) is None
    assert falls_beyond([step(50), full(110, 100, 1, scatter=0.6), full(220, 90, 2, scatter=0.6)]) is None


def test_the_peak_is_told_by_steps_that_were_offered_more() -> None:
    """With several its interval is over them; where each step kept up only the lower end is known."""
    found = told(step(50), full(110, 100, 1), full(220, 101, 2))["peak_events_per_s"]
    assert found["value"] == pytest.approx(EVENTS * math.sqrt(100 * 101))  # the middle of repeats is geometric
    assert found["low"] < found["value"] < found["high"]
    assert told(step(50), step(100))["peak_events_per_s"] == {"value": 1200, "low": 1200, "high": None}
    one = told(step(50), full(110, 100, 1))["peak_events_per_s"]
    assert one["low"] < one["value"] < one["high"]


def test_a_queue_is_told_whole() -> None:
    """Interval, knee and law of a simulated queue of four servers that takes 150 batches a second."""
    found = answer(stepped(np.random.default_rng(3), 4), SETTINGS, None)
    assert 0.5 * 150 < found["held"] < found["broken"] < 1.2 * 150
    assert found["broken"] <= 1.1 * found["held"]
    assert found["peak_events_per_s"]["value"] == pytest.approx(150 * EVENTS, rel=0.05)
    assert found["events_per_batch"] == pytest.approx(EVENTS)
    assert found["usl"]["gamma"]["low"] < found["usl"]["gamma"]["high"]
    assert found["knee"]["offered_per_s"] < found["held"]
    assert found["falls_beyond"] is None


def test_what_is_not_known_is_said() -> None:
    """Two steps have no law and no knee."""
    found = told(step(10), step(11, False))
    assert found["usl"] is None
    assert found["knee"] is None
    assert found["usl_note"] == "No scalability law: it needs 4 valid steps, and got 2."
