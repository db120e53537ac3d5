"""Opens what is to be compared: each side one run folder, one with repeats, or several of either."""

import filecmp
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from analysis import capacity_run, validity
from analysis.compare.sample import RunTimes
from analysis.compare.shifts import KINDS, MEASURES
from analysis.compare.sketch import Times
from analysis.evidence import batch_frame, call_frame, open_evidence
from analysis.judging import folders_of
from analysis.samples import confirmed
from analysis.warm_up import timed
from inorder import locust_times, scenario
from inorder.errors import UnusableInput
from inorder.run import RunFolder, RunInfo
from inorder.scenario import Scenario


class _Judged(msgspec.Struct):
    """What is read of a verdict.json, as far as it must be there."""

    verdict: str
    anomalies: dict[str, int]
    visitors: dict[str, int]
    latency_ms: dict[str, Any]
    capacity: dict[str, Any] | None = None


LOAD = ("visitors", "phases", "client", "drain_limit_s", "capacity", "warm_up_s")
"""Keys of a scenario that make the load: what differs in them is another load, and not another system."""


@dataclass(frozen=True)
class Side:
    """One side, read."""

    name: str
    scenario: Scenario
    infos: list[RunInfo]
    runs: list[RunTimes]
    """Empty for a capacity run: its steps are told by its verdict."""
    verdicts: list[dict[str, Any]]
    """One a folder that was named."""
    invalid: list[str]
    """Why runs cannot be relied on."""
    confirmed_per_s: list[float]
    """Events confirmed a second, one a run."""


def open_sides(base: Sequence[Path], new: Sequence[Path], jobs: int = 1) -> tuple[Side, Side]:
    """Read both sides. Raises UnusableInput where they are no runs of one scenario."""
    _apart([*base, *new])
    sides = tuple(_open(name, paths, jobs) for name, paths in (("BASE", base), ("NEW", new)))
    _no_copies([*base, *new])
    one, other = sides
    if bool(one.runs) != bool(other.runs):
        which = base[0] if one.runs else new[0]
        raise UnusableInput(f"{which}: expected a capacity run, as the other side is one")
    _same(base[0], one.scenario, new[0], other.scenario)
    return one, other


def _open(name: str, paths: Sequence[Path], jobs: int) -> Side:
    verdicts = [_verdict(path) for path in paths]
    capacity = [path for path, verdict in zip(paths, verdicts, strict=True) if verdict.get("capacity")]
    if capacity:
        if len(capacity) < len(paths):
            raise UnusableInput(f"{capacity[0]}: a capacity run is compared with capacity runs only")
        infos = [_first_step(path).info() for path in paths]
        asked = [
            msgspec.structs.replace(scenario.load(path / "scenario.toml"), name=info.scenario, seed=info.seed)
            for path, info in zip(paths, infos, strict=True)
        ]
        _all_same(paths, asked)
        infos = [msgspec.structs.replace(info, run=path.name) for path, info in zip(paths, infos, strict=True)]
        return Side(name, asked[0], infos, [], verdicts, [], [])
    folders = [folder for path in paths for folder in folders_of(path)]
    read = [_run(folder, jobs) for folder in folders]
    scenarios = [folder.scenario() for folder in folders]
    _all_same([folder.path for folder in folders], scenarios)
    invalid = [f"{name}, {folder.path.name}: {why}" for folder, own in zip(folders, read, strict=True) for why in own[1]]
    infos = [folder.info() for folder in folders]
    return Side(name, scenarios[0], infos, [own[0] for own in read], verdicts, invalid, [own[2] for own in read])


def _first_step(path: Path) -> RunFolder:
    """The first step of a capacity run, which knows what all of them share."""
    steps = capacity_run.folders_of(path)
    if not steps:
        raise UnusableInput(f"{path}: no capacity run: expected steps/1/run.json")
    return steps[0]


def _apart(paths: Sequence[Path]) -> None:
    """No folder may be named twice: a run held against itself shows no change, whatever the system did."""
    seen = set()
    for path in paths:
        if path.resolve() in seen:
            raise UnusableInput(f"{path}: expected each run once, got it twice")
        seen.add(path.resolve())


