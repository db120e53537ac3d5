"""Each metric measured over one run, or over what was intended in one of its phases, with its interval."""

import re

import numpy as np
import pandas as pd

from analysis.arrays import Array, Floats
from analysis.intervals import (
    NOTHING,
    Estimate,
    enough,
    percentile,
    percentile_within,
    rate_within,
    ratios_within,
    share_within,
)
from analysis.sla.material import KINDS, Measured, Measurements
from analysis.tables import CONFIRMED, INDETERMINATE, REJECTED
from analysis.warm_up import timed

OUTCOMES = {"rejected": (REJECTED,), "indeterminate": (INDETERMINATE,), "error": (REJECTED, INDETERMINATE)}
_UNITS = {
    "ms": "ms",
    "s": "s",
    "share": "share",
    "ratio": "ratio",
    "confirmed_events_per_s": "events/s",
    "confirmed_batches_per_s": "batches/s",
    "duplicate_share": "share",
}


def unit(metric: str) -> str:
    """The unit of a metric; "" of a count."""
    if metric.startswith("anomalies."):
        return ""
    stem = metric.split(".p")[0].removesuffix(".max")
    return _UNITS.get(stem) or _UNITS[stem.rpartition("_")[2]]


def measure(metric: str, phase: str | None, of: Measurements) -> Measured:
    """Measure a metric over one run, or over what was intended in one of its phases."""
    if metric.startswith("anomalies."):
        return _anomalies(metric.removeprefix("anomalies."), of)
    stem, percent = parts(metric)
    found = re.fullmatch(r"(batch|ordinary)\.(response|service)_ms", stem)
    if found:
        return _time(of.of_kind(found[1], phase), f"{found[2]}_s", percent)
    if stem == "ratio":
        return _ratio(of, phase, percent)
    if stem in ("visibility_ms", "drain_s"):
        return _marked(stem, of, phase, percent)
    if metric.startswith("confirmed_"):
        return _throughput(metric, of, phase)
    return _share(metric, of, phase)


def parts(metric: str) -> tuple[str, str]:
    """The stem of a metric and its percentile, "100" for the maximum and where it has none."""
    if ".p" in metric:
        stem, _, percent = metric.partition(".p")
        return stem, percent
    return metric.rpartition(".")[0], "100"


def _extreme(values: Floats, times: Floats, percent: str) -> Measured:
    """A percentile; the maximum ("100") is a fact of the run and has no interval of its own."""
    if not len(values):
        return Measured(NOTHING, "nothing was measured")
    if percent == "100":
        longest = float(values.max())
        return Measured(Estimate(longest, longest, longest))
    if not enough(len(values), percent):
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
    for kind in KINDS:
        frame = of.of_kind(kind, phase)
        frame = frame[np.isfinite(frame["response_s"].to_numpy())]
        if not enough(len(frame), percent):
            return Measured(NOTHING, f"{len(frame)} confirmed calls ({kind}) are too few for a p{percent}")
        samples.append((1000 * frame["response_s"].to_numpy(), frame["first_intended"].to_numpy()))
    estimate = ratios_within(samples[:1], samples[1], [percent])[0][percent]
    return Measured(estimate, None if estimate.low is not None else "too short a stretch of time for an interval")


def marked(stem: str, of: Measurements, phase: str | None) -> tuple[Floats, Floats] | str:
    """Visibility lag of events (ms) or drain time of visitors (s), measured in the buckets, and the instant of each.

    A reason where there are none.
    """
    if stem == "drain_s":
        values, times = of.tally.measured("drain/s"), of.tally.measured("drain/intended")
        start, end = of.bounds[phase] if phase else (-np.inf, np.inf)
        mine = (times >= start) & (times < end)
        return values[mine], times[mine]
    batch, values = of.tally.marked("visibility/batch"), of.tally.measured("visibility/ms")
    if not len(values):
        if of.live_error:
            return f"the log could not be looked at to the end of the load: {of.live_error}"
        return "the log was not read while the load went on"
    mine = of.in_phase(phase)[batch]
    return values[mine], of.batches["ack"].to_numpy()[batch][mine]


def _marked(stem: str, of: Measurements, phase: str | None, percent: str) -> Measured:
    found = marked(stem, of, phase)
    return Measured(NOTHING, found) if isinstance(found, str) else _extreme(*found, percent)


def _anomalies(name: str, of: Measurements) -> Measured:
    """A count is exact; of what could not be looked for there is none."""
    if not of.log:
        return Measured(NOTHING, "there is no stored log")
    if name in of.unchecked:
        return Measured(NOTHING, f"{name} could not be looked for")
    count = float(of.system if name == "system" else of.tally.numbers[name])
    return Measured(Estimate(count, count, count))


def shares(metric: str, of: Measurements, phase: str | None) -> tuple[Array, Array, Floats] | str:
    """Of a share: the hits, of how many, and when, one entry a call or batch; a reason where there is none."""
    found = re.fullmatch(r"(batch|ordinary)\.(rejected|indeterminate|error)_share", metric)
    if found:
        calls = of.calls_of(found[1], phase)
        hits: Array = np.isin(calls["outcome"].to_numpy(), OUTCOMES[found[2]])
        return hits, np.ones(len(calls)), calls["intended"].to_numpy()
    if not of.log:
        return "there is no stored log"
    kind, mark = ("batch", "duplicate") if metric == "duplicate_share" else ("ordinary", _mark_of(metric))
    # Sizes bind batches, and of ordinary calls no line has them.
    mine = of.in_phase(phase) & (of.batches["kind"].to_numpy() == KINDS[kind])
    if mark == "ordinary/lost":
        mine &= of.batches["outcome"].to_numpy() == CONFIRMED
    hit = np.bincount(of.tally.marked(mark), minlength=len(of.batches))[mine]
    return hit, of.batches["events"].to_numpy()[mine], of.batches["first_intended"].to_numpy()[mine]


def _share(metric: str, of: Measurements, phase: str | None) -> Measured:
    found = shares(metric, of, phase)
    if isinstance(found, str):
        return Measured(NOTHING, found)
    estimate = share_within(*found)
    if estimate.value is None:
        return Measured(estimate, "nothing was measured")
    return Measured(estimate, None if estimate.low is not None else "too short a stretch of time for an interval")


def _mark_of(metric: str) -> str:
    """`ordinary.lost_share` counts what is marked `ordinary/lost`."""
    return metric.removesuffix("_share").replace(".", "/")


def counted(metric: str, batches: pd.DataFrame) -> Array:
    """What each batch or ordinary call counts in a throughput, once it is confirmed."""
    if metric == "confirmed_batches_per_s":
        mine = batches["kind"].to_numpy() == KINDS["batch"]
        return np.where(mine, 1.0, 0.0)
    events: Array = batches["events"].to_numpy()
    return events


def _throughput(metric: str, of: Measurements, phase: str | None) -> Measured:
    """Events or batches confirmed in a stretch over its length: a phase, or from the first call to the last answer."""
    batches = timed(of.batches, of.warm_up_s)
    ack = batches["ack"].to_numpy()
    known = np.isfinite(ack)
    if not known.any():
        return Measured(NOTHING, "nothing was confirmed")
    first, last = float(batches["first_intended"].min()), float(ack[known].max())
    start, end = of.bounds[phase] if phase else (first, np.nextafter(last, np.inf))
    start = max(start, of.warm_up_s)
    mine = known & (ack >= start) & (ack < end)
    events = counted(metric, batches)[mine]
    return Measured(rate_within(events.astype(np.float64), ack[mine], start, float(end)))
