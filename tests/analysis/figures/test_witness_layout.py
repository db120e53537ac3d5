"""Which blocks a witness is drawn with, and which of them are out of place."""

from itertools import pairwise

import pytest

from analysis.figures.witness_layout import Block, Layout, lay_out
from tests.analysis.cases import WITNESSES, rows, witness


def laid(name: str, width: float = 300) -> Layout:
    """The layout of a witness at the size of the page."""
    return lay_out(WITNESSES[name], width, 8, 9)


def row(blocks: list[Block]) -> str:
    """A row of blocks: `!` is out of place, `()` hollow, `[]` where it stood in an earlier reading."""
    return " ".join(
        f"[{b.label}]" if b.was else f"({b.label})" if b.hollow else f"{b.label}{'!' if b.bad else ''}" for b in blocks
    )


@pytest.mark.parametrize(
    ("name", "sent", "stored"),
    [
        ("across", "b1 b2! b3 b4", "b1 b3 b4 b2!"),
        ("lost", "b1! b2 b3 b4", "b2 b3 b4"),
        ("torn", "b1! b2 b3 b4", "b1 b1 b2 b3 b4"),
        ("within", "7 8 9 10! 11 12 13 14", "7 8 9 11 10! 12 13 14"),
        ("duplicate", "b1! b2", "b1 b1! b2"),
        ("one-copy", "5 6 7 8! 9 10 11", "5 6 7 8 8! 9 10 11"),
        ("ghost", "b1 (b2)", "b1 b2!"),
        ("phantom", "b1 b2", "b1 (?) b2"),
        ("no-call", "", "(?)"),
        ("misrouted", "7 8 9 10! 11 12 13", "7 8 9 11 12 13"),
        ("corrupt", "7 8 9 10! 11 12 13", "7 8 9 10! 11 12 13"),
        ("single-lost", "b9!", ""),
        ("vanished", "7 8 9 10! 11 12 13", "7 8 9 [10] 11 12 13"),
        ("vanished-batch", "b1 b2! b3 b4", "b1 [b2] b3 b4"),
        ("vanished-copy", "7 8 9 10 11 12 13", "7 8 9 10 11 12 13 [10]"),
        ("vanished-no-call", "", "[?]"),
        ("moved", "7 8 9 10! 11 12 13", "7 8 9 [10] 11 12 10! 13"),
        ("moved-far", "39 40 41 42! 43 44 45", "43 44 45 39 40 41 42! [42]"),
        ("moved-and-gone", "7 8 9 10! 11 12 13", "7 8 9 11 12 13 [10]"),
        ("moved-no-call", "", "(?) [?]"),
        ("changed", "7 8 9 10! 11 12 13", "7 8 9 10! 11 12 13"),
        ("slipped-in", "7 8 9 10! 11 12 13", "7 8 9 10! 11 12 13"),
    ],
)
def test_each_anomaly_marks_its_own_blocks(name: str, sent: str, stored: str) -> None:
    """Sent order above, stored order below; only what proves the anomaly is marked."""
    layout = laid(name)
    assert (row(layout.sent), row(layout.stored)) == (sent, stored)


@pytest.mark.parametrize("name", WITNESSES)
@pytest.mark.parametrize("width", [300, 270])
def test_blocks_stand_side_by_side_within_the_width(name: str, width: int) -> None:
    """No block covers its neighbour, none is too small to see, none leaves the picture."""
    layout = laid(name, width)
    for blocks in (layout.sent, layout.stored):
        assert all(a.x + a.width <= b.x for a, b in pairwise(blocks))
        assert all(block.width >= 9 and block.x + block.width <= width + 0.01 for block in blocks)


def test_a_ribbon_starts_where_its_events_stand() -> None:
    """Of ten events in ten tenths the third to fifth take the third to fifth tenth."""
    layout = lay_out(witness("lost", [(1, 0, 10, 1, 2)], rows(1, (0, 1, 1)), [(9, 1, None)]), 300, 8, 9)
    assert layout.span([(1, 2), (1, 3), (1, 4)]) == pytest.approx((60, 150))
    assert layout.span([(7, 2)]) is None


def test_rows_beyond_the_excerpt_are_not_called_lost() -> None:
    """With 400 rows the witness may hold only those around its evidence: what is not in it need not be missing."""
    large = witness("lost", [(1, 0, 1000, 1, 2)], rows(1, (0, 399, 1)), [(400, 1, None)])
    assert lay_out(large, 300, 8, 9).missing == [(1, 400)]


def test_another_row_at_the_place_of_the_evidence_is_not_marked() -> None:
    """Of three readings the last may have moved the row again: what stands at its place now is another event."""
    moved = WITNESSES["moved"]
    again = moved | {"events": [[10, "w0-b1", 7, 67_611]]}
    assert not any(block.bad for block in lay_out(again, 300, 8, 9).stored)
    assert any(block.bad for block in lay_out(moved, 300, 8, 9).stored)


def test_batches_of_one_name_ending_keep_their_whole_name() -> None:
    """Two visitors of a gateway may both have a first batch."""
    case = witness("ghost", [(1, 0, 9, 1, 2), (2, 9, 9, 2, 3)], [], [(0, 1, None)])
    case["batches"][0]["name"], case["batches"][1]["name"] = "ann.b1", "bob.b1"
    assert [block.label for block in lay_out(case, 300, 8, 9).sent] == ["ann.b1", "bob.b1"]
