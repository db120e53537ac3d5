"""What the client did to the sequence of its own events, in the tiny language."""

from dataclasses import replace

import pytest

from tests.analysis.judged import tally
from tests.analysis.language import case

CASES = [
    ("ann: [0 1] [2 3]", 0, 0),
    ("ann: [2 3] [0 1]", 2, 0),
    ("ann: [0 2 1]", 1, 0),
    ("ann: [0 1]|[2 3]", 0, 0),
    ("ann: [2 3]|[0 1]", 2, 0),
    ("ann: [2 3]? [0 1] [2 3]", 2, 0),  # first calls count
    ("ann: [2 3]; bob: [0 1]", 0, 2),
    ("ann: [5]; bob: [0] [3]", 0, 7),
]


@pytest.mark.parametrize(("sent", "late", "missing"), CASES)
def test_what_the_client_did_to_its_sequence(sent: str, late: int, missing: int) -> None:
    """Events sent after one with a higher seq, and seqs below the highest that no call carried."""
    numbers = tally(case(sent, None)).numbers
    assert (numbers["out-of-sequence"], numbers["never-sent"]) == (late, missing)


@pytest.mark.parametrize(
    ("sent", "late"),
    [("ann: [2 3]|[0 1]", 0), ("ann: [0 2]|[3 1]", 1), ("ann: [0]; bob: [0 2]|[3 1]", 1), ("ann: [3]; bob: [2]", 0)],
)
def test_of_two_batches_that_leave_at_one_instant_neither_is_before_the_other(sent: str, late: int) -> None:
    """Within a call the order passed still counts, of whichever visitor."""
    written = case(sent, None)
    numbers = tally(replace(written, calls=tuple(replace(call, sent=1.0) for call in written.calls))).numbers
    assert numbers["out-of-sequence"] == late
