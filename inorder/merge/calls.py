"""History files into columns: read in chunks, each call matched with its answer, its events sent on to their buckets.

The measured path only notices that something is wrong with a file; `explain` (rules.py) then reads it again, line by
line, and says where.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.history import Closed, Done, Line, Sent
from inorder.merge.buckets import Names, Spill
from inorder.merge.marker import Worker
from inorder.merge.rules import (
    INT16_MAX,
    INT32_MAX,
    KINDS,
    MAX_EVENTS,
    MAX_SEQ,
    OUTCOMES,
    call_where,
    digest_number,
    explain,
)

CHUNK = 1 << 20
"""Bytes read at once, some 30 000 events: more does not stay in the processor's cache."""

EVENTS = pa.schema(
    [
        ("visitor", pa.int32()),
        ("seq", pa.int64()),
        ("call", pa.int64()),
        ("index", pa.int32()),
        ("digest", pa.int64()),
    ]
)
"""A row in the spill: visitor and call as numbers, `index` the place in the call, `digest` null where unknown."""

_DECODER = msgspec.json.Decoder(Line)


class _Suspect(Exception):
    """Something is wrong with the chunk."""


@dataclass
class Calls:
    """All calls of all files, one row a call in the order read; and which file holds which rows."""

    table: pa.Table
    """call, batch (name), kind, attempt, intended, ready, sent, done, outcome, status, events, bytes, error, worker."""
    paths: list[Path]
    first_rows: list[int]
    workers: list[Worker]

    def where(self, row: int) -> str:
        """`file:line` of the `sent` line of a call."""
        return call_where(self.paths, self.first_rows, row)


@dataclass
class _Columns:
    """The columns of the calls while they grow, one array a chunk."""

    batches: list[pa.RecordBatch] = field(default_factory=list)
    done_rows: list[NDArray[np.int64]] = field(default_factory=list)
    done: list[pa.RecordBatch] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)
    rows: int = 0


def read_histories(paths: list[Path], names: Names, spill: Spill) -> Calls:
    """Read all files. Raises UnusableInput with `file:line`."""
    columns = _Columns()
    first_rows, workers = [], []
    for path in paths:
        first_rows.append(columns.rows)
        worker = Worker(worker=path.stem)
        open_calls: dict[str, tuple[int, float]] = {}
        try:
            with _no_collection():
                for lines in _chunks(path, worker):
                    _collect(lines, open_calls, columns, worker, names, spill)
        except (_Suspect, msgspec.MsgspecError, UnicodeDecodeError, OverflowError):
            raise explain(path) from None
        workers.append(worker)
    counts = np.diff([*first_rows, columns.rows])
    table = _table(columns).append_column(
        "worker",
        pa.DictionaryArray.from_arrays(
            pa.array(np.repeat(np.arange(len(paths), dtype=np.int32), counts)),
            pa.array([worker.worker for worker in workers], pa.string()),
        ),
    )
    return Calls(table, paths, first_rows, workers)


@contextmanager
def _no_collection() -> Iterator[None]:
    """The lines of a chunk hold no cycles and are soon gone: looking for garbage among them takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _chunks(path: Path, worker: Worker) -> Iterator[list[Line]]:
    """The decoded lines of a file, chunk by chunk; a last line without its line break is left out and noted."""
    rest = b""
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            end = data.rfind(b"\n") + 1
            if not end:
                rest += data
                continue
            text, rest = rest + data[:end], data[end:]
            lines = _DECODER.decode_lines(text)
            number = text.count(b"\n")
            if len(lines) != number:
                raise _Suspect
            worker.lines += number
            yield lines
    worker.torn = bool(rest)


def _collect(
    lines: list[Line],
    open_calls: dict[str, tuple[int, float]],
    columns: _Columns,
    worker: Worker,
    names: Names,
    spill: Spill,
) -> None:
    """Take a chunk's lines into the columns and its events into the spill."""
    sents: list[Sent] = []
    dones: list[Done] = []
    done_rows: list[int] = []
    row = first_row = columns.rows
    for line in lines:
        if type(line) is Sent:
            if line.call in open_calls:
                raise _Suspect
            open_calls[line.call] = (row, line.sent)
            sents.append(line)
            row += 1
        elif type(line) is Done:
            sent_row, sent = open_calls.pop(line.call, (-1, 0.0))
            if sent_row < 0 or line.done < sent:
                raise _Suspect
            done_rows.append(sent_row)
            dones.append(line)
            if line.error is not None:
                columns.errors[sent_row] = line.error
        elif isinstance(line, Closed):
            _close(worker, line)
    columns.rows = row
    if sents:
        counts = _events(sents, first_row, names, spill)
        columns.batches.append(_sent_columns(sents, counts))
        worker.calls += len(sents)
        worker.events += int(counts.sum())
    if dones:
        columns.done_rows.append(np.array(done_rows))
        columns.done.append(_done_columns(dones))


