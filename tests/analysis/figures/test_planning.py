"""The heatmap of a plan: readable in every shape that a plan has."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from matplotlib.figure import Figure

from analysis.figures import planning
from analysis.figures.labels import shown_texts
from analysis.figures.style import NARROW, WIDE
from analysis.forecast.backlogs import synthetic
from analysis.forecast.learning import learn
from analysis.forecast.simulation import Client, Service
from analysis.forecast.table import Asked, document
from tests.analysis.figures.test_labels import collisions, drawn
from tests.analysis.forecast.capacities import verdict


def plan(visitors: list[int], minutes: list[float], limit_s: float) -> dict[str, Any]:
    """A plan for a system that stores 2,400 events a second."""
    learned = learn(verdict(Service(0.020, 0.0004, 0.005), 2400), "run")
    asked = Asked(visitors, minutes, 4, Client(20, 600), None, limit_s)
    return document(learned, synthetic(1, 2000), asked, "run", "synthetic")


def hidden(figure: Figure) -> Iterator[str]:
    """Names of lines whose paper covers a dot, or the paper of another."""
    figure.draw_without_rendering()
    papers = [(text.get_text(), text.get_bbox_patch()) for text in shown_texts(figure)]
    boxes = [(name, paper.get_window_extent()) for name, paper in papers if paper is not None]
    (dots,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    for name, box in boxes:
        for x, y in figure.axes[0].transData.transform(dots.get_xydata()):
            if box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1:
                yield f"{name} covers a dot"
    for (one, a), (other, b) in combinations(boxes, 2):
        if a.overlaps(b):
            yield f"{one} covers {other}"


@pytest.mark.parametrize("limit_s", [0.01, 5.0, 500.0])
@pytest.mark.parametrize(
    ("visitors", "minutes"), [([1], [0.0]), ([500, 6000], [5.0, 480.0]), ([500, 2000, 6000], [5.0, 30.0, 240.0])]
)
def test_no_text_of_a_plan_touches_another(visitors: list[int], minutes: list[float], limit_s: float) -> None:
    """One storm or many, all within the limit, none, or some."""
    picture = planning.picture(plan(visitors, minutes, limit_s))
    for width in (WIDE, NARROW):
        assert [*collisions(drawn(picture, width))] == []
        assert [*hidden(drawn(picture, width))] == []
    assert "of the points are over the limit of" in picture.alt
