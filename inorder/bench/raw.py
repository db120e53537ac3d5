"""Writes made-up buckets as a run leaves them before merging: history files and the stored log."""

from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inorder.bench.plan import WORKERS
from inorder.bench.rows import OUTCOMES, Content, call_columns, stored_columns
from inorder.history import Closed, HistoryWriter
from inorder.readback.identities import SCHEMA
from inorder.run import RunFolder


class Raw:
    """The files of a run while they grow, bucket by bucket."""

    def __init__(self, folder: RunFolder, readings: int, seen_s: float) -> None:
        """`seen_s`: when the log was read, on the run's clock."""
        self._seen_s = seen_s
        self._histories = [HistoryWriter(folder.history / f"w{worker}.jsonl") for worker in range(WORKERS)]
        paths = [folder.stored_file, folder.evidence / "earlier-1.parquet"]
        self._logs = [pq.ParquetWriter(path, SCHEMA) for path in paths[:readings]]
        self._positions = 0

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for log in self._logs:
            log.close()

    def add(self, bucket: int, made: Content) -> None:
        """Write one bucket."""
        self._write_calls(made)
        for log, earlier in zip(self._logs, (False, True), strict=False):
            columns = stored_columns(made, self._positions, self._seen_s, earlier)
            order = pa.array(np.argsort(columns["position"], kind="stable"))
            log.write_table(pa.table(columns).take(order).cast(SCHEMA))
        self._positions += len(made.stored.event)

    def finish(self) -> None:
        """Write the closing lines."""
        for worker, history in enumerate(self._histories):
            history.close(Closed(f"w{worker}", history.calls, history.events))

    def _write_calls(self, made: Content) -> None:
        """The lines of the calls, as time goes by within the bucket."""
        columns = call_columns(made, np.array([history.calls for history in self._histories]))
        listed = {name: _listed(column) for name, column in columns.items()}
        names, events = made.batch_names.to_pylist(), _events_of(made)
        worker = made.worker[made.calls.batch].tolist()
        instant = np.concatenate([made.calls.sent, made.calls.done])
        count = len(worker)
        for line in np.argsort(instant, kind="stable").tolist():
            call = line % count
            history = self._histories[worker[call]]
            what = {name: values[call] for name, values in listed.items()}
            if line < count:
                runs, digests = events[what["batch"]]
                history.sent(
                    what["call"], names[what["batch"]], "ordinary" if what["kind"] else "batch", what["attempt"],
                    what["intended"], what["ready"], what["sent"], runs, digests, what["events"], what["bytes"],
                )  # fmt: skip
            elif made.calls.done[call] >= 0:
                history.done(what["call"], what["done"], OUTCOMES[what["outcome"]], what["status"], "", None)


def _listed(column: Any) -> list[Any]:
    values: list[Any] = column.to_pylist() if isinstance(column, pa.Array) else column.tolist()
    return values


def _events_of(made: Content) -> list[tuple[str, str]]:
    """Of each batch its runs of events and their digests, as JSON."""
    units = made.units
    names, digest, seq = made.names.to_pylist(), made.digest.tolist(), made.seq[units.event].tolist()
    found: list[tuple[str, str]] = [("", "")] * (int(units.batch.max(initial=-1)) + 1)
    columns = (units.batch, units.visitor, units.event, units.size)
    for first, batch, visitor, event, size in zip(seq, *(column.tolist() for column in columns), strict=True):
        runs = f'["{names[visitor]}",{first},{size}]'
        digests = ",".join(map(str, digest[event : event + size]))
        before = found[batch]
        found[batch] = (f"{before[0]},{runs}", f"{before[1]},{digests}") if before[0] else (runs, digests)
    return [(f"[{runs}]", f"[{digests}]") for runs, digests in found]
