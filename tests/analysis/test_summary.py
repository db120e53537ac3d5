"""summary.md can be pasted into a pull request as it is."""

import pytest

from analysis import summary, words
from tests.analysis import cases


def test_the_verdict_stands_first() -> None:
    """In the first line, as a shape and a word."""
    assert summary.render(cases.failing(), "run-1").startswith("## ❌ FAIL: storm\n")
    assert summary.render(cases.passing(), "run-1").startswith("## ✅ PASS: storm\n")
    assert summary.render(cases.tiny(), "run-1").startswith("## ✅ PASS: storm\n")
    assert summary.render(cases.invalid(), "run-1").startswith("## ◐ INCONCLUSIVE: storm\n")


@pytest.mark.parametrize("case", cases.CASES)
def test_every_promise_is_a_row(case: str) -> None:
    """With as many cells as the head has."""
    text = summary.render(cases.CASES[case](), "run-1")
    rows = [line for line in text.splitlines() if line.startswith("| ") and line.count("|") == 6]
    assert sum("events" not in row and "promise" not in row for row in rows) >= 8
    for name in ("Order within a batch", "Order across batches", "Nothing confirmed is lost", "Uncorrupted"):
        assert f"| {name} |" in text


def test_units_and_changes_of_the_log_are_told() -> None:
    """Batches that were split are no events; rows that vanished are no line of the table."""
    text = summary.render(cases.further(), "run-1")
    assert "| 3 batches |" in text
    assert "| Whole batches | 40 | 1 batch |" in text
    assert "2 rows vanished and 1 row was rewritten" in text


def test_marks_in_texts_from_outside_stay_texts() -> None:
    """A name of an objective cannot add a column, a link or a heading."""
    case = cases.passing()
    case.verdict["sla"][0]["name"] = "a|b\n# c [d](e) <img>"
    text = summary.render(case, "run-1")
    assert "| a\\|b \\# c [d](e) \\<img\\> |" in text.replace("\\[d\\]", "[d]")
    assert "\n# c" not in text


def test_a_run_that_is_not_valid_says_why() -> None:
    """The reader of a chat does not open the page."""
    text = summary.render(cases.invalid(), "run-1")
    assert "Not a valid run:" in text
    assert "1 of 2 load generators" in text


def test_a_load_that_was_ended_early_is_told() -> None:
    """When, and for which objective: the numbers are of a part of the load."""
    text = summary.render(cases.CASES["stopped"](), "run-1").replace(words.THIN, " ")
    assert "Run **valid, stopped early at 4.2 s**" in text
    assert "The load was stopped early, at 4.2 s" in text
    assert "p99: stopped early at 4.2 s: 412 of at most 4,000 batches" in text
    assert "stopped" not in summary.render(cases.passing(), "run-1")
