"""The heatmap of a plan: readable in every shape that a plan has."""

from typing import Any

import pytest

from analysis.figures import planning
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


@pytest.mark.parametrize("limit_s", [0.01, 5.0, 500.0])
@pytest.mark.parametrize(("visitors", "minutes"), [([1], [0.0]), ([500, 6000], [5.0, 480.0])])
def test_no_text_of_a_plan_touches_another(visitors: list[int], minutes: list[float], limit_s: float) -> None:
    """One storm or many, all within the limit, none, or some."""
    picture = planning.picture(plan(visitors, minutes, limit_s))
    for width in (WIDE, NARROW):
        assert [*collisions(drawn(picture, width))] == []
    assert "of the points are over the limit of" in picture.alt
