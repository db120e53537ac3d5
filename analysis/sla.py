"""The objectives of a scenario: each line's metric measured, with its interval, and judged by the whole interval."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Array, Bools, Floats
from analysis.deciding import Limit, decide
from analysis.intervals import (
    NOTHING,
    Estimate,
    percentile,
    percentile_within,
    ratio_within,
    share_within,
)
from analysis.tables import BATCH, CONFIRMED, INDETERMINATE, ORDINARY, REJECTED
from analysis.tally import Tally
from analysis.warm_up import timed
from inorder.scenario import Sla

_KINDS = {"batch": BATCH, "ordinary": ORDINARY}
_OUTCOMES = {"rejected": REJECTED, "indeterminate": INDETERMINATE}
_UNITS = {"ms": "ms", "s": "s", "share": "share", "ratio": "ratio", "confirmed_events_per_s": "events/s"}


@dataclass(frozen=True)
class Measured:
    """A metric of one run."""

    estimate: Estimate
    reason: str | None = None
    """Why there is no value, or why it decides nothing."""
    worst: float | None = None
    """The value if every call without a certain answer had never been answered at all; None: the same."""


@dataclass(frozen=True)
class Measurements:
    """What the metrics are taken from."""

    calls: pd.DataFrame
    """Those that are timed: without the warm-up."""
    batches: pd.DataFrame
    """All of them, for the tally's marks name their rows."""
    tally: Tally
    log: bool
    """Whether there is a stored log."""
    bounds: dict[str, tuple[float, float]]
    """Phase to (start, end), seconds."""
    warm_up_s: float = 0.0

    def of_kind(self, kind: str, phase: str | None) -> pd.DataFrame:
        """The batches, or the ordinary events, of a phase."""
        batches = timed(self.batches, self.warm_up_s)
        return _of_phase(batches[batches["kind"].to_numpy() == _KINDS[kind]], phase)


def _of_phase(frame: pd.DataFrame, phase: str | None) -> pd.DataFrame:
    return frame if phase is None else frame[(frame["phase"] == phase).to_numpy()]


def unit(metric: str) -> str:
    """The unit of a metric."""
    stem = metric.split(".p")[0].removesuffix(".max")
    return _UNITS.get(stem) or _UNITS[stem.rpartition("_")[2]]


def measure(metric: str, phase: str | None, of: Measurements) -> Measured:
    """Measure a metric over one run, or over what was intended in one of its phases."""
    stem, _, last = metric.partition(".p") if ".p" in metric else metric.rpartition(".")
    percent = last if ".p" in metric else "100"
    found = re.fullmatch(r"(batch|ordinary)\.(response|service)_ms", stem)
    if found:
        return _time(of.of_kind(found[1], phase), f"{found[2]}_s", percent)
    if stem == "ratio":
        return _ratio(of, phase, percent)
    if stem in ("visibility_ms", "drain_s"):
        return _marked(stem, of, phase, percent)
    if metric == "confirmed_events_per_s":
        return _throughput(of, phase)
    return _share(metric, of, phase)


def _extreme(values: Floats, times: Floats, percent: str) -> Measured:
    """A percentile; the maximum ("100") is a fact of the run and has no interval of its own."""
    if not len(values):
        return Measured(NOTHING, "nothing was measured")
    if percent == "100":
        longest = float(values.max())
        return Measured(Estimate(longest, longest, longest))
    if len(values) * (100 - float(percent)) < 100:
        return Measured(NOTHING, f"{len(values)} values are too few for a p{percent}")
    estimate = percentile_within(values, times, percent)
    return Measured(estimate, None if estimate.low is not None else "too short a stretch of time for an interval")


def _time(frame: pd.DataFrame, column: str, percent: str) -> Measured:
    took = 1000 * frame[column].to_numpy()
    known = np.isfinite(took)
    measured = _extreme(took[known], frame["first_intended"].to_numpy()[known], percent)
    open_ended = int((frame["outcome"].to_numpy() == INDETERMINATE).sum())
    if column != "response_s" or not open_ended or not known.any():
        return measured
    worst = percentile(np.sort(np.concatenate([took[known], np.full(open_ended, np.inf)])), percent)
    return Measured(measured.estimate, measured.reason, worst)


def _ratio(of: Measurements, phase: str | None, percent: str) -> Measured:
    samples = []
    for kind in _KINDS:
        frame = of.of_kind(kind, phase)
        frame = frame[np.isfinite(frame["response_s"].to_numpy())]
        if len(frame) * (100 - float(percent)) < 100:
            return Measured(NOTHING, f"{len(frame)} confirmed calls ({kind}) are too few for a p{percent}")
        samples.append((1000 * frame["response_s"].to_numpy(), frame["first_intended"].to_numpy()))
    estimate = ratio_within(samples[0], samples[1], [percent])[percent]
    return Measured(estimate, None if estimate.low is not None else "too short a stretch of time for an interval")


