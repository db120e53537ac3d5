"""The storm as a fluid: dQ/dt = λ(t) − μ while there is a backlog, λ spread evenly over the window.

All that matters of visitors is how many events they bring: no batch waits for the one before it. So it is about the
least that a storm can take, exact for one that is limited by what the system stores a second.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fluid:
    """What becomes of a storm of so many events; times in seconds from its start."""

    drain_s: float
    """When the last event is stored: the window's end where the system keeps up, else events / rate."""
    worst_wait_s: float
    """Of an event that comes in at the worst moment, which is the window's end."""
    peak_events: float
    """Events that wait at that moment."""


def fluid(events: float, within_s: float, per_s: float) -> Fluid:
    """`events` that come in evenly within `within_s` (0: all at once), stored at `per_s` a second (> 0)."""
    peak = max(0.0, events - per_s * within_s)
    return Fluid(max(within_s, events / per_s), peak / per_s, peak)
