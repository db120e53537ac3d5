"""Capacity: what is confirmed against what is offered, the 95th percentile beside it, and the scalability law."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from analysis import words
from analysis.arrays import Floats
from analysis.capacity import usl
from analysis.figures import style, timeline
from analysis.figures.labels import Labels
from analysis.figures.style import BAD, BATCH, BATCH2, INK, INK2, Picture
from analysis.judgement import Judgement

_MARKS = {True: "o", False: "s", None: "D"}
"""A step that held, one that broke, one that was not decided or not valid."""


@dataclass(frozen=True)
class _Drawn:
    """What is drawn, from the key `capacity`."""

    steps: list[dict[str, Any]]
    capacity: dict[str, Any]
    limit_ms: float | None
    """The limit of the SLA on the 95th percentile of batches, if it has one."""

    @property
    def beyond(self) -> str:
        """What happened at the lowest rate that counts as not held."""
        at = [step["held"] for step in self.steps if step["offered_per_s"] == self.capacity["broken"] and step["valid"]]
        return "broken" if False in at else "not decided"

    def of(self, name: str) -> Floats:
        """A value of each step; NaN: not known."""
        return np.array([np.nan if step[name] is None else step[name] for step in self.steps], float)


def picture(judgement: Judgement) -> Picture | None:
    """The figure of a capacity run; none of another run."""
    capacity = judgement.verdict.get("capacity")
    if not capacity:
        return None
    steps = capacity["steps"]
    if len(steps) < 2:
        told = "Capacity is not drawn: it needs two steps."
        return Picture("capacity", told, told)
    lines = judgement.verdict["sla"]
    limit = next(
        (
            line["limit"]
            for line in lines
            if line["metric"] == "batch.response_ms.p95" and not line.get("sizes") and not line.get("slices")
        ),
        None,
    )
    drawn = _Drawn(steps, capacity, limit)
    return Picture("capacity", _alt(drawn), _caption(drawn), lambda width: _draw(width, drawn))


def _alt(drawn: _Drawn) -> str:
    first, last = drawn.steps[0], drawn.steps[-1]
    top = max(drawn.steps, key=lambda step: float(step["confirmed_per_s"]))
    most, there = (words.significant(top[name]) for name in ("confirmed_per_s", "offered_per_s"))
    parts = [
        f"Confirmed against offered batches a second in {words.plural(len(drawn.steps), 'step')} from "
        f"{words.significant(first['offered_per_s'])} to {words.significant(last['offered_per_s'])}: at "
        f"most {most} were confirmed, at {there} offered.",
        f"95th percentile {words.quantity(first['p95_ms'], 'ms')} at the first step, "
        f"{words.quantity(last['p95_ms'], 'ms')} at the last.",
        drawn.capacity["sentence"],
    ]
    if knee := drawn.capacity["knee"]:
        parts.append(f"Knee at {words.significant(knee['offered_per_s'])} batches a second.")
    if law := drawn.capacity["usl"]:
        told = ", ".join(f"{name} {words.significant(law[name]['value'])}" for name in ("gamma", "alpha", "beta"))
        parts.append(f"Scalability law: {told}.")
    return " ".join(parts)


def _caption(drawn: _Drawn) -> str:
    told = (
        "Disc: a step that held the SLA; square: one that broke it; hollow diamond: not decided, or not valid. "
        "Thin line on the left: all that is offered is confirmed; by chance a light step can lie above it."
    )
    if drawn.capacity["knee"]:
        told += " Ring: knee, the load with the highest throughput over response time."
    if drawn.capacity["usl"]:
        told += " Right: each step is a point; line and band: the fitted law with its 95 % interval; dashed: no contention."
    note = drawn.capacity.get("usl_note")
    return f"{told} {note}" if note else told


def _draw(width: int, drawn: _Drawn) -> Figure:
    wide, law = width == style.WIDE, drawn.capacity["usl"]
    figure = style.figure(width, 384 if wide else (640 if law else 400))
    span = (346 if law else 640) if wide else 276
    flow = style.axes(figure, 60, 26, span, 150)
    late = style.axes(figure, 60, 212, span, 120 if wide else 130)
    offered, confirmed, p95 = drawn.of("offered_per_s"), drawn.of("confirmed_per_s"), drawn.of("p95_ms")
    most = 1.06 * float(offered.max())
    flow.set_title("Confirmed, batches a second" if wide else "Confirmed batches a second")
    late.set_title("Response, 95th percentile, ms (log)" if wide else "p95 response, ms (log)")
    for axes in (flow, late):
        axes.set_xlim(0, most)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    flow.tick_params(labelbottom=False)
    late.set_xlabel("batches a second offered")
    highest = float(np.nanmax(confirmed))
    timeline.from_zero(flow, highest)
    flow.plot([0, flow.get_ylim()[1]], [0, flow.get_ylim()[1]], color=INK2, lw=0.8)
    flow.plot(offered, confirmed, color=BATCH, lw=1.4)
    known = np.isfinite(p95) & (p95 > 0)
    levels = [*p95[known], *([drawn.limit_ms] if drawn.limit_ms else [])]
    timeline.logarithmic(late, float(min(levels, default=1)), float(max(levels, default=10)))
    late.plot(offered[known], p95[known], color=BATCH, lw=1.4)
    _marks(flow, drawn, confirmed)
    _marks(late, drawn, p95)
    if drawn.limit_ms:
        late.axhline(drawn.limit_ms, color=BAD, lw=1.4)
    _bounds(drawn, flow, late)
    right = None
    if law:
        right = style.axes(figure, 474 if wide else 60, 26 if wide else 396, 270 if wide else 276, 306 if wide else 196)
        _law(right, drawn)
    labels = Labels(figure)
    labels.avoid(flow, offered, confirmed)
    labels.avoid(flow, [0, flow.get_ylim()[1]], [0, flow.get_ylim()[1]])
    labels.avoid(late, offered[known], p95[known])
    _name(labels, drawn, flow, late)
    if law and right is not None:
        _name_law(labels, right, drawn)
    return figure


def _marks(axes: Axes, drawn: _Drawn, values: Floats) -> None:
    for step, value in zip(drawn.steps, values, strict=True):
        held = step["held"] if step["valid"] else None
        face = {True: BATCH, False: BAD, None: style.PAPER}[held]
        edge = BAD if held is False else BATCH
        axes.plot([step["offered_per_s"]], [value], _MARKS[held], ms=5, mfc=face, mec=edge, zorder=4)


def _bounds(drawn: _Drawn, flow: Axes, late: Axes) -> None:
    """Rules at the highest rate that held and the lowest that broke, and a ring at the knee."""
    dashed = {"color": INK2, "ls": (0, (4, 2))}
    for name, look in (("held", dashed), ("broken", {"color": BAD} if drawn.beyond == "broken" else dashed)):
        if drawn.capacity[name] is not None:
            for axes in (flow, late):
                axes.axvline(drawn.capacity[name], lw=1, zorder=0.6, **look)
    if knee := drawn.capacity["knee"]:
        at = knee["offered_per_s"]
        flow.plot([at], [at], "o", ms=11, mfc="none", mec=INK, mew=1.2, zorder=5)
        if knee["p95_ms"]:
            late.plot([at], [knee["p95_ms"]], "o", ms=11, mfc="none", mec=INK, mew=1.2, zorder=5)


def _name(labels: Labels, drawn: _Drawn, flow: Axes, late: Axes) -> None:
    capacity = drawn.capacity
    low = flow.get_ylim()[1] * 0.04
    left = tuple((-5, 4 + 13 * row) for row in range(6))
    beyond = tuple((5, 4 + 13 * row) for row in range(6))
    if capacity["held"] is not None:
        text = f"held {words.significant(capacity['held'])}"
        labels.put(flow, capacity["held"], low, text, left, color=INK)
    if capacity["broken"] is not None:
        text = f"{drawn.beyond} {words.significant(capacity['broken'])}"
        color, weight = (BAD, "bold") if drawn.beyond == "broken" else (INK, "normal")
        labels.put(flow, capacity["broken"], low, text, beyond, color=color, fontweight=weight)
    if knee := capacity["knee"]:
        at = knee["offered_per_s"]
        around = ((-11, 11), (11, -11), (-14, 22), (14, -22), (-14, 0), (14, 0))
        labels.put(flow, at, at, f"knee {words.significant(at)}", around, color=INK, fontweight="bold")
    if drawn.limit_ms:
        text = f"limit {words.exact(drawn.limit_ms, 'ms')}"
        corners = ((5, 5), (5, -5))
        labels.put(late, 0, drawn.limit_ms, text, corners, color=BAD, fontweight="bold")
    if falls := capacity["falls_beyond"]:
        at = falls["offered_per_s"]
        y = max(step["confirmed_per_s"] for step in drawn.steps if step["offered_per_s"] == at)
        labels.put(flow, at, y, "falls beyond", ((0, 9), (9, 9), (-9, 9), (9, 18)), color=BAD, fontweight="bold")


def _law(axes: Axes, drawn: _Drawn) -> None:
    """Throughput against calls in flight: the points, the law with its band, and what it would be without contention.

    Calls in flight are on a logarithmic axis: steps double, and below the knee they would stand on each other.
    """
    valid = _Drawn([step for step in drawn.steps if step["valid"]], drawn.capacity, None)
    n, x = valid.of("in_flight"), valid.of("confirmed_per_s")
    law = drawn.capacity["usl"]
    gamma, alpha, beta = (law[name]["value"] for name in ("gamma", "alpha", "beta"))
    axes.set_title("Scalability, batches a second")
    axes.set_xlabel("calls in flight (log scale)")
    n, x = n[n > 0], x[n > 0]
    at = np.geomspace(float(n.min()) / 1.4, 1.4 * float(n.max()), 200)
    curve = usl.throughput(at, gamma, alpha, beta)
    low, high = usl.band(n, x, at)
    timeline.from_zero(axes, float(max(x.max(), curve.max())))
    axes.set_xscale("log")
    axes.set_xlim(at[0], at[-1])
    axes.xaxis.set_major_locator(FixedLocator(timeline.round_values(at[0], at[-1])))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.fill_between(at, low, high, color=BATCH2, lw=0, alpha=0.6)
    axes.plot(at, curve, color=BATCH, lw=1.8)
    axes.plot(at, gamma * at, color=INK2, lw=1, ls=(0, (4, 2)))
    axes.plot(n, x, "o", ms=5, mfc=style.PAPER, mec=INK, zorder=4)
    peak = law["peak_n"]["value"]
    if peak is not None and peak < at[-1]:
        axes.plot([peak], [law["peak_per_s"]["value"]], "o", ms=6, color=INK, zorder=5)


def _name_law(labels: Labels, axes: Axes, drawn: _Drawn) -> None:
    law = drawn.capacity["usl"]
    gamma, alpha, beta = (law[name]["value"] for name in ("gamma", "alpha", "beta"))
    left, right = axes.get_xlim()
    at = np.geomspace(left, right, 200)
    labels.avoid(axes, at, usl.throughput(at, gamma, alpha, beta))
    labels.avoid(axes, [step["in_flight"] for step in drawn.steps], [step["confirmed_per_s"] for step in drawn.steps])
    told = [_parameter(sign, law[name]) for sign, name in (("γ", "gamma"), ("α", "alpha"), ("β", "beta"))]
    rows = tuple((-4, 6 + 14 * row) for row in range(8))
    labels.put(axes, right, 0, "\n".join(told), rows, color=INK, touch=False)
    peak = law["peak_n"]["value"]
    if peak is not None and peak < right:
        text = f"peak at {words.significant(peak)} in flight"
        around = ((0, 9), (8, 9), (-8, 9), (0, -9), (0, 20))
        labels.put(axes, peak, law["peak_per_s"]["value"], text, around, color=INK, fontweight="bold")


def _parameter(sign: str, value: dict[str, float | None]) -> str:
    middle, low, high = value["value"], value["low"], value["high"]
    if middle is None:
        return f"{sign} –"
    ends = "" if low is None or high is None else f" [{words.significant(low, 2)}, {words.significant(high, 2)}]"
    return f"{sign} {words.significant(middle, 2)}{ends}"
