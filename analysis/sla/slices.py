"""Slices of time: in which share of them a metric was within its limit.

Calls belong to the slice in which they were intended, a throughput to that in which it was confirmed, a visibility lag to
that of the confirmation. Only whole slices count, and only those with enough values for the metric.
"""

from dataclasses import replace

import numpy as np

from analysis.arrays import Array, Floats, Ints
from analysis.intervals import enough, percentile, share_within
from analysis.sla.material import KINDS, Measured, Measurements, Slices
from analysis.sla.measure import counted, marked, measure, parts, shares
from analysis.tables import INDETERMINATE
from analysis.warm_up import timed
from inorder.sla import Sla


def measure_line(line: Sla, of: Measurements) -> Measured:
    """Measure the metric of a line over what the line covers, and by its slices where it has some."""
    of = replace(of, sizes=line.sizes)
    measured = measure(line.metric, line.phase, of)
    if line.slices_s is None:
        return measured
    start, end = of.bounds[line.phase] if line.phase else (0.0, np.inf)
    start = max(start, of.warm_up_s)
    intended = of.batches["first_intended"].to_numpy()
    last = float(intended.max()) if len(intended) else 0.0
    count = max(0, int((min(end, last) - start) / line.slices_s + 1e-9))
    values = _by_slice(line, of, _Clock(start, line.slices_s, count))
    if isinstance(values, str):
        return replace(measured, reason=values)
    limit = line.max if line.max is not None else line.min
    assert limit is not None
    held: Array = values <= limit if line.max is not None else values >= limit
    known = ~np.isnan(values)
    times: Floats = start + line.slices_s * np.arange(0.5, count, dtype=np.float64)
    share = share_within(held[known].astype(np.float64), np.ones(int(known.sum())), times[known])
    reason = None
    if share.value is None:
        reason = f"no whole slice of {line.slices_s:g} s holds enough calls"
    elif share.low is None:
        reason = f"{int(known.sum())} slices are too few for an interval"
    slices = Slices(line.slices_s, int(known.sum()), int(held[known].sum()), share)
    return replace(measured, reason=reason, worst=None, slices=slices)


class _Clock:
    """`count` slices of `length` seconds from `start`."""

    def __init__(self, start: float, length: float, count: int) -> None:
        self.start, self.length, self.count = start, length, count

    def of(self, times: Floats) -> Ints:
        """The slice of each instant; -1: none."""
        place = np.floor((np.where(np.isfinite(times), times, -np.inf) - self.start) / self.length)
        found: Ints = np.where((place >= 0) & (place < self.count), place, -1).astype(np.int64)
        return found

    def sums(self, times: Floats, values: Array) -> Floats:
        """The sum of `values` in each slice."""
        place = self.of(times)
        summed: Floats = np.bincount(place[place >= 0], values[place >= 0], self.count).astype(np.float64)
        return summed

    def percentiles(self, times: Floats, values: Floats, percent: str) -> Floats:
        """The percentile of `values` in each slice; NaN where there are too few."""
        place = self.of(times)
        order = np.lexsort((values, place))
        ends = np.searchsorted(place[order], np.arange(self.count + 1))
        ordered = values[order]
        found = np.full(self.count, np.nan)
        for number in range(self.count):
            own = ordered[ends[number] : ends[number + 1]]
            if len(own) and enough(len(own), percent):
                found[number] = percentile(own, percent)
        return found


def _by_slice(line: Sla, of: Measurements, clock: _Clock) -> Floats | str:
    """The metric in each slice, NaN where there is none; a reason where it cannot be taken at all."""
    metric, phase = line.metric, line.phase
    stem, percent = parts(metric)
    if stem == "ratio":
        above, below = (clock.percentiles(*_times(of, kind, phase, "response"), percent) for kind in KINDS)
        return above / np.where(below > 0, below, np.nan)
    if stem.endswith(("response_ms", "service_ms")):
        kind, _, what = stem.removesuffix("_ms").partition(".")
        return clock.percentiles(*_times(of, kind, phase, what), percent)
    if stem in ("visibility_ms", "drain_s"):
        found = marked(stem, of, phase)
        return found if isinstance(found, str) else clock.percentiles(found[1], found[0], percent)
    if metric.startswith("confirmed_"):
        batches = timed(of.batches, of.warm_up_s)
        rates: Floats = clock.sums(batches["ack"].to_numpy(), counted(metric, batches)) / clock.length
        return rates
    told = shares(metric, of, phase)
    if isinstance(told, str):
        return told
    hits, whole, times = told
    total = clock.sums(times, whole)
    return clock.sums(times, hits) / np.where(total > 0, total, np.nan)


def _times(of: Measurements, kind: str, phase: str | None, what: str) -> tuple[Floats, Floats]:
    """When calls were intended, and how long they took, ms: a batch that was never confirmed took longer than any limit."""
    frame = of.of_kind(kind, phase)
    took = 1000 * frame[f"{what}_s"].to_numpy()
    if what == "response":
        open_ended = frame["outcome"].to_numpy() == INDETERMINATE
        took = np.where(open_ended, np.inf, np.where(np.isfinite(took), took, np.nan))
    known = ~np.isnan(took)
    return frame["first_intended"].to_numpy()[known], took[known]
