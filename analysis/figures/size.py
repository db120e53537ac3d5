"""What a batch costs by its size: the fit of a fixed part and a part for each event, and the cost of one event."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from analysis import words
from analysis.figures import style, timeline
from analysis.figures.labels import Labels
from analysis.figures.style import BATCH, BATCH2, INK, INK2, ORD, Picture
from analysis.judgement import Judgement

Floats = NDArray[np.float64]
_MOST_GROUPS = 60
_ENOUGH = 5
"""Batches of a size before its quartiles are drawn."""


@dataclass(frozen=True)
class Sizes:
    """Quartiles of the service time by size, milliseconds."""

    size: Floats
    low: Floats
    median: Floats
    high: Floats
    n: int


def count(judgement: Judgement) -> Sizes:
    """Group confirmed batches by size, neighbouring sizes together where there are many."""
    confirmed = [run.timed[(run.timed["kind"] == 0) & run.timed["service_s"].notna()] for run in judgement.runs]
    size = np.concatenate([frame["events"].to_numpy(float) for frame in confirmed])
    took = np.concatenate([1000 * frame["service_s"].to_numpy(float) for frame in confirmed])
    if not len(size):
        return Sizes(size, size, size, size, 0)
    width = max(1, int(np.ceil((size.max()) / _MOST_GROUPS)))
    order = np.argsort(size, kind="stable")
    size, took = size[order], took[order]
    _, starts = np.unique((size - 1) // width, return_index=True)
    bounds = zip(starts, [*starts[1:], len(size)], strict=True)
    groups = [(size[start:end], took[start:end]) for start, end in bounds if end - start >= _ENOUGH]
    quartiles = np.array([np.quantile(group, (0.25, 0.5, 0.75)) for _, group in groups]).reshape(-1, 3)
    low, median, high = quartiles.T
    return Sizes(np.array([group.mean() for group, _ in groups]), low, median, high, len(size))


def fit_value(fit: dict[str, Any] | None, name: str) -> tuple[float, float | None, float | None] | None:
    """A parameter of the fit with the ends of its interval; none where there is no fit."""
    if not fit or fit.get(name) is None:
        return None
    found = fit[name]
    return None if found["value"] is None else (found["value"], found["low"], found["high"])


def growing(fit: dict[str, Any] | None) -> tuple[float, float] | None:
    """(fixed, per event) of the fit in ms; none unless the time grows with the size beyond doubt: else it tells none."""
    fixed, each = fit_value(fit, "fixed_ms"), fit_value(fit, "per_event_ms")
    if fixed is None or each is None or fixed[0] <= 0:
        return None
    return (fixed[0], each[0]) if (each[0] if each[1] is None else each[1]) > 0 else None


def picture(judgement: Judgement) -> Picture:
    """Service time against size, with the fit of the verdict."""
    sizes = count(judgement)
    if len(sizes.size) < 2:
        reason = "Service time against size is not drawn: " + (
            "no batch was confirmed." if not sizes.n else f"fewer than two sizes with {_ENOUGH} confirmed batches."
        )
        return Picture("batch-size", reason, reason)
    latency = judgement.verdict["latency_ms"]
    fixed, each = (fit_value(latency.get("size_fit"), name) for name in ("fixed_ms", "per_event_ms"))
    ordinary = ((latency.get("ordinary") or {}).get("service") or {}).get("p50")
    caption = (
        f"Service time (sent to confirmed) of {words.count(sizes.n)} confirmed batches. Dot: median; bar: middle half."
    )
    line = growing(latency.get("size_fit"))
    if line and fixed and each:
        caption += f" Line: fit, {with_interval(fixed)} fixed and {with_interval(each)} for each event."
    elif each:
        caption += f" No line: {with_interval(each)} for each event is not above 0, so time did not grow with size here."
    else:
        caption += " No line: the sizes are too few for a fit."
    alt = (
        f"Service time by batch size: median {words.quantity(sizes.median[0], 'ms')} at {sizes.size[0]:g} events, "
        f"{words.quantity(sizes.median[-1], 'ms')} at {sizes.size[-1]:g} events."
    )
    if line and fixed and each:
        alt += f" Fit: {words.quantity(fixed[0], 'ms')} fixed and {words.quantity(each[0], 'ms')} for each event."
    return Picture("batch-size", alt, caption, lambda width: _draw(width, sizes, line, ordinary))


def with_interval(value: tuple[float, float | None, float | None]) -> str:
    """`5.37 ms [5.21, 5.54]`."""
    middle, low, high = value
    return f"{words.quantity(middle, 'ms')} {words.interval(middle, low, high)}".strip()


def _draw(width: int, sizes: Sizes, line: tuple[float, float] | None, ordinary: float | None) -> Figure:
    wide = width == style.WIDE
    figure = style.figure(width, 238 if wide else 474 if line else 238)
    span = 300 if wide else 288
    left = style.axes(figure, 56, 26, span, 172)
    left.set_title("Service time by batch size, ms")
    most = float(sizes.size[-1])
    left.set_xlim(0, 1.04 * most)
    timeline.from_zero(left, float(sizes.high.max()))
    left.vlines(sizes.size, sizes.low, sizes.high, color=BATCH2, lw=2.4)
    left.plot(sizes.size, sizes.median, "o", ms=3.2, color=BATCH)
    _size_axis(left)
    right = None
    if line:
        fixed, each = line
        x = np.array([0, most])
        left.plot(x, fixed + each * x, color=INK, lw=1.2)
        left.plot([0], [fixed], "o", ms=5, mfc=style.PAPER, mec=INK, clip_on=False, zorder=4)
        right = style.axes(figure, 440 if wide else 56, 26 if wide else 264, span, 172)
        _cost(right, fixed, each, most, ordinary)
    labels = Labels(figure)
    for size, low, high in zip(sizes.size, sizes.low, sizes.high, strict=True):
        labels.avoid(left, [size, size], [low, high])
    if line and right is not None:
        fixed, each = line
        labels.avoid(left, np.linspace(0, most, 60), fixed + each * np.linspace(0, most, 60))
        text = f"{words.quantity(fixed, 'ms')} fixed + {words.quantity(each, 'ms')} an event"
        top = left.get_ylim()[1]
        corners = ((0.03 * most, top, (5, -5)), (0.99 * most, 0.02 * top, (-5, 5)), (0.99 * most, top, (-5, -5)))
        for across, up, place in corners:
            if labels.put(left, across, up, text, (place,), touch=False, color=INK, fontweight="bold"):
                break
        _label_cost(labels, right, fixed, each, most, ordinary)
    return figure


def _size_axis(axes: Axes) -> None:
    axes.set_xlabel("events in the batch")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))


def _cost(axes: Axes, fixed: float, each: float, most: float, ordinary: float | None) -> None:
    """The cost of one event in a batch of n, against an ordinary call."""
    axes.set_title("Service time for one event, ms")
    n = np.unique(np.geomspace(1, max(most, 2), 80))
    cost = fixed / n + each
    axes.plot(n, cost, color=BATCH, lw=2)
    axes.set_xlim(0, 1.04 * most)
    timeline.from_zero(axes, float(max(cost.max(), ordinary or 0)))
    if ordinary:
        axes.axhline(ordinary, color=ORD, lw=1.4, ls=(0, (4, 2)))
    _size_axis(axes)


def _label_cost(labels: Labels, axes: Axes, fixed: float, each: float, most: float, ordinary: float | None) -> None:
    n = np.geomspace(1, max(most, 2), 200)
    labels.avoid(axes, n, fixed / n + each)
    labels.avoid(axes, [0, most], [0, 0])
    last = fixed / most + each
    text = f"{words.quantity(last, 'ms')} in a batch of {words.count(most)}"
    labels.put(
        axes,
        most,
        last,
        text,
        ((-1, 9), (-5, 5), (-1, -9), (-5, -5), (-1, 22), (-1, 34), (-1, 46)),
        color=BATCH,
        fontweight="bold",
    )
    if not ordinary:
        return
    labels.avoid(axes, [0, most], [ordinary, ordinary])
    text = f"one ordinary call: {words.quantity(ordinary, 'ms')}"
    labels.put(axes, most, ordinary, text, ((-5, 5), (-5, -5), (-1, 16), (-1, 28), (-1, 40), (-1, 52)), color=INK2)
    if ordinary > each and 1 < fixed / (ordinary - each) < most:
        x = fixed / (ordinary - each)
        axes.plot([x], [ordinary], "o", ms=5, color=INK, zorder=4)
        text = f"below it from {words.count(np.ceil(x))} events on"
        labels.put(axes, x, ordinary, text, ((7, 7), (8, 14), (-7, -7), (8, 26)), color=INK)
