"""What a witness's picture shows besides its blocks: where a row stood before, and instants of a far clock."""

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures import style, witness
from analysis.figures.labels import shown_texts
from analysis.figures.style import NARROW, WIDE
from tests.analysis.cases import WITNESSES


def drawn(name: str, width: int = WIDE) -> Figure:
    """The figure of a witness."""
    picture = witness.picture(WITNESSES[name], 1)
    assert picture.draw is not None
    with style.styled():
        return picture.draw(width)


def texts(figure: Figure) -> set[str]:
    """All that can be read in it."""
    return {text.get_text() for text in shown_texts(figure)}


def dashed(figure: Figure) -> int:
    """How many blocks are outlined by dashes."""
    shapes = [shape for axes in figure.axes for shape in axes.patches if isinstance(shape, Rectangle)]
    return sum(shape.get_linestyle() not in ("-", "solid") for shape in shapes)


@pytest.mark.parametrize(
    ("name", "words_"),
    [
        ("vanished", {"not there now", "stood at 70,010"}),
        ("vanished-batch", {"not there now", "stood at 838"}),
        ("vanished-copy", {"stood at 42"}),
        ("vanished-no-call", {"no call", "stood at 8"}),
        ("moved", {"stood at 67,610", "at 67,613"}),
        ("moved-no-call", {"no call", "sent by no call", "stood at 9"}),
    ],
)
def test_where_a_row_stood_is_an_outline_of_dashes(name: str, words_: set[str]) -> None:
    """With its position; the caption and the description say what it means."""
    figure, picture = drawn(name), witness.picture(WITNESSES[name], 1)
    assert dashed(figure) == 1
    assert words_ <= texts(figure)
    assert picture.caption.startswith("Dashed: where seq ")
    assert "In an earlier reading seq " in picture.alt


@pytest.mark.parametrize("name", ["vanished", "vanished-batch", "moved", "moved-and-gone"])
def test_it_is_drawn_on_a_phone_too(name: str) -> None:
    """Though there may be no room for its position, which the caption tells."""
    assert dashed(drawn(name, NARROW)) == 1


@pytest.mark.parametrize(("name", "text"), [("changed", "was another row"), ("slipped-in", "not here before")])
def test_a_row_that_only_its_own_place_speaks_of_has_no_outline(name: str, text: str) -> None:
    """It changed where it stands, or was not there at all."""
    figure = drawn(name)
    assert dashed(figure) == 0
    assert text in texts(figure)
    assert witness.picture(WITNESSES[name], 1).caption == ""


def test_a_row_without_identity_is_not_said_to_be_sent_by_nobody() -> None:
    """Who sent it cannot be known."""
    own = WITNESSES["moved-no-call"] | {"events": [[None, None, None, 5]]}
    picture = witness.picture(own, 1)
    assert picture.draw is not None
    with style.styled():
        found = texts(picture.draw(WIDE))
    assert "no readable identity" in found
    assert "sent by no call" not in found
    assert picture.caption == "Dashed: where the row stood in an earlier reading of the log, at 9."


def test_instants_far_from_zero_are_told_from_a_nearer_one() -> None:
    """Seconds of the epoch have too many digits for an axis."""
    found = texts(drawn("epoch"))
    assert "seconds since 1,764,000,000\u202fs; row: batch" in found
    assert {"0.5", "1"} <= found
    assert "seconds since the start of the run; row: batch" in texts(drawn("across"))


def test_what_holds_nothing_is_not_drawn() -> None:
    """No call, no stored row and no earlier place."""
    own = WITNESSES["vanished-no-call"] | {"earlier_position": None}
    assert witness.picture(own, 1).draw is None
