"""Capacity runs made up from a system that is known: what verdict.json would hold of it."""

from typing import Any

import numpy as np

from analysis.forecast.simulation import Client, Service, storm

EVENTS = 14


def step(offered_per_s: float, service: Service, confirmed: float = 1.0) -> dict[str, Any]:
    """A step as the system would show it: `offered_per_s` batches of EVENTS events, come by at random for a while."""
    count = 2000
    back = np.cumsum(np.random.default_rng(5).exponential(1 / offered_per_s, count))
    played = storm(back, np.full(count, EVENTS), Client(EVENTS), service)
    median = float(np.median(played.waits_s))
    return {
        "offered_per_s": offered_per_s,
        "confirmed_per_s": confirmed * offered_per_s,
        "in_flight": offered_per_s * float(played.waits_s.mean()),
        "service_p50_ms": 1000 * median,
        "held": confirmed == 1,
        "valid": True,
    }


def verdict(service: Service, events_per_s: float, **changes: Any) -> dict[str, Any]:
    """verdict.json of a capacity run of a system that stores `events_per_s` at most."""
    batches = events_per_s / EVENTS
    steps = [step(share * batches, service) for share in (0.1, 0.3, 0.6)]
    steps.append(step(0.95 * batches, service) | {"offered_per_s": 1.4 * batches, "held": False})
    steps[-1]["in_flight"] = 600.0
    capacity: dict[str, Any] = {
        "steps": steps,
        "events_per_batch": EVENTS,
        "peak_events_per_s": {"value": events_per_s, "low": 0.98 * events_per_s, "high": 1.02 * events_per_s},
        "size_fit": {
            "fixed_ms": {"value": 1000 * (service.fixed_s + service.transit_s), "low": None, "high": None},
            "per_event_ms": {"value": 1000 * (service.per_event_s + service.transit_event_s), "low": None, "high": None},
        },
        "falls_beyond": None,
    }
    return {"verdict": "pass", "promises": [], "capacity": capacity | changes}
