"""Judging from run folders to the report: merge what is not merged yet, judge, and write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analysis import report
from analysis.verdict import judge
from inorder.run import RunFolder


def folders_of(path: Path) -> list[RunFolder]:
    """The run folder at `path`, or the repeats that it holds, in their order."""
    repeats = sorted((path / "repeats").glob("*"), key=lambda folder: (len(folder.name), folder.name))
    return [RunFolder.open(folder) for folder in repeats or [path]]


def judge_and_write(
    folders: Sequence[RunFolder], out: Path, *, jobs: int = 1, dask: str | None = None
) -> tuple[dict[str, Any], Path]:
    """Judge `folders` (several: repeats of one scenario) into `out`; returns verdict.json's content and the page.

    `jobs`: processes that judge the buckets; `dask`: address of a Dask scheduler whose workers judge them instead.
    """
    judgement = judge(folders, jobs, dask)
    page = report.write(judgement, out)
    return report.plain(judgement.verdict), page
