"""Two readings compared row by row: what counts as the same row, and which row became which."""

import numpy as np
import pytest

from analysis.readings import changes, unmatched
from analysis.tables import Rows

Told = tuple[int, int, int | None, int | None]  # owner, position, seq, digest; None: not known


def rows(*told: Told, under: int | None = None) -> Rows:
    """Rows with these facts, stored under their owner or, all of them, under another visitor."""
    return Rows(
        owner=np.array([owner for owner, *_ in told], np.int32),
        visitor=np.array([owner if under is None else under for owner, *_ in told], np.int32),
        position=np.array([position for _, position, *_ in told], np.int64),
        seq=np.array([seq or 0 for *_, seq, _ in told], np.int64),
        identified=np.array([seq is not None for *_, seq, _ in told], bool),
        digest=np.array([digest or 0 for *_, digest in told], np.int64),
        digest_known=np.array([digest is not None for *_, digest in told], bool),
        seen_at=np.full(len(told), np.nan),
    )


def compared(earlier: Rows, later: Rows, end: int = 100, placed: bool = True) -> tuple[list[int], list[int], list[int]]:
    """Rows vanished (of the earlier reading) and rewritten (of the later one), and what the latter were before."""
    found = changes(earlier, later, end, placed)
    return found.vanished.tolist(), found.rewritten.tolist(), found.before.tolist()


A, B, C = (0, 10, 1, 71), (0, 20, 2, 72), (1, 30, 1, 73)


@pytest.mark.parametrize(
    "changed",
    [(0, 20, 3, 72), (0, 20, 2, 99), (0, 20, 2, None), (0, 20, None, 72), (0, 21, 2, 72), (1, 20, 2, 72)],
    ids=["seq", "digest", "digest unknown", "identity unknown", "position", "owner"],
)
def test_a_row_is_the_same_by_all_that_is_known_of_it(changed: Told) -> None:
    """Each difference alone makes it another row, seen from either side; the rows around it are the same."""
    one, other = rows(A, B, C), rows(A, changed, C)
    assert [found.tolist() for found in unmatched(one, other)] == [[1], [1]]
    assert [found.tolist() for found in unmatched(other, one)] == [[1], [1]]


def test_what_is_not_known_is_not_compared() -> None:
    """A seq or digest that could not be read has no value, whatever stands in its place."""
    one, other = rows((0, 10, None, None), B), rows((0, 10, None, None), B, C)
    other.seq[0], other.digest[0] = 5, 6
    assert [found.tolist() for found in unmatched(one, other)] == [[], [2]]


def test_a_row_under_another_visitor_is_another_row() -> None:
    """It has moved."""
    assert [found.tolist() for found in unmatched(rows(A), rows(A, under=3))] == [[0], [0]]


def test_equal_readings_differ_in_nothing() -> None:
    """Nor do two that are empty; where one is, all of the other is without a partner."""
    nothing = rows()
    assert [found.tolist() for found in unmatched(rows(A, B), rows(A, B))] == [[], []]
    assert [found.tolist() for found in unmatched(nothing, nothing)] == [[], []]
    assert [found.tolist() for found in unmatched(rows(A, B), nothing)] == [[0, 1], []]
    assert [found.tolist() for found in unmatched(nothing, rows(A, B))] == [[], [0, 1]]
    assert compared(rows(A, B), rows(A, B)) == ([], [], [])


def test_of_rows_at_one_position_one_of_each_reading_is_compared() -> None:
    """A log without a total order: the others count as without a partner on both sides."""
    one, other = (0, 10, 1, 71), (0, 10, 2, 72)
    assert [found.tolist() for found in unmatched(rows(one, other), rows(other, one, B))] == [[0], [1, 2]]
    assert [found.tolist() for found in unmatched(rows(A, other, other), rows(other, other))] == [[0, 1], [1]]


def test_the_first_gone_of_an_identity_is_paired_with_the_first_new() -> None:
    """By position; what is left over has vanished, or is new below the end."""
    earlier = rows((0, 10, 1, 71), (0, 20, 1, 71), (0, 30, 2, 72))
    later = rows((0, 11, 1, 71), (0, 40, 2, 72), (0, 50, 2, 72))
    assert compared(earlier, later) == ([1], [0, 1, 2], [0, 2, -1])
    assert compared(later, earlier) == ([2], [0, 1, 2], [0, -1, 1])


def test_identities_are_told_apart_by_owner_and_seq() -> None:
    """The same seq of two visitors, two seqs of one, and rows without an identity, are four."""
    earlier = rows((0, 10, 1, 71), (0, 20, 2, 72), (0, 30, None, 9), (1, 40, 1, 73))
    later = rows((0, 11, None, 9), (0, 21, 2, 72), (1, 41, 1, 73), (1, 51, 0, 74))
    assert compared(earlier, later, end=45) == ([0], [0, 1, 2], [2, 1, 3])
    assert compared(rows((0, 10, None, 9)), rows((0, 11, 0, 9)), end=20) == ([0], [0], [-1])


def test_many_rows_that_moved_each_find_their_own() -> None:
    """Every row stands elsewhere, in the reverse order."""
    count = 40
    earlier = rows(*((0, 10 * place, place, place) for place in range(count)))
    later = rows(*((0, 10 * place + 1, count - 1 - place, count - 1 - place) for place in range(count)))
    assert compared(earlier, later) == ([], list(range(count)), list(range(count))[::-1])


@pytest.mark.parametrize(("end", "rewritten"), [(19, []), (20, [1]), (21, [1])])
def test_a_new_row_is_rewriting_up_to_the_end_of_the_earlier_reading(end: int, rewritten: list[int]) -> None:
    """Behind it the log grew."""
    assert compared(rows(A), rows(A, B), end=end) == ([], rewritten, [-1] * len(rewritten))


def test_without_a_total_order_only_what_vanished_can_be_told() -> None:
    """Places cannot be compared: nothing is rewritten, and copies are still counted."""
    earlier = rows((0, 10, 1, 71), (0, 20, 1, 71), (0, 30, 2, 72), (0, 40, 3, 73))
    later = rows((0, 11, 1, 71), (0, 12, 2, 72), (0, 13, 4, 74))
    assert compared(earlier, later, placed=False) == ([1, 3], [], [])
    assert changes(earlier, later, 100, False).rewritten.dtype == np.int64


def test_what_vanished_is_told_in_the_order_read() -> None:
    """By row, not by identity."""
    earlier = rows((0, 10, 5, 75), (0, 20, 4, 74), (0, 30, 3, 73))
    assert compared(earlier, rows(), placed=True)[0] == compared(earlier, rows(), placed=False)[0] == [0, 1, 2]
