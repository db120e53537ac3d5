"""What the page, summary.md and junit.xml say of a capacity run."""

from typing import Any

import numpy as np
import pytest

from analysis import page_capacity, words
from analysis.capacity import answer
from analysis.capacity.measured import Step
from analysis.judgement import Judgement
from inorder.stepping import Stepping
from tests.analysis import cases
from tests.analysis.capacity.machines import step, stepped

SETTINGS = Stepping(from_per_s=10, to_per_s=1000)
HELD, BROKEN = step(20, number=1), step(40, False, 2, confirmed_per_s=21.0, missed=("Slow | late",))


def judged(*steps: Step, verdict: str = "pass", reasons: tuple[str, ...] = (), **more: Any) -> Judgement:
    """A judgement of these steps; `more`: other values in `capacity`. A reason "?" is the answer."""
    capacity = answer.answer(steps, SETTINGS, None) | {"shown": "steps/1"} | more
    case = cases.passing()
    told = [capacity["sentence"] if reason == "?" else reason for reason in reasons]
    return Judgement(case.verdict | {"verdict": verdict, "reasons": told, "capacity": capacity}, case.runs)


def notes(judgement: Judgement) -> str:
    """All notes as one text, with plain spaces."""
    return " ".join(page_capacity.notes(judgement.verdict["capacity"])).replace(words.THIN, " ")


def test_another_run_has_no_section() -> None:
    """Nor a table, nor a test case."""
    case = cases.passing()
    assert page_capacity.section(case) is None
    assert page_capacity.summary(case) == page_capacity.case(case) == []


def test_each_step_is_a_row_by_its_load() -> None:
    """What it was, and why where it did not hold; one that the generator shaped is neither held nor broken."""
    section = page_capacity.section(judged(BROKEN, HELD, step(80, None, 3), step(90, True, 4, valid=False)))
    assert section is not None
    assert [(row["icon"], row["word"]) for row in section["rows"]] == [
        ("good", "held"),
        ("bad", "BROKEN"),
        ("open", "not decided"),
        ("open", "not valid"),
    ]
    assert [row["why"] for row in section["rows"]] == [
        "",
        "Missed: Slow | late.",
        "Batch response.",
        "Calls left late.",
    ]
    assert [row["run"] for row in section["rows"]] == ["steps/1", "steps/2", "steps/3", "steps/4"]
    assert section["heading"].startswith("SLA held at 20 batches/s (240 events/s) offered, broken at 40.")


def test_the_summary_has_the_table_and_keeps_its_cells_whole() -> None:
    """A name with a bar does not make a column."""
    *_, row, empty = page_capacity.summary(judged(HELD, BROKEN))
    assert row.replace(words.THIN, " ") == "| 40.0 | 21.0 | 60.0 ms | 90.0 ms | BROKEN: Missed: Slow / late. |"
    assert empty == ""


@pytest.mark.parametrize(
    ("verdict", "reasons", "told"),
    [
        ("pass", (), " Order was checked in 2 steps and kept in each."),
        ("inconclusive", ("?", "The run was interrupted."), " The run was interrupted."),
        ("inconclusive", ("?",), ""),
    ],
)
def test_the_headline_is_the_answer_and_what_is_not_said_by_it(verdict: str, reasons: tuple[str, ...], told: str) -> None:
    """Order is told to be kept only where the verdict is a pass."""
    judgement = judged(HELD, BROKEN, verdict=verdict, reasons=reasons)
    assert page_capacity.headline(judgement) == judgement.verdict["capacity"]["sentence"] + told


@pytest.mark.parametrize(
    ("verdict", "reasons", "element"),
    [
        ("pass", (), None),
        ("fail", ("?",), "failure"),
        ("inconclusive", ("?",), "error"),
        ("fail", ("1 event is lost.",), None),  # that is another case's failure
    ],
)
def test_the_case_of_junit_fails_only_where_the_answer_does(
    verdict: str, reasons: tuple[str, ...], element: str | None
) -> None:
    """Its message is the answer."""
    judgement = judged(HELD, BROKEN, verdict=verdict, reasons=reasons)
    assert page_capacity.case(judgement) == [("capacity", element, judgement.verdict["capacity"]["sentence"])]


def test_the_notes_of_a_system_that_was_driven_beyond_its_limit() -> None:
    """The highest throughput with its interval, the knee, and which step the rest is of."""
    told = notes(judged(*stepped(np.random.default_rng(3), servers=4)))
    assert "Highest throughput: 1," in told
    assert "events a second [" in told
    assert "A batch has 12.0 events in the mean." in told
    assert "Knee at " in told
    assert "times and objectives of steps/1." in told


def test_the_notes_of_a_system_that_kept_up_have_no_upper_end() -> None:
    """No step was an overload, and there are too few for a law."""
    told = notes(judged(HELD, step(40, number=2)))
    assert "No step was offered more than it confirmed: the system takes 480 events a second or more." in told
    assert "No scalability law: it needs 4 valid steps, and got 2." in told


def test_the_rates_of_the_answer_are_told_apart_from_what_was_confirmed() -> None:
    """What was offered, as planned, and what was confirmed of it in the measured time."""
    told = notes(judged(step(20, number=1, confirmed_per_s=21.8, confirmed_events_per_s=251.0), BROKEN))
    assert "Of the 20.0 batches a second at which the SLA held 21.8 were confirmed, with 251 events, in the" in told
    assert "by chance more can fall due" in told
    assert "Rates of the answer" not in notes(judged(BROKEN))


def test_what_was_not_decided_is_said_once() -> None:
    """In the table of summary.md, where the word stands before the reason."""
    *_, row, _ = page_capacity.summary(judged(HELD, step(40, None, 2, missed=("Batches without an answer",))))
    assert row.endswith("| not decided: Batches without an answer. |")


def test_a_throughput_that_falls_and_a_law_with_a_peak_are_told() -> None:
    """Where they are there."""
    ends = {"value": 50.0, "low": 40.0, "high": 60.0}
    told = notes(judged(HELD, BROKEN, falls_beyond={"offered_per_s": 30.0}, usl={"peak_n": ends, "peak_per_s": ends}))
    assert "Beyond 30.0 batches a second offered, throughput falls" in told
    assert "throughput is highest at 50.0 calls in flight [40.0, 60.0]" in told


def test_a_run_of_which_nothing_is_valid_claims_nothing() -> None:
    """No throughput, no size of batch, no knee."""
    told = notes(judged(step(20, True, 1, valid=False)))
    assert "throughput:" not in told
    assert "A batch has" not in told
    assert "Knee" not in told
