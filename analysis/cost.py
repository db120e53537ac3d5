"""What a confirmed batch costs beside an ordinary call: ratios, over all, by phase and by size; fixed and per event."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Array, Floats
from analysis.blocks import Blocks
from analysis.intervals import NOTHING, Estimate, between, over_repeats, ratios_within
from analysis.repeats import Scale
from analysis.samples import Sample, confirmed, middle_summary, summary
from analysis.tables import BATCH

PERCENTS = ("50", "95", "99")
SIZES = (1, 5, 10, 20, 50, 100)
"""Last sizes of the classes 1, 2 to 5, 6 to 10, …; the class behind them is open."""
_RATIOS = [f"ratio_p{percent}" for percent in PERCENTS]
_FIT_CALLS = 100_000
"""Calls that the fit uses at most, evenly picked: more do not change it, and 200 draws of it take their time."""
_FIT_DRAWS = 200


def costs(batches: pd.DataFrame, alone: bool = True) -> dict[str, Any]:
    """The keys `ratio_p…`, `by_phase`, `by_size` and `size_fit` of `latency_ms` of one run.

    `alone`: with intervals within the run; of repeats only the values are wanted.
    """
    batch, ordinary = confirmed(batches, "batch"), confirmed(batches, "ordinary")
    [ratios] = ratios_within([batch], ordinary, PERCENTS, alone)
    return {
        **_told(ratios),
        "by_phase": by_phase(batches, alone),
        "by_size": by_size(batches, ordinary, alone),
        "size_fit": size_fit(batches, alone),
    }


def by_phase(batches: pd.DataFrame, alone: bool = True) -> list[dict[str, Any]]:
    """Both kinds and their ratios in each phase in which anything was intended, in the order of time."""
    found: list[tuple[float, dict[str, Any]]] = []
    for phase, frame in batches.groupby("phase", sort=False, observed=True):
        batch, ordinary = confirmed(frame, "batch"), confirmed(frame, "ordinary")
        [ratios] = ratios_within([batch], ordinary, PERCENTS, alone)
        row = {"phase": phase, "batch": summary(batch[0], PERCENTS), "ordinary": summary(ordinary[0], PERCENTS)}
        found.append((float(frame["first_intended"].min()), row | _told(ratios)))
    return [row for _, row in sorted(found, key=lambda own: own[0])]


def by_size(batches: pd.DataFrame, ordinary: Sample, alone: bool = True) -> list[dict[str, Any]]:
    """Response time of the batches of each class of sizes, and its ratio to that of the ordinary calls."""
    mine = batches[(batches["kind"].to_numpy() == BATCH) & np.isfinite(batches["response_s"].to_numpy())]
    sizes = mine["events"].to_numpy()
    places = np.searchsorted(SIZES, sizes)
    present = np.unique(places).tolist()
    took, times = confirmed(mine, "batch")
    samples = [(took[places == place], times[places == place]) for place in present]
    rows = []
    for place, sample, ratios in zip(present, samples, ratios_within(samples, ordinary, PERCENTS, alone), strict=True):
        largest = int(sizes[places == place].max())
        first = 1 + (SIZES[place - 1] if place else 0)
        rows.append({"from": first, "to": largest, **summary(sample[0], PERCENTS), **_told(ratios)})
    return rows


def size_fit(batches: pd.DataFrame, alone: bool = True) -> dict[str, Any] | None:
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
    fixed, each = median_line(sizes, took, np.ones(len(sizes)))
    found = {"fixed_ms": Estimate(fixed), "per_event_ms": Estimate(each)}
    if alone and (blocks := Blocks.over(times)).enough(times):
        block = blocks.of(times)
        drawn = np.array([median_line(sizes, took, blocks.weights[draw][block]) for draw in range(_FIT_DRAWS)])
        found = {"fixed_ms": between(fixed, drawn[:, 0]), "per_event_ms": between(each, drawn[:, 1])}
    return {name: estimate.as_json() for name, estimate in found.items()} | {"n": len(sizes)}


def median_line(sizes: Array, took: Floats, weights: Array) -> tuple[float, float]:
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
    """The same of several repeats, with intervals over them; a phase or a class of sizes that not all have is left out."""
    if len(runs) == 1:
        return runs[0]
    found: dict[str, Any] = _over(runs, _RATIOS)
    found["by_phase"] = []
    for rows in _in_all([run["by_phase"] for run in runs], "phase"):
        kinds = {kind: middle_summary([row[kind] for row in rows]) for kind in ("batch", "ordinary")}
        found["by_phase"].append({"phase": rows[0]["phase"], **kinds, **_over(rows, _RATIOS)})
    found["by_size"] = []
    for rows in _in_all([run["by_size"] for run in runs], "from"):
        numbers = middle_summary([{name: row[name] for name in row if name.startswith(("n", "p", "max"))} for row in rows])
        span = {"from": rows[0]["from"], "to": max(row["to"] for row in rows)}
        found["by_size"].append({**span, **numbers, **_over(rows, _RATIOS)})
    fits = [run["size_fit"] for run in runs]
    found["size_fit"] = None
    if all(fits):
        found["size_fit"] = {**_over(fits, ["fixed_ms", "per_event_ms"], "any"), "n": sum(fit["n"] for fit in fits)}
    return found


def _in_all(runs: list[list[dict[str, Any]]], key: str) -> list[list[dict[str, Any]]]:
    """Rows that every repeat has, put together by a key, in the order of the first."""
    named = [{row[key]: row for row in rows} for rows in runs]
    return [[own[name] for own in named] for name in named[0] if all(name in own for own in named)]


def _over(rows: list[dict[str, Any]], names: list[str], scale: Scale = "positive") -> dict[str, Any]:
    """Estimates over the repeats; nothing where a repeat has no value."""
    found = {}
    for name in names:
        known = [row[name]["value"] for row in rows if row[name]["value"] is not None]
        found[name] = (over_repeats(known, scale) if len(known) == len(rows) else NOTHING).as_json()
    return found


def _told(ratios: dict[str, Estimate]) -> dict[str, Any]:
    return {f"ratio_p{percent}": estimate.as_json() for percent, estimate in ratios.items()}
