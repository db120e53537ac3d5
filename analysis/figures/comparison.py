"""Two sides compared: each judged change with its interval beside the tolerance, and the change over all percentiles."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis import words
from analysis.compare import told
from analysis.figures import style
from analysis.figures.labels import RIGHT, Labels
from analysis.figures.latency import place
from analysis.figures.style import BAD, BATCH, BATCH2, GRID, INK, INK2, ORD, PAPER, Picture

_ROW = 34
_MOST = 150.0
"""Per cent at which the axis ends at the earliest, and else at three times the middle change, where one interval would
make all others a dot; an arrow says that it goes on."""
_ALL = 100.0
"""No time can become shorter by more, per cent."""
_SHORT = {"body": "typical", "p95": "95th percentile", "p99": "99th percentile"}


def intervals(found: dict[str, Any]) -> Picture:
    """Change of each judged time; `found`: the content of compare.json."""
    rows = [own for own in found["times"] if own["judged"]]
    if not rows:
        reason = "No change is drawn: no time had enough calls to be judged."
        return Picture("comparison-intervals", reason, reason)
    band = 100 * found["tolerance"]["share"]
    alt = f"Change from BASE to NEW, tolerance {band:g} % to each side. " + " ".join(
        f"{words.capital(told.sentence(own))}: {told.WORDS[own['word']]}." for own in rows
    )
    caption = (
        "Dot: change of the response time; bar: its interval, 95\u202f% for all rows together. Shaded: the tolerance. "
        "A row is worse if its whole bar lies to the right of it."
    )
    if any(len(own["runs"]) > 1 for own in rows):
        caption += " Ticks: the runs of NEW one by one, against all of BASE."
    return Picture("comparison-intervals", alt, caption, lambda width: _draw_intervals(width, rows, band))


def _draw_intervals(width: int, rows: list[dict[str, Any]], band: float) -> Figure:
    wide = width == style.WIDE
    left, right = (170, 168) if wide else (104, 16)
    figure = style.figure(width, 58 + _ROW * len(rows))
    axes = style.axes(figure, left, 24, width - left - right, _ROW * len(rows))
    axes.set_title("Change of the response time, %")
    ends = [100 * own["change"][end] for own in rows for end in ("low", "high")]
    middle = 100 * float(np.median([own["change"]["value"] for own in rows]))
    low, high = min(ends), min(max(_MOST, 3 * middle), max(ends))
    low, high = max(-_ALL, min(low, -2 * band, -1.0)), max(high, 2 * band, 1.0)
    pad = 0.04 * (high - low)
    axes.set_xlim(low - pad, high + pad)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(False)
    axes.axvspan(-band, band, color=GRID, lw=0)
    axes.axvline(0, color=INK2, lw=0.8)
    axes.spines["left"].set_visible(False)
    axes.set_yticks(range(len(rows)), [_row_name(own, wide) for own in rows])
    axes.tick_params(axis="y", length=0)
    _signed(axes.xaxis)
    for number, own in enumerate(rows):
        _bar(axes, own, number, (low, high))
        if wide:
            text = f"{told.change_text(own)}  {told.WORDS[own['word']]}"
            axes.annotate(
                text, (1, number), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
                va="center", fontsize=style.SMALL, color=BAD if own["word"] == "worse" else INK,
                fontweight="bold" if own["word"] in ("worse", "better") else "normal", annotation_clip=False,
            )  # fmt: skip
    return figure


def _row_name(own: dict[str, Any], wide: bool) -> str:
    return f"{own['kind']}{', ' if wide else chr(10)}{_SHORT[own['name']]}"


def _bar(axes: Axes, own: dict[str, Any], number: int, ends: tuple[float, float]) -> None:
    """Interval, runs and value of a row; what is worse is a filled square, what is open a hollow diamond."""
    low, value, high = (100 * own["change"][name] for name in ("low", "value", "high"))
    colour = BAD if own["word"] == "worse" else BATCH if own["kind"] == "batch" else ORD
    axes.plot([max(low, ends[0]), min(high, ends[1])], [number, number], color=colour, lw=2.2)
    if high > ends[1]:
        axes.plot([ends[1]], [number], ">", ms=6, color=colour, clip_on=False)
    marker = {"worse": "s", "open": "D"}.get(own["word"], "o")
    filled = colour if own["word"] != "open" else PAPER
    if len(own["runs"]) > 1:
        inside = [100 * run for run in own["runs"] if ends[0] <= 100 * run <= ends[1]]
        axes.plot(inside, [number + 0.28] * len(inside), "|", ms=5, mew=1, color=INK2)
    if value <= ends[1]:
        axes.plot([value], [number], marker, ms=6.5, mfc=filled, mec=colour, mew=1.4)


def _signed(axis: Axis) -> None:
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+,g}".replace("-", "−") if value else "0"))


def quantiles(found: dict[str, Any]) -> Picture:
    """The change at each percentile of the response time, both kinds."""
    curves = found["curves"]
    if not curves:
        reason = "The change over the percentiles is not drawn: there were too few calls."
        return Picture("comparison-quantiles", reason, reason)
    alt = "Change of the response time over its percentiles. " + " ".join(_said(curve) for curve in curves)
    caption = (
        "How much slower (up) or faster (down) each percentile of the response time is. Bands: 95\u202f% for each "
        "percentile by itself. Shaded: the tolerance. Slower as a whole is a level line; a tail alone rises to the right."
    )
    return Picture("comparison-quantiles", alt, caption, lambda width: _draw_quantiles(width, found))


def _said(curve: dict[str, Any]) -> str:
    middle = int(np.argmin(np.abs(np.array(curve["share"]) - 0.5)))
    return (
        f"{words.capital(curve['kind'])} calls: median {told.percent(curve['change'][middle])}, "
        f"{100 * curve['share'][-1]:.3g} % percentile {told.percent(curve['change'][-1])}."
    )


_LOOKS: dict[str, tuple[str, str, Any]] = {"batch": (BATCH, BATCH2, "-"), "ordinary": (ORD, style.ORD2, (0, (4, 2)))}


def _draw_quantiles(width: int, found: dict[str, Any]) -> Figure:
    wide = width == style.WIDE
    figure = style.figure(width, 290)
    right = 74 if wide else 62
    axes = style.axes(figure, 48, 26, width - 48 - right, 222)
    axes.set_title("Change, %, by percentile of the response time" if wide else "Change, %, by percentile")
    band = 100 * found["tolerance"]["share"]
    axes.axhspan(-band, band, color=GRID, lw=0)
    axes.axhline(0, color=INK2, lw=0.8)
    ends: list[tuple[float, float, str, str]] = []
    labels_of = []
    for curve in found["curves"]:
        colour, fill, dash = _LOOKS[curve["kind"]]
        x = place(np.array(curve["share"]))
        below, value, above = (100 * np.array(curve[name]) for name in ("low", "change", "high"))
        axes.fill_between(x, below, above, color=fill, alpha=0.45, lw=0)
        axes.plot(x, value, color=colour, lw=2.2, ls=dash)
        ends.append((float(x[-1]), float(value[-1]), colour, str(curve["kind"])))
        labels_of.append((x, value))
    values = np.concatenate([value for _, value in labels_of])
    inner = [100 * np.array(curve[name])[:-1] for curve in found["curves"] for name in ("low", "high")]
    low, high = (float(edge) for edge in np.quantile(np.concatenate([*inner, values]), [0.02, 0.98]))
    low, high = min(low, float(values.min())), max(high, float(values.max()))
    last = [100 * curve["high"][-1] for curve in found["curves"]]
    high = max([high, *(end for end in last if end < 2 * high - low)])
    low, high = max(-_ALL, min(low, -2 * band)), max(min(high, 2 * _ALL), float(values.max()), 2 * band)
    axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    _signed(axes.yaxis)
    ticks = [(0.1, "10"), (0.5, "50"), (0.75, "75"), (0.9, "90"), (0.95, "95"), (0.99, "99")]
    reach = max(x[-1] for x, _ in labels_of)
    axes.set_xlim(0, reach)
    shown = [(place(share), text) for share, text in ticks if place(share) <= reach + 1e-9]
    axes.set_xticks([float(x) for x, _ in shown], [text for _, text in shown])
    axes.set_xlabel("percentile (each step: ten times fewer slower calls)" if wide else "percentile")
    labels = Labels(figure)
    for x, value in labels_of:
        labels.avoid(axes, x, value)
    for at, level, colour, name in ends:
        labels.put(axes, at, level, name, RIGHT, beyond=True, color=colour, fontweight="bold")
    return figure
