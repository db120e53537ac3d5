"""Merging as a whole: from history/*.jsonl and evidence/stored.parquet to the Parquet files that are judged.

What is written into evidence/, all times in seconds on the run's clock:

- calls.parquet, one row a call: call, worker, batch (its number), kind (0 batch, 1 ordinary), attempt, intended, ready
  (NaN: unknown), sent, done (NaN: no answer), outcome (0 confirmed, 1 rejected, 2 indeterminate), status (0: none),
  events, bytes, error (null: none)
- batches.parquet, one row a batch or ordinary event: batch (its number), name, kind, events, first_intended,
  first_sent, ack (the earliest done of a confirmed call, inf: none), calls, calls_not_rejected, outcome (confirmed if
  any call is, else indeterminate if any call is, else rejected)
- events/bucket-NNNN.parquet, one row an event of a batch: visitor, seq, batch (number), index (place in the call),
  digest (null: unknown); sorted by visitor and seq
- stored/bucket-NNNN.parquet, the stored log: position (-1: unknown), visitor, origin (null: the same), seq, digest,
  name, server, stored_at, seen_at; sorted by the visitor of the identity and by position
- merge.json, last (marker.py)

A bucket holds the visitors whose crc32 falls on it; a stored row is where the visitor of its identity is.
"""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inorder.errors import UnusableInput
from inorder.merge import marker as markers
from inorder.merge.batches import Batches, bucket_events, group
from inorder.merge.buckets import ROWS, Names, Spill
from inorder.merge.calls import EVENTS, Calls, read_histories
from inorder.merge.marker import Merged
from inorder.merge.stored import SPILLED, bucket_stored, open_stored, spill_stored
from inorder.run import RunFolder

_BYTES_AN_EVENT = 30
"""Of history, a little less than a batch of 20 takes: only the number of buckets depends on it."""

_CALL_COLUMNS = (
    "call worker batch kind attempt intended ready sent done outcome status events bytes error".split()
)  # the order in calls.parquet


def merge(folder: RunFolder, rows_a_bucket: int = ROWS) -> Merged:
    """Merge a run's files into its evidence; evidence that is whole and of the same files is left as it is.

    Raises UnusableInput, with `file:line`, at a line that cannot be part of a history.
    """
    evidence = folder.evidence
    histories = sorted(folder.history.glob("*.jsonl"))
    stored = folder.stored_file
    try:
        given = [*histories, stored] if stored.exists() else histories
        sources = markers.fingerprints(folder.path, given)
    except OSError as error:
        raise UnusableInput(f"{error.filename}: cannot be read: {error.strerror}") from None
    marker = evidence / "merge.json"
    merged = markers.read_whole(folder.path, marker, sources)
    if merged is not None:
        return merged
    marker.unlink(missing_ok=True)
    for name in ("events", "stored", "spill"):
        shutil.rmtree(evidence / name, ignore_errors=True)
        (evidence / name).mkdir(parents=True)
    try:
        merged = _merge(histories, stored, evidence, rows_a_bucket)
    finally:
        shutil.rmtree(evidence / "spill", ignore_errors=True)
    merged.sources = sources
    merged.outputs = markers.fingerprints(
        folder.path,
        [evidence / "calls.parquet", evidence / "batches.parquet", *evidence.glob("*/bucket-*.parquet")],
    )
    markers.write(marker, merged)
    return merged


def _merge(histories: list[Path], stored: Path, evidence: Path, rows_a_bucket: int) -> Merged:
    merged = Merged()
    log = None
    if stored.exists():
        try:
            log = open_stored(stored)
        except (OSError, pa.ArrowException) as error:
            merged.stored_error = f"{stored.name} cannot be read: {error}".splitlines()[0]
    bytes_sent = sum(path.stat().st_size for path in histories)
    rows = max(bytes_sent // _BYTES_AN_EVENT, log.metadata.num_rows if log is not None else 0)
    merged.buckets = max(1, -(-rows // rows_a_bucket))
    names = Names(merged.buckets)
    spill = Spill(evidence / "spill", "events", EVENTS, merged.buckets)
    calls = read_histories(histories, names, spill)
    spill.close()
    batches = group(calls)
    merged.workers, merged.calls, merged.batches = calls.workers, calls.table.num_rows, batches.table.num_rows
    for bucket in range(merged.buckets):
        events = bucket_events(spill.take(bucket), calls, batches, names)
        merged.events += events.num_rows
        _write(events, evidence / "events" / f"bucket-{bucket:04d}.parquet")
    _write_calls(calls, batches, evidence)
    if log is not None:
        spill = Spill(evidence / "spill", "stored", SPILLED, merged.buckets)
        merged.stored = spill_stored(log, stored, names, spill)
        spill.close()
        for bucket in range(merged.buckets):
            table = bucket_stored(spill.take(bucket), names)
            _write(table, evidence / "stored" / f"bucket-{bucket:04d}.parquet")
    return merged


def _write_calls(calls: Calls, batches: Batches, evidence: Path) -> None:
    number = pa.array(batches.of_call.astype(np.int32))
    table = calls.table.drop_columns("batch").append_column("batch", number)
    _write(table.select(_CALL_COLUMNS), evidence / "calls.parquet")
    _write(batches.table, evidence / "batches.parquet")


def _write(table: pa.Table, path: Path) -> None:
    """LZ4 and plain numbers: what is read fastest. Only names are kept as dictionaries."""
    texts = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    pq.write_table(table, path, compression="lz4", use_dictionary=texts, write_statistics=False)
