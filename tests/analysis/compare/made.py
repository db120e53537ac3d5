"""Runs made up to be compared: their times alone, or whole folders as judging leaves them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from analysis import report
from analysis.arrays import Floats
from analysis.compare.sample import RunTimes
from analysis.compare.sketch import Times
from analysis.verdict import judge
from tests.analysis.language import Call, Case, Row
from tests.analysis.material import write

SECONDS = 28.0
"""A run of `material.SCENARIO` takes 30 s; its calls are done by then."""


@dataclass(frozen=True)
class Made:
    """A system and its load: a batch of three events and two ordinary calls a visitor."""

    visitors: int = 1100
    arrivals: int = 1
    """Seed of when visitors come."""
    noise: int = 1
    """Seed of how long each call takes."""
    slower: float = 1.0
    """Factor of all times."""
    slower_batches: float = 1.0
    swapped: int = 0
    """Visitors of whose batch the last two events are stored the wrong way round."""
    lost: int = 0
    """Visitors of whose batch the last event is not stored."""
    rejected: int = 0
    """Visitors, the last ones, whose batch is rejected."""

    def drawn(self) -> tuple[Floats, Floats]:
        """When each call is sent and how long it takes, seconds: a row a visitor, the batch first."""
        first = np.random.default_rng([1, self.arrivals]).uniform(0, SECONDS - 3, self.visitors)
        means = self.slower * np.array([0.020 * self.slower_batches, 0.004, 0.004])
        taking = np.random.default_rng([2, self.noise]).lognormal(0, 0.25, (self.visitors, 3))
        return first[:, None] + np.arange(3), means * taking

    def case(self) -> Case:
        """What was sent and stored."""
        sent, took = self.drawn()
        calls: list[Call] = []
        rows: list[tuple[float, Row]] = []
        for number in range(self.visitors):
            visitor, refused = f"v{number}", number >= self.visitors - self.rejected
            wrong = (0, 2, 1) if number < self.swapped else (0, 1)
            for place, (at, took_s) in enumerate(zip(sent[number].tolist(), took[number].tolist(), strict=True)):
                kind, seqs = ("ordinary", (2 + place,)) if place else ("batch", (0, 1, 2))
                events = tuple((visitor, seq) for seq in seqs)
                outcome = "rejected" if refused and not place else "confirmed"
                calls.append(Call(f"{visitor}-{place}", kind, at, at + took_s, outcome, events))
                spoiled = not place and number < self.swapped + self.lost
                stored = () if outcome == "rejected" else wrong if spoiled else seqs
                rows += [(at + took_s, Row(visitor, visitor, seq)) for seq in stored]
        rows.sort(key=lambda row: row[0])
        return Case(tuple(sorted(calls, key=lambda call: call.sent)), tuple(row for _, row in rows))

    def folder(self, path: Path, sla: str = "", **facts: Any) -> Path:
        """The run folder, judged; `sla`: lines for its scenario, `facts`: of its run.json."""
        folder = write(self.case(), path, sla, **{"run": path.name, "seed": self.arrivals, "sandbox": True} | facts)
        judged_into(path, judge([folder]).verdict)
        return path

    def times(self) -> RunTimes:
        """Its response times alone, of the whole run."""
        sent, took = self.drawn()
        found = {
            (kind, "response"): Times(1000 * took[:, own].ravel(), sent[:, own].ravel())
            for kind, own in (("batch", slice(1)), ("ordinary", slice(1, 3)))
        }
        return RunTimes(f"{self.arrivals}/{self.noise}", (self.arrivals, 1), found)


def judged_into(path: Path, verdict: dict[str, Any]) -> Path:
    """Leave a verdict.json, in a folder that is made where it is not there."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "verdict.json").write_bytes(msgspec.json.encode(report.plain(verdict)))
    return path
