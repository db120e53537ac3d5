"""What the figures over time share: the bins, the axis, the phases and their names, ticks of a logarithmic axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from analysis import words
from analysis.figures import bands, style
from analysis.figures.bands import Band
from analysis.figures.labels import Labels
from analysis.figures.style import BAD, RULE
from analysis.judgement import RunFrames
from analysis.run_checks import is_given

_STEPS_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_MOST_BINS = 240
_SHORT_RUN_S = 30
Panel = tuple[str, str, float]
"""Title, title where it is narrow, height in pixels."""


@dataclass(frozen=True)
class Clock:
    """The time axis of a run, in seconds of its own clock."""

    start: float
    end: float
    step: float
    phases: tuple[tuple[str, float, float], ...]
    """Those that reach into the axis."""
    origin: float = 0.0
    """What is written as 0: the load's start, or where the axis starts if the clock's zero is far away."""
    bands: tuple[Band, ...] = ()
    """The warm-up, and when faults that were put in could strike."""
    always: tuple[str, ...] = ()
    """The faults that could strike all the time."""
    stopped: float | None = None
    """When the load was ended before its time; None: it was not."""

    @property
    def edges(self) -> NDArray[np.float64]:
        """Limits of the bins."""
        bins = max(1, math.ceil((self.end - self.start) / self.step - 1e-9))
        return np.asarray(self.start + self.step * np.arange(bins + 1), np.float64)

    def named(self) -> str:
        """The phases, the warm-up, the faults and an early end in words, for a caption."""
        spans = [f"{name} {self.told(start)}–{self.told(end)}{words.THIN}s" for name, start, end in self.phases]
        phases = f"Vertical rules: phases ({', '.join(spans)})." if spans else ""
        return f"{phases} {self.wrong()}".strip()

    def wrong(self) -> str:
        """The warm-up, when which fault could strike, and an early end, in words; empty where there is nothing of it."""
        early = f"Red rule: the load was stopped early, at {self.told(self.stopped)}{words.THIN}s." if self.stopped else ""
        return f"{bands.told(self.bands, self.always, self.told)} {early}".strip()

    def told(self, moment: float) -> str:
        """An instant of the run's clock as the axis writes it, without unit."""
        return f"{moment - self.origin:g}".replace("-", "−")

    @property
    def meaning(self) -> str:
        """What the axis counts."""
        since = f"{self.origin:,.10g}{words.THIN}s of the history's clock" if self.origin else "the start of the run"
        return f"seconds since {since}"


def clock(run: RunFrames) -> Clock | None:
    """The axis that holds every call and phase of a run; none where nothing was sent.

    Evidence from elsewhere may have a clock whose zero is no start, such as that of the epoch: where nothing happens for
    the greater part of the time from zero on, the axis starts at the first call.
    """
    calls = run.calls
    if calls.empty:
        return None
    phases = tuple(run.scenario.phase_bounds())
    ends = calls["done"].to_numpy(float)
    last = max(float(calls["sent"].max()), float(np.max(ends[np.isfinite(ends)], initial=0)), phases[-1][2])
    first = float(calls["intended"].min())
    # A run that was driven starts at its clock's zero: that nobody came for long is part of what happened.
    late = is_given(run) and first > last - first
    first = first if late else min(0.0, first)
    length = last - first
    step = next((s for s in _STEPS_S if length <= _MOST_BINS * s and (s > 0.5 or length <= _SHORT_RUN_S)), None)
    if step is None:  # a clock that jumped: still no more bins than can be drawn
        step = max(7200.0, length / _MOST_BINS)
    start = math.floor(first / step) * step
    end = start + max(1, math.ceil((last - start) / step - 1e-9)) * step
    inside = tuple(phase for phase in phases if phase[1] < end and phase[2] > start)
    faults, always = bands.bands(run.info.faults, start, end)
    found = bands.with_warm_up(faults, run.scenario.warm_up_s, start, end)
    stopped = None if run.info.stopped is None else run.info.stopped.at_s
    return Clock(start, end, step, inside, start if late else 0.0, found, always, stopped)


