"""Which limits of the SLA a figure draws: only those that are of what its lines are of."""

from typing import Any

import numpy as np
import pytest

from analysis import words
from analysis.figures import capacity, latency, over_time, style
from analysis.figures.labels import shown_texts
from analysis.figures.style import Picture
from analysis.judgement import Judgement
from tests.analysis import loads

SLICES = {"length_s": 1.0, "of": 9, "held": 9, "share": 1.0, "needed": 0.9}


def with_line(limit: float, **more: Any) -> Judgement:
    """A capacity run whose only objective is on the 95th percentile of batches."""
    case = loads.stepped()
    line = case.verdict["sla"][0] | {"limit": limit} | more
    return Judgement(case.verdict | {"sla": [line]}, case.runs)


def texts(picture: Picture | None) -> list[str]:
    """What stands in a figure."""
    assert picture is not None
    assert picture.draw is not None
    with style.styled():
        return [text.get_text() for text in shown_texts(picture.draw(style.WIDE))]


@pytest.mark.parametrize(("more", "drawn"), [({}, True), ({"sizes": [1, 5]}, False), ({"slices": SLICES}, False)])
def test_a_limit_of_some_batches_is_not_drawn_at_all_of_them(more: dict[str, Any], drawn: bool) -> None:
    """Neither beside the percentiles, nor off their scale, nor beside the steps of a capacity run."""
    case = with_line(300.0, **more)
    percentiles = latency.percentiles(case)
    told = [*texts(percentiles), percentiles.caption]
    assert any("300" in text and "≤" in text for text in told) == drawn
    assert any(text.startswith("limit 300") for text in texts(capacity.picture(case))) == drawn


@pytest.mark.parametrize(("held", "word", "red"), [(False, "broken", True), (None, "not decided", False)])
def test_a_rate_that_only_was_not_decided_is_not_drawn_as_broken(held: bool | None, word: str, red: bool) -> None:
    """It counts as not held, and nobody saw it break."""
    case = loads.stepped()
    found = case.verdict["capacity"]
    steps = [step | {"held": held} if step["offered_per_s"] == found["broken"] else step for step in found["steps"]]
    case.verdict["capacity"] = found | {"steps": steps}
    picture = capacity.picture(case)
    assert picture is not None
    assert picture.draw is not None
    with style.styled():
        figure = picture.draw(style.WIDE)
    (label,) = [text for text in shown_texts(figure) if text.get_text().startswith(("broken", "not decided"))]
    assert label.get_text() == f"{word} {words.significant(found['broken'])}"
    rules = [
        line for line in figure.axes[0].lines if set(line.get_xdata()) == {found["broken"]} and len(line.get_xdata()) == 2
    ]
    drawn = {str(own.get_color()) for own in (label, *rules)}
    assert len(rules) == 1
    assert (drawn == {style.BAD}) == red
    assert (style.BAD in drawn) == red


@pytest.mark.parametrize(("more", "drawn"), [({}, True), ({"slices": SLICES}, True), ({"sizes": [1, 5]}, False)])
def test_over_time_a_limit_of_slices_is_one_of_its_bins(more: dict[str, Any], drawn: bool) -> None:
    """A bin is a slice of time, so a limit that slices must keep belongs there; one of some sizes does not."""
    case = with_line(1.0, **more)
    values = case.runs[0].batches.query("kind == 0")["response_s"]
    case.verdict["sla"][0]["limit"] = float(1000 * np.quantile(values[np.isfinite(values)], 0.95))
    assert any(text.startswith("limit of p95") for text in texts(over_time.picture(case))) == drawn
