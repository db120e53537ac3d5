"""How far the load is, and how long it has still to go: for people to watch."""

from collections import deque
from typing import Any

Told = dict[str, Any]
"""What a run says of itself each second: `t` (seconds of its clock), `phase`, `ends` (when the last phase does), and counts
so far: `calls`, `confirmed`, `backlog` (events of all), `drained`, `indeterminate`, `rejected`, `resends`, `lost`."""

_OVER_S = 5.0
"""Rates are taken over the last so many seconds: steady enough to read, and soon true again after a change."""


class Pace:
    """Adds to what a run says of itself how fast it goes: `rate` (calls a second) and `drain_rate` (events a second)."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, int]] = deque()

    def add(self, told: Told) -> Told:
        """The same with the rates, as soon as there are two instants to take them from."""
        now = (told["t"], told.get("calls", 0), told.get("drained", 0))
        self._seen.append(now)
        while len(self._seen) > 2 and now[0] - self._seen[0][0] > _OVER_S:
            self._seen.popleft()
        passed, calls, drained = (new - old for new, old in zip(now, self._seen[0], strict=True))
        if passed > 0:
            told = told | {"rate": calls / passed, "drain_rate": drained / passed}
        return told


def left_s(told: Told) -> float | None:
    """Seconds to the end of the load: the phases, or the backlog at the pace of now, whichever is longer; None: unknown."""
    if told["t"] < 0 or "ends" not in told:
        return None
    phases = float(max(0.0, told["ends"] - told["t"]))
    backlog = told.get("backlog", 0) - told.get("drained", 0)
    if phases > 0 or backlog <= 0:  # those that are to come back in a phase to come cannot be drained before
        return phases
    pace = told.get("drain_rate", 0.0)
    return backlog / pace if pace > 0 else None


def line(told: Told) -> str:
    """What a person wants to know while the load goes on, in a line."""
    backlog = max(0, told.get("backlog", 0) - told.get("drained", 0))
    left = left_s(told)
    parts = [
        f"{max(0.0, told['t']):5.1f} s",
        f"{told['phase']}",
        *([f"about {left:.0f} s left"] if left else []),
        f"{told.get('rate', 0):,.0f} calls/s" if "rate" in told else f"{told.get('calls', 0):,} calls",
        f"{told.get('confirmed', 0):,} events confirmed",
        f"{backlog:,} of the backlog left",
        f"{told.get('indeterminate', 0):,} indeterminate",
    ]
    if told.get("lost"):
        parts.append(f"{told['lost']} workers lost")
    return " · ".join(parts)
