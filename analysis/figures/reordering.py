"""How far ordinary calls come out of order: reordering extent and n-reordering of RFC 4737."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis import words
from analysis.figures import style, timeline
from analysis.figures.labels import Labels
from analysis.figures.style import ORD, ORD2, Picture
from analysis.judgement import Judgement

_STEPS = (1, 2, 3, 5, 10, 20, 30, 50)


def at_least(found: dict[int, int]) -> list[tuple[int, int]]:
    """(value, how many have it or more) at a few round values and at the largest one."""
    if not found:
        return []
    largest = max(found)
    values = [*range(1, 7)] if largest <= 6 else [step * 100**power for power in range(4) for step in _STEPS]
    kept = sorted({value for value in values if value <= largest} | {largest})
    return [(value, sum(count for own, count in found.items() if own >= value)) for value in kept]


def picture(judgement: Judgement) -> Picture:
    """Both measures over all repeats, as shares of the ordinary events that are stored."""
    extents: dict[int, int] = {}
    n_reordered: dict[int, int] = {}
    for run in judgement.runs:
        for total, own in ((extents, run.extents), (n_reordered, run.n_reordered)):
            for value, events in own.items():
                total[int(value)] = total.get(int(value), 0) + int(events)
    checked = judgement.verdict["reordering"]["events"]
    curves = [at_least({n: events for n, events in found.items() if n > 0}) for found in (extents, n_reordered)]
    if not checked or not curves[0]:
        reason = (
            "Reordering is not drawn: no ordinary call is stored."
            if not checked
            else f"Reordering is not drawn: none of {words.count(checked)} ordinary events is stored out of order."
        )
        return Picture("reordering", reason, reason)
    caption = (
        f"RFC 4737, by visitor, as shares of {words.plural(checked, 'ordinary event')}. Extent: how many places behind "
        "the first later event that overtook it. n-reordered: the n events stored just before it were all sent later."
    )
    alt = f"Of {words.plural(checked, 'ordinary event')} " + "; ".join(
        f"{words.share(count / checked)} have an extent of {value} or more" for value, count in curves[0][:5]
    )
    alt += f"; the largest extent is {curves[0][-1][0]}."
    return Picture("reordering", alt, caption, lambda width: _draw(width, curves, checked))


def _draw(width: int, curves: list[list[tuple[int, int]]], checked: int) -> Figure:
    wide = width == style.WIDE
    figure = style.figure(width, 206 if wide else 424)
    span = 300 if wide else 280
    titles = ("This extent or more, % (log scale)", "n-reordered or more, % (log scale)")
    names = ("extent: places behind the first overtaker", "n: events stored just before it, all sent later")
    all_axes = []
    for number, (points, title, name) in enumerate(zip(curves, titles, names, strict=True)):
        axes = style.axes(figure, 64 + (376 * number if wide else 0), 26 + (0 if wide else 220 * number), span, 140)
        axes.set_title(title)
        axes.set_xlabel(name)
        _axes(axes, points, max(curves, key=lambda own: own[-1][0] if own else 0), checked)
        all_axes.append((axes, points))
    labels = Labels(figure)
    for axes, points in all_axes:
        shares = [100 * count / checked for _, count in points]
        labels.avoid(axes, [value for value, _ in points], shares)
        for (value, count), percent in zip(points, shares, strict=True):
            text = f"{words.share(count / checked)} ({words.count(count)})"
            labels.put(axes, value, percent, text, ((7, 7), (8, 0), (-7, -7), (7, -7), (0, 9)), touch=False)
        if not points:
            labels.put(axes, *_middle(axes), "none", ((0, 0),))
    return figure


def _middle(axes: Axes) -> tuple[float, float]:
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    return (x0 + x1) / 2 if axes.get_xscale() == "linear" else float(np.sqrt(x0 * x1)), float(np.sqrt(y0 * y1))


def _axes(axes: Axes, points: list[tuple[int, int]], longer: list[tuple[int, int]], checked: int) -> None:
    """Dots on a log axis of the share; the thin line only leads the eye."""
    shares = [100 * count / checked for _, count in points]
    largest = longer[-1][0]
    values = [value for value, _ in longer]
    if largest > 10:
        axes.set_xscale("log")
        axes.set_xlim(0.8, largest * 2.2)
        values = [value for value in (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000) if value <= largest * 2.2]
    else:
        axes.set_xlim(0.6, max(4, largest) + 1.7)
        values = [*range(1, max(4, largest) + 1)]
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.count(value)))
    timeline.logarithmic(axes, min([100 / checked, *shares]), 2 * max([*shares, 1]))
    axes.plot([value for value, _ in points], shares, color=ORD2, lw=1)
    axes.plot([value for value, _ in points], shares, "o", color=ORD, ms=5)
