"""The lines of the percentiles are named beside them, in their order, with the percentile that the table has."""

import re
from itertools import chain

import pytest

from analysis import words
from analysis.figures import latency, over_time, style
from analysis.figures.labels import shown_texts
from analysis.figures.timeline import clock
from tests.analysis import cases
from tests.analysis.cases import CASES


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
@pytest.mark.parametrize("case", CASES)
def test_the_name_of_the_response_stands_above_that_of_the_service(case: str, width: int) -> None:
    """As its line lies above: it is never shorter; and both are there or neither."""
    picture = latency.percentiles(CASES[case]())
    if picture.draw is None:
        return
    with style.styled():
        figure = picture.draw(width)
    figure.draw_without_rendering()
    heights = {" ".join(text.get_text().split()[:2]): text.get_window_extent().y0 for text in shown_texts(figure)}
    named = {kind: (f"{kind} response", f"{kind} service") for kind in ("batch", "ordinary")}
    lines = {str(line.get_label()) for line in figure.axes[0].lines} & {*chain(*named.values())}
    assert lines == {name for pair in named.values() for name in pair if name in heights}
    for response, service in named.values():
        if service in heights:
            assert heights[response] > heights[service]


def test_the_percentile_is_that_of_the_table() -> None:
    """An order statistic, in the figure, in its description and over time."""
    case = cases.passing()
    table = case.verdict["latency_ms"]
    picture = latency.percentiles(case)
    assert picture.draw is not None
    with style.styled():
        texts = " ".join(text.get_text().replace("\n", " ") for text in shown_texts(picture.draw(style.WIDE)))
    for kind in ("batch", "ordinary"):
        told = words.quantity(table[kind]["p95"], "ms")
        assert f"{kind} response p95 {told}" in texts
        assert re.search(f"{kind} calls: median [^,]+, 95th percentile {told}", picture.alt, re.IGNORECASE)


def test_over_time_a_percentile_is_one_of_the_calls() -> None:
    """In every bin."""
    run = cases.passing().runs[0]
    time = clock(run)
    assert time is not None
    values = over_time.count(run, time, 1).values
    took = 1000 * run.batches["response_s"].to_numpy()
    assert len(values)
    assert {*values} <= {*took}