def _marked(stem: str, of: Measurements, phase: str | None, percent: str) -> Measured:
    """Visibility lag of events, drain time of visitors: measured in the buckets."""
    if stem == "drain_s":
        values, times = of.tally.measured("drain/s"), of.tally.measured("drain/intended")
        start, end = of.bounds[phase] if phase else (-np.inf, np.inf)
        mine = (times >= start) & (times < end)
    else:
        batch, values = of.tally.marked("visibility/batch"), of.tally.measured("visibility/ms")
        if not len(values):
            return Measured(NOTHING, "the log was not read while the load went on")
        times = of.batches["ack"].to_numpy()[batch]
        mine = _in_phase(of, phase)[batch]
    return _extreme(values[mine], times[mine], percent)


def _in_phase(of: Measurements, phase: str | None) -> Bools:
    everywhere = np.ones(len(of.batches), bool)
    return everywhere if phase is None else (of.batches["phase"] == phase).to_numpy()


def _share(metric: str, of: Measurements, phase: str | None) -> Measured:
    found = re.fullmatch(r"(batch|ordinary)\.(rejected|indeterminate)_share", metric)
    if found:
        calls = _of_phase(of.calls[of.calls["kind"].to_numpy() == _KINDS[found[1]]], phase)
        hits: Array = calls["outcome"].to_numpy() == _OUTCOMES[found[2]]
        return _shared(hits, np.ones(len(calls)), calls["intended"].to_numpy())
    if not of.log:
        return Measured(NOTHING, "there is no stored log")
    kind, mark = ("batch", "duplicate") if metric == "duplicate_share" else ("ordinary", _mark_of(metric))
    mine = _in_phase(of, phase) & (of.batches["kind"].to_numpy() == _KINDS[kind])
    if mark == "ordinary/lost":
        mine &= of.batches["outcome"].to_numpy() == CONFIRMED
    hit = np.bincount(of.tally.marked(mark), minlength=len(of.batches))[mine]
    times = of.batches["first_intended"].to_numpy()[mine]
    return _shared(hit, of.batches["events"].to_numpy()[mine], times)


def _mark_of(metric: str) -> str:
    """`ordinary.lost_share` counts what is marked `ordinary/lost`."""
    return metric.removesuffix("_share").replace(".", "/")


def _shared(hits: Array, of: Array, times: Floats) -> Measured:
    estimate = share_within(hits, of, times)
    if estimate.value is None:
        return Measured(estimate, "nothing was measured")
    return Measured(estimate, None if estimate.low is not None else "too short a stretch of time for an interval")


def _throughput(of: Measurements, phase: str | None) -> Measured:
    """Events confirmed in a stretch over its length: a phase, or from the first intended call to the last answer."""
    batches = timed(of.batches, of.warm_up_s)
    ack = batches["ack"].to_numpy()
    known = np.isfinite(ack)
    if not known.any():
        return Measured(NOTHING, "nothing was confirmed")
    first, last = float(batches["first_intended"].min()), float(ack[known].max())
    start, end = of.bounds[phase] if phase else (first, np.nextafter(last, np.inf))
    start = max(start, of.warm_up_s)
    mine = known & (ack >= start) & (ack < end)
    events = batches["events"].to_numpy()[mine]
    per_s = float(events.sum()) / (end - start)
    # One count an event-second of each block: blocks are equal, so a share of their time is a rate.
    ticks: Floats = np.linspace(start, end, 30, endpoint=False) + (end - start) / 60
    hits = np.bincount(np.minimum(((ack[mine] - start) / (end - start) * 30).astype(np.int64), 29), events, 30)
    estimate = share_within(hits, np.full(30, (end - start) / 30), ticks)
    return Measured(Estimate(per_s, estimate.low, estimate.high))


def judge_line(line: Sla, measured: list[Measured], interval: str) -> dict[str, Any]:
    """One line of the key `sla`: decided by the whole interval, and by one run only far from the limit (deciding.py)."""
    at = line.max if line.max is not None else line.min
    assert at is not None
    what = unit(line.metric)
    limit = Limit(at, line.max is not None, "share" if what == "share" else "positive", line.metric.endswith(".max"))
    decision = decide(
        [own.estimate for own in measured],
        limit,
        next((own.reason for own in measured if own.reason), None),
        [own.worst for own in measured if own.worst is not None],
    )
    return {
        "name": line.name or line.metric,
        "metric": line.metric,
        "phase": line.phase,
        "unit": what,
        "sense": "max" if limit.upper else "min",
        "limit": at,
        **decision.estimate.as_json(),
        "interval": interval,
        "runs": [own.estimate.value for own in measured],
        "verdict": decision.verdict,
        "reason": decision.reason,
        "repeats_needed": decision.repeats_needed,
    }
