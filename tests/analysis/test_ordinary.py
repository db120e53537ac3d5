"""Ordinary calls: measured among themselves, and which of what went wrong hits a visitor."""

import pytest

from tests.analysis.judged import tally
from tests.analysis.language import case


def test_each_measure_counts_events_and_names_their_calls() -> None:
    """0 is stored behind 1, 2 is lost, 3 is stored twice; calls are numbered within the run."""
    found = tally(case("bob: [0] [1]; ann: (0) (1) (2) (3)", "bob: 0 1; ann: 1 0 3 3"))
    measured = {name: found.numbers[f"ordinary/{name}"] for name in "sent stored lost duplicated reordered checked".split()}
    assert measured == {"sent": 4, "stored": 3, "lost": 1, "duplicated": 1, "reordered": 1, "checked": 3}
    marked = {name: found.marked(f"ordinary/{name}").tolist() for name in ("reordered", "lost", "duplicated")}
    assert marked == {"reordered": [2], "lost": [4], "duplicated": [5]}
    assert found.reordering["ordinary"].events == 3


@pytest.mark.parametrize(
    ("sent", "stored", "affected"),
    [
        ("ann: (0)!", "ann: 0", 1),
        ("ann: (0)", "ann: 0*", 1),
        ("ann: (0)", "bob: a0 0", 1),
        ("ann: (0)", "ann: ", 0),  # nothing is promised of it
        ("ann: (0)", "ann: 0 0", 0),
        ("ann: (0) (1)", "ann: 1 0", 0),
        ("ann: (0)?", "ann: 0", 0),
    ],
)
def test_a_visitor_is_hit_by_what_no_call_may_do(sent: str, stored: str, affected: int) -> None:
    """Ghosts, changed payloads and events stored under another; bob, beside it, has nothing."""
    log = stored if "bob" in stored else f"{stored}; bob: 0"
    assert tally(case(f"{sent}; bob: [0]", log)).numbers["affected"] == affected


def test_a_lost_event_hits_its_visitor_where_none_may_be_lost() -> None:
    """Only what is lost, and only where the scenario promises it."""
    assert tally(case("ann: (0)", "ann: ", ordinary_lossless=True)).numbers["affected"] == 1
    assert tally(case("ann: (0)", "ann: 0 0", ordinary_lossless=True)).numbers["affected"] == 0
