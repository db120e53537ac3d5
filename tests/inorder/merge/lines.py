"""Histories and stored logs for the tests of merging, line by line; ways to merge; and the evidence read again."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inorder.run import RunFolder, RunInfo

SCENARIO = 'question = "?"\n[visitors]\ncount = 1\n[[phases]]\nname = "p"\nduration_s = 1.0\n'

WAYS: dict[str, dict[str, int]] = {
    "in one piece": {},
    "in ranges of some bytes": {"task_bytes": 8},
    "by two processes": {"task_bytes": 8, "jobs": 2},
}
"""Ways to merge that give the same. Some bytes are less than a line, so that each line falls into a range of its own."""


def new_folder(path: Path) -> RunFolder:
    """An empty run folder."""
    info = RunInfo("r", "s", 1, "2026-01-01T00:00:00+00:00", "kq", "http://127.0.0.1:1/1.0", False, 1)
    return RunFolder.create(path, SCENARIO, info)


def sent(call: str, batch: str, events: list[Any], kind: str = "batch", at: float = 1.0, **more: Any) -> str:
    """A `sent` line."""
    line = {"type": "sent", "call": call, "batch": batch, "kind": kind, "attempt": 1, "intended": at, "sent": at}
    return json.dumps(line | {"events": events} | more)


def done(call: str, at: float = 2.0, outcome: str = "confirmed", **more: Any) -> str:
    """A `done` line."""
    return json.dumps({"type": "done", "call": call, "done": at, "outcome": outcome} | more)


def closed(worker: str, calls: int, events: int, **more: Any) -> str:
    """A closing line."""
    return json.dumps({"type": "closed", "worker": worker, "calls": calls, "events": events} | more)


def history(folder: RunFolder, *lines: str, worker: str = "w0") -> None:
    """Write the history of a worker."""
    (folder.history / f"{worker}.jsonl").write_text("".join(line + "\n" for line in lines), "utf-8")


def stored(folder: RunFolder, rows_a_group: int | None = None, earlier: int | None = None, **columns: pa.Array) -> None:
    """Write the stored log, or an earlier reading of it; a task takes a row group or more."""
    path = folder.stored_file if earlier is None else folder.evidence / f"earlier-{earlier}.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=rows_a_group)


def bucket(folder: RunFolder, kind: str, number: int = 0) -> list[dict[str, Any]]:
    """The rows of one bucket."""
    return table(folder, f"{kind}/bucket-{number:04d}.parquet")


def contents(folder: RunFolder) -> dict[str, bytes]:
    """Every file that merging left in evidence/."""
    given = {folder.stored_file, *folder.earlier_files()}
    files = [path for path in folder.evidence.rglob("*") if path.is_file() and path not in given]
    return {path.relative_to(folder.evidence).as_posix(): path.read_bytes() for path in files}


def table(folder: RunFolder, name: str) -> list[dict[str, Any]]:
    """The rows of an evidence file."""
    rows: list[dict[str, Any]] = pq.read_table(folder.evidence / name).to_pylist()
    return rows


def bucketed(folder: RunFolder, kind: str) -> list[dict[str, Any]]:
    """The rows of all buckets."""
    files = sorted((folder.evidence / kind).glob("bucket-*.parquet"))
    return [row for path in files for row in pq.read_table(path).to_pylist()]
