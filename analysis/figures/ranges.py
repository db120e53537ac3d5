"""Two sides of capacity runs: the load between what held and what broke, beside each other from zero on."""

from typing import Any

from matplotlib.figure import Figure

from analysis import words
from analysis.compare import told
from analysis.figures import style
from analysis.figures.style import BAD, BATCH, GRID, INK, Picture

_ROW = 44
_UNIT = "batches/s"


def picture(found: dict[str, Any]) -> Picture | None:
    """The ranges of BASE and NEW; `found`: the content of compare.json. None where it has no capacity."""
    rows = {own["name"]: own for own in found["changes"] if own["about"] == "capacity"}
    if not rows:
        return None
    held, broken = rows["load held"], rows["load broken at"]
    ranges = [(side.upper(), held[side], broken[side]) for side in ("base", "new")]
    said = [f"{name}: {_said(low, high)}." for name, low, high in ranges]
    share = found["tolerance"]["share"]
    caption = (
        "Bar: from the highest load that held to the lowest that broke, between which lies what the system can take; an "
        "arrow: that end was not found. "
    )
    band = None
    if held["base"] is not None and broken["base"] is not None:
        band = ((1 - share) * held["base"], (1 + share) * broken["base"])
        caption += "Shaded: BASE and the tolerance. NEW is worse if its whole bar lies to the left of that."
    return Picture(
        "comparison-capacity",
        "Load that the system can take. " + " ".join(said),
        caption,
        lambda width: _draw(width, ranges, band, held["word"]),
    )


def _said(low: float | None, high: float | None) -> str:
    """A range in words."""
    return f"held {told.side_text(low, _UNIT)}, broken at {told.side_text(high, _UNIT)}"


def _draw(
    width: int, ranges: list[tuple[str, float | None, float | None]], band: tuple[float, float] | None, word: str
) -> Figure:
    left, right = 52, 24
    figure = style.figure(width, 62 + 2 * _ROW)
    axes = style.axes(figure, left, 24, width - left - right, 2 * _ROW)
    axes.set_title(f"Load, {_UNIT}")
    known = [end for _, *ends in ranges for end in ends if end is not None] or [1.0]
    end = 1.25 * max([*known, *(band or ())])
    axes.set_xlim(0, end)
    axes.set_ylim(1.5, -0.5)
    axes.grid(False)
    if band:
        axes.axvspan(*band, color=GRID, lw=0)
    axes.set_yticks(range(2), [name for name, *_ in ranges])
    axes.tick_params(axis="y", length=0)
    for number, (_, low, high) in enumerate(ranges):
        colour = BAD if number and word == "worse" else BATCH
        if low is None and high is None:
            axes.annotate("neither end was found", (0, number), xytext=(6, 0), textcoords="offset points", va="center")
            continue
        ends = (0.02 * end if low is None else low, 0.98 * end if high is None else high)
        axes.plot(ends, [number, number], color=colour, lw=5, solid_capstyle="butt")
        for given, at, marker in ((low, ends[0], "<"), (high, ends[1], ">")):
            if given is None:
                axes.plot([at], [number], marker, ms=9, color=colour, clip_on=False)
        text = "–".join("?" if own is None else words.significant(own) for own in (low, high))
        middle = min(max(sum(ends) / 2, 0.14 * end), 0.86 * end)
        axes.annotate(
            text, (middle, number), xytext=(0, 7), textcoords="offset points", ha="center", va="bottom",
            fontsize=style.SMALL, color=BAD if colour == BAD else INK, fontweight="bold" if colour == BAD else "normal",
        )  # fmt: skip
    return figure
