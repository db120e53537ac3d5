"""What a capacity run tells of the system: how fast it stores at most, and what a call costs before that.

Two ways to serve are tried, and the one is kept whose median service times lie nearest to those of the run's steps:
*group commit* (one writer takes all that waits; a part of a call's fixed cost is paid once a group) and *servers* (as
many calls at once as the peak rate and the unloaded service time make, each with all of its cost).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.forecast.simulation import Client, Service, storm
from inorder.errors import UnusableInput

_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Parts of a call's fixed cost that a group may pay once."""
_CALLS = 600
"""Calls that a step is played with: its median is then known to a few percent."""
_BUSY = 0.8
"""Share of the peak rate above which a step has no steady service time that could be compared."""
_SATURATED = 0.97
"""A step that confirms less than this of what was offered shows what the system can take."""
_FIT_NEAR = 1.5
"""The fit of service time against size is trusted if it gives the lightest step's median within this factor."""
_LONGEST_GROUP = 0.5
"""A group's fixed cost is at most this share of the time a saturated system takes for it: else no rate would be left."""


@dataclass(frozen=True)
class Step:
    """A valid step of the capacity run."""

    offered_per_s: float
    """Batches."""
    service_s: float
    """Median."""


@dataclass(frozen=True)
class Learned:
    """What is known of the system; rates in events a second."""

    peak: tuple[float, float, float]
    """Value, and the ends of its interval (the value where it has none)."""
    saturated: bool
    """Whether any step was beyond what the system takes; if not, the peak is only known to be reached."""
    events_per_batch: float
    fixed_s: float
    """Service time of an unloaded call, whatever its size."""
    per_event_s: float
    """The same for each of its events."""
    most_in_flight: float | None
    """Calls in flight in any step, at most."""
    most_offered: float
    """Events a second that were offered at most."""
    falls_beyond: float | None
    """Events offered a second beyond which the system confirmed less."""
    shape: str = "group commit"
    share: float = 1.0
    """Of `fixed_s` the part that keeps the writer, for group commit."""
    off: float | None = None
    """How far the median service times of the steps lie from the model's, as a mean ratio - 1; None: no step told."""

    def service(self, rate: float) -> Service:
        """The system as a model that stores at most `rate` events a second."""
        if self.shape == "servers":
            return _servers(self, rate)
        in_flight = max(self.most_in_flight or 0.0, 2.0)
        rows = in_flight / 2 * self.events_per_batch  # one half is written while the other gathers
        fixed = min(self.share * self.fixed_s, _LONGEST_GROUP * rows / rate)
        each = 1 / rate - fixed / rows
        return Service(fixed, each, max(0.0, self.fixed_s - fixed), max(0.0, self.per_event_s - each))


def _servers(learned: Learned, rate: float) -> Service:
    calls_per_s = rate / learned.events_per_batch
    unloaded = learned.fixed_s + learned.per_event_s * learned.events_per_batch
    servers = max(1, round(unloaded * calls_per_s))
    kept = min(1.0, servers / calls_per_s / unloaded) if unloaded else 0.0
    slower = max(1.0, servers / calls_per_s / unloaded) if unloaded else 1.0
    if not unloaded:
        return Service(0.0, 1 / rate, together=1)
    return Service(
        kept * slower * learned.fixed_s, kept * slower * learned.per_event_s,
        (1 - kept) * learned.fixed_s, (1 - kept) * learned.per_event_s, together=1, servers=servers,
    )  # fmt: skip


