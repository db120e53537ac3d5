"""What the metrics are taken from, and what one of them comes to."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.arrays import Bools
from analysis.intervals import Estimate
from analysis.tables import BATCH, ORDINARY
from analysis.tally import Tally
from analysis.warm_up import timed

KINDS = {"batch": BATCH, "ordinary": ORDINARY}
Sizes = tuple[int, int]


@dataclass(frozen=True)
class Slices:
    """The slices of time of one run in which a metric was taken."""

    length_s: float
    of: int
    """Whole slices that held enough calls for the metric."""
    held: int
    """Those in which it was within its limit."""
    share: Estimate


@dataclass(frozen=True)
class Measured:
    """A metric of one run."""

    estimate: Estimate
    reason: str | None = None
    """Why there is no value, or why it decides nothing."""
    worst: float | None = None
    """The value if every call without a certain answer had never been answered at all; None: the same."""
    slices: Slices | None = None
    """Of a line that is judged by them."""


@dataclass(frozen=True)
class Measurements:
    """What the metrics are taken from."""

    calls: pd.DataFrame
    """Those that are timed: without the warm-up."""
    batches: pd.DataFrame
    """All of them, for the tally's marks name their rows."""
    tally: Tally
    log: bool
    """Whether there is a stored log."""
    bounds: dict[str, tuple[float, float]]
    """Phase to (start, end), seconds."""
    warm_up_s: float = 0.0
    sizes: Sizes | None = None
    """Only batches of so many events, both ends included."""
    unchecked: frozenset[str] = frozenset()
    """Anomalies that nothing could be checked for."""
    system: int = 0
    """Anomalies that fail the run and are the system's."""
    live_error: str | None = None
    """Why the log could not be read to the end of the load."""

    def of_kind(self, kind: str, phase: str | None) -> pd.DataFrame:
        """The batches, or the ordinary events, of a phase; sizes bind batches only."""
        mine = self.batches["kind"].to_numpy() == KINDS[kind]
        if kind == "batch":
            mine &= self.sized()
        return of_phase(timed(self.batches[mine], self.warm_up_s), phase)

    def calls_of(self, kind: str, phase: str | None) -> pd.DataFrame:
        """The calls of a kind that were intended in a phase, those of batches of the sizes only."""
        mine = self.calls["kind"].to_numpy() == KINDS[kind]
        if kind == "batch" and self.sizes is not None:
            mine = mine & self.sized()[self.calls["batch"].to_numpy()]
        return of_phase(self.calls[mine], phase)

    def sized(self) -> Bools:
        """The batches (rows of `batches`) of the sizes."""
        if self.sizes is None:
            return np.ones(len(self.batches), bool)
        events = self.batches["events"].to_numpy()
        found: Bools = (
            (events >= self.sizes[0]) & (events <= self.sizes[1]) & (self.batches["kind"].to_numpy() == KINDS["batch"])
        )
        return found

    def in_phase(self, phase: str | None) -> Bools:
        """The batches (rows of `batches`) of a phase and of the sizes."""
        return self.sized() if phase is None else self.sized() & (self.batches["phase"] == phase).to_numpy()


def of_phase(frame: pd.DataFrame, phase: str | None) -> pd.DataFrame:
    """The rows of a phase."""
    return frame if phase is None else frame[(frame["phase"] == phase).to_numpy()]
