"""Bands across the figures over time: which windows are drawn, in which row their names stand, and what a caption says."""

import pytest

from analysis.figures import bands, style, timeline
from analysis.figures.bands import Band
from analysis.figures.labels import Labels, shown_texts
from inorder.faults.injection import Report
from tests.analysis import loads
from tests.analysis.cases import fault


def windows(*faults: Report) -> tuple[list[tuple[str, float, float]], tuple[str, ...]]:
    """The bands of an axis from 0 to 20 s, and the faults that have none."""
    found, always = bands.bands(faults, 0.0, 20.0)
    return [(", ".join(own.names), own.start, own.end) for own in found], always


def test_a_window_is_cut_at_the_ends_of_the_axis() -> None:
    """By their start; one that lies outside is none, and equal windows are one band."""
    faults = [fault("late", 15, None), fault("a", 4, 6), fault("b", 4, 6), fault("after", 21, 30), fault("long", 18, 90)]
    assert windows(*faults) == ([("a, b", 4, 6), ("late", 15, 20), ("long", 18, 20)], ())


def test_a_fault_that_could_always_strike_is_no_band() -> None:
    """It is told in words; what is wrong with the reading is not of the load."""
    assert windows(fault("always", 0, None), fault("reading", 3, 4, unit="rows")) == ([], ("always",))


def test_the_warm_up_is_a_band_from_the_start() -> None:
    """Before the faults; not at all where there is none, or where the axis starts behind it."""
    own = Band(("late",), 4, 6)
    assert bands.with_warm_up([own], 3.0, 0.0, 20.0) == (Band(("warm-up",), 0.0, 3.0, warm_up=True), own)
    assert bands.with_warm_up([own], 30.0, 0.0, 20.0)[0].end == 20.0
    assert bands.with_warm_up([own], 0.0, 0.0, 20.0) == (own,)
    assert bands.with_warm_up([own], 3.0, 1_764_000_000.0, 1_764_000_020.0) == (own,)


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        ([Band(("a",), 0, 2), Band(("b",), 10, 12)], [0, 0]),
        ([Band(("a",), 0, 9), Band(("b",), 5, 12)], [0, 1]),
        ([Band(("a-long-name-of-a-fault",), 4, 5), Band(("another-long-name",), 6, 7)], [0, 1]),
        ([Band((name,), 4, 6 + at) for at, name in enumerate("abcd")], [0, 1, 2, 2]),
    ],
)
def test_names_that_would_meet_stand_in_rows_of_their_own(found: list[Band], rows: list[int]) -> None:
    """As many rows as there is room for; the last takes what is left."""
    assert bands.rows_of(found, 0, 20, 400) == rows


def test_a_name_is_shortened_where_it_has_no_room() -> None:
    """Down to how many faults there are; a warm-up has but its name, or none."""
    assert Band(("drops-one-event", "latency"), 1, 2).texts() == [
        "drops-one-event, latency",
        "drops-one-event +1",
        "2 faults",
    ]
    assert Band(("latency",), 1, 2).texts() == ["latency", "fault"]
    assert Band(("warm-up",), 0, 2, warm_up=True).texts() == ["warm-up"]


@pytest.mark.parametrize(
    ("found", "always", "told"),
    [
        ([], [], ""),
        ([Band(("warm-up",), 0, 3, warm_up=True)], [], "Grey band: warm-up to 3\u202fs, left out of the times."),
        ([Band(("a", "b"), 4, 6)], [], "Bands with dashed edges: faults put in on purpose (a, b 4–6\u202fs)."),
        ([], ["down"], "A fault was put in on purpose (down all the time)."),
        (
            [Band(("warm-up",), 0, 3, warm_up=True), Band(("a",), 4, 6)],
            ["down"],
            "Grey band: warm-up to 3\u202fs, left out of the times. Bands with dashed edges: faults put in on purpose "
            "(a 4–6\u202fs; down all the time).",
        ),
    ],
)
def test_the_bands_are_told_in_words(found: list[Band], always: list[str], told: str) -> None:
    """For a caption, and for who cannot see them."""
    assert bands.told(found, always, lambda moment: f"{moment:g}") == told


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_warm_up_and_early_end_are_drawn_and_named(width: int) -> None:
    """A patch in each panel from the start to its end; a rule where the load was stopped."""
    time = timeline.clock(loads.sliced().runs[0])
    assert time is not None
    early = timeline.clock(loads.stopped().runs[0])
    assert early is not None
    assert (early.stopped, early.bands) == (loads.AT_S, ())
    for clock, name in ((time, "warm-up"), (early, "stopped early")):
        with style.styled():
            figure, axes = timeline.panels(width, clock, [("Upper", "Upper", 60), ("Lower", "Lower", 60)])
            timeline.name_phases(Labels(figure), axes[0], clock)
        assert name in [text.get_text() for text in shown_texts(figure)]
        for panel in axes:
            spans = [(patch.get_x(), patch.get_width()) for patch in panel.patches]
            assert spans == ([(0.0, 1.5)] if clock is time else [])
            assert any(line.get_xdata()[0] == loads.AT_S for line in panel.lines) == (clock is early)
