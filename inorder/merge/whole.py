"""Merging as a whole: from history/*.jsonl and evidence/stored.parquet to the Parquet files that are judged.

What is written into evidence/, all times in seconds on the run's clock:

- calls.parquet, one row a call: call, worker, batch (its row in batches.parquet), kind (0 batch, 1 ordinary), attempt,
  intended, ready (NaN: unknown), sent, done (NaN: no answer), outcome (0 confirmed, 1 rejected, 2 indeterminate), status
  (0: none), events, bytes, error (null: none)
- batches.parquet, one row a batch or ordinary event: batch (its row), name, kind, events, first_intended, first_sent, ack
  (the earliest done of a confirmed call, inf: none), calls, calls_not_rejected, outcome (confirmed if any call is, else
  indeterminate if any call is, else rejected)

and for each bucket NNNN of visitors (those whose crc32 falls on it) all that it takes to judge them:

- events/bucket-NNNN.parquet, one row an event of a batch: visitor, seq, batch (row of this bucket's batches), index (place
  in the call), digest (null: unknown); sorted by visitor and seq
- batches/bucket-NNNN.parquet, each batch with an event in the bucket, in the order of first appearance among these: number
  (row in batches.parquet), and name … outcome as there; `events` are those of the whole batch
- calls/bucket-NNNN.parquet, the calls of these batches: batch (row of this bucket's batches), sent, done, outcome, status;
  sorted by batch, sent and place in the history
- stored/bucket-NNNN.parquet, the rows of the stored log whose identity is of one of the visitors: position (-1: unknown),
  visitor, origin (null: the same), seq, digest, name, server, stored_at, seen_at; sorted by the visitor of the identity and
  by position; not there if the log tells no visitors
- earlier/N/bucket-NNNN.parquet, the same of evidence/earlier-N.parquet, the N-th of the earlier readings
- merge.json, last (marker.py)

The work is cut into tasks by the size of the files alone, so how many processes do them changes nothing: ranges of the
histories and parts of the logs go through temporary files (evidence/spill) into the buckets.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from inorder.errors import UnusableInput
from inorder.merge import marker as markers
from inorder.merge.batches import Batches, group, share
from inorder.merge.bucket import write, write_bucket
from inorder.merge.buckets import ROWS
from inorder.merge.calls import Calls, Joining
from inorder.merge.log_bucket import write_log_bucket
from inorder.merge.marker import Merged, StoredLog
from inorder.merge.ranges import RangeRead, cut, read_range
from inorder.merge.spill import Share
from inorder.merge.stored import Log, PartRead, parts, read_part
from inorder.merge.tasks import Result, Tasks, tasks
from inorder.run import RunFolder

TASK = 32 << 20
"""Bytes of history, or of Parquet's content, that a task is meant to take: some 100 MB of memory while it lasts."""
TASKS = 16
"""Tasks that an input is cut into if each has an eighth of TASK: few large ones would leave processes idle at the end."""

_BYTES_AN_EVENT = 30
"""Of history, with digests and batches of some 20; about as many of a stored row. Only sizes of parts depend on it."""

_CALL_COLUMNS = (
    "call worker batch kind attempt intended ready sent done outcome status events bytes error".split()
)  # the order in calls.parquet


@dataclass(frozen=True)
class _Sources:
    """What there is to merge."""

    histories: list[Path]
    stored: Path | None
    earlier: list[Path]

    def files(self) -> list[Path]:
        return [*self.histories, *self.earlier, *([self.stored] if self.stored else [])]


def merge(folder: RunFolder, rows_a_bucket: int = ROWS, jobs: int = 1, task_bytes: int = TASK) -> Merged:
    """Merge a run's files into its evidence, in `jobs` processes; whole evidence of the same files is left as it is.

    What is written does not depend on `jobs`. Raises UnusableInput, with `file:line`, at a line that cannot be part of a
    history.
    """
    evidence = folder.evidence
    stored = folder.stored_file if folder.stored_file.exists() else None
    sources = _Sources(sorted(folder.history.glob("*.jsonl")), stored, folder.earlier_files())
    try:
        prints = markers.fingerprints(folder.path, sources.files())
    except OSError as error:
        raise UnusableInput(f"{error.filename}: cannot be read: {error.strerror}") from None
    marker = evidence / "merge.json"
    merged = markers.read_whole(folder.path, marker, prints)
    if merged is not None:
        return merged
    marker.unlink(missing_ok=True)
    for name in ("events", "batches", "calls", "stored", "earlier", "spill"):
        shutil.rmtree(evidence / name, ignore_errors=True)
    for name in ("events", "batches", "calls", "stored", "spill"):
        (evidence / name).mkdir(parents=True)
    try:
        merged = _merge(sources, evidence, rows_a_bucket, jobs, task_bytes)
    finally:
        shutil.rmtree(evidence / "spill", ignore_errors=True)
    merged.sources = prints
    merged.outputs = markers.fingerprints(
        folder.path,
        [evidence / "calls.parquet", evidence / "batches.parquet", *evidence.rglob("bucket-*.parquet")],
    )
    markers.write(marker, merged)
    return merged


