"""How long confirmation takes: exact percentiles of response and service time, ratios, and the fit against batch size.

Response time of a batch = ack - first_intended: waiting for a connection, re-sends and backing off all count.
Service time = done - sent of the call that confirmed it.
"""

from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Array, Floats
from analysis.blocks import Blocks
from analysis.intervals import (
    NOTHING,
    Estimate,
    between,
    over_repeats,
    percentile,
    ratio_within,
)
from analysis.tables import BATCH, ORDINARY

PERCENTS = ("50", "75", "90", "95", "99", "99.9")
RATIOS = ["50", "95"]
KINDS = {"batch": BATCH, "ordinary": ORDINARY}
_FIT_CALLS = 100_000
"""Calls that the fit uses at most, evenly picked: more do not change it, and 200 draws of it take their time."""
_FIT_DRAWS = 200


def summary(values: Floats, percents: tuple[str, ...] = PERCENTS) -> dict[str, float | int | None]:
    """Number, percentiles and maximum; None where there is no value."""
    ordered = np.sort(values)
    found: dict[str, float | int | None] = {"n": len(ordered)}
    for percent in percents:
        found[f"p{percent}"] = percentile(ordered, percent) if len(ordered) else None
    found["max"] = float(ordered[-1]) if len(ordered) else None
    return found


def confirmed(batches: pd.DataFrame, kind: str, column: str) -> tuple[Floats, Floats]:
    """(milliseconds, intended instant) of the confirmed batches or ordinary events; `column` in seconds."""
    mine = (batches["kind"].to_numpy() == KINDS[kind]) & np.isfinite(batches[column].to_numpy())
    return 1000 * batches[column].to_numpy()[mine], batches["first_intended"].to_numpy()[mine]


def latencies(batches: pd.DataFrame) -> dict[str, Any]:
    """The key `latency_ms` of one run."""
    found: dict[str, Any] = {}
    for kind, code in KINDS.items():
        response, _ = confirmed(batches, kind, "response_s")
        service, _ = confirmed(batches, kind, "service_s")
        found[kind] = {
            **summary(response),
            "service": summary(service),
            "unconfirmed": int((batches["kind"].to_numpy() == code).sum()) - len(response),
        }
    ratios = ratio_within(confirmed(batches, "batch", "response_s"), confirmed(batches, "ordinary", "response_s"), RATIOS)
    for percent, estimate in ratios.items():
        found[f"ratio_p{percent}"] = estimate.as_json()
    found["size_fit"] = size_fit(batches)
    return found


def size_fit(batches: pd.DataFrame) -> dict[str, Any] | None:
    """Service time = fixed + per event * events: least squares on the medians of each size, weighted by their calls.

    Medians, for the tail of the service time is queueing and not size. Needs two sizes; None otherwise.
    """
    mine = (batches["kind"].to_numpy() == BATCH) & np.isfinite(batches["service_s"].to_numpy())
    places = np.flatnonzero(mine)
    places = places[:: -(-len(places) // _FIT_CALLS) or 1]
    sizes, took = batches["events"].to_numpy()[places], 1000 * batches["service_s"].to_numpy()[places]
    times = batches["first_intended"].to_numpy()[places]
    order = np.lexsort((took, sizes))
    sizes, took, times = sizes[order], took[order], times[order]
    if len(np.unique(sizes)) < 2:
        return None
    fixed, each = _line(sizes, took, np.ones(len(sizes)))
    found = {"fixed_ms": Estimate(fixed), "per_event_ms": Estimate(each)}
    blocks = Blocks.over(times)
    if blocks.enough(times):
        block = blocks.of(times)
        drawn = np.array([_line(sizes, took, blocks.weights[draw][block]) for draw in range(_FIT_DRAWS)])
        found = {"fixed_ms": between(fixed, drawn[:, 0]), "per_event_ms": between(each, drawn[:, 1])}
    return {name: estimate.as_json() for name, estimate in found.items()} | {"n": len(sizes)}


def _line(sizes: Array, took: Floats, weights: Array) -> tuple[float, float]:
    """Intercept and slope through the weighted medians; `sizes` sorted, `took` sorted within each size."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(sizes) != 0]))
    reached = np.cumsum(weights, dtype=np.float64)
    before = np.concatenate([[0.0], reached])[starts]
    total = np.concatenate([before[1:], reached[-1:]]) - before
    some = total > 0
    if not some.any():  # blocks without a call were drawn
        return float("nan"), float("nan")
    median = took[np.searchsorted(reached, (before + total / 2)[some], side="left")]
    size, weight = sizes[starts][some].astype(np.float64), total[some]
    center = float(np.average(size, weights=weight))
    spread = float(np.sum(weight * (size - center) ** 2))
    if not spread:
        return float("nan"), float("nan")
    slope = float(np.sum(weight * (size - center) * median)) / spread
    return float(np.average(median, weights=weight)) - slope * center, slope


def combine(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """`latency_ms` of several repeats: means of their values, with intervals over the repeats; counts add up."""
    if len(runs) == 1:
        return runs[0]
    found: dict[str, Any] = {}
    for kind in KINDS:
        own = [run[kind] for run in runs]
        found[kind] = {
            **mean_summary(own),
            "service": mean_summary([run["service"] for run in own]),
            "unconfirmed": sum(run["unconfirmed"] for run in own),
        }
    for name in (f"ratio_p{percent}" for percent in RATIOS):
        found[name] = _over([run[name]["value"] for run in runs]).as_json()
    fits = [run["size_fit"] for run in runs if run["size_fit"]]
    found["size_fit"] = (
        {
            **{name: _over([fit[name]["value"] for fit in fits]).as_json() for name in ("fixed_ms", "per_event_ms")},
            "n": sum(fit["n"] for fit in fits),
        }
        if fits
        else None
    )
    return found


def _over(values: list[float | None]) -> Estimate:
    known = [value for value in values if value is not None]
    return over_repeats(known) if known else NOTHING


def mean_summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Summaries of several repeats as one: counts add up, the maximum is the highest, the rest are means."""
    found: dict[str, Any] = {}
    for name in runs[0]:
        if isinstance(runs[0][name], dict):
            continue
        known = [run[name] for run in runs if run[name] is not None]
        if name in ("n", "undrained", "unconfirmed"):
            found[name] = sum(known)
        elif name == "max":
            found[name] = max(known, default=None)
        else:
            found[name] = float(np.mean(known)) if known else None
    return found
