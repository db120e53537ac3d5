"""From one run, or the repeats of one scenario, to the verdict: fail outranks inconclusive, which outranks pass."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis import active, cost, latency, promises, reasons, sla, timing, validity
from analysis.arrays import Floats
from analysis.catalogue import ANOMALIES, failing
from analysis.judgement import Judgement
from analysis.measures.reordering import as_json
from analysis.one_run import OneRun, judge_run
from analysis.samples import middle_summary, summary
from analysis.tables import BATCH, ORDINARY, OUTCOMES
from analysis.tally import Tally
from inorder.errors import UnusableInput
from inorder.run import RunFolder, RunInfo
from inorder.scenario import Scenario


def judge(folders: Sequence[RunFolder], jobs: int = 1, dask: str | None = None) -> Judgement:
    """Judge one run folder, or several that hold repeats of one scenario, by `jobs` processes or on a Dask cluster."""
    if not folders:
        raise UnusableInput("nothing to judge: expected at least one run folder")
    runs = [judge_run(folder, jobs, dask) for folder in folders]
    names = {run.frames.info.scenario for run in runs}
    if len(names) > 1:
        raise UnusableInput(f"{folders[0].path}: expected repeats of one scenario, got runs of {', '.join(sorted(names))}")
    return Judgement(document(runs), [run.frames for run in runs])


def document(runs: list[OneRun]) -> dict[str, Any]:
    """The content of verdict.json."""
    scenario, infos = runs[0].frames.scenario, [run.frames.info for run in runs]
    tally = together(runs)
    interval = "within this run" if len(runs) == 1 else f"{len(runs)} repeats"
    bad = failing(scenario.promises)
    anomalies = {name: tally.numbers[name] for name in ANOMALIES}
    paced = next(filter(None, (validity.paced(run.merged) for run in runs)), None)
    stops = {info.stopped.line: info.stopped.sentence for info in reversed(infos) if info.stopped is not None}
    lines = [
        sla.judge_line(line, [run.objectives[number] for run in runs], interval, stops.get(number), paced)
        for number, line in enumerate(scenario.sla)
    ]
    failed = reasons.failures(tally, bad, scenario, lines)
    doubted = reasons.doubts(runs, tally, bad, lines)
    wrong = active.faults(infos)
    times = [latency.latencies(run.frames.timed) for run in runs]
    against = [cost.costs(run.frames.timed, alone=len(runs) == 1) for run in runs]
    return {
        "format": 1,
        "verdict": "fail" if failed else "inconclusive" if doubted else "pass",
        "reasons": failed + doubted,
        "scenario": scenario.name,
        "run": ", ".join(info.run for info in infos),
        "question": scenario.question,
        "runs": len(runs),
        "interval": interval,
        "anomalies": anomalies,
        "blame": {
            "system": sum(map(tally.of_system, bad)),
            "client": sum(tally.numbers[f"{name}/client"] for name in bad) + tally.numbers["disorder"],
        },
        "breaches": {name: tally.numbers[name] for name in ("parallel", "unacknowledged")},
        "client_disorder": {"events": tally.numbers["disorder"], "visitors": tally.numbers["disorder/visitors"]},
        "client": {"out_of_sequence": tally.numbers["out-of-sequence"], "never_sent": tally.numbers["never-sent"]},
        "events": _events(tally),
        "visitors": {"total": tally.numbers["visitors"], "affected": tally.numbers["affected"]},
        "promises": promises.lines(tally, bad, _open(runs, tally), _unchecked(runs)),
        "ordinary": _ordinary(tally, scenario),
        "delivery": _delivery(runs, tally),
        "readings": min(len(run.merged.earlier) + (run.merged.stored is not None) for run in runs),
        "latency_ms": latency.combine(times) | cost.combine(against),
        "timing": timing.document([run.timing for run in runs], scenario.warm_up_s),
        "calls": _calls(runs),
        "resends": _resends(runs),
        "gave_up": sum(run.validity.gave_up for run in runs),
        "unsent": sum(run.validity.unsent for run in runs),
        "drain_s": _summary(runs, "drain/s", ("50", "95")) | {"undrained": tally.numbers["undrained"]},
        "visibility_ms": _visibility(runs),
        "phases": [{"name": name, "start": start, "end": end} for name, start, end in scenario.phase_bounds()],
        "reordering": as_json(tally.reordering["ordinary"]),
        "batch_reordering": as_json(tally.reordering["batch"]),
        "sla": lines,
        "stopped": _stopped(infos),
        "validity": _validity(runs),
        "unsupported": reasons.told([[own.sentence for own in run.unsupported] for run in runs]),
        "faults": wrong,
        "witnesses": [active.told(own, wrong) for own in _witnesses(tally)],
    }


def _stopped(infos: list[RunInfo]) -> dict[str, Any] | None:
    """Why the load was ended early: of repeats the first that was."""
    found = next((info.stopped for info in infos if info.stopped is not None), None)
    return None if found is None else {"name": found.name, "at_s": found.at_s, "sentence": found.sentence}


def together(runs: list[OneRun]) -> Tally:
    """Counts and witnesses of all runs; marks stay with their run, for they hold its batch numbers."""
    tally = Tally()
    for run in runs:
        tally.add(replace(run.tally, marks={}))
    return tally


def _open(runs: list[OneRun], tally: Tally) -> dict[str, bool]:
    """Promises that something beside the anomalies leaves open."""
    found = {promise: True for run in runs for own in run.unsupported for promise in own.promises}
    if tally.numbers["parallel"] or tally.numbers["unacknowledged"]:
        found["order-across-batches"] = True
    return found


def _unchecked(runs: list[OneRun]) -> frozenset[str]:
    """Promises that no run could check at all."""
    each = [{name for own in run.unsupported if own.wholly for name in own.promises} for run in runs]
    return frozenset(set.intersection(*each))


def _events(tally: Tally) -> dict[str, Any]:
    numbers = tally.numbers
    kinds: dict[str, Any] = {
        kind: {name: numbers[f"{kind}/{name}"] for name in ("sent", "confirmed", "stored")}
        for kind in ("batch", "ordinary")
    }
    both = {name: kinds["batch"][name] + kinds["ordinary"][name] for name in ("sent", "confirmed")}
    return {**both, "stored": numbers["rows"], **kinds}


def _ordinary(tally: Tally, scenario: Scenario) -> dict[str, Any]:
    numbers = tally.numbers
    events, confirmed = numbers["ordinary/sent"], numbers["ordinary/confirmed"]
    names = "reordered lost duplicated unseen ghost corrupt misrouted checked confirmed stored".split()
    found: dict[str, Any] = {"events": events} | {name: numbers[f"ordinary/{name}"] for name in names}
    for name, of in (("reordered", events), ("lost", confirmed), ("duplicated", events)):
        found[f"{name}_share"] = found[name] / of if of else None
    return found | {"lossless_promised": scenario.promises.ordinary_lossless}


def _delivery(runs: list[OneRun], tally: Tally) -> dict[str, Any]:
    """Losses and duplicates of batches as shares, and how long after the load the log was last looked at, seconds.

    Of repeats the shortest wait counts: what was not there then may have come later.
    """
    numbers = tally.numbers
    confirmed, stored = numbers["batch/confirmed"], numbers["batch/stored"]
    repeated = numbers["duplicate-explained"] + numbers["duplicate-unexplained"]
    readings = [run.frames.info.reading for run in runs]
    return {
        "lost_share": numbers["lost"] / confirmed if confirmed else None,
        "duplicated_share": repeated / stored if stored else None,
        "waited_s": min((reading.waited_s for reading in readings if reading is not None), default=None),
    }


def _calls(runs: list[OneRun]) -> dict[str, dict[str, int]]:
    """Calls by kind and outcome."""
    found = {kind: dict.fromkeys(OUTCOMES, 0) for kind in ("batch", "ordinary")}
    for run in runs:
        kind, outcome = (run.frames.calls[name].to_numpy() for name in ("kind", "outcome"))
        for name, code in (("batch", BATCH), ("ordinary", ORDINARY)):
            counts = np.bincount(outcome[kind == code], minlength=len(OUTCOMES))
            for word, count in zip(OUTCOMES, counts.tolist(), strict=True):
                found[name][word] += count
    return found


def _resends(runs: list[OneRun]) -> int:
    """Calls of batches beyond the first of each."""
    return sum(
        int((run.frames.calls["kind"] == BATCH).sum()) - int((run.frames.batches["kind"] == BATCH).sum()) for run in runs
    )


def _summary(runs: list[OneRun], mark: str, percents: tuple[str, ...]) -> dict[str, Any]:
    values: list[Floats] = [run.tally.measured(mark) for run in runs]
    return middle_summary([summary(own, percents) for own in values])


def _visibility(runs: list[OneRun]) -> dict[str, Any] | None:
    """Done to first seen; None where the log was only read after the load."""
    found = _summary(runs, "visibility/ms", ("50", "95", "99"))
    return found if found["n"] else None


def _validity(runs: list[OneRun]) -> dict[str, Any]:
    """Counts add up; of measured values the worst; what must hold must hold in each run."""
    each = [run.validity.as_json() for run in runs]
    found: dict[str, Any] = {}
    for name in each[0]:
        known = [own[name] for own in each if own[name] is not None]
        if name.startswith("readback"):
            found[name] = all(known)
        elif name == "interrupted":
            found[name] = any(known)
        elif name.endswith(("_p99", "_share", "_connection")):
            found[name] = max(known, default=None)
        else:
            found[name] = sum(known)
    return found


def _witnesses(tally: Tally) -> list[dict[str, Any]]:
    """As in verdict.json, by anomaly; `more` says how many more of the anomaly there are."""
    ordered = sorted(tally.witnesses, key=lambda own: (ANOMALIES.index(own.anomaly), own.gap, own.visitor))
    shown = {name: sum(own.anomaly == name for own in ordered) for name in ANOMALIES}
    return [own.content | {"more": tally.numbers[own.anomaly] - shown[own.anomaly]} for own in ordered]
