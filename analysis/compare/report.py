"""The report of a comparison: compare.json, summary.md, junit.xml and index.html in a folder of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from analysis.catalogue import failing
from analysis.compare import junit, page, summary
from analysis.compare.changes import changes
from analysis.compare.outcome import document
from analysis.compare.sample import BLOCKS, RunTimes
from analysis.compare.shifts import Tolerance, method, shifts
from analysis.compare.sides import Side, open_sides
from analysis.report import plain
from inorder.run import RunInfo


@dataclass(frozen=True)
class Written:
    """What was written."""

    document: dict[str, Any]
    """The content of compare.json."""
    json: Path
    page: Path


def compare_and_write(
    base: Sequence[Path], new: Sequence[Path], out: Path, *, tolerance: float, tolerance_ms: float, jobs: int = 1
) -> Written:
    """Compare the runs of two sides and write the report into `out`; raises UnusableInput before anything is written."""
    sides = open_sides(base, new, jobs)
    found = plain(compared(*sides, Tolerance(tolerance, tolerance_ms)))
    out.mkdir(parents=True, exist_ok=True)
    file, index = out / "compare.json", out / "index.html"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    (out / "summary.md").write_text(summary.render(found), encoding="utf-8")
    (out / "junit.xml").write_text(junit.render(found), encoding="utf-8")
    index.write_text(page.render(found), encoding="utf-8")
    return Written(found, file, index)


def compared(base: Side, new: Side, tolerance: Tolerance) -> dict[str, Any]:
    """The content of compare.json."""
    runs = (base.runs, new.runs)
    times, curves = shifts(*runs, tolerance) if all(runs) else ([], [])
    bad = failing(base.scenario.promises) | failing(new.scenario.promises)
    how = {
        "scenario": base.scenario.name,
        "question": base.scenario.question,
        "intervals": _intervals(*runs) if all(runs) else "",
        "base": _side(base),
        "new": _side(new),
        "differs": _differs(base.infos[0], new.infos[0]),
    }
    beside = changes(base.verdicts, new.verdicts, bad, tolerance.share)
    return document(times, curves, beside, [*base.invalid, *new.invalid], tolerance, how)


def _side(side: Side) -> dict[str, Any]:
    return {
        "runs": [
            {"run": info.run, "started": info.started, "seed": info.seed, "repeat": info.repeat} for info in side.infos
        ],
        "answers": [own["capacity"]["sentence"] for own in side.verdicts if own.get("capacity")],
        "verdicts": [own["verdict"] for own in side.verdicts],
        "versions": side.infos[0].versions,
        "machine": side.infos[0].machine,
        "target": side.infos[0].target,
        "confirmed_events_per_s": side.confirmed_per_s,
    }


def _differs(base: RunInfo, new: RunInfo) -> list[str]:
    """What else is not alike and may have moved the times: address, machine, versions; a sandbox has any port."""
    sides = [
        {"target": "its own sandbox" if info.sandbox else info.target, **info.machine, **info.versions}
        for info in (base, new)
    ]
    names = dict.fromkeys([*sides[0], *sides[1]])
    told = [(name, *(side.get(name, "unknown") for side in sides)) for name in names]
    return [f"{name}: {other} in NEW, {one} in BASE" for name, one, other in told if one != other]


def _intervals(base: Sequence[RunTimes], new: Sequence[RunTimes]) -> str:
    """Where the intervals come from, in words."""
    count = f"{len(base)} against {len(new)} runs" if len(base) + len(new) > 2 else "one run a side"
    return {
        "pairs of repeats": f"{count}: differences of repeats with the same arrivals (Student's t)",
        "repeats": f"{count}: from repeat to repeat (Student's t)",
        "paired blocks of time": f"{count}, same arrivals: {BLOCKS} blocks of time drawn again on both sides together",
        "blocks of time": f"{count}, other arrivals: {BLOCKS} blocks of time drawn again on each side by itself",
    }[method(base, new)]
