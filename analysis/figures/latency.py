"""How long calls take: percentiles of both kinds on an axis that opens up the tail, and percentiles over time."""

from dataclasses import dataclass, replace
from itertools import chain, product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from analysis import words
from analysis.figures import style, timeline
from analysis.figures.labels import RIGHT, Labels, Place
from analysis.figures.style import BAD, BATCH, BATCH2, ORD, Picture
from analysis.intervals import percentile
from analysis.judgement import Judgement

BEYOND = 10
"""A line stops where fewer calls than this are slower: the last few say nothing about a percentile."""
_SAME = 0.025
"""Share of the axis below which two lines are one to the eye."""
_LOWEST = 0.12
"""Share of the axis below which a text would stand among other lines than its own."""
Floats = NDArray[np.float64]
_TICKS = ((0.0, "0"), (50.0, "50"), (90.0, "90"), (99.0, "99"), (99.9, "99.9"), (99.99, "99.99"), (99.999, "99.999"))
_BETWEEN = ((75.0, "75"), (95.0, "95"))


def milliseconds(batches: pd.DataFrame, kind: int, column: str) -> Floats:
    """Sorted times of the confirmed calls of a kind."""
    seconds = batches.loc[batches["kind"] == kind, column].to_numpy(float)
    return np.sort(1000 * seconds[np.isfinite(seconds)])


def place(share: float | Floats) -> Any:
    """Where a share of calls stands on the axis: each unit is ten times fewer slower calls."""
    return -np.log10(1 - np.asarray(share, float))


def curve(times: Floats) -> tuple[Floats, Floats]:
    """(place, time) of at most 400 points of the percentile line, as far as it can be trusted."""
    reach = 1 - BEYOND / len(times)
    shares = 1 - 10.0 ** -np.linspace(0, place(reach), 400)
    return place(shares), np.quantile(times, shares, method="inverted_cdf")


def percentiles(judgement: Judgement) -> Picture:
    """Response and service time of batches and ordinary calls."""
    batches = pd.concat([run.timed for run in judgement.runs], ignore_index=True)
    times = {(kind, column): milliseconds(batches, kind, column) for kind in (0, 1) for column in _COLUMNS}
    drawn = {key: value for key, value in times.items() if len(value) >= 2 * BEYOND}
    if not drawn:
        most = max(len(value) for value in times.values())
        reason = f"Percentiles are not drawn: {words.plural(most, 'confirmed call')} of a kind are too few."
        return Picture("latency-percentiles", reason, reason)
    lines = [line for line in judgement.verdict.get("sla", []) if _drawable(line)]
    top = 1.12 * max(curve(value)[1][-1] for value in drawn.values())
    shown = [line for line in lines if _LOWEST * top <= line["limit"] <= 1.7 * top]
    top = max([top, *(1.12 * line["limit"] for line in shown)])
    counts = [f"{words.count(len(times[kind, 'response_s']))} {name}" for kind, name in enumerate(_KINDS)]
    caption = (
        f"Percentiles of {words.listed(counts)} calls that were confirmed. A line stops (ring) where fewer than "
        f"{BEYOND} slower calls are left."
    )
    if len(shown) < len(lines):
        beyond = [_named(line) for line in lines if line not in shown]
        caption += f" Off the scale: the {'limit' if len(beyond) == 1 else 'limits'} {words.listed(beyond)}."
    for kind, name in enumerate(_KINDS):
        if len([key for key in drawn if key[0] == kind]) == 2 and _apart(drawn, kind) < _SAME * top:
            near = words.quantity(_apart(drawn, kind), "ms")
            caption += f" Service time of {name} calls is nowhere more than {near} below and not drawn."
    if len(judgement.runs) > 1:
        caption += f" All {len(judgement.runs)} repeats taken together."
    alt = "Response time by percentile. " + " ".join(
        f"{name} calls: median {_at(times[kind, 'response_s'], '50')}, 95th percentile "
        f"{_at(times[kind, 'response_s'], '95')}, longest {_at(times[kind, 'response_s'], '100')}."
        for kind, name in enumerate(("Batch", "Ordinary"))
        if (kind, "response_s") in drawn
    )
    return Picture("latency-percentiles", alt, caption, lambda width: _draw_percentiles(width, drawn, shown, top))


_COLUMNS = ("response_s", "service_s")
_KINDS = ("batch", "ordinary")
_LINE = 11
"""Pixels that a line of text is high."""
_HEIGHTS = (0, 7, -7, 14, -14, 21, -21, 28, 36, 44)


@dataclass(frozen=True)
class End:
    """A line of percentiles, to be named at its end."""

    x: Floats
    y: Floats
    name: str
    colour: str
    p95_ms: float | None = None
    """Told below the name, of a response time that reaches so far."""

    def text(self, wide: bool) -> str:
        """The name, on one line where there is room, and the percentile."""
        name = self.name if wide else self.name.replace(" ", "\n", 1)
        return name if self.p95_ms is None else f"{name}\np95 {words.quantity(self.p95_ms, 'ms')}"

    @property
    def look(self) -> dict[str, Any]:
        """Of the text."""
        return {"color": self.colour, "fontweight": "bold" if self.name.endswith("response") else "normal"}


def _drawable(line: dict[str, Any]) -> bool:
    """Whether an SLA line is a limit on a percentile of the response time of the whole run, of batches of every size."""
    metric = str(line.get("metric", ""))
    return ".response_ms.p" in metric and bool(line.get("limit")) and not any(map(line.get, ("phase", "sizes", "slices")))


