"""Made-up parts of a verdict that tell of times: by phase, by batch size, of the schedule and by Locust itself."""

from typing import Any

import numpy as np
import pandas as pd

LEVELS = {"p50": 50, "p95": 95, "p99": 99, "max": 100}


def times(seconds: "pd.Series[float]") -> dict[str, Any]:
    """Percentiles of some seconds, in milliseconds; null where there is none."""
    finite = 1000 * seconds[np.isfinite(seconds)].to_numpy()
    found = {name: float(np.percentile(finite, level)) if len(finite) else None for name, level in LEVELS.items()}
    return {"n": len(finite), **found}


def ratios(batch: dict[str, Any], ordinary: dict[str, Any]) -> dict[str, Any]:
    """The ratio of each level, with an interval; null where either is not known."""
    found: dict[str, Any] = {}
    for level in ("p50", "p95", "p99"):
        known = batch[level] is not None and ordinary[level] is not None
        value = batch[level] / ordinary[level] if known else None
        ends = {"low": 0.94 * value, "high": 1.07 * value} if value else {"low": None, "high": None}
        found[f"ratio_{level}"] = {"value": value, **ends}
    return found


def by_phase(batches: pd.DataFrame) -> list[dict[str, Any]]:
    """The key `latency_ms.by_phase`."""
    found = []
    for phase in batches["phase"].unique():
        mine = batches[batches["phase"] == phase]
        batch, ordinary = (times(mine.loc[mine["kind"] == kind, "response_s"]) for kind in (0, 1))
        found.append({"phase": phase, "batch": batch, "ordinary": ordinary, **ratios(batch, ordinary)})
    return found


def by_size(
    batches: pd.DataFrame, edges: tuple[tuple[int, int], ...] = ((1, 5), (6, 19), (20, 20))
) -> list[dict[str, Any]]:
    """The key `latency_ms.by_size`."""
    ordinary = times(batches.loc[batches["kind"] == 1, "response_s"])
    found = []
    for first, last in edges:
        mine = batches[(batches["kind"] == 0) & batches["events"].between(first, last)]
        batch = times(mine["response_s"])
        found.append({"from": first, "to": last, **batch, **ratios(batch, ordinary)})
    return found


def timing(batches: pd.DataFrame, warm_up_s: float = 0.0) -> dict[str, Any]:
    """The key `timing`: a schedule that was nearly kept, and what Locust would say, which counts from the send."""
    late = {"late_share": 0.004, "late_ms_p50": 3.2, "late_ms_p99": 12.0, "late_ms_max": 41.0}
    kinds = {name: batches[batches["kind"] == kind] for kind, name in enumerate(("batch", "ordinary"))}
    return {
        "warm_up_s": warm_up_s,
        "left_out": {"batch": 120 if warm_up_s else 0, "ordinary": 700 if warm_up_s else 0},
        "schedule": {name: {"n": len(mine), **late} for name, mine in kinds.items()},
        "locust": {name: times(mine["service_s"]) if len(mine) else None for name, mine in kinds.items()},
    }
