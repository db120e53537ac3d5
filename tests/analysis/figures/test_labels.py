"""No two texts of a figure touch, and none is cut off: in every case, for every figure, at both widths."""

from collections.abc import Iterator
from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis import report
from analysis.figures import style, witness
from analysis.figures.labels import Labels, shown_texts
from analysis.figures.style import NARROW, WIDE, Picture
from tests.analysis.cases import CASES, WITNESSES


def collisions(figure: Figure) -> Iterator[str]:
    """What a reader could not read: texts that overlap each other or leave the figure."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in shown_texts(figure)]
    for text, box in boxes:
        if box.x0 < 0 or box.y0 < 0 or box.x1 > figure.bbox.width or box.y1 > figure.bbox.height:
            yield f"{text!r} leaves the figure"
    for (one, a), (other, b) in combinations(boxes, 2):
        if a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 - 0.5 and b.y0 < a.y1 - 0.5:
            yield f"{one!r} touches {other!r}"


def drawn(picture: Picture, width: int) -> Figure:
    """The figure of a picture."""
    assert picture.draw is not None
    with style.styled():
        return picture.draw(width)


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("case", CASES)
def test_no_text_of_a_report_touches_another(case: str, width: int) -> None:
    """Passing, failing, inconclusive, invalid, the controls, repeats, twenty calls: labels go where there is room."""
    for picture in report.pictures(CASES[case]()).values():
        if picture.draw is not None:
            assert [*collisions(drawn(picture, width))] == [], picture.name


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", WITNESSES)
def test_no_text_of_a_witness_touches_another(name: str, width: int) -> None:
    """Each class of anomaly, with large batches, single events and nothing stored."""
    assert [*collisions(drawn(witness.picture(WITNESSES[name], 1), width))] == []


def test_a_collision_is_seen() -> None:
    """The check itself can fail."""
    figure = style.figure(200, 100)
    for text in ("one", "two"):
        figure.text(0.5, 0.5, text)
    figure.text(0.99, 0.5, "beyond")
    assert sorted(collisions(figure)) == ["'beyond' leaves the figure", "'one' touches 'two'"]


def test_a_label_without_a_free_place_is_left_out() -> None:
    """Two labels on one point with one place: the second one says no."""
    with style.styled():
        figure = style.figure(200, 100)
        axes = style.axes(figure, 20, 20, 160, 60)
        labels = Labels(figure)
        assert labels.put(axes, 0.5, 0.5, "first", ((0, 0),))
        assert not labels.put(axes, 0.5, 0.5, "second", ((0, 0),))


def test_a_label_rather_leaves_a_curve_alone() -> None:
    """Of two free places the one without the curve is taken, and with `touch=False` no place on the curve is."""
    with style.styled():
        figure = style.figure(300, 200)
        axes = style.axes(figure, 20, 20, 260, 160)
        labels = Labels(figure)
        labels.avoid(axes, [0, 1], [0.55, 0.55])
        assert not labels.put(axes, 0.5, 0.5, "label", ((0, 4),), touch=False)
        assert labels.put(axes, 0.5, 0.5, "label", ((0, 4), (0, -4)), touch=False)


@pytest.mark.parametrize("ground", [None, {"facecolor": "white", "pad": 1.2}])
def test_a_text_on_paper_takes_the_room_of_its_paper(ground: dict[str, object] | None) -> None:
    """Where a bare text still finds room below another, one with a ground would hide its rim."""
    with style.styled():
        figure = style.figure(200, 100)
        axes = style.axes(figure, 20, 20, 160, 60)
        labels = Labels(figure)
        assert labels.put(axes, 0.5, 0.5, "first", ((0, 0),), bbox=ground)
        assert labels.put(axes, 0.5, 0.5, "second", ((0, -8),), bbox=ground) == (ground is None)