def learn(verdict: Mapping[str, Any], name: str) -> Learned:
    """Learn from verdict.json of a capacity run; raises UnusableInput that names the run as `name`."""
    capacity = verdict.get("capacity")
    if not capacity or not capacity.get("steps"):
        raise UnusableInput(f"{name}: no capacity run: its verdict.json has no steps (inorder run scenarios/capacity.toml)")
    broken = [promise["name"] for promise in verdict.get("promises", ()) if promise.get("verdict") == "broken"]
    if broken:
        raise UnusableInput(f"{name}: no plan from a system that broke a promise ({', '.join(broken)}): mend it first")
    steps = [step for step in capacity["steps"] if step.get("valid")]
    if not steps:
        raise UnusableInput(f"{name}: no plan: the generator, not the system, shaped every one of its steps")
    peak = capacity.get("peak_events_per_s") or {}
    value, each = peak.get("value"), capacity.get("events_per_batch")
    if not value or not each:
        raise UnusableInput(f"{name}: no plan: its steps confirmed no batch")
    low, high = (peak.get(end) or value for end in ("low", "high"))
    fixed_ms, per_event_ms = _unloaded(
        min(steps, key=lambda step: step["offered_per_s"]), capacity.get("size_fit"), value, each
    )
    falls = (capacity.get("falls_beyond") or {}).get("offered_per_s")
    learned = Learned(
        peak=(value, min(low, value), max(high, value)),
        saturated=any(_confirmed(step) < _SATURATED for step in steps),
        events_per_batch=each,
        fixed_s=fixed_ms / 1000,
        per_event_s=per_event_ms / 1000,
        most_in_flight=max((step["in_flight"] for step in steps if step.get("in_flight")), default=None),
        most_offered=max(step["offered_per_s"] for step in steps) * each,
        falls_beyond=None if falls is None else falls * each,
    )
    told = [
        Step(step["offered_per_s"], step["service_p50_ms"] / 1000)
        for step in steps
        if step.get("service_p50_ms") and step["offered_per_s"] * each < _BUSY * value
    ]
    return _nearest(learned, told) if told else learned


def _unloaded(lightest: Mapping[str, Any], fit: Mapping[str, Any] | None, rate: float, each: float) -> tuple[float, float]:
    """What a call costs where nobody waits, milliseconds: fixed, and for each of its events.

    The median of the lightest step, split by the fit against size where that lies near it. A fit that does not was made
    of a step with queues: then an event costs what it costs at the highest rate.
    """
    median = float(lightest.get("service_p50_ms") or 0.0)
    fixed, per_event = (_number((fit or {}).get(name)) for name in ("fixed_ms", "per_event_ms"))
    if fixed is not None and per_event is not None and fixed >= 0 and per_event >= 0:
        if not median:
            return fixed, per_event
        if median / _FIT_NEAR <= fixed + per_event * each <= median * _FIT_NEAR:
            return max(0.0, median - per_event * each), per_event
    return max(0.0, median - 1000 / rate * each), 1000 / rate


def _confirmed(step: Mapping[str, Any]) -> float:
    """Share of what a step offered that was confirmed in its time; all where that is not known."""
    confirmed = step.get("confirmed_per_s")
    return 1.0 if confirmed is None else float(confirmed) / float(step["offered_per_s"])


def _number(value: Any) -> float | None:
    """A number that may stand with an interval or without."""
    found = value.get("value") if isinstance(value, Mapping) else value
    return None if found is None else float(found)


def _nearest(learned: Learned, steps: list[Step]) -> Learned:
    """The way of serving that is nearest to the steps."""
    tried = [replace(way, off=off(way, steps)) for way in _ways(learned)]
    return min(tried, key=lambda way: way.off or 0.0)


def _ways(learned: Learned) -> Iterator[Learned]:
    for share in _SHARES:
        yield replace(learned, share=share)
    yield replace(learned, shape="servers")


def off(learned: Learned, steps: list[Step]) -> float:
    """How far the model's median service times lie from those of the steps: 0.1 is 10 % on the mean."""
    service = learned.service(learned.peak[0])
    distances = []
    for step in steps:
        random = np.random.default_rng(1)  # the same arrivals for all, so that ways are compared and not draws
        back = np.cumsum(random.exponential(1 / step.offered_per_s, _CALLS))
        whole = int(learned.events_per_batch)
        sizes = np.maximum(1, whole + (random.random(_CALLS) < learned.events_per_batch - whole))
        played = storm(back, sizes, Client(int(sizes.max())), service)
        median = float(np.median(played.waits_s[_CALLS // 5 :]))
        distances.append(abs(np.log(max(median, 1e-6) / step.service_s)))
    return float(np.expm1(np.mean(distances)))
