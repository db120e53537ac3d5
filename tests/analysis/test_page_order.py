"""The table of measures of order: batches beside ordinary calls, and a dash for what is not known."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from analysis import findings, page_order, words
from analysis.judgement import Judgement
from analysis.measures.reordering import Reordering, as_json
from analysis.measures.runs import Lengths, lengths
from tests.analysis import cases
from tests.analysis.test_page import Parsed, html

NAMES = ("Events", "Reordered", "Extent", "Reordering-free run", "Inversions", "Fewest events to move", "Displacement")

EXAMPLE = Reordering(
    events=6,
    reordered=2,
    extent_max=3,
    extents=Counter({2: 1, 3: 1}),
    n_reordered=Counter({2: 1, 0: 1}),
    runs=Lengths(2, 3, 9, 3),
    open_runs=Lengths(1, 1, 1, 1),
    displacements=Counter({0: 2, -2: 2, 2: 2}),
    occupancies=Counter({0: 3, 1: 1, 2: 2}),
    inversions=4,
    pairs=15,
    removals=2,
)
"""The six events of docs/measures.md, stored as 0 3 4 1 2 5."""


def table(batches: Reordering, ordinary: Reordering | None = None) -> dict[str, tuple[str, str]]:
    """First word or words of a measure to what is told of batches and of ordinary calls, with plain spaces."""
    verdict: dict[str, Any] = {"batch_reordering": as_json(batches), "reordering": as_json(ordinary or Reordering())}
    rows = page_order.measures(Judgement(verdict, []))
    return {
        row["name"].partition(":")[0]: (row["batch"].replace(words.THIN, " "), row["ordinary"].replace(words.THIN, " "))
        for row in rows
    }


@pytest.mark.parametrize(
    ("measure", "told"),
    [
        ("Events", "6"),
        ("Reordered", "33.3 % (2)"),
        ("Extent", "2 / 3 / 3"),
        ("Reordering-free run", "3 / 1.50"),
        ("Inversions", "26.7 % (4)"),
        ("Fewest events to move", "2 (33.3 %)"),
        ("Displacement", "33.3 % / 33.3 % / 0 %"),
    ],
)
def test_the_example_is_told_as_it_was_worked_out_by_hand(measure: str, told: str) -> None:
    """As in docs/measures.md; and of ordinary calls, of which there is none, nothing is known but that."""
    assert table(EXAMPLE)[measure] == (told, "0" if measure == "Events" else "–")


def test_a_run_that_nothing_ended_may_have_been_longer() -> None:
    """It is a lower bound; and where no run was ended there is no mean of those that were."""
    assert table(Reordering(events=9, open_runs=lengths_of(9), pairs=36))["Reordering-free run"][0] == "≥ 9 / –"


def test_a_share_is_a_whole_only_if_all_are_in_it() -> None:
    """With two events of 100,000 out of place it is not 100 % in place; beyond the threshold counts on both sides."""
    found = table(Reordering(events=100_000, displacements=Counter({0: 99_998, 65: 1, -65: 1})))
    assert found["Displacement"][0] == "> 99.9 % / > 99.9 % / 0.002 %"


def test_neighbours_add_up_to_all() -> None:
    """Shares are fractions; added up they must not fall short of the whole."""
    found = table(Reordering(events=10, displacements=Counter({-1: 7, 0: 2, 1: 1})))
    assert found["Displacement"][0] == "20.0 % / 100 % / 0 %"


@pytest.mark.parametrize("case", cases.CASES)
def test_every_measure_has_a_row_and_half_a_sentence(case: str) -> None:
    """In every case, whether there are batches, ordinary calls, both or none."""
    rows = page_order.measures(cases.CASES[case]())
    assert [row["name"].partition(":")[0] for row in rows] == list(NAMES)
    assert all(row["tells"] and row["batch"] and row["ordinary"] for row in rows)
    text = " ".join(Parsed(html(case)).texts)
    assert "Measures of order batches ordinary calls Events" in text


def test_the_heading_tells_both_kinds() -> None:
    """Of batches, of ordinary calls, or that there is neither."""
    heading = findings.reordering_heading
    assert heading(cases.passing()).endswith("; of the events in batches none")
    assert heading(cases.empty()) == "Nothing is stored whose order could be measured"
    case = cases.client()
    case.verdict["batch_reordering"] = as_json(EXAMPLE)
    told = heading(case).replace(words.THIN, " ")
    assert told == "Of the events in batches 33.3 % are stored behind a later one"


def lengths_of(*values: int) -> Lengths:
    """Runs of these lengths."""
    return lengths(np.array(values))
