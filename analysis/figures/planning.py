"""How long the worst visitor waits, by visitors and minutes offline: areas between round shares of the limit."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis import words
from analysis.figures import style
from analysis.figures.labels import Labels
from analysis.figures.style import BAD, BAD2, BATCH2, INK, INK2, PAPER, Picture

_STEPS = (0.1, 0.5, 1.0, 2.0)
"""Shares of the limit at which the areas change."""
_FILLS = ((PAPER, 1.0), (BATCH2, 0.35), (BATCH2, 1.0), (BAD2, 0.6), (BAD2, 1.0))
_ROUND = (1, 2, 5)


def picture(plan: dict[str, Any]) -> Picture:
    """The heatmap of a plan (plan.json)."""
    waits = np.array(plan["heatmap"]["worst_wait_s"])
    limit = plan["limit_s"]
    visitors, minutes = plan["heatmap"]["visitors"], plan["heatmap"]["offline_min"]
    names = [words.exact(step * limit, "s") for step in _STEPS]
    caption = (
        f"Areas change at {words.listed(names)}; the thick line is the limit, beyond it the areas are hatched. One draw a "
        "point: near a line trust the table, which has intervals. Dots: what was asked for. Both axes are logarithmic."
    )
    alt = (
        f"The worst wait by visitors and minutes offline: {words.seconds(float(waits[0, 0]))} for "
        f"{words.count(visitors[0])} visitors after {minutes[0]:.3g} min, {words.seconds(float(waits[-1, -1]))} for "
        f"{words.count(visitors[-1])} after {minutes[-1]:.3g} min; {words.share(float((waits > limit).mean()))} of the "
        f"points are over the limit of {words.exact(limit, 's')}."
    )
    return Picture("planning", alt, caption, lambda width: _draw(width, plan, waits))


def _draw(width: int, plan: dict[str, Any], waits: Any) -> Figure:
    wide = width == style.WIDE
    figure = style.figure(width, 330 if wide else 300)
    axes = style.axes(figure, 48, 26, width - 72, (330 if wide else 300) - 74)
    axes.set_title("Minutes offline, and how long the worst visitor waits" if wide else "Minutes offline; worst wait")
    axes.set_xlabel("visitors that come back")
    axes.grid(False)
    x, y = plan["heatmap"]["visitors"], plan["heatmap"]["offline_min"]
    _scale(axes, x, y, wide)
    limit = plan["limit_s"]
    levels = [-1.0, *(step * limit for step in _STEPS), max(float(waits.max()), 2 * limit) * 1.01]
    fills = [to_rgba(fill, alpha) for fill, alpha in _FILLS]
    axes.contourf(x, y, waits, levels, colors=fills)
    dots = [(cell["visitors"], max(cell["offline_min"], y[0])) for cell in plan["cells"]]
    labels = Labels(figure)
    for across, up in dots:
        labels.avoid(axes, [across], [up])
    for step in _STEPS:
        own = axes.contour(
            x, y, waits, [step * limit], colors=[BAD if step == 1 else INK2], linewidths=2.2 if step == 1 else 0.7
        )
        _name_line(labels, axes, own.allsegs[0], words.exact(step * limit, "s"), step == 1)
    if (waits > limit).any() and (waits <= limit).any():
        axes.contourf(x, y, waits, [limit, levels[-1]], colors="none", hatches=["////"])
    axes.plot(*zip(*dots, strict=True), "o", ms=4.5, mfc=INK, mec=PAPER, mew=0.8, zorder=4)
    return figure


def _name_line(labels: Labels, axes: Axes, pieces: list[Any], name: str, bold: bool) -> None:
    """Write what a line stands for on its longest piece, on paper, where it covers no dot."""
    pieces = [piece for piece in pieces if len(piece) > 1]
    if not pieces:
        return
    piece = max(pieces, key=len)
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.2}
    look: dict[str, Any] = {
        "color": BAD if bold else INK2,
        "fontweight": "bold" if bold else "normal",
        "bbox": box,
        "zorder": 5,
    }
    for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9):
        across, up = piece[int(share * (len(piece) - 1))]
        if labels.put(axes, float(across), float(up), name, ((0, 0),), touch=False, **look):
            return


def _scale(axes: Axes, x: list[float], y: list[float], wide: bool) -> None:
    """Two logarithmic axes with round ticks."""
    for axis, values, most in ((axes.xaxis, x, 9 if wide else 5), (axes.yaxis, y, 9)):
        (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
        decades = range(int(np.floor(np.log10(values[0]))), int(np.ceil(np.log10(values[-1]))) + 1)
        ticks = [step * 10.0**decade for decade in decades for step in _ROUND]
        ticks = [tick for tick in ticks if values[0] <= tick <= values[-1]]
        axis.set_major_locator(FixedLocator(ticks if len(ticks) <= most else ticks[:: -(-len(ticks) // most)]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
