"""The storm in time: what was due and what was confirmed, the backlog that is left, and the calls in flight."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis import words
from analysis.figures import style, timeline
from analysis.figures.labels import Labels
from analysis.figures.style import BATCH, BATCH2, INK, ORD, ORD2, Picture
from analysis.figures.timeline import Clock
from analysis.judgement import Judgement, RunFrames

Floats = NDArray[np.float64]
_SAMPLES = 300
_HELD_UP = 10
"""Calls due and not yet sent at once, from which on they are drawn; fewer leave within a moment."""


@dataclass(frozen=True)
class Series:
    """What is drawn of a run, once it is counted."""

    time: Clock
    due: dict[int, Floats]
    """Kind to events that were due, a second, by bin."""
    confirmed: dict[int, Floats]
    moments: Floats
    backlog: Floats
    """Events of batches not yet confirmed, at `moments`."""
    in_flight: dict[int, Floats]
    waiting: Floats
    """Calls that are due and not yet sent."""


def count(run: RunFrames) -> Series | None:
    """Count a run in time; none where nothing was sent."""
    time = timeline.clock(run)
    if time is None:
        return None
    edges = time.edges
    moments = np.linspace(edges[0], edges[-1], _SAMPLES + 1)
    due, confirmed, in_flight = {}, {}, {}
    for kind in (0, 1):
        batches = run.batches[run.batches["kind"] == kind]
        calls = run.calls[run.calls["kind"] == kind]
        if batches.empty:
            continue
        due[kind] = _rate(batches["first_intended"], batches["events"], time)
        confirmed[kind] = _rate(batches["ack"], batches["events"], time)
        in_flight[kind] = _reached(calls["sent"], moments) - _reached(calls["done"], moments)
    backlogs = run.batches[run.batches["kind"] == 0]
    order = np.argsort(backlogs["ack"].to_numpy(float))
    acks = backlogs["ack"].to_numpy(float)[order]
    gone = np.concatenate([[0], np.cumsum(backlogs["events"].to_numpy()[order])])
    backlog = gone[-1] - gone[np.searchsorted(acks, moments, side="right")]
    waiting = _reached(run.calls["intended"], moments) - _reached(run.calls["sent"], moments)
    return Series(time, due, confirmed, moments, backlog.astype(float), in_flight, waiting)


def _rate(when: "pd.Series[float]", events: "pd.Series[int]", time: Clock) -> Floats:
    values = when.to_numpy(float)
    sums, _ = np.histogram(values[np.isfinite(values)], time.edges, weights=events.to_numpy()[np.isfinite(values)])
    return sums / time.step


def _reached(when: "pd.Series[float]", moments: Floats) -> Floats:
    """How many of the instants have passed at each moment; an instant that never came counts as never."""
    values = np.sort(np.nan_to_num(when.to_numpy(float), nan=np.inf))
    return np.searchsorted(values, moments, side="right").astype(float)


def picture(judgement: Judgement) -> Picture:
    """The first run (of several repeats) in time."""
    series = count(judgement.runs[0])
    if series is None:
        reason = "The storm is not drawn: no call was sent."
        return Picture("storm", reason, reason)
    time = series.time
    several = f" Repeat 1 of {len(judgement.runs)}." if len(judgement.runs) > 1 else ""
    unsent = judgement.verdict.get("unsent") or 0
    left = f" {words.count(unsent)} events that were never sent are not in the backlog." if unsent else ""
    caption = (
        f"Rates in bins of {time.step:g}{words.THIN}s, by the time when an event was due and when it was confirmed. "
        f"{time.named()}{left}{several}"
    )
    peaks = [
        f"at most {words.count(series.due[kind].max())} {name} a second were due and "
        f"{words.count(series.confirmed[kind].max())} confirmed"
        for kind, name in ((0, "events in batches"), (1, "ordinary calls"))
        if kind in series.due
    ]
    alt = (
        f"The run in time, {time.told(time.start)} to {time.told(time.end)} s: {words.listed(peaks)}; the backlog was "
        f"{words.count(series.backlog[0])} events at the start and {words.count(series.backlog[-1])} at the end; at "
        f"most {words.count(max(flight.max() for flight in series.in_flight.values()))} calls of a kind were in flight. "
    ) + time.wrong()
    return Picture("storm", alt.strip(), caption, lambda width: _draw(width, series))


def _draw(width: int, series: Series) -> Figure:
    wanted: list[timeline.Panel] = []
    if 0 in series.due:
        wanted += [
            (
                "Events in batches a second: due (line), confirmed (filled)",
                "Batch events/s: line due, fill confirmed",
                92,
            ),
            ("Backlog: events in batches not yet confirmed", "Backlog, events not confirmed", 70),
        ]
    if 1 in series.due:
        long = "Ordinary calls a second: due (line), confirmed (filled)"
        wanted.append((long, "Ordinary calls/s: line due, fill conf.", 60))
    long = "Calls in flight: batches (filled), ordinary (dashed)"
    wanted.append((long, "Calls in flight: fill batch, dash ord.", 70))
    held_up = series.waiting.max() >= _HELD_UP
    if held_up:
        wanted.append(("Calls that are due and not yet sent", "Calls due, not yet sent", 60))
    figure, axes = timeline.panels(width, series.time, wanted)
    left = list(axes)
    notes = []
    if 0 in series.due:
        _steps(left.pop(0), series, 0, BATCH2)
        backlog = left.pop(0)
        timeline.from_zero(backlog, float(series.backlog.max()), few=True)
        backlog.plot(series.moments, series.backlog, color=BATCH, lw=1.6)
        notes.append((backlog, series.moments, series.backlog))
    if 1 in series.due:
        _steps(left.pop(0), series, 1, ORD2)
    flight = left.pop(0)
    most = max(values.max() for values in series.in_flight.values())
    timeline.from_zero(flight, float(most), few=True)
    if 0 in series.in_flight:
        flight.fill_between(series.moments, series.in_flight[0], color=BATCH2, lw=0)
        flight.plot(series.moments, series.in_flight[0], color=BATCH, lw=1)
        notes.append((flight, series.moments, series.in_flight[0]))
    if 1 in series.in_flight:
        flight.plot(series.moments, series.in_flight[1], color=ORD, lw=1, ls=(0, (4, 2)))
    if held_up:
        timeline.from_zero(left[0], float(series.waiting.max()), few=True)
        left[0].plot(series.moments, series.waiting, color=INK, lw=1.1)
    labels = Labels(figure)
    timeline.name_phases(labels, axes[0], series.time)
    for axis, x, y in notes:
        labels.avoid(axis, x, y)
    if 0 in series.due:
        _note_drained(labels, axes[1], series)
    return figure


def _steps(axes: Axes, series: Series, kind: int, fill: str) -> None:
    """One rate as a step line over the other as a filled one."""
    timeline.from_zero(axes, float(max(series.due[kind].max(), series.confirmed[kind].max())), few=True)
    axes.stairs(series.confirmed[kind], series.time.edges, fill=True, color=fill, lw=0)
    axes.stairs(series.due[kind], series.time.edges, color=INK, lw=1.1, baseline=None)


def _note_drained(labels: Labels, axes: Axes, series: Series) -> None:
    """Mark when 95 % of the backlog was confirmed."""
    left = series.backlog <= 0.05 * series.backlog[0]
    if series.backlog[0] > 0 and left.any():
        here = int(np.argmax(left))
        x, y = float(series.moments[here]), float(series.backlog[here])
        axes.plot([x], [y], "o", ms=4, color=BATCH, zorder=3)
        text = f"95{words.THIN}% confirmed at {words.significant(x - series.time.origin)}{words.THIN}s"
        labels.put(axes, x, y, text, ((7, 7), (8, 14), (-8, 20), (0, 24), (-7, 7)), color=style.INK)
