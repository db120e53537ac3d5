"""All calls of a run: the ranges of each file put together, each call matched with its answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from inorder.errors import UnusableInput
from inorder.merge.columns import DONES, SENTS
from inorder.merge.marker import Worker
from inorder.merge.ranges import RangeRead
from inorder.merge.rules import OUTCOMES, call_where, explain
from inorder.merge.spill import joined, numbers, unspill

Array = NDArray[Any]


@dataclass(frozen=True)
class Places:
    """Which file holds which calls; calls are numbered in the order of the files."""

    paths: list[Path]
    first_rows: list[int]

    def where(self, row: int) -> str:
        """`file:line` of the `sent` line of a call."""
        return call_where(self.paths, self.first_rows, row)


@dataclass(frozen=True)
class Calls:
    """All calls of all files, one row a call in the order of the files."""

    table: pa.Table
    """call, batch (name), kind, attempt, intended, ready, sent, done, outcome, status, events, bytes, error, worker."""
    places: Places
    workers: list[Worker]


class Joining:
    """Takes one history file after another."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []
        self._paths: list[Path] = []
        self._first_rows: list[int] = []
        self._workers: list[Worker] = []
        self._rows = 0
        self._closed_by: dict[str, Path] = {}

    def add(self, path: Path, ranges: list[RangeRead]) -> None:
        """Take a file, all its ranges in order. Raises UnusableInput with `file:line`."""
        table = None if any(read.suspect for read in ranges) else _file_calls(ranges)
        if table is None:
            raise explain(path)
        for closing in (closing for read in ranges for closing in read.closings):
            other = self._closed_by.setdefault(closing.worker, path)
            if other != path:
                raise UnusableInput(f"{path}: closes worker {closing.worker}, as {other} does: files of different runs?")
        self._workers.append(_worker(path, ranges))
        self._paths.append(path)
        self._first_rows.append(self._rows)
        self._tables.append(table)
        self._rows += table.num_rows

    def calls(self) -> Calls:
        """All files together."""
        counts = [table.num_rows for table in self._tables]
        table = pa.concat_tables(self._tables or [_file_calls([])])
        worker = pa.DictionaryArray.from_arrays(
            pa.array(np.repeat(np.arange(len(counts), dtype=np.int32), counts)),
            pa.array([worker.worker for worker in self._workers], pa.string()),
        )
        return Calls(table.append_column("worker", worker), Places(self._paths, self._first_rows), self._workers)


def _file_calls(ranges: list[RangeRead]) -> pa.Table | None:
    """The calls of a file with their answers; None where an answer is no call's, a call's second or before its call."""
    answers = [read.answers for read in ranges if read.answers is not None]
    sents, dones = (
        joined(unspill(part.stream(number) for part in answers), schema) for number, schema in enumerate((SENTS, DONES))
    )
    found = pc.index_in(dones["call"], value_set=sents["call"])
    if found.null_count:
        return None
    row, done_s = numbers(found), numbers(dones["done"])
    early = (numbers(dones["place"]) < numbers(sents["place"])[row]) | (done_s < numbers(sents["sent"])[row])
    if np.any(early) or np.any(np.bincount(row) > 1):
        return None
    done = np.full(sents.num_rows, np.nan)
    outcome = np.full(sents.num_rows, OUTCOMES["indeterminate"], np.int8)
    status = np.zeros(sents.num_rows, np.int16)
    done[row], outcome[row], status[row] = done_s, numbers(dones["outcome"]), numbers(dones["status"])
    table = sents.drop_columns("place")
    for name, values in (("done", done), ("outcome", outcome), ("status", status)):
        table = table.append_column(name, pa.array(values))
    return table.append_column("error", _errors(dones["error"], row, sents.num_rows))


def _errors(given: pa.ChunkedArray, row: Array, count: int) -> pa.Array:
    """The error of each of `count` calls, null where it has none; `given` are those of the answers to `row`."""
    if given.null_count == len(given):
        return pa.nulls(count, pa.string())
    answer = np.full(count, -1)
    answer[row] = np.arange(len(row))
    return given.combine_chunks().take(pa.array(answer, mask=answer < 0))


def _worker(path: Path, ranges: list[RangeRead]) -> Worker:
    """The account of a file; several closing lines in one file (files put together) add up."""
    worker = Worker(
        worker=path.stem,
        lines=sum(read.lines for read in ranges),
        calls=sum(read.calls for read in ranges),
        events=sum(read.events for read in ranges),
        torn=any(read.torn for read in ranges),
    )
    for line in (closing for read in ranges for closing in read.closings):
        worker.closed = True
        worker.closed_calls = (worker.closed_calls or 0) + line.calls
        worker.closed_events = (worker.closed_events or 0) + line.events
        worker.interrupted |= line.interrupted
        worker.unsent += line.unsent
        worker.gave_up += line.gave_up
        worker.crashed += line.crashed
        worker.held_back += line.held_back
        for name in ("loop_lag_ms_p99", "cpu_share"):
            known = [value for value in (getattr(worker, name), getattr(line, name)) if value is not None]
            setattr(worker, name, max(known, default=None))
    return worker
