"""Whether the schedule was kept, what a warm-up left out, and what Locust's own statistics say: the key `timing`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Floats, Ints
from analysis.intervals import percentile
from analysis.tables import BATCH, ORDINARY
from analysis.warm_up import timed
from inorder.locust_times import LocustTimes

LATE_MS = 1.0
"""A call that leaves more than this after its intended instant started late.

An order above what a free generator takes to wake and send (0.1 ms), and below what anybody would notice as a wait."""
_KINDS = {"batch": BATCH, "ordinary": ORDINARY}
_PERCENTS = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Timed:
    """What one run has to say of its own timing."""

    kind: Ints
    """Of each call that times are taken from."""
    late_ms: Floats
    """sent − intended of each of them: waiting for a connection, or for the visitor's own call before, counts."""
    left_out: dict[str, int]
    """Calls of the warm-up, by kind."""
    locust: LocustTimes | None
    """None: the load was not made by Locust, or it was cut off."""

    @classmethod
    def of(cls, calls: pd.DataFrame, warm_up_s: float, locust: LocustTimes | None) -> "Timed":
        """From all calls of a run (`kind`, `intended`, `sent`)."""
        of = timed(calls, warm_up_s, "intended")
        kind, intended, sent = (of[name].to_numpy() for name in ("kind", "intended", "sent"))
        all_kinds = calls["kind"].to_numpy()
        left_out = {name: int((all_kinds == code).sum() - (kind == code).sum()) for name, code in _KINDS.items()}
        return cls(kind, 1000 * (sent - intended), left_out, locust)


def document(runs: Sequence[Timed], warm_up_s: float) -> dict[str, Any]:
    """The key `timing` of one run, or of repeats: their calls together, of Locust's percentiles the means."""
    kind, late_ms = (np.concatenate([getattr(run, name) for run in runs]) for name in ("kind", "late_ms"))
    return {
        "warm_up_s": warm_up_s,
        "left_out": {name: sum(run.left_out[name] for run in runs) for name in _KINDS},
        "schedule": {name: lateness(late_ms[kind == code]) for name, code in _KINDS.items()},
        "locust": _locust([run.locust for run in runs if run.locust is not None]),
    }


def lateness(late_ms: Floats) -> dict[str, float | int | None]:
    """The share of calls that started late, and by how much: percentiles of the late ones; None where none is."""
    late = np.sort(late_ms[late_ms > LATE_MS])
    return {
        "n": len(late_ms),
        "late_share": len(late) / len(late_ms) if len(late_ms) else None,
        "late_ms_p50": percentile(late, "50") if len(late) else None,
        "late_ms_p99": percentile(late, "99") if len(late) else None,
        "late_ms_max": float(late[-1]) if len(late) else None,
    }


def _locust(runs: list[LocustTimes]) -> dict[str, Any] | None:
    """Locust's own statistics by kind; None where no run has any."""
    found: dict[str, Any] = {}
    for name in _KINDS:
        own = [times for run in runs if (times := getattr(run, name)) is not None]
        found[name] = (
            {
                "n": sum(times.n for times in own),
                **{percent: float(np.mean([getattr(times, percent) for times in own])) for percent in _PERCENTS},
                "max": max(times.max for times in own),
            }
            if own
            else None
        )
    return found if any(found.values()) else None
