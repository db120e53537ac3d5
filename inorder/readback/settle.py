"""Reads the stored log until it has settled, and writes it as evidence: who stored what, under which identity."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from inorder.errors import InorderError
from inorder.events import BadEvent, Namespace, canonical, decode_event, digest
from inorder.readback.http import StoredRow
from inorder.run import Reading, RunFolder
from inorder.scenario import Readback

SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),  # the system's own order, kept as read
        pa.field("visitor", pa.string(), nullable=False),  # under whom it is stored
        pa.field("origin", pa.string()),  # the visitor in the identity; null: the same
        pa.field("seq", pa.int64()),  # from the identity; null: none of this run could be read
        pa.field("digest", pa.int64()),  # of the canonical envelope; null: the event does not decode
        pa.field("name", pa.string(), nullable=False),
        pa.field("server", pa.string()),
        pa.field("stored_at", pa.float64()),  # the system's wall clock, seconds
        pa.field("seen_at", pa.float64()),  # the run's clock when this reading saw the row, seconds; null: not known
    ]
)
"""Columns of evidence/stored.parquet, one row a stored event of the run."""

_FIRST, _SECOND = "reading-1.part", "reading-2.part"
LOOK_S = 0.1
"""Pause between two looks at a log that did not grow."""
Kept = Callable[[Sequence[StoredRow], float], pa.Table]
"""The rows of the run, of those that were seen at an instant."""


class Reader(Protocol):
    """A way to read a stored log."""

    def pages(self, after: int) -> Iterator[list[StoredRow]]:
        """Pages of the rows behind `after`, until there are none."""


def identify(rows: Sequence[StoredRow], namespace: Namespace, seen_at: float | None) -> pa.Table:
    """The rows that are of the run: stored under one of its visitors, or carrying an identity of its own."""
    kept: list[StoredRow] = []
    origins: list[str | None] = []
    seqs: list[int | None] = []
    digests: list[int | None] = []
    owns, identity_of, name_of = namespace.owns, namespace.identity, namespace.name
    for row in rows:
        try:
            event = decode_event(row.name, bytes(row.event))
        except (BadEvent, KeyError):
            if owns(row.visitor):
                kept.append(row)
                origins.append(None)
                seqs.append(None)
                digests.append(None)
            continue
        identity = identity_of(row.name, event)
        if identity is None:
            if not owns(row.visitor):
                continue
            origin, seq = None, None
        else:
            origin, seq = name_of(identity[0]), identity[1]
        kept.append(row)
        origins.append(None if origin == row.visitor else origin)
        seqs.append(seq)
        digests.append(digest(canonical(row.name, event)))
    columns: list[Any] = [
        [row.position for row in kept],
        [row.visitor for row in kept],
        origins,
        seqs,
        digests,
        [row.name for row in kept],
        [row.server for row in kept],
        [row.stored_at for row in kept],
        [seen_at] * len(kept),
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def read_log(
    folder: RunFolder,
    reader: Reader,
    namespace: Namespace,
    readback: Readback,
    now: Callable[[], float],
    after: int,
    origin: float | None = 0.0,
) -> Reading:
    """Read what is stored behind `after` until the run's rows did not grow for `settle_s`, or `limit_s` is over.

    Called at the end of the load; `now` is a monotonic clock, and `origin` its instant that is zero of the run's (None:
    not known). An error ends the reading, and what was read is kept. A log that has settled is read a second time where
    the scenario asks for it.
    """

    def kept(rows: Sequence[StoredRow], seen: float) -> pa.Table:
        return identify(rows, namespace, None if origin is None else seen - origin)

    reading = Reading(after=after, settle_s=readback.settle_s)
    started = now()
    # Only a finished reading has its name: one that was cut off is seen.
    first = folder.evidence / _FIRST
    with pq.ParquetWriter(first, SCHEMA) as writer:
        try:
            _follow(reading, writer, reader, kept, readback, now)
        except InorderError as error:
            reading.complete = False
            reading.settled = False
            reading.error = str(error)
    reading.waited_s = now() - started
    again = None
    try:
        if readback.readings == 2 and reading.settled:
            again = _read_again(reading, folder, reader, kept, readback, now)
    finally:  # also where the second reading is interrupted
        if again is None:
            (folder.evidence / _SECOND).unlink(missing_ok=True)
        for old in folder.earlier_files():
            old.unlink()
        if again is not None:
            first.replace(folder.evidence / "earlier-1.parquet")
            first = again
        first.replace(folder.stored_file)
    return reading


def _read_again(
    reading: Reading,
    folder: RunFolder,
    reader: Reader,
    kept: Kept,
    readback: Readback,
    now: Callable[[], float],
) -> Path | None:
    """Read the log from its beginning once more: what the first reading held must still be there.

    The later reading is the one that is judged. Rows that only it has came after the log had seemed to settle.
    Returns its file; None: it was not finished.
    """
    again = folder.evidence / _SECOND
    rows, started = 0, now()
    try:
        with pq.ParquetWriter(again, SCHEMA) as writer:
            for page in reader.pages(reading.after):
                if now() - started >= readback.limit_s:  # others may store faster than this reads
                    reading.again_error = f"stopped after limit_s = {readback.limit_s:g} before the end of the log"
                    return None
                table = kept(page, now())
                if table.num_rows:
                    writer.write_table(table)
                rows += table.num_rows
    except InorderError as error:
        reading.again_error = str(error)
        return None
    reading.again = rows
    if rows > reading.rows:
        reading.settled = False
    return again


def _follow(
    reading: Reading,
    writer: pq.ParquetWriter,
    reader: Reader,
    kept: Kept,
    readback: Readback,
    now: Callable[[], float],
) -> None:
    """Read to the end again and again; `reading` tells how it went."""
    position = reading.after
    started = grown = now()
    while True:
        reading.complete = False
        for rows in reader.pages(position):
            seen = now()
            table = kept(rows, seen)
            if table.num_rows:
                writer.write_table(table)
                # Rows of others say nothing about whether ours are all there.
                grown = seen
            reading.rows += table.num_rows
            reading.foreign += len(rows) - table.num_rows
            position = max(position, max(row.position for row in rows))
            if seen - started >= readback.limit_s:
                reading.error = f"stopped after limit_s = {readback.limit_s:g} before the end of the log"
                return
        reading.complete = True
        looked = now()
        if looked - grown >= readback.settle_s:
            reading.settled = True
            return
        if looked - started >= readback.limit_s:
            return
        time.sleep(min(LOOK_S, readback.settle_s / 4))
