"""Response and service times as samples, and what sums one up: number, exact percentiles, maximum."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Floats
from analysis.intervals import enough, over_repeats, percentile
from analysis.tables import BATCH, ORDINARY

PERCENTS = ("50", "75", "90", "95", "99", "99.9")
KINDS = {"batch": BATCH, "ordinary": ORDINARY}
Sample = tuple[Floats, Floats]
"""Values, and the instant that each belongs to, seconds."""


def summary(values: Floats, percents: tuple[str, ...] = PERCENTS) -> dict[str, float | int | None]:
    """Number, percentiles and maximum; None where there are too few values for it."""
    ordered = np.sort(values)
    found: dict[str, float | int | None] = {"n": len(ordered)}
    for percent in percents:
        found[f"p{percent}"] = percentile(ordered, percent) if enough(len(ordered), percent) else None
    found["max"] = float(ordered[-1]) if len(ordered) else None
    return found


def confirmed(batches: pd.DataFrame, kind: str, column: str = "response_s") -> Sample:
    """(milliseconds, intended instant) of the confirmed batches or ordinary events; `column` in seconds."""
    mine = (batches["kind"].to_numpy() == KINDS[kind]) & np.isfinite(batches[column].to_numpy())
    return 1000 * batches[column].to_numpy()[mine], batches["first_intended"].to_numpy()[mine]


def middle_summary(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Summaries of several repeats as one: counts add up, the maximum is the highest, the rest is the repeats' middle.

    None where a repeat has none: what is left would be of other runs than the rest.
    """
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
            found[name] = over_repeats(known).value if len(known) == len(runs) else None
    return found
