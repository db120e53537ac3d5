"""Writes made-up buckets as merged evidence, in the form that merging gives (inorder/merge/whole.py)."""

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inorder.bench.plan import WORKERS
from inorder.bench.rows import Content, batch_columns, call_columns, event_columns, stored_columns
from inorder.history import Closed, HistoryWriter
from inorder.merge import marker
from inorder.merge.marker import Merged, StoredLog, Worker
from inorder.run import RunFolder


class Evidence:
    """The evidence of a run while it grows, bucket by bucket."""

    def __init__(self, folder: RunFolder, buckets: int, readings: int, seen_s: float) -> None:
        """`seen_s`: when the log was read, on the run's clock."""
        self._folder = folder
        self._readings = readings
        self._seen_s = seen_s
        self._calls = _Whole(folder.evidence / "calls.parquet")
        self._batches = _Whole(folder.evidence / "batches.parquet")
        self._made = np.zeros(WORKERS, np.int64)
        self._sent = np.zeros(WORKERS, np.int64)
        self._positions = 0
        self._earlier_rows = 0
        self.merged = Merged(buckets=buckets, stored=StoredLog(first_seen_s=seen_s))
        for name in ("events", "batches", "calls", "stored", *(["earlier/1"] if readings > 1 else [])):
            (folder.evidence / name).mkdir(parents=True)

    def __enter__(self) -> "Evidence":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._calls.close()
        self._batches.close()

    def add(self, bucket: int, made: Content) -> None:
        """Write one bucket."""
        merged, name = self.merged, f"bucket-{bucket:04d}.parquet"
        events, batches, calls = event_columns(made), batch_columns(made), call_columns(made, self._made)
        number = merged.batches + np.arange(len(batches["kind"]), dtype=np.int32)
        evidence = self._folder.evidence
        _write(events, evidence / "events" / name)
        _write({"number": number} | batches, evidence / "batches" / name)
        _write({key: calls[key] for key in ("batch", "sent", "done", "outcome", "status")}, evidence / "calls" / name)
        rows = stored_columns(made, self._positions, self._seen_s)
        _write(rows, evidence / "stored" / name)
        if self._readings > 1:
            before = stored_columns(made, self._positions, self._seen_s, earlier=True)
            _write(before, evidence / "earlier" / "1" / name)
            self._earlier_rows += len(before["position"])
        self._calls.add(calls | {"batch": number[calls["batch"]]})
        self._batches.add({"batch": number} | batches)
        worker = made.worker[made.calls.batch]
        self._made += np.bincount(worker, minlength=WORKERS)
        self._sent += np.bincount(worker, weights=calls["events"], minlength=WORKERS).astype(np.int64)
        self._positions += len(made.stored.event)
        merged.calls += len(worker)
        merged.batches += len(number)
        merged.events += len(made.seq)
        assert merged.stored is not None
        merged.stored.rows += len(rows["position"])
        merged.stored.known = merged.stored.rows
        merged.stored.end = self._positions - 1

    def finish(self) -> None:
        """Write what stands for the histories, and merge.json."""
        folder, merged = self._folder, self.merged
        self._calls.close()
        self._batches.close()
        for worker, (calls, events) in enumerate(zip(self._made.tolist(), self._sent.tolist(), strict=True)):
            # Only the closing lines: were this merged again, they would not fit, and the run would be inconclusive.
            HistoryWriter(folder.history / f"w{worker}.jsonl").close(Closed(f"w{worker}", calls, events))
            own = Worker(worker=f"w{worker}", lines=2 * calls + 1, calls=calls, events=events, closed=True)
            own.closed_calls, own.closed_events = calls, events
            merged.workers.append(own)
        if self._readings > 1:
            rows = self._earlier_rows
            merged.earlier = [StoredLog(rows=rows, known=rows, end=self._positions - 1, first_seen_s=self._seen_s)]
        merged.sources = marker.fingerprints(folder.path, folder.history.glob("*.jsonl"))
        merged.outputs = marker.fingerprints(folder.path, folder.evidence.rglob("*.parquet"))
        marker.write(folder.evidence / "merge.json", merged)


class _Whole:
    """A file of the whole run, a row group a bucket."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def add(self, columns: dict[str, Any]) -> None:
        table = pa.table(columns)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, **_form(table.schema))
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _write(columns: dict[str, Any], path: Path) -> None:
    table = pa.table(columns)
    pq.write_table(table, path, **_form(table.schema))


def _form(schema: pa.Schema) -> dict[str, Any]:
    """As merging writes: LZ4, plain numbers, only names as dictionaries."""
    texts = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    return {"compression": "lz4", "use_dictionary": texts, "write_statistics": False}
