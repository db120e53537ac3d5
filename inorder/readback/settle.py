"""Reads the stored log until it has settled, and writes it as evidence: who stored what, under which identity."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, Self

import pyarrow.parquet as pq

from inorder.errors import InorderError
from inorder.readback.identities import SCHEMA, Identities
from inorder.readback.row import StoredRow
from inorder.run import Reading, RunFolder
from inorder.scenario import Readback

_FIRST, _SECOND = "reading-1.part", "reading-2.part"
LOOK_S = 0.1
"""Pause between two looks at a log that did not grow."""
"""The rows of the run, of those that were seen at an instant."""


class Reader(Protocol):
    """A way to read a stored log; to be closed, or used in a `with` block."""

    def __enter__(self) -> Self:
        """Give itself."""

    def __exit__(self, *_: object) -> None:
        """Close it."""

    def close(self) -> None:
        """Close what is open."""

    def check(self) -> None:
        """Raise UnusableInput (TargetUnavailable) with one line where the log cannot be read."""

    def last_position(self, known: int = -1, step: int = 1, found: Callable[[int], None] | None = None) -> int:
        """The newest position, `known` where nothing is behind it; `step` and `found` as in readback/http.py."""

    def pages(self, after: int) -> Iterator[list[StoredRow]]:
        """Pages of the rows behind `after`, until there are none."""


def read_log(
    folder: RunFolder,
    reader: Reader,
    identities: Identities,
    readback: Readback,
    now: Callable[[], float],
    after: int,
) -> Reading:
    """Read what is stored behind `after` until the run's rows did not grow for `settle_s`, or `limit_s` is over.

    Called at the end of the load; `now` is a monotonic clock. An error ends the reading, and what was read is kept. A log
    that has settled is read a second time where the scenario asks for it.
    """
    reading = Reading(after=after, settle_s=readback.settle_s)
    started = now()
    # Only a finished reading has its name: one that was cut off is seen.
    first = folder.evidence / _FIRST
    with pq.ParquetWriter(first, SCHEMA) as writer:
        try:
            _follow(reading, writer, reader, identities, readback, now)
        except InorderError as error:
            reading.complete = False
            reading.settled = False
            reading.error = str(error)
    reading.waited_s = now() - started
    again = None
    try:
        if readback.readings == 2 and reading.settled:
            again = _read_again(reading, folder, reader, identities, readback, now)
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
    identities: Identities,
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
                table = identities.table(page, now())
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
    identities: Identities,
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
            table = identities.table(rows, seen)
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
