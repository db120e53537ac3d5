"""Looks at the end of the stored log while the load goes on: up to which position it could be read, and when.

A look asks for single rows only, by bisection from where the log ended before, so it costs the system a few small
requests and not a second reading. It tells of every row up to its position that it could be read by then, for positions
become visible in their order (docs/contract.md); a row may have been there for up to `every_s` before.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from inorder.errors import InorderError
from inorder.readback.settle import Reader
from inorder.run import LiveReading
from inorder.scenario import Scenario

SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),  # the last row that could be read; each is above the one before
        pa.field("seen_at", pa.float64(), nullable=False),  # the run's clock when it could, seconds
    ]
)
"""Columns of evidence/live.parquet: one row an answer of a look that held a row of the log."""
EVERY_S = 0.5
"""Where a line of the SLA needs it and the scenario does not say."""


def every_s(scenario: Scenario) -> float | None:
    """How often a run of this scenario looks at the log during its load, seconds; None: never."""
    asked = scenario.readback.live_s
    if asked is not None:
        return asked or None
    return EVERY_S if any(line.metric.startswith("visibility_ms") for line in scenario.sla) else None


class Live:
    """A thread that looks every `every_s` seconds, from `start` to `stop`; then the last look is to be made."""

    def __init__(self, reader: Reader, every_s: float, after: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`reader`: of this alone, closed at the end; `after`: where the log ends now."""
        self._reader = reader
        self._every_s = every_s
        self._last = after
        self._grown = 1
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._looks: list[tuple[int, float]] = []
        self._count = 0
        self._error: str | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more of its own accord."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def close(self) -> None:
        """End, and close the connections."""
        self.stop()
        self._reader.close()

    def _run(self) -> None:
        due = self._clock()
        while True:
            due = max(due + self._every_s, self._clock())
            if self._over.wait(due - self._clock()):
                return
            self.look()

    def look(self) -> None:
        """Find the end of the log. A look that fails says nothing; the next one finds what it would have found."""
        self._count += 1
        before = self._last
        try:
            self._reader.last_position(before, self._grown, self._found)
        except InorderError as error:
            self._error = str(error)
            return
        self._error = None
        if self._last > before:
            self._grown = self._last - before

    def _found(self, position: int) -> None:
        self._looks.append((position, self._clock()))
        self._last = position

    def write(self, file: Path, origin: float) -> LiveReading:
        """Write what was seen; `origin`: the instant of the clock that is zero of the run's. Not without the last look."""
        if self._error is None:
            columns = [[end for end, _ in self._looks], [seen - origin for _, seen in self._looks]]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
            pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), file)
        return LiveReading(every_s=self._every_s, looks=self._count, error=self._error)
