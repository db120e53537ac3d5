"""Judges one run: its buckets one after another, put together; its times; what could not be checked."""

from dataclasses import dataclass

import numpy as np

from analysis import conformance, sla, validity
from analysis.bucket import judge_bucket
from analysis.evidence import Evidence, batch_frame, call_frame, open_evidence
from analysis.facts import Run
from analysis.judgement import RunFrames
from analysis.promises import failing
from analysis.sla import Measured, Measurements
from analysis.tables import Batches
from analysis.tally import Tally, Witness
from analysis.validity import Validity
from inorder.merge import Merged
from inorder.run import RunFolder
from inorder.scenario import Scenario


@dataclass(frozen=True)
class Unsupported:
    """A check that the evidence could not support."""

    sentence: str
    promises: tuple[str, ...] = ()
    """Promises that could not be checked, or not wholly: then the run is inconclusive."""
    wholly: bool = False


@dataclass(frozen=True)
class OneRun:
    """One run, judged."""

    frames: RunFrames
    tally: Tally
    validity: Validity
    merged: Merged
    invalid: list[str]
    """Why it cannot be relied on."""
    unsupported: list[Unsupported]
    objectives: list[Measured]
    """One a line of the scenario's SLA."""


def judge_run(folder: RunFolder) -> OneRun:
    """Judge one run folder; evidence that is missing or partial is merged first."""
    evidence = open_evidence(folder)
    scenario, info, merged = evidence.scenario, evidence.info, evidence.merged
    known = _run_of(evidence)
    tally = Tally()
    for bucket in evidence.buckets():  # each stands for itself: any order, any process gives the same
        tally.add(judge_bucket(bucket, known))
    count_whole(tally, known)
    calls = call_frame(evidence.call_table, scenario)
    batches = batch_frame(evidence.batch_table, calls, scenario)
    frames = RunFrames(
        info=info,
        scenario=scenario,
        calls=calls,
        batches=batches,
        extents=dict(sorted(tally.extents.items())),
        n_reordered=dict(sorted(tally.n_reordered.items())),
        visibility_ms=tally.measured("visibility/ms"),
    )
    measured = validity.measure(info, merged, calls)
    of = Measurements(calls, batches, tally, merged.stored is not None, _bounds(scenario))
    return OneRun(
        frames=frames,
        tally=tally,
        validity=measured,
        merged=merged,
        invalid=validity.reasons(measured, info, scenario, merged),
        unsupported=_unsupported(tally, evidence),
        objectives=[sla.measure(line.metric, line.phase, of) for line in scenario.sla],
    )


def _run_of(evidence: Evidence) -> Run:
    """What the buckets must know of their run."""
    stored = evidence.merged.stored
    done = evidence.calls.done
    last = float(np.nanmax(done)) if np.isfinite(done).any() else -np.inf
    return Run(
        batches=evidence.batches,
        calls=evidence.calls,
        times=conformance.times(evidence.batches, evidence.calls),
        settled=validity.settled(evidence.info),
        ordered=stored is not None and _is_ordered(evidence.merged),
        watched=stored is not None and stored.first_seen_s is not None and stored.first_seen_s < last,
        failing=failing(evidence.scenario.promises),
        lossless=evidence.scenario.promises.ordinary_lossless,
    )


def _is_ordered(merged: Merged) -> bool:
    """Whether the positions are the total order that they must be: each above the one read before."""
    log = merged.stored
    return log is not None and not (log.ties or log.descents or log.missing)


def _bounds(scenario: Scenario) -> dict[str, tuple[float, float]]:
    return {name: (start, end) for name, start, end in scenario.phase_bounds()}


def count_whole(tally: Tally, run: Run) -> None:
    """What is counted in batches or calls: they may have visitors in several buckets, and count once."""
    for name in ("split", "parallel", "unacknowledged"):
        tally.numbers[name] = len(np.unique(tally.marked(name)))
    batch, part = np.unique(tally.marked("torn/batch"), return_inverse=True)
    stored = np.bincount(part, weights=tally.marked("torn/stored"), minlength=len(batch))
    missing = np.bincount(part, weights=tally.marked("torn/missing"), minlength=len(batch))
    torn = batch[(stored > 0) & (missing > 0)]
    tally.numbers["torn" if run.settled else "torn/undecided"] = len(torn)
    if run.settled and len(torn) and not any(witness.anomaly == "torn" for witness in tally.witnesses):
        tally.witnesses.append(_torn_between_visitors(int(torn[0]), int(stored[batch == torn[0]][0]), run.batches))


def _torn_between_visitors(batch: int, stored: int, batches: Batches) -> Witness:
    """The witness of a batch that is whole for each of its visitors, but not for all: no single visitor shows it."""
    name = str(batches.name[batch].as_py())
    events = int(batches.events[batch])
    content = {
        "anomaly": "torn",
        "sentence": f"of batch {name}, which has no certain answer, {stored} of {events} events are stored: those of "
        "some of its visitors are, those of others are not",
        "visitor": "",
        "blame": "nobody",
        "events": [],
        "batches": [],
        "stored": [],
    }
    return Witness("torn", 0, "", content)


_ORDER = ("order-within-batch", "order-across-batches")
_LOG = (*_ORDER, "nothing-lost", "no-duplicates", "nothing-rejected", "no-phantom", "right-visitor", "uncorrupted")


def _unsupported(tally: Tally, evidence: Evidence) -> list[Unsupported]:
    """The checks that could not run, or not wholly, those that leave a promise open first."""
    numbers, merged = tally.numbers, evidence.merged
    log = merged.stored
    found = []
    if log is None:
        why = f" ({merged.stored_error})" if merged.stored_error else ""
        sentence = f"Order, losses, duplicates and whatever else is stored: there is no stored log{why}."
        return [Unsupported(sentence, _LOG, wholly=True)]
    if not _is_ordered(merged):
        counts = [(log.ties, "share a position with the row before"), (log.descents, "stand below the row before")]
        counts.append((log.missing, "have no position"))
        told = ", ".join(f"{count} rows {what}" for count, what in counts if count)
        names = "reordered-in-batch, reordered-across-batches, zombie, split"
        found.append(Unsupported(f"{names}: the positions are no total order, for {told}.", _ORDER, wholly=True))
    if numbers["unread/rows"]:
        sentence = (
            f"lost, duplicate, phantom, order: {numbers['unread/rows']} rows of {numbers['unread/visitors']} visitors "
            f"carry no readable identity; {numbers['unread/events']} missing confirmed events may be among them."
        )
        promises = (*_ORDER, "nothing-lost", "no-duplicates", "nothing-rejected", "no-phantom")
        found.append(Unsupported(sentence, promises))
    bare = numbers["batch/stored"] - numbers["uncorrupted/checked"]
    if bare:
        sentence = f"corrupt: {bare} of {numbers['batch/stored']} stored events have no digest to compare."
        found.append(Unsupported(sentence, ("uncorrupted",), wholly=not numbers["uncorrupted/checked"]))
    if numbers["torn/undecided"]:
        count = numbers["torn/undecided"]
        found.append(Unsupported(f"torn: {count} batches are stored in part so far, and the log had not settled."))
    found.append(Unsupported("vanished, rewritten: the log was read once, so nothing can be seen to vanish from it."))
    return found
