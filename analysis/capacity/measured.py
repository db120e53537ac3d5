"""One step of a capacity run in numbers: what was offered, what was confirmed, how many calls were in flight."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Array, Floats
from analysis.intervals import percentile
from analysis.judgement import RunFrames
from analysis.tables import BATCH

BINS = 20
"""Equal stretches of a step's measured time: to see whether it confirmed less than another."""
_MEASURED = "measured"


@dataclass(frozen=True)
class Step:
    """One step; rates are of batches, a second, and of the events in them."""

    number: int
    """The folder of its run: steps/NUMBER."""
    target_per_s: float
    """The rate that was asked for; steps of one rate were repeated."""
    offered_per_s: float
    """As planned: what its visitors have to send, over its length."""
    offered_events_per_s: float
    confirmed_per_s: float
    """Over the measured time, as the next ones."""
    confirmed_events_per_s: float
    in_flight: float
    """Mean number of batch calls between sending and answer."""
    p50_ms: float | None
    """Response time of the batches that were due in the measured time; None: so many were never confirmed."""
    p95_ms: float | None
    p99_ms: float | None
    service_p50_ms: float | None
    held: bool | None
    """Whether each line of the SLA was met; None: that was not decided."""
    invalid: tuple[str, ...]
    """Why the generator, and not the system, may have shaped it; empty: it is valid."""
    missed: tuple[str, ...]
    """Names of the objectives that were not met, or (held is None) not decided."""
    bins: Floats
    """Events confirmed a second in each of the bins."""
    generator: bool = False
    """Whether the generator was beyond one of its limits."""
    cut: bool = False
    """Whether it was interrupted before its end."""

    @property
    def valid(self) -> bool:
        """Whether the step says something about the system."""
        return not self.invalid

    @property
    def keeps_up(self) -> bool:
        """Whether nearly all that was offered was confirmed in the same time."""
        return self.confirmed_per_s >= 0.95 * self.offered_per_s

    def as_json(self) -> dict[str, Any]:
        """As in verdict.json: `capacity.steps`."""
        names = (
            "offered_per_s offered_events_per_s confirmed_per_s confirmed_events_per_s in_flight p50_ms p95_ms p99_ms "
            "service_p50_ms"
        ).split()
        return {name: getattr(self, name) for name in names} | {
            "held": self.held if self.valid else None,
            "valid": self.valid,
            "missed": list(self.missed),
            "why": self.why,
            "run": f"steps/{self.number}",
        }

    @property
    def why(self) -> str:
        """Why it counts as it does, in a sentence."""
        if self.invalid:
            return self.invalid[0]
        if self.held:
            return "Each objective was met."
        # Where it is told, "not decided" stands before it.
        return f"{'' if self.held is None else 'Missed: '}{', '.join(self.missed)}."


def measure(frames: RunFrames, lines: list[dict[str, Any]], invalid: list[str]) -> Step:
    """Measure a step. `lines`: the key `sla` of its verdict; `invalid`: why it says nothing about the system."""
    offered = frames.scenario.step
    assert offered is not None
    start, end = next((start, end) for name, start, end in frames.scenario.phase_bounds() if name == _MEASURED)
    batches = frames.batches[frames.batches["kind"].to_numpy() == BATCH]
    ack = batches["ack"].to_numpy(float)
    events = batches["events"].to_numpy(float)
    inside = (ack >= start) & (ack < end)
    bins = np.histogram(ack[inside], BINS, (start, end), weights=events[inside])[0] * BINS / (end - start)
    due = batches[(batches["phase"] == _MEASURED).to_numpy()]
    response, service = due["response_s"].to_numpy(float), due["service_s"].to_numpy(float)
    verdicts = {line["verdict"] for line in lines}
    held = False if "fail" in verdicts else None if "inconclusive" in verdicts else True
    not_met = "fail" if held is False else "inconclusive"
    return Step(
        number=offered.number,
        target_per_s=offered.target_per_s,
        offered_per_s=offered.offered_per_s,
        offered_events_per_s=offered.offered_events_per_s,
        confirmed_per_s=float(inside.sum()) / (end - start),
        confirmed_events_per_s=float(events[inside].sum()) / (end - start),
        in_flight=in_flight(frames.calls, start, end),
        p50_ms=_ms(response, "50"),
        p95_ms=_ms(response, "95"),
        p99_ms=_ms(response, "99"),
        service_p50_ms=_ms(service[np.isfinite(service)], "50"),
        held=held,
        invalid=tuple(invalid),
        missed=tuple(str(line["name"]) for line in lines if line["verdict"] == not_met),
        bins=np.asarray(bins, np.float64),
    )


def in_flight(calls: pd.DataFrame, start: float, end: float) -> float:
    """Mean number of batch calls in flight between two instants, seconds; one without an answer stays to the end."""
    mine = calls[calls["kind"].to_numpy() == BATCH]
    sent, done = mine["sent"].to_numpy(float), mine["done"].to_numpy(float)
    done = np.where(np.isfinite(done), done, np.inf)
    return float(np.clip(np.minimum(done, end) - np.maximum(sent, start), 0, None).sum()) / (end - start)


def _ms(seconds: Array, percent: str) -> float | None:
    """A percentile in milliseconds; what was never confirmed is longer than all the rest."""
    if not len(seconds):
        return None
    value = 1000 * percentile(np.sort(seconds), percent)
    return value if np.isfinite(value) else None