def _merge(sources: _Sources, evidence: Path, rows_a_bucket: int, jobs: int, task_bytes: int) -> Merged:
    merged = Merged()
    logs = _logs(sources, merged)
    size = sum(path.stat().st_size for path in sources.histories)
    merged.buckets = max(1, -(-max(size // _BYTES_AN_EVENT, *(log.rows for log in logs.values()), 0) // rows_a_bucket))
    size += sum(log.rows for log in logs.values()) * _BYTES_AN_EVENT
    step = max(1, task_bytes // 8, min(size // TASKS, task_bytes))
    with tasks(jobs if size > task_bytes else 1) as todo:
        spill = evidence / "spill"
        histories = [
            (path, _read_history(path, step, merged.buckets, spill / f"history-{number}", todo))
            for number, path in enumerate(sources.histories)
        ]
        readings = {
            part: _read_log(log, step, merged.buckets, spill / part.replace("/", "-"), todo) for part, log in logs.items()
        }
        ranges, joining = [], Joining()
        for path, results in histories:
            of_file = [result.result() for result in results]
            joining.add(path, of_file)
            ranges += of_file
        calls = joining.calls()
        batches = group(calls)
        events = _write_buckets(ranges, calls, batches, merged.buckets, evidence, todo)
        accounts = {}
        for part, log in logs.items():
            accounts[part] = _write_log(part, log, readings[part], ranges, merged.buckets, evidence, todo)
        _write_calls(calls, batches, evidence)
        merged.workers, merged.calls, merged.batches = calls.workers, calls.table.num_rows, batches.table.num_rows
        merged.events = sum(result.result() for result in events)
        for account, known in accounts.values():
            account.known = sum(result.result() for result in known)
    merged.stored = accounts["stored"][0] if "stored" in accounts else None
    merged.earlier = [account for part, (account, _) in accounts.items() if part != "stored"]
    return merged


def _logs(sources: _Sources, merged: Merged) -> dict[str, Log]:
    """The readings of the stored log, by where their buckets go. One that is cut off is noted if it is the last."""
    logs = {}
    if sources.stored is not None:
        try:
            logs["stored"] = Log.open(sources.stored)
        except (OSError, pa.ArrowException) as error:
            merged.stored_error = f"{sources.stored.name} cannot be read: {error}".splitlines()[0]
    for number, path in enumerate(sources.earlier, 1):
        try:
            logs[f"earlier/{number}"] = Log.open(path)
        except (OSError, pa.ArrowException) as error:
            raise UnusableInput(f"{path}: cannot be read: {error}".splitlines()[0]) from None
    return logs


def _read_history(path: Path, step: int, buckets: int, target: Path, todo: Tasks) -> list[Result[RangeRead]]:
    return [
        todo.submit(read_range, part, buckets, target.with_name(f"{target.name}-{number}"))
        for number, part in enumerate(cut(path, step))
    ]


def _read_log(log: Log, step: int, buckets: int, target: Path, todo: Tasks) -> list[Result[PartRead]]:
    return [
        todo.submit(read_part, part, buckets, target.with_name(f"{target.name}-{number}"))
        for number, part in enumerate(parts(log, step // _BYTES_AN_EVENT))
    ]


def _write_buckets(
    ranges: list[RangeRead], calls: Calls, batches: Batches, buckets: int, evidence: Path, todo: Tasks
) -> list[Result[int]]:
    """Have the events, batches and calls of each bucket written; gives the events of each."""
    shared = share(calls, batches, evidence / "spill" / "shared.arrow")
    first_rows = np.cumsum([0, *(read.calls for read in ranges)])[:-1].tolist()
    return [
        todo.submit(write_bucket, _file(number), _shares(ranges, number), first_rows, shared, calls.places, evidence)
        for number in range(buckets)
    ]


def _write_log(
    part: str, log: Log, results: list[Result[PartRead]], ranges: list[RangeRead], buckets: int, evidence: Path, todo: Tasks
) -> tuple[StoredLog, list[Result[int]]]:
    """Have the buckets of a log written; gives its account, and of each bucket how many rows are of known visitors."""
    read = PartRead(log.account())
    for result in results:
        read.add(result.result())
    if not read.account.owned:
        return read.account, []
    folder = evidence / part
    folder.mkdir(parents=True, exist_ok=True)
    return read.account, [
        todo.submit(
            write_log_bucket,
            folder / _file(number),
            [spilled.share(number) for spilled in read.spilled],
            _shares(ranges, number),
        )
        for number in range(buckets)
    ]


def _shares(ranges: list[RangeRead], bucket: int) -> list[Share]:
    """Where the runs of a bucket are."""
    return [read.runs.share(bucket) for read in ranges if read.runs is not None]


def _file(bucket: int) -> str:
    return f"bucket-{bucket:04d}.parquet"


def _write_calls(calls: Calls, batches: Batches, evidence: Path) -> None:
    number = pa.array(batches.of_call, pa.int32())
    table = calls.table.drop_columns("batch").append_column("batch", number)
    write(table.select(_CALL_COLUMNS), evidence / "calls.parquet")
    write(batches.table, evidence / "batches.parquet")