def _no_copies(paths: Sequence[Path]) -> None:
    """Nor may a copy of one: no two runs have the same history, whose times have microseconds."""
    seen: dict[tuple[tuple[str, int], ...], list[RunFolder]] = {}
    for folder in (folder for path in paths for folder in folders_of(path)):
        files = sorted(folder.history.glob("*.jsonl"))
        alike = seen.setdefault(tuple((file.name, file.stat().st_size) for file in files), [])
        names = [file.name for file in files]
        for other in alike if names else ():
            if filecmp.cmpfiles(folder.history, other.history, names, shallow=False)[0] == names:
                raise UnusableInput(f"{folder.path}: expected each run once, and it is a copy of {other.path}")
        alike.append(folder)


def _verdict(path: Path) -> dict[str, Any]:
    file = path / "verdict.json"
    if not path.is_dir():
        raise UnusableInput(f"{path}: expected a run folder, and there is no folder")
    if not file.exists():
        folders_of(path)  # which says where it is no run folder at all, and no judgement could mend it
        raise UnusableInput(f"{path}: not judged yet: expected verdict.json, which `inorder judge {path}` writes")
    try:
        found = msgspec.json.decode(file.read_bytes())
    except msgspec.DecodeError as error:
        raise UnusableInput(f"{file}: no valid JSON: {error}") from None
    try:
        msgspec.convert(found, _Judged)
    except msgspec.ValidationError as error:
        raise UnusableInput(f"{file}: no verdict of a run: {error}") from None
    return dict(found)


def _run(folder: RunFolder, jobs: int) -> tuple[RunTimes, list[str], float]:
    evidence = open_evidence(folder, jobs)
    if error := evidence.merged.stored_error:
        raise UnusableInput(f"{folder.evidence}: {error}; expected the log that was judged")
    locust_times.read(folder.locust_file)  # not compared; but where it is broken, judging says so too
    asked, info = evidence.scenario, evidence.info
    calls = call_frame(evidence.call_table, asked)
    batches = batch_frame(evidence.batch_table, calls, asked)
    without_warm_up = timed(batches, asked.warm_up_s)
    times = {}
    for kind in KINDS:
        for measure in MEASURES:
            times[kind, measure] = Times(*confirmed(without_warm_up, kind, f"{measure}_s"))
    invalid = validity.reasons(validity.measure(info, evidence.merged, calls), info, asked, evidence.merged)
    ack = batches["ack"].to_numpy()
    known = np.isfinite(ack)
    took = float(ack[known].max() - batches["first_intended"].min()) if known.any() else 0.0
    per_s = float(batches["events"].to_numpy()[known].sum()) / took if took > 0 else 0.0
    return RunTimes(folder.path.name, (info.seed, info.repeat), times), invalid, per_s


def run_times(folder: RunFolder) -> RunTimes:
    """The times of one run alone."""
    return _run(folder, 1)[0]


def _all_same(paths: Sequence[Path], scenarios: Sequence[Scenario]) -> None:
    for path, own in zip(paths, scenarios, strict=True):
        _same(paths[0], scenarios[0], path, own)


def _same(base: Path, one: Scenario, new: Path, other: Scenario) -> None:
    """Whether the load is the same; what the sandbox is, the faults and the limits may differ."""
    if one.name != other.name:
        raise UnusableInput(f"{new}: expected a run of {one.name}, as {base} is, got one of {other.name}")
    for part in LOAD:
        before, after = (msgspec.to_builtins(getattr(side, part, None)) for side in (one, other))
        if before != after:
            raise UnusableInput(
                f"{new}: expected the load of {base}, and [{part}] of its scenario differs{_where(before, after)}"
            )


def _where(before: Any, after: Any) -> str:
    """The first key that differs."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before:
            if before[key] != after.get(key):
                return f": {key} = {after.get(key)!r}, expected {before[key]!r}"
    return ""