def panels(width: int, time: Clock, wanted: Sequence[Panel]) -> tuple[Figure, list[Axes]]:
    """A figure with one panel above the other on a common time axis, phases ruled; texts are the caller's."""
    wide = width == style.WIDE
    left, right, above, between, below = (64, 16, 44, 36, 36) if wide else (58, 14, 44, 36, 36)
    rows = bands.rows_of(time.bands, time.start, time.end, width - left - right)
    above += int(bands.ROW * (max(rows) + 1)) if rows else 0
    height = above + sum(panel[2] for panel in wanted) + between * (len(wanted) - 1) + below
    figure = style.figure(width, int(height))
    top: float = above
    made: list[Axes] = []
    for title, short, tall in wanted:
        axes = style.axes(figure, left, top, width - left - right, tall)
        axes.set_title(title if wide else short)
        axes.set_xlim(time.start, time.end)
        ticks = MaxNLocator(8 if wide else 5, steps=[1, 2, 5, 10]).tick_values(
            time.start - time.origin, time.end - time.origin
        )
        axes.xaxis.set_major_locator(FixedLocator([tick + time.origin for tick in ticks]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: time.told(value)))
        axes.tick_params(labelbottom=False)
        for boundary in sorted({bound for _, *bounds in time.phases for bound in bounds}):
            if time.start < boundary < time.end:
                axes.axvline(boundary, color=RULE, lw=0.8, zorder=0.5)
        if time.stopped is not None:
            axes.axvline(time.stopped, color=BAD, lw=1.4, zorder=0.6)
        bands.shade(axes, time.bands, between, rows if not made else None)
        made.append(axes)
        top += tall + between
    made[-1].tick_params(labelbottom=True)
    made[-1].set_xlabel(time.meaning)
    return figure, made


def name_phases(labels: Labels, top: Axes, time: Clock) -> None:
    """Write the names of bands and phases, and of an early end, above the uppermost panel, as far as there is room."""
    lower, upper = top.get_xlim()
    bands.name(labels, top, time.bands, bands.rows_of(time.bands, time.start, time.end, top.bbox.width))
    if time.stopped is not None:
        corners = ((0, 24), (24, 24), (-24, 24))
        labels.put(top, time.stopped, top.get_ylim()[1], "stopped early", corners, color=BAD, fontweight="bold")
    for name, start, end in time.phases:
        middle = (max(start, lower) + min(end, upper)) / 2
        labels.put(top, middle, top.get_ylim()[1], name, ((0, 24),), color=style.INK2)


def from_zero(axes: Axes, most: float, few: bool = False) -> None:
    """A linear axis from 0 with room above, its ticks with thousands separators."""
    axes.set_ylim(0, 1.18 * most if most > 0 else 1)
    axes.yaxis.set_major_locator(MaxNLocator(3 if few else 5, steps=[1, 2, 5, 10], integer=most >= 4))
    axes.yaxis.set_major_formatter(FuncFormatter(_round_value))


def logarithmic(axes: Axes, low: float, high: float) -> None:
    """A logarithmic axis around two positive values, with few ticks at round values."""
    axes.set_yscale("log")
    axes.set_ylim(low / 1.5, high * 1.6)
    axes.yaxis.set_major_locator(FixedLocator(round_values(low / 1.5, high * 1.6)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(_round_value))


def round_values(low: float, high: float) -> list[float]:
    """Few round values from `low` to `high` for the ticks of a logarithmic axis."""
    decades = math.log10(high / low)
    factors = (1, 2, 5) if decades < 1.6 else (1, 3) if decades < 2.6 else (1,)
    every = max(1, round(decades / 5))
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [f * 10.0**e for e in exponents if e % every == 0 for f in factors]
    return [tick for tick in ticks if low <= tick <= high]


def _round_value(value: float, _: int | None = None) -> str:
    """A tick's value as short as it is."""
    return f"{value:,.10f}".rstrip("0").rstrip(".")
