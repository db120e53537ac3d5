"""Opens what is to be compared: each side one run folder, one with repeats, or several of either."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from analysis import validity
from analysis.compare.sample import RunTimes
from analysis.compare.shifts import KINDS, MEASURES
from analysis.compare.sketch import Times
from analysis.evidence import batch_frame, call_frame, open_evidence
from analysis.judging import folders_of
from analysis.samples import confirmed
from analysis.warm_up import timed
from inorder.errors import UnusableInput
from inorder.run import RunFolder, RunInfo
from inorder.scenario import Scenario

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
    sides = tuple(_open(name, paths, jobs) for name, paths in (("BASE", base), ("NEW", new)))
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
        folders = [_steps(path)[0] for path in paths]
        scenarios, infos = [folder.scenario() for folder in folders], [folder.info() for folder in folders]
        _all_same(paths, scenarios)
        return Side(name, scenarios[0], infos, [], verdicts, [], [])
    folders = [folder for path in paths for folder in folders_of(path)]
    read = [_run(folder, jobs) for folder in folders]
    scenarios = [folder.scenario() for folder in folders]
    _all_same([folder.path for folder in folders], scenarios)
    invalid = [f"{name}, {folder.path.name}: {why}" for folder, own in zip(folders, read, strict=True) for why in own[1]]
    infos = [folder.info() for folder in folders]
    return Side(name, scenarios[0], infos, [own[0] for own in read], verdicts, invalid, [own[2] for own in read])


def _steps(path: Path) -> list[RunFolder]:
    """The run folders of a capacity run, which may be one itself."""
    if (path / "scenario.toml").exists() and (path / "run.json").exists():
        return [RunFolder(path)]
    found = sorted((path / "steps").glob("*/run.json"), key=lambda file: (len(file.parent.name), file.parent.name))
    if not found:
        raise UnusableInput(f"{path}: no capacity run: expected steps/1/run.json")
    return [RunFolder(file.parent) for file in found]


def _verdict(path: Path) -> dict[str, Any]:
    file = path / "verdict.json"
    if not path.is_dir():
        raise UnusableInput(f"{path}: expected a run folder, and there is no folder")
    if not file.exists():
        raise UnusableInput(f"{path}: not judged yet: expected verdict.json, which `inorder judge {path}` writes")
    try:
        found = msgspec.json.decode(file.read_bytes())
    except msgspec.DecodeError as error:
        raise UnusableInput(f"{file}: no valid JSON: {error}") from None
    if not isinstance(found, dict) or not {"verdict", "anomalies", "visitors", "latency_ms"} <= found.keys():
        raise UnusableInput(f"{file}: no verdict of a run: expected the keys verdict, anomalies, visitors and latency_ms")
    return found


def _run(folder: RunFolder, jobs: int) -> tuple[RunTimes, list[str], float]:
    evidence = open_evidence(folder, jobs)
    scenario, info = evidence.scenario, evidence.info
    calls = call_frame(evidence.call_table, scenario)
    batches = batch_frame(evidence.batch_table, calls, scenario)
    without_warm_up = timed(batches, scenario.warm_up_s)
    times = {}
    for kind in KINDS:
        for measure in MEASURES:
            times[kind, measure] = Times(*confirmed(without_warm_up, kind, f"{measure}_s"))
    invalid = validity.reasons(validity.measure(info, evidence.merged, calls), info, scenario, evidence.merged)
    ack = batches["ack"].to_numpy()
    known = np.isfinite(ack)
    took = float(ack[known].max() - batches["first_intended"].min()) if known.any() else 0.0
    per_s = float(batches["events"].to_numpy()[known].sum()) / took if took > 0 else 0.0
    return RunTimes(folder.path.name, (info.seed, info.repeat), times), invalid, per_s


def run_times(folder: RunFolder) -> RunTimes:
    """The times of one run alone."""
    return _run(folder, 1)[0]


def _all_same(paths: Sequence[Path], scenarios: Sequence[Scenario]) -> None:
    for path, scenario in zip(paths, scenarios, strict=True):
        _same(paths[0], scenarios[0], path, scenario)


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