def _close(worker: Worker, line: Closed) -> None:
    """Take a closing line; several in one file (files put together) add up."""
    worker.closed = True
    worker.closed_calls = (worker.closed_calls or 0) + line.calls
    worker.closed_events = (worker.closed_events or 0) + line.events
    worker.interrupted |= line.interrupted
    worker.unsent += line.unsent
    worker.gave_up += line.gave_up
    worker.crashed += line.crashed
    for name in ("loop_lag_ms_p99", "cpu_share"):
        mine, theirs = getattr(worker, name), getattr(line, name)
        setattr(worker, name, max((value for value in (mine, theirs) if value is not None), default=None))


def _events(sents: list[Sent], first_row: int, names: Names, spill: Spill) -> NDArray[np.int64]:
    """Send the events of some calls on to their buckets; returns how many each call has."""
    code = names.code
    runs = [(code(visitor), first, count) for line in sents for visitor, first, count in line.events]
    per_call = np.array([len(line.events) for line in sents])
    if not runs:
        if any(line.kind == "ordinary" for line in sents):
            raise _Suspect
        return np.zeros(len(sents), np.int64)
    run = np.array(runs, np.int64)
    count = run[:, 2]
    if int(count.max()) > MAX_EVENTS or int(run[:, 1].max()) > MAX_SEQ:
        raise _Suspect
    bounds = np.concatenate([[0], np.cumsum(count)])
    call_bounds = bounds[np.concatenate([[0], np.cumsum(per_call)])]
    counts: NDArray[np.int64] = np.diff(call_bounds)
    ordinary = np.array([line.kind == "ordinary" for line in sents])
    if int(counts.max()) > MAX_EVENTS or np.any(counts[ordinary] != 1):
        raise _Suspect
    total = int(bounds[-1])
    place = np.arange(total)
    digest = _digests(sents, counts, total)
    visitor = np.repeat(run[:, 0], count)
    spill.add(
        names.bucket(visitor),
        {
            "visitor": visitor.astype(np.int32),
            "seq": np.repeat(run[:, 1] - bounds[:-1], count) + place,
            "call": np.repeat(np.arange(first_row, first_row + len(sents)), counts),
            "index": (place - np.repeat(call_bounds[:-1], counts)).astype(np.int32),
            "digest": digest,
        },
    )
    return counts


def _digests(sents: list[Sent], counts: NDArray[np.int64], total: int) -> pa.Array:
    """The digest of each event, null where its call has none."""
    known = np.array([line.digests is not None for line in sents])
    lengths = np.array([len(line.digests or ()) for line in sents])
    if np.any(lengths[known] != counts[known]):
        raise _Suspect
    if not known.any():
        return pa.nulls(total, pa.int64())
    given = [digest for line in sents for digest in line.digests or ()]
    try:
        values = np.array(given, np.int64)
    except (OverflowError, ValueError):
        values = np.array([digest_number(digest) for digest in given], np.int64)
    if known.all():
        return pa.array(values)
    mask = np.repeat(~known, counts)
    spread = np.zeros(total, np.int64)
    spread[~mask] = values
    return pa.array(spread, mask=mask)


def _sent_columns(sents: list[Sent], counts: NDArray[np.int64]) -> pa.RecordBatch:
    """What the `sent` lines say of their calls."""
    columns: dict[str, Any] = {
        "call": pa.array([line.call for line in sents], pa.string()),
        "batch": pa.array([line.batch for line in sents], pa.string()),
        "kind": np.array([KINDS[line.kind] for line in sents], np.int8),
        "attempt": np.array([min(line.attempt, INT16_MAX) for line in sents], np.int16),
        "intended": np.array([line.intended for line in sents], np.float64),
        "ready": np.array([np.nan if line.ready is None else line.ready for line in sents], np.float64),
        "sent": np.array([line.sent for line in sents], np.float64),
        "events": counts.astype(np.int32),
        "bytes": np.array([min(line.bytes or 0, INT32_MAX) for line in sents], np.int32),
    }
    return pa.record_batch(columns)


def _done_columns(dones: list[Done]) -> pa.RecordBatch:
    """What the `done` lines say."""
    columns: dict[str, Any] = {
        "done": np.array([line.done for line in dones], np.float64),
        "outcome": np.array([OUTCOMES[line.outcome] for line in dones], np.int8),
        "status": np.array([min(max(line.status or 0, 0), INT16_MAX) for line in dones], np.int16),
    }
    return pa.record_batch(columns)


def _table(columns: _Columns) -> pa.Table:
    """All calls as one table; a call without an answer is indeterminate, its `done` is NaN."""
    done = np.full(columns.rows, np.nan)
    outcome = np.full(columns.rows, OUTCOMES["indeterminate"], np.int8)
    status = np.zeros(columns.rows, np.int16)
    for rows, batch in zip(columns.done_rows, columns.done, strict=True):
        done[rows] = batch["done"].to_numpy()
        outcome[rows] = batch["outcome"].to_numpy()
        status[rows] = batch["status"].to_numpy()
    table = pa.Table.from_batches(columns.batches or [_sent_columns([], np.zeros(0, np.int64))]).combine_chunks()
    error = pa.nulls(columns.rows, pa.string())
    if columns.errors:
        texts: list[str | None] = [None] * columns.rows
        for row, text in columns.errors.items():
            texts[row] = text
        error = pa.array(texts, pa.string())
    for name, values in (("done", done), ("outcome", outcome), ("status", status), ("error", error)):
        table = table.append_column(name, pa.array(values))
    return table