def _level(line: dict[str, Any]) -> str:
    return str(line["metric"]).rpartition("_ms.")[2]


def _named(line: dict[str, Any]) -> str:
    return f"{str(line['metric']).partition('.')[0]} {_level(line)} {words.limit(line)}"


def _apart(times: dict[tuple[int, str], Floats], kind: int) -> float:
    """The largest distance between response and service time of a kind."""
    (x, y), service = curve(times[kind, "response_s"]), curve(times[kind, "service_s"])
    return float(np.max(np.abs(np.interp(x, *service) - y)))


def _at(times: Floats, percent: str) -> str:
    return words.quantity(percentile(times, percent), "ms")


def _draw_percentiles(width: int, times: dict[tuple[int, str], Floats], limits: list[dict[str, Any]], top: float) -> Figure:
    """Lines from the median on, labelled at their ends; a limit is a bar at its percentile."""
    wide = width == style.WIDE
    figure = style.figure(width, 290)
    right = 150 if wide else 90
    axes = style.axes(figure, 56, 26, width - 56 - right, 226)
    axes.set_title("Milliseconds, from intended start to confirmation" if wide else "Milliseconds to confirmation")
    reach = max(place(1 - BEYOND / len(value)) for value in times.values())
    axes.set_xlim(0, reach)
    timeline.from_zero(axes, top / 1.18)
    _percent_ticks(axes, reach, width - 56 - right)
    axes.set_xlabel("% of calls at least this fast" + (" (each step: ten times fewer slower calls)" if wide else ""))
    ends = []
    for kind, colour, dash in ((0, BATCH, "-"), (1, ORD, (0, (4, 2)))):
        if (kind, "response_s") not in times:
            continue
        x, y = curve(times[kind, "response_s"])
        name = _KINDS[kind]
        axes.plot(x, y, color=colour, lw=2.2, ls=dash, label=f"{name} response")
        axes.plot(x[-1:], y[-1:], "o", ms=5, mfc=style.PAPER, mec=colour, clip_on=False)
        p95 = place(0.95)
        value = None
        if p95 <= x[-1]:
            value = percentile(times[kind, "response_s"], "95")
            axes.plot([p95], [value], "o", ms=5, color=colour)
        ends.append([End(x, y, f"{name} response", colour, value)])
        if (kind, "service_s") not in times:
            continue
        service = curve(times[kind, "service_s"])
        if _apart(times, kind) < _SAME * top:
            continue
        axes.plot(*service, color=colour, lw=1, ls=dash if kind == 0 else (0, (1, 2)), label=f"{name} service")
        if kind == 0:
            axes.fill_between(x, np.interp(x, *service), y, color=BATCH2, alpha=0.3, lw=0)
        ends[-1].append(End(*service, f"{name} service", colour))
    _label_percentiles(figure, axes, ends, limits, wide, reach)
    return figure


def _percent_ticks(axes: Axes, reach: float, pixels: float) -> None:
    """Ticks at the usual percentiles, those in between only where there is room for their text."""
    ticks = [(place(level / 100), text) for level, text in _TICKS]
    for level, text in _BETWEEN:
        here = place(level / 100)
        if pixels / max(reach, 0.1) * min(abs(here - other) for other, _ in ticks) > 24:
            ticks.append((here, text))
    ticks = sorted((x, text) for x, text in ticks if x <= reach + 1e-9)
    axes.set_xticks([x for x, _ in ticks], [text for _, text in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def _label_percentiles(
    figure: Figure,
    axes: Axes,
    ends: list[list[End]],
    limits: list[dict[str, Any]],
    wide: bool,
    reach: float,
) -> None:
    half = 0.045 * reach if wide else 0.09 * reach
    bars = []
    for line in limits:
        share = float(_level(line)[1:]) / 100
        x = place(share)
        if x <= reach:
            axes.plot([x - half, x + half], [line["limit"]] * 2, color=BAD, lw=2, solid_capstyle="butt")
            bars.append((x, line))
    labels = Labels(figure)
    for end in chain(*ends):
        labels.avoid(axes, end.x, end.y)
    for x, line in bars:
        labels.avoid(axes, [x - half, x + half], [line["limit"]] * 2)
    for lines in ends:
        for named in (lines, [replace(end, p95_ms=None) for end in lines]):  # where there is no room for the percentile
            texts = [(end.x[-1], end.y[-1], end.text(wide), end.look) for end in named]
            if labels.put_together(axes, texts, _choices(axes, named, wide), beyond=True):
                break
    for x, line in bars:
        places = ((0, 5), (0, -5), (7, 7), (-7, 7), (0, 16), (0, -16))
        labels.put(axes, x, line["limit"], _named(line), places, color=BAD)


def _choices(axes: Axes, lines: list[End], wide: bool) -> list[tuple[Place, ...]]:
    """Places beside the ends of the lines of a kind, the nearest first, the names one below the other as the lines are."""
    if len(lines) == 1:
        return [(place,) for place in RIGHT]
    ends = [axes.transData.transform((end.x[-1], end.y[-1])) for end in lines]
    gap = float(ends[0][1] - ends[1][1])
    apart = _LINE / 2 * sum(end.text(wide).count("\n") + 1 for end in lines)
    heights = sorted(product(_HEIGHTS, repeat=2), key=lambda pair: abs(pair[0]) + abs(pair[1]))
    heights = [(up, down) for up, down in heights if gap + up - down >= apart]
    return [((side, up), (side, down)) for side in (7, -7) for up, down in heights if side > 0 or min(up, down + gap) > 0]
