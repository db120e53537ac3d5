"""Reads the stored log until it has settled, and writes it as evidence: who stored what, under which identity."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inorder.errors import InorderError, TargetUnavailable
from inorder.readback.identities import SCHEMA, Identities
from inorder.readback.row import StoredRow
from inorder.run import Reading, RunFolder
from inorder.scenario import Readback

_FIRST, _SECOND = "reading-1.part", "reading-2.part"
_GROUP = 1 << 17
"""Rows of a row group of an arranged reading."""
LOOK_S = 0.1
"""Pause between two looks at a log that did not grow; longer where a look takes longer."""


class Reader(Protocol):
    """A way to read a stored log; to be closed."""

    sorted: bool
    """Whether rows come in the order of their positions; else they are put into it (files, whose order tells nothing)."""

    def close(self) -> None:
        """Close what is open."""

    def check(self) -> None:
        """Raise UnusableInput (TargetUnavailable) with one line where the log cannot be read."""

    def last_position(self, known: int = -1, step: int = 1, found: Callable[[int], None] | None = None) -> int:
        """The newest position, `known` where nothing is behind it; `step` and `found` as in readback/http.py."""

    def begin(self, after: int) -> None:
        """Begin a reading: of the rows behind a position, of all for -1; those without a position are in each."""

    def pages(self) -> Iterator[list[StoredRow]]:
        """Pages of the rows of this reading that were not given yet, until there are none for now."""

    def check_whole(self) -> None:
        """Raise TargetUnavailable where what was given is not all of the log, though nothing more came."""


def read_log(
    folder: RunFolder,
    reader: Reader,
    identities: Identities,
    readback: Readback,
    now: Callable[[], float],
    after: int,
    quiet_until: float = -math.inf,
) -> Reading:
    """Read what is stored behind `after` until the run's rows did not grow for `settle_s`, or `limit_s` is over.

    Called at the end of the load; `now` is a monotonic clock, and before its instant `quiet_until` no log has settled. An
    error ends the reading, and what was read is kept. A log that has settled is read a second time where the scenario
    asks for it.
    """
    started = now()
    reading = Reading(after=after, settle_s=readback.settle_s, unanswered_s=max(0.0, quiet_until - started))
    # Only a finished reading has its name: one that was cut off is seen.
    first = folder.evidence / _FIRST
    with pq.ParquetWriter(first, SCHEMA) as writer:
        try:
            _follow(reading, writer, reader, identities, readback, now, quiet_until)
            _check_end(reading, reader)
            reader.check_whole()
        except InorderError as error:
            reading.complete = False
            reading.settled = False
            reading.error = str(error)
    reading.waited_s = now() - started
    _arrange(reader, first)
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
    reader.begin(reading.after)
    try:
        with pq.ParquetWriter(again, SCHEMA) as writer:
            for page in reader.pages():
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
    _arrange(reader, again)
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
    quiet_until: float,
) -> None:
    """Read to the end again and again; `reading` tells how it went."""
    started = grown = now()
    reader.begin(reading.after)
    while True:
        reading.complete = False
        began = now()
        for rows in reader.pages():
            seen = now()
            table = identities.table(rows, seen)
            if table.num_rows:
                writer.write_table(table)
                # Rows of others say nothing about whether ours are all there.
                grown = seen
            reading.rows += table.num_rows
            reading.foreign += len(rows) - table.num_rows
            if seen - started >= readback.limit_s:
                reading.error = f"stopped after limit_s = {readback.limit_s:g} before the end of the log"
                return
        reading.complete = True
        looked = now()
        if looked - grown >= readback.settle_s and looked >= quiet_until:
            reading.settled = True
            return
        if looked - started >= readback.limit_s:
            return
        time.sleep(min(max(LOOK_S, looked - began), readback.settle_s / 4))


def _check_end(reading: Reading, reader: Reader) -> None:
    """Raise where the log ends below where it ended before the load: what is stored anew there was not asked for."""
    if reading.after < 0 or reading.rows or reading.foreign:
        return
    end = reader.last_position()
    if end < reading.after:
        raise TargetUnavailable(
            f"the log ends at position {end}, and before the load it ended at {reading.after}: it was cut off, or made anew"
        )


def _arrange(reader: Reader, file: Path) -> None:
    """Put the rows of a reading in the order of their positions, where they did not come in it."""
    if not reader.sorted:
        pq.write_table(arranged(pq.read_table(file)), file, row_group_size=_GROUP)


def arranged(rows: pa.Table) -> pa.Table:
    """Rows in the order of their positions: of equal ones as they stand, those without one last."""
    return rows.take(pc.sort_indices(rows["position"]))
