"""What is counted in batches or calls: they may have visitors in several buckets, and count once for the run."""

from collections.abc import Callable

import numpy as np

from analysis.facts import Run
from analysis.tally import Tally, Witness

LookUp = Callable[[int], tuple[str, int]]
"""The name of a batch, by its number in the run, and how many events it has."""


def count_whole(tally: Tally, run: Run, look_up: LookUp) -> None:
    """Count what the buckets marked by its batch or call."""
    for name in ("split", "split/client", "parallel", "unacknowledged"):
        tally.numbers[name] = len(np.unique(tally.marked(name)))
    batch, part = np.unique(tally.marked("torn/batch"), return_inverse=True)
    stored = np.bincount(part, weights=tally.marked("torn/stored"), minlength=len(batch))
    missing = np.bincount(part, weights=tally.marked("torn/missing"), minlength=len(batch))
    torn = np.flatnonzero((stored > 0) & (missing > 0))
    tally.numbers["torn" if run.settled else "torn/undecided"] = len(torn)
    if run.settled and len(torn) and not any(witness.anomaly == "torn" for witness in tally.witnesses):
        name, events = look_up(int(batch[torn[0]]))
        tally.witnesses.append(_torn_between_visitors(name, events, int(stored[torn[0]]), run.blame("torn")))


def _torn_between_visitors(name: str, events: int, stored: int, blame: str) -> Witness:
    """The witness of a batch that is whole for each of its visitors, but not for all: no single visitor shows it."""
    content = {
        "anomaly": "torn",
        "sentence": f"of batch {name}, which has no certain answer, {stored} of {events} events are stored: those of "
        "some of its visitors are, those of others are not",
        "visitor": "",
        "blame": blame,
        "events": [],
        "batches": [],
        "stored": [],
    }
    return Witness("torn", 0, "", content)
