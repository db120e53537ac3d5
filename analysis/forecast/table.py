"""The plan: visitors by minutes offline, each cell a forecast, and what must be said of them; the content of plan.json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analysis.forecast.backlogs import Sessions
from analysis.forecast.learning import Learned
from analysis.forecast.planning import Forecast, Storm, beyond, forecast
from analysis.forecast.simulation import Client
from analysis.intervals import Estimate

_AROUND = 3.0
"""The heatmap reaches so many times below the smallest value asked for, and above the largest."""
_GRID = (11, 9)
"""Points of the heatmap: visitors, minutes."""
_ROUGH = 0.25
"""Above this distance from the steps' service times a short wait is not known well, which is said."""
_UNITS = "drain_s worst_wait_s wait_p95_s worst_call_s events in_flight".split()


@dataclass(frozen=True)
class Asked:
    """What `inorder plan` was asked for."""

    visitors: Sequence[int]
    offline_min: Sequence[float]
    within_s: float
    client: Client
    queue_limit: int | None
    limit_s: float
    """How long the visitor who waits longest may wait."""

    def storm(self, visitors: int, offline_min: float) -> Storm:
        """The storm of one cell."""
        return Storm(visitors, offline_min, self.within_s, self.client, self.queue_limit)


def document(learned: Learned, sessions: Sessions, asked: Asked, run: str, behaviour: str) -> dict[str, Any]:
    """The content of plan.json; `run`: name of the capacity run, `behaviour`: where the sessions come from.

    Times in seconds, rates in events a second; what has an interval is {"value", "low", "high"}.
    """
    cells = []
    for offline_min in asked.offline_min:
        for visitors in asked.visitors:
            storm = asked.storm(visitors, offline_min)
            told = forecast(learned, sessions, storm)
            cells.append(_cell(storm, told, asked.limit_s, beyond(learned, storm, told)))
    value, low, high = learned.peak
    return {
        "format": 1,
        "capacity_run": run,
        "peak_events_per_s": {"value": value, "low": low, "high": high},
        "learned": asdict(learned) | {"peak": list(learned.peak)},
        "behaviour": behaviour,
        "within_s": asked.within_s,
        "batch_size": asked.client.batch_size,
        "connections": asked.client.connections,
        "queue_limit": asked.queue_limit,
        "limit_s": asked.limit_s,
        "cells": cells,
        "heatmap": _heatmap(learned, sessions, asked),
        "notes": notes(learned),
    }


def _cell(storm: Storm, told: Forecast, limit_s: float, beyond: dict[str, float]) -> dict[str, Any]:
    estimates: Mapping[str, Estimate] = {name: getattr(told, name) for name in _UNITS}
    return {
        "visitors": storm.visitors,
        "offline_min": storm.offline_min,
        **{name: estimate.as_json() for name, estimate in estimates.items()},
        "fluid": asdict(told.fluid),
        "over": _over(told.worst_wait_s, limit_s),
        "beyond": beyond,
    }


def _over(wait: Estimate, limit_s: float) -> bool | None:
    """Whether the wait is over the limit; None: the limit lies inside its interval."""
    if (wait.low or 0.0) > limit_s:
        return True
    return False if (wait.high or 0.0) <= limit_s else None


def notes(learned: Learned) -> list[str]:
    """What must be known of every cell, in sentences."""
    found = []
    if not learned.saturated:
        found.append(
            f"No step of the capacity run was beyond what the system takes, so it takes at least "
            f"{learned.peak[0]:,.0f} events/s: storms may drain sooner than is said here."
        )
    if learned.off is None:
        found.append("No step was light enough to tell what a call costs where nobody waits: short waits are a guess.")
    elif learned.off > _ROUGH:
        found.append(
            f"In the steps of the capacity run the model's median service times are {100 * learned.off:.0f} % off: "
            "waits that are short are known no better than that."
        )
    return found


def _heatmap(learned: Learned, sessions: Sessions, asked: Asked) -> dict[str, Any]:
    """The worst wait around what was asked for, one draw a point: {"visitors", "offline_min", "worst_wait_s" by minute}."""
    across = np.geomspace(max(1, min(asked.visitors) / _AROUND), max(asked.visitors) * _AROUND, _GRID[0]).round()
    least, most = max(0.5, min(asked.offline_min)), max(0.5, *asked.offline_min)
    up = np.geomspace(least / _AROUND, most * _AROUND, _GRID[1])
    waits = [
        [forecast(learned, sessions, asked.storm(int(x), float(y)), draws=1).worst_wait_s.value for x in across] for y in up
    ]
    return {"visitors": across.tolist(), "offline_min": up.tolist(), "worst_wait_s": waits}
