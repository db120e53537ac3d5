"""Judging from run folders to the report: merge what is not merged yet, judge, and write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis import capacity_run, report
from analysis.capacity_run import JudgedStep, judge_step, next_rate
from analysis.verdict import judge
from inorder.run import RunFolder

__all__ = ["folders_of", "judge_and_write", "judge_step", "next_rate"]


def folders_of(path: Path) -> list[RunFolder]:
    """The run folder at `path`, or the repeats or the steps that it holds, in their order."""
    if steps := capacity_run.folders_of(path):
        return steps
    repeats = sorted((path / "repeats").glob("*"), key=lambda folder: (len(folder.name), folder.name))
    return [RunFolder.open(folder) for folder in repeats or [path]]


def judge_and_write(
    folders: Sequence[RunFolder],
    out: Path,
    *,
    jobs: int = 1,
    dask: str | None = None,
    steps: Sequence[JudgedStep] | None = None,
) -> tuple[dict[str, Any], Path]:
    """Judge `folders` (several: repeats of one scenario) into `out`; returns verdict.json's content and the page.

    `jobs`: processes that judge the buckets; `dask`: address of a Dask scheduler whose workers judge them instead.
    `steps`: those of a capacity run that are judged already.
    """
    if (out / "steps").is_dir():
        judgement = capacity_run.judge(steps or [judge_step(folder, jobs, dask) for folder in folders], out)
    else:
        judgement = judge(folders, jobs, dask)
    page = report.write(judgement, out)
    return report.plain(judgement.verdict), page
