"""One bucket's events, and the batches and calls of these: it is judged with nothing else of the history at hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inorder.merge.batches import OF_BATCH, OF_CALL, Shared
from inorder.merge.buckets import ranges
from inorder.merge.calls import Places
from inorder.merge.overlaps import kept_events
from inorder.merge.sorted_runs import SortedRuns, digests_of, sorted_runs
from inorder.merge.spill import Share, Spilled

Array = NDArray[Any]


def write_bucket(
    name: str, shares: Sequence[Share], first_rows: Sequence[int], shared: Spilled, places: Places, evidence: Path
) -> int:
    """Write events/`name`, batches/`name` and calls/`name`; returns the number of events.

    `first_rows` are the rows of the first call of each of the shares of runs. Raises UnusableInput, see kept_events.
    """
    of_run = Shared.open(shared)
    runs = sorted_runs(shares, first_rows)
    batch, batches = _numbered(of_run.of_call[runs.call])
    events = _events(runs, batch, of_run, places)
    write(events, evidence / "events" / name)
    write(_batches(batches, of_run), evidence / "batches" / name)
    write(_calls(batches, of_run), evidence / "calls" / name)
    return int(events.num_rows)


def _events(runs: SortedRuns, batch: Array, shared: Shared, places: Places) -> pa.Table:
    """The events of a bucket, each once, sorted by visitor and seq; `batch` are the batches of the runs."""
    digest, known = digests_of(runs)
    kept = kept_events(runs, digest, known, shared, places)
    columns = [
        np.repeat(runs.visitor, runs.count),
        ranges(runs.first, runs.count),
        np.repeat(batch, runs.count),
        ranges(runs.index, runs.count).astype(np.int32),
        digest,
        known,
    ]
    visitor, seq, number, index, digest, known = columns if kept is None else [column[kept] for column in columns]
    return pa.table(
        {
            "visitor": pa.DictionaryArray.from_arrays(pa.array(visitor), runs.names),
            "seq": seq,
            "batch": number,
            "index": index,
            "digest": pa.array(digest, mask=None if known.all() else ~known),
        }
    )


def _numbered(batch: Array) -> tuple[Array, Array]:
    """Each batch as a number within the bucket, in the order of first appearance, and the batch behind each number.

    The batches of runs serve as well as those of events: seqs of two batches do not overlap.
    """
    values, first, code = np.unique(batch, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    return rank[code], values[order]


def _batches(batches: Array, shared: Shared) -> pa.Table:
    rows = shared.batches.select(OF_BATCH).take(pa.array(batches))
    return rows.add_column(0, "number", pa.array(batches, pa.int32()))


def _calls(batches: Array, shared: Shared) -> pa.Table:
    starts, lengths = (shared.batches[name].to_numpy()[batches] for name in ("start", "calls"))
    rows = shared.calls.select(OF_CALL).take(pa.array(ranges(starts, lengths)))
    return rows.add_column(0, "batch", pa.array(np.repeat(np.arange(len(batches), dtype=np.int32), lengths)))


def write(table: pa.Table, path: Path) -> None:
    """LZ4 and plain numbers: what is read fastest. Only names are kept as dictionaries."""
    texts = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    pq.write_table(table, path, compression="lz4", use_dictionary=texts, write_statistics=False)
