"""Response time over the run: percentiles of short bins of both kinds, where enough calls stand behind them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis import words
from analysis.figures import timeline
from analysis.figures.labels import Labels
from analysis.figures.style import BAD, BATCH, ORD, Picture
from analysis.figures.timeline import Clock
from analysis.intervals import percentile
from analysis.judgement import Judgement, RunFrames

Floats = NDArray[np.float64]
ENOUGH = {"p50": 10, "p95": 30, "p99": 100}
"""Calls that a bin needs before the percentile is drawn: fewer would show the slowest call, not a percentile."""
_LOOK = {"p50": (1.0, "-"), "p95": (2.2, "-"), "p99": (1.0, (0, (3, 1.5)))}
_LOG_FROM = 20
"""The axis is logarithmic where the largest value is that many times the smallest."""


@dataclass(frozen=True)
class Series:
    """Percentiles of one kind by bin, NaN where a bin holds too few calls."""

    middles: Floats
    levels: dict[str, Floats]

    @property
    def values(self) -> Floats:
        """All that is drawn."""
        joined = np.concatenate([*self.levels.values()])
        return np.asarray(joined[np.isfinite(joined)], np.float64)


def count(run: RunFrames, time: Clock, kind: int) -> Series:
    """Percentiles by bin of the time when a call was due."""
    batches = run.batches[(run.batches["kind"] == kind) & np.isfinite(run.batches["response_s"])]
    due, took = batches["first_intended"].to_numpy(float), 1000 * batches["response_s"].to_numpy(float)
    order = np.argsort(due, kind="stable")
    due, took = due[order], took[order]
    edges = time.edges
    bounds = np.searchsorted(due, edges)
    levels = {name: np.full(len(edges) - 1, np.nan) for name in ENOUGH}
    for bin_, (start, end) in enumerate(pairwise(bounds)):
        for name, enough in ENOUGH.items():
            if end - start >= enough:
                levels[name][bin_] = percentile(np.sort(took[start:end]), name[1:])
    return Series((edges[:-1] + edges[1:]) / 2, levels)


def picture(judgement: Judgement) -> Picture:
    """Both kinds over the first run (of several repeats)."""
    run = judgement.runs[0]
    time = timeline.clock(run)
    kinds = {kind: count(run, time, kind) for kind in (0, 1)} if time else {}
    kinds = {kind: series for kind, series in kinds.items() if len(series.values)}
    if not kinds or time is None:
        reason = f"Latency over time is not drawn: no bin holds {ENOUGH['p50']} confirmed calls."
        return Picture("latency-over-time", reason, reason)
    several = f" Repeat 1 of {len(judgement.runs)}." if len(judgement.runs) > 1 else ""
    caption = (
        f"Bins of {time.step:g}{words.THIN}s, by the time when a call was due. Drawn where a bin holds "
        f"{ENOUGH['p50']} (p50), {ENOUGH['p95']} (p95), {ENOUGH['p99']} (p99) confirmed calls or more. "
        f"{time.named()}{several}"
    )
    alt = "Response time over time. " + " ".join(_told(time, name, kinds.get(kind)) for kind, name in _NAMES.items())
    alt += f" {time.wrong()}"
    limits = {kind: _limit(judgement, name.lower()) for kind, name in _NAMES.items()}
    return Picture("latency-over-time", alt.strip(), caption, lambda width: _draw(width, time, kinds, limits))


_NAMES = {0: "Batch", 1: "Ordinary"}


def _told(time: Clock, name: str, series: Series | None) -> str:
    """The range of the strongest percentile that was drawn."""
    if series is None:
        return ""
    level = next(level for level in ("p95", "p50", "p99") if np.isfinite(series.levels[level]).any())
    values = series.levels[level]
    here = int(np.nanargmax(values))
    return (
        f"{name} calls: {level} of a bin between {words.quantity(float(np.nanmin(values)), 'ms')} and "
        f"{words.quantity(float(values[here]), 'ms')}, the latter at {time.told(series.middles[here])} s."
    )


def _limit(judgement: Judgement, kind: str) -> float | None:
    """The limit on p95 of a kind, if the scenario has one."""
    for line in judgement.verdict.get("sla", []):
        if line.get("metric") == f"{kind}.response_ms.p95" and not line.get("phase") and not line.get("sizes"):
            return float(line["limit"])
    return None


def _draw(width: int, time: Clock, kinds: dict[int, Series], limits: dict[int, float | None]) -> Figure:
    wanted = []
    for kind in kinds:
        scale = " (log scale)" if _is_log(kinds[kind]) else ""
        long = f"{_NAMES[kind]} response time, ms{scale}: p50 thin, p95 thick, p99 dashed"
        wanted.append((long, f"{_NAMES[kind]} ms{scale.replace(' scale', '')}: p50, p95 bold, p99 dashed", 110.0))
    figure, axes = timeline.panels(width, time, wanted)
    named = []
    for axis, (kind, series) in zip(axes, kinds.items(), strict=True):
        named.append((axis, _panel(axis, series, BATCH if kind == 0 else ORD, limits[kind])))
    labels = Labels(figure)
    timeline.name_phases(labels, axes[0], time)
    for axis, series in zip(axes, kinds.values(), strict=True):
        for values in series.levels.values():
            labels.avoid(axis, series.middles, values)
    for axis, limit in named:
        if limit:
            text = f"limit of p95 {words.quantity(limit, 'ms')}"
            for x in np.linspace(time.start, time.end, 6)[[5, 0, 4, 1, 3, 2]]:
                places = ((-4, 5), (4, 5), (-4, -6), (4, -6))
                if labels.put(axis, float(x), limit, text, _flat(places), touch=False, color=BAD):
                    break
    return figure


def _flat(places: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """The same places as corners, close to a horizontal line."""
    return [(5 if dx > 0 else -5, 5 if dy > 0 else -5) for dx, dy in places]


def _is_log(series: Series) -> bool:
    values = series.values
    return bool(values.min() > 0 and values.max() > _LOG_FROM * values.min())


def _panel(axes: Axes, series: Series, colour: str, limit: float | None) -> float | None:
    """Draw one kind; gives back the limit if it lies in the picture."""
    low, high = float(series.values.min()), float(series.values.max())
    log = _is_log(series)
    shown = limit if limit and limit < (8 if log else 1.5) * high else None
    high = max(high, shown or 0)
    if log:
        timeline.logarithmic(axes, low, high)
    else:
        timeline.from_zero(axes, high)
    for name, values in series.levels.items():
        thickness, dash = _LOOK[name]
        axes.plot(series.middles, values, color=colour, lw=thickness, ls=dash, marker="o", ms=1.2 + thickness)
    if shown:
        axes.axhline(shown, color=BAD, lw=1.2)
    return shown
