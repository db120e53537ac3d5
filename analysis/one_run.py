"""Judges one run: its buckets one after another, put together; its times; what could not be checked."""

from dataclasses import dataclass
from typing import Any

from analysis import sla, validity
from analysis.buckets import tally_of
from analysis.catalogue import failing
from analysis.evidence import batch_frame, call_frame, open_evidence
from analysis.facts import DOUBTED
from analysis.judgement import RunFrames
from analysis.promises import FURTHER, PROMISES
from analysis.sla.material import Measured, Measurements
from analysis.tally import Tally
from analysis.timing import Timed
from analysis.unsupported import Unsupported, unsupported
from analysis.validity import Validity
from analysis.warm_up import timed, timed_marks
from inorder import locust_times
from inorder.errors import UnusableInput
from inorder.merge import Merged
from inorder.run import RunFolder
from inorder.scenario import Scenario


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
    timing: Timed


def judge_run(folder: RunFolder, jobs: int = 1, dask: str | None = None) -> OneRun:
    """Judge one run folder by `jobs` processes, or on a cluster; evidence that is missing or partial is merged first."""
    evidence = open_evidence(folder, jobs)
    scenario, info, merged = evidence.scenario, evidence.info, evidence.merged
    if not merged.workers and merged.stored is not None and merged.stored.rows:
        # Each stored row would be a phantom, though it is the history that is missing.
        raise UnusableInput(f"{folder.history}: no history: expected a file *.jsonl, for there is a stored log")
    tally = tally_of(evidence, jobs, dask)
    calls = call_frame(evidence.call_table, scenario)
    batches = batch_frame(evidence.batch_table, calls, scenario)
    tally = timed_marks(tally, batches, scenario.warm_up_s)
    timed_calls = timed(calls, scenario.warm_up_s, "intended")
    frames = RunFrames(
        info=info,
        scenario=scenario,
        calls=calls,
        batches=batches,
        extents=dict(sorted(tally.reordering["ordinary"].extents.items())),
        n_reordered=dict(sorted(tally.reordering["ordinary"].n_reordered.items())),
        visibility_ms=tally.measured("visibility/ms"),
    )
    measured = validity.measure(info, merged, timed_calls)
    gaps = unsupported(tally, info, merged)
    of = Measurements(
        timed_calls,
        batches,
        tally,
        merged.stored is not None,
        _bounds(scenario),
        warm_up_s=scenario.warm_up_s,
        live_error=info.live.error if info.live is not None else None,
        **_anomalies(tally, gaps, scenario, merged),
    )
    return OneRun(
        frames=frames,
        tally=tally,
        validity=measured,
        merged=merged,
        invalid=validity.reasons(measured, info, scenario, merged),
        unsupported=gaps,
        objectives=[sla.measure_line(line, of) for line in scenario.sla],
        timing=Timed.of(calls, scenario.warm_up_s, locust_times.read(folder.locust_file)),
    )


def _bounds(scenario: Scenario) -> dict[str, tuple[float, float]]:
    return {name: (start, end) for name, start, end in scenario.phase_bounds()}


def _anomalies(tally: Tally, gaps: list[Unsupported], scenario: Scenario, merged: Merged) -> dict[str, Any]:
    """What a line on anomalies must know: how many are the system's, and which nothing was checked for."""
    bad = failing(scenario.promises)
    system = sum(map(tally.of_system, bad))
    blind = {name for own in gaps if own.wholly for name in own.promises}
    unchecked = {name for promise in (*PROMISES, *FURTHER) if promise.id in blind for name in promise.anomalies}
    unchecked |= {name for name in DOUBTED if tally.numbers[f"{name}/doubted"]}
    if unchecked & bad and not system:
        unchecked.add("system")
    if not merged.earlier:
        unchecked |= {"vanished", "rewritten"}
    return {"system": system, "unchecked": frozenset(unchecked)}
