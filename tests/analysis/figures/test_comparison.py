"""The pictures of a comparison: every change is inside, whatever its size, and the scales say what they are."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from analysis.compare.changes import changes
from analysis.compare.outcome import document
from analysis.compare.shifts import Tolerance, shifts
from analysis.figures import comparison, ranges
from analysis.figures.style import NARROW, WIDE, Picture
from tests.analysis.compare.made import Made
from tests.analysis.compare.test_changes import capacity
from tests.analysis.figures.test_labels import collisions, drawn

SLOWER = (0.02, 0.7, 1.0, 1.3, 4.0, 60.0)


def compared(slower: float, slower_batches: float = 1.0, tolerance: float = 0.05) -> dict[str, Any]:
    """compare.json of two runs, the latter slower by a factor."""
    new = Made(noise=2, slower=slower, slower_batches=slower_batches).times()
    return document(*shifts([Made().times()], [new], Tolerance(tolerance)), [], [], Tolerance(tolerance), {})


def figure_of(picture: Picture, width: int = WIDE) -> Figure:
    """The picture drawn."""
    assert picture.draw is not None
    return picture.draw(width)


@pytest.mark.parametrize("slower", SLOWER)
def test_every_line_of_the_percentiles_is_inside(slower: float) -> None:
    """And so is no change, with the tolerance: the scale is never cut so that a change looks large or small."""
    axes = figure_of(comparison.quantiles(compared(slower, 1.5))).axes[0]
    low, high = axes.get_ylim()
    assert low < -4 < 4 < high
    assert low >= -100 - 0.06 * (high - low)  # no time can become shorter by more than 100 %
    lines = [line.get_ydata() for line in axes.get_lines() if len(line.get_xdata()) > 2]
    assert len(lines) == 2
    assert all(low <= min(line) and max(line) <= high for line in lines)


@pytest.mark.parametrize("tolerance", [0.0, 0.05, 10.0])
@pytest.mark.parametrize("slower", SLOWER)
def test_each_judged_change_has_its_mark_inside(slower: float, tolerance: float) -> None:
    """Six marks between the ends of the axis."""
    axes = figure_of(comparison.intervals(compared(slower, tolerance=tolerance))).axes[0]
    low, high = axes.get_xlim()
    marks = [float(line.get_xdata()[0]) for line in axes.get_lines() if line.get_marker() in ("s", "o", "D")]
    assert len(marks) == 6
    assert all(low < mark < high for mark in marks)
    assert low < 0 < high


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("slower", SLOWER)
def test_no_text_touches_another(slower: float, width: int) -> None:
    """In either picture."""
    found = compared(slower, 1.2)
    for picture in (comparison.intervals(found), comparison.quantiles(found)):
        assert [*collisions(drawn(picture, width))] == []


ENDS = [((100, 110), (80, 90)), ((100, None), (80, 90)), ((100, 110), (None, 5)), ((None, None), (300, None))]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize(("base", "new"), ENDS)
def test_ranges_of_capacity_are_drawn_from_zero(
    base: tuple[float | None, float | None], new: tuple[float | None, float | None], width: int
) -> None:
    """With an arrow where an end was not found, and in words where neither was."""
    said = changes([capacity(*base)], [capacity(*new)], frozenset(), 0.05)
    picture = ranges.picture(document([], [], said, [], Tolerance(), {}))
    assert picture is not None
    assert [*collisions(drawn(picture, width))] == []
    axes = figure_of(picture, width).axes[0]
    assert axes.get_xlim()[0] == 0
    arrows = sum(line.get_marker() in ("<", ">") for line in axes.get_lines())
    assert arrows == sum(ends.count(None) for ends in (base, new) if ends != (None, None))
    assert sum(text.get_text() == "neither end was found" for text in axes.texts) == [base, new].count((None, None))


def test_without_capacity_there_is_no_range() -> None:
    """An ordinary comparison."""
    assert ranges.picture(compared(1.0)) is None
