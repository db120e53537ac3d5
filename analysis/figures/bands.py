"""Bands across the figures over time: when each fault that was put in could strike, and what a warm-up leaves out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from analysis import words
from analysis.figures.labels import Labels
from analysis.figures.style import BAD, BAD2, INK2, ORD, ORD2
from inorder.faults.injection import Report

ROW = 17.0
"""Height of a row of names, pixels."""
_FIRST = 42.0
"""From the upper edge of the uppermost panel to the bracket of the first row, pixels: the names of the phases are below."""
_MOST_ROWS = 3
_LETTER = 6.6
"""Width of a letter, rather too much, pixels: the row of a name is settled before there is anything to measure."""


@dataclass(frozen=True)
class Band:
    """A window in which faults could strike, or the warm-up, within the axis."""

    names: tuple[str, ...]
    start: float
    end: float
    warm_up: bool = False

    def texts(self) -> list[str]:
        """Its name, from the longest on."""
        if self.warm_up:
            return [*self.names]
        first, more = self.names[0], len(self.names) - 1
        return [", ".join(self.names), f"{first} +{more}", f"{more + 1} faults"] if more else [first, "fault"]


def bands(faults: Sequence[Report], start: float, end: float) -> tuple[tuple[Band, ...], tuple[str, ...]]:
    """The windows that reach into an axis, by their start; and the faults whose window is as long as the axis.

    Those of reading the log back are left out: the load is over by then.
    """
    windows: dict[tuple[float, float], list[str]] = {}
    for own in faults:
        closes = end if own.until_s is None else min(own.until_s, end)
        if own.unit != "rows" and own.from_s < end and closes > start:
            windows.setdefault((max(own.from_s, start), closes), []).append(own.fault)
    always = windows.pop((start, end), [])
    return tuple(Band(tuple(names), *window) for window, names in sorted(windows.items())), tuple(always)


def with_warm_up(found: Sequence[Band], warm_up_s: float, start: float, end: float) -> tuple[Band, ...]:
    """The bands with that of the warm-up, which reaches from the start of the axis to `warm_up_s`, if that is inside."""
    if warm_up_s <= start:
        return tuple(found)
    return Band(("warm-up",), start, min(warm_up_s, end), warm_up=True), *found


def rows_of(found: Sequence[Band], start: float, end: float, pixels: float) -> list[int]:
    """The row in which each band's name stands, so that names do not meet; the last row takes what is left."""
    ends = [-1e9] * _MOST_ROWS
    rows = []
    for own in found:
        left, right = ((at - start) / (end - start) * pixels for at in (own.start, own.end))
        reach = _LETTER * len(own.texts()[0]) / 2
        left, right = min(left, (left + right) / 2 - reach), max(right, (left + right) / 2 + reach)
        row = next((row for row, taken in enumerate(ends) if taken + 8 < left), _MOST_ROWS - 1)
        ends[row] = max(ends[row], right)
        rows.append(row)
    return rows


def shade(axes: Axes, found: Sequence[Band], above: float, rows: Sequence[int] | None = None) -> None:
    """Tint the windows in one panel and `above` pixels over it; in the uppermost one (`rows`) up to their brackets."""
    height = axes.bbox.height
    across = axes.get_xaxis_transform()
    for number, own in enumerate(found):
        top = 1 + (above if rows is None else _FIRST + ROW * rows[number]) / height
        fill, edge = (ORD2, ORD) if own.warm_up else (BAD2, BAD)
        look: dict[str, Any] = {"fc": fill, "ec": "none", "alpha": 0.55, "zorder": 0.1, "clip_on": False}
        axes.add_patch(Rectangle((own.start, 0), own.end - own.start, top, transform=across, **look))
        lines: list[tuple[list[float], list[float], float, Any]] = [
            ([own.start] * 2, [0, top], 0.8, (0, (2, 2))),
            ([own.end] * 2, [0, top], 0.8, (0, (2, 2))),
        ]
        if rows is not None:
            lines.append(([own.start, own.end], [top, top], 2.0, "-"))
        for x, y, thick, dash in lines:
            axes.add_artist(Line2D(x, y, lw=thick, ls=dash, color=edge, transform=across, clip_on=False, zorder=0.2))


def name(labels: Labels, top: Axes, found: Sequence[Band], rows: Sequence[int]) -> None:
    """Write the names of the faults over their brackets, shorter where there is no room for all of it."""
    _, upper = top.get_ylim()
    for own, row in zip(found, rows, strict=True):
        up = _FIRST + ROW * row + 3
        for text in own.texts():
            spots = [(own.start + own.end) / 2, own.start, own.end]
            places = [(0.0, up), (up, up), (-up, up)]
            colour = INK2 if own.warm_up else BAD
            if any(_write(labels, top, x, upper, text, place, colour) for x, place in zip(spots, places, strict=True)):
                break


def _write(labels: Labels, top: Axes, x: float, y: float, text: str, place: tuple[float, float], colour: str) -> bool:
    """At the middle of a bracket, else from its start to the right, else from its end to the left."""
    across, up = place
    side = "center" if not across else "left" if across > 0 else "right"
    return labels.put(top, x, y, text, ((0, up),), beyond=True, ha=side, color=colour, fontweight="bold")


def told(found: Sequence[Band], always: Sequence[str], moment: Callable[[float], str]) -> str:
    """The windows in words, for a caption and for who cannot see it; empty where nothing was wrong."""
    warm = [f"Grey band: warm-up to {moment(own.end)}{words.THIN}s, left out of the times." for own in found if own.warm_up]
    faults = [own for own in found if not own.warm_up]
    spans = [f"{', '.join(own.names)} {moment(own.start)}–{moment(own.end)}{words.THIN}s" for own in faults]
    if always:
        spans.append(f"{', '.join(always)} all the time")
    if not spans:
        return "".join(warm)
    drawn = "Bands with dashed edges: faults put in on purpose" if faults else "A fault was put in on purpose"
    return " ".join([*warm, f"{drawn} ({'; '.join(spans)})."])
