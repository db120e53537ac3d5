"""The report of a fault matrix: each run's verdict.json, then faults.json and index.html beside the run folders."""

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from analysis.faults import page
from analysis.faults.rows import Finding, as_json, finding
from analysis.report import plain
from analysis.verdict import judge
from inorder.matrix import runs
from inorder.matrix.runs import MatrixRun
from inorder.processes import pool


@dataclass(frozen=True)
class Written:
    """What was written."""

    rows: list[dict[str, Any]]
    """The content of faults.json."""
    headline: str
    page: Path

    @property
    def ok(self) -> bool:
        """Whether all is as expected."""
        return all(row["ok"] for row in self.rows)


def write(out: Path, jobs: int, seconds: float) -> Written:
    """Judge the runs of the matrix in `out` by `jobs` processes, and write the report.

    `seconds`: how long making the runs took, for the page.
    """
    listed = runs.read(out)
    found: dict[str, list[Finding]] = {run.row.fault: [] for run in listed}
    rows = {run.row.fault: run.row for run in listed}
    with pool(min(jobs, len(listed)), __name__, "judging the fault matrix") as processes:
        for run, own in zip(listed, _judged(processes, out, listed), strict=True):
            found[run.row.fault].append(own)
    document = [plain(as_json(row, found[name])) for name, row in rows.items()]
    (out / "faults.json").write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    index = out / "index.html"
    index.write_text(page.render(document, out.resolve().name, seconds), encoding="utf-8")
    return Written(document, page.headline(document), index)


def _judged(processes: Executor, out: Path, listed: list[MatrixRun]) -> list[Finding]:
    return list(processes.map(judged, [out] * len(listed), listed))


def judged(out: Path, run: MatrixRun) -> Finding:
    """Judge one run, and leave its verdict.json in its folder; `inorder judge FOLDER` makes its page."""
    folder = runs.opened(out, run)
    verdict = plain(judge([folder]).verdict)
    (folder.path / "verdict.json").write_bytes(msgspec.json.format(msgspec.json.encode(verdict), indent=2) + b"\n")
    return finding(run.row, run.seed, run.folder, verdict, folder.info())
