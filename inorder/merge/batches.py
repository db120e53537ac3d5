"""From calls to batches: which calls are one batch, when it was sent and acknowledged; for the whole run at once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.errors import UnusableInput
from inorder.merge.calls import Calls
from inorder.merge.rules import OUTCOMES
from inorder.merge.spill import Spilled, numbers, spill, unspill

Array = NDArray[Any]

OF_BATCH = "name kind events first_intended first_sent ack calls calls_not_rejected outcome".split()
OF_CALL = "sent done outcome status".split()


@dataclass(frozen=True)
class Batches:
    """One row a batch or ordinary event, numbered in the order first sent in the files."""

    table: pa.Table
    """The content of batches.parquet."""
    of_call: Array
    """The batch of each call."""
    by_batch: Array
    """The calls in the order of batch, time sent and place in the history."""


def _distinct(column: pa.ChunkedArray) -> tuple[Array, pa.Array]:
    """Each value as a number, in the order of first appearance, and the values."""
    encoded = column.dictionary_encode().combine_chunks()
    return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary


def _first_rows(codes: Array, count: int) -> Array:
    """The first row that holds each code."""
    first = np.zeros(count, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first


def group(calls: Calls) -> Batches:
    """Group the calls into batches. Raises UnusableInput where one call is sent twice or a batch changes its kind."""
    table, where = calls.table, calls.places.where
    codes, names = _distinct(table["call"])
    if len(names) < len(codes):
        row = int(np.flatnonzero(_first_rows(codes, len(names))[codes] != np.arange(len(codes)))[0])
        raise UnusableInput(f"{where(row)}: a second 'sent' of call {table['call'][row]}")
    batch, names = _distinct(table["batch"])
    count = len(names)
    first = _first_rows(batch, count)
    kind, events, sent = numbers(table["kind"]), numbers(table["events"]), numbers(table["sent"])
    changed = np.flatnonzero((kind[first][batch] != kind) | (events[first][batch] != events))
    if len(changed):
        row = int(changed[0])
        what = "as another kind of call" if kind[first[batch[row]]] != kind[row] else "with other events"
        raise UnusableInput(f"{where(row)}: batch {table['batch'][row]} is sent again {what}")
    by_batch = np.lexsort((sent, batch))
    starts = np.searchsorted(batch[by_batch], np.arange(count))
    outcome = numbers(table["outcome"])
    not_rejected = np.bincount(batch, weights=outcome != OUTCOMES["rejected"], minlength=count).astype(np.int16)
    confirmed = outcome == OUTCOMES["confirmed"]

    def lowest(values: Array) -> Array:
        """The lowest value of each batch."""
        least: Array = np.minimum.reduceat(values[by_batch], starts) if count else np.zeros(0)
        return least

    ack = lowest(np.where(confirmed, numbers(table["done"]), np.inf))
    best = np.where(
        np.isfinite(ack),
        OUTCOMES["confirmed"],
        np.where(not_rejected > 0, OUTCOMES["indeterminate"], OUTCOMES["rejected"]),
    )
    columns: dict[str, Any] = {
        "batch": np.arange(count, dtype=np.int32),
        "name": names,
        "kind": kind[first],
        "events": events[first],
        "first_intended": lowest(numbers(table["intended"])),
        "first_sent": lowest(sent),
        "ack": ack,
        "calls": np.bincount(batch, minlength=count).astype(np.int16),
        "calls_not_rejected": not_rejected,
        "outcome": best.astype(np.int8),
    }
    return Batches(pa.table(columns), batch, by_batch)


@dataclass(frozen=True)
class Shared:
    """What the buckets need of the whole run, memory-mapped, as each process that makes a bucket reads it."""

    batches: pa.Table
    """OF_BATCH, and `start`: the first row in `calls`."""
    calls: pa.Table
    """OF_CALL, in the order of batch, time sent and place in the history."""
    of_call: Array
    """The batch of each call, in the order of the history."""

    @classmethod
    def open(cls, spilled: Spilled) -> "Shared":
        """What `share` wrote."""
        batches, calls, of_call = unspill(spilled.streams())
        return cls(batches, calls, numbers(of_call["batch"]))


def share(calls: Calls, batches: Batches, path: Path) -> Spilled:
    """Write what the buckets need of the whole run."""
    of_batch = {name: batches.table[name].combine_chunks() for name in OF_BATCH}
    ends = np.cumsum(numbers(batches.table["calls"]), dtype=np.int64)
    of_call = {name: numbers(calls.table[name])[batches.by_batch] for name in OF_CALL}
    return spill(
        path,
        [
            pa.record_batch({**of_batch, "start": ends - numbers(batches.table["calls"])}),
            pa.record_batch(of_call),
            pa.record_batch({"batch": batches.of_call}),
        ],
    )
