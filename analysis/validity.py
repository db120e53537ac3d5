"""Whether a run can be relied on: did all of the load happen as it was meant, and was the log read to its end."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from analysis.intervals import percentile
from inorder.merge import Merged
from inorder.run import RunInfo
from inorder.scenario import Scenario

HELD_BACK_SHARE = 0.01
"""Where a quota held back more of the calls than this, it shaped response times, drain times and rates."""
_WAITED_S = 0.001
"""A call waited for a connection if none was free this long after it was due."""


@dataclass(frozen=True)
class Validity:
    """The counts that decide whether a run can be relied on; the key `validity`."""

    workers: int
    workers_lost: int
    """Processes of the generator that left no closing line."""
    crashed: int
    """Exceptions inside the generator."""
    late_starts_ms_p99: float | None
    """How late calls left although a connection was free: sent - max(intended, ready)."""
    waited_for_connection: float | None
    """Share of the calls for which no connection was free when they were due; counted in their response time."""
    loop_lag_ms_p99: float | None
    cpu_share: float | None
    """Of the busiest process, 1.0 = one core."""
    unsent: int
    """Events that were due and never sent."""
    gave_up: int
    """Batches given up after the last attempt."""
    held_back: int
    """Calls that waited because of the quota of the target."""
    torn_lines: int
    counts_differ: int
    """Closing lines whose totals are not those of their file."""
    interrupted: bool
    readback_complete: bool
    readback_settled: bool

    def as_json(self) -> dict[str, Any]:
        """As in verdict.json."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def measure(info: RunInfo, merged: Merged, calls: pd.DataFrame) -> Validity:
    """Take a run's account from its run.json, its closing lines and its calls."""
    workers = merged.workers
    closed = sum(worker.closed for worker in workers)
    intended, ready, sent = (calls[name].to_numpy() for name in ("intended", "ready", "sent"))
    due = np.fmax(intended, ready)
    known = np.isfinite(ready)
    lags = [worker.loop_lag_ms_p99 for worker in workers if worker.loop_lag_ms_p99 is not None]
    shares = [worker.cpu_share for worker in workers if worker.cpu_share is not None]
    return Validity(
        workers=max(info.processes, len(workers)),
        # A history of another client, none of whose files is closed, tells nothing of its processes.
        workers_lost=max(info.processes, len(workers)) - closed if info.processes else 0,
        crashed=sum(worker.crashed for worker in workers),
        late_starts_ms_p99=1000 * percentile(np.sort(sent - due), "99") if len(calls) else None,
        waited_for_connection=(float(np.mean(ready[known] - intended[known] > _WAITED_S)) if known.any() else None),
        loop_lag_ms_p99=max(lags, default=None),
        cpu_share=max(shares, default=None),
        unsent=sum(worker.unsent for worker in workers),
        gave_up=sum(worker.gave_up for worker in workers),
        held_back=sum(worker.held_back for worker in workers),
        torn_lines=sum(worker.torn for worker in workers),
        counts_differ=sum(not worker.fits for worker in workers),
        interrupted=info.interrupted or any(worker.interrupted for worker in workers),
        readback_complete=info.reading is not None and info.reading.complete,
        readback_settled=info.settled,
    )


def paced(merged: Merged) -> str | None:
    """Why the quota, and not the system, set how long things took; None: it did not."""
    held = sum(worker.held_back for worker in merged.workers)
    if held <= HELD_BACK_SHARE * merged.calls:
        return None
    return f"the quota of the target held back {held:,} of {merged.calls:,} calls"


def reasons(validity: Validity, info: RunInfo, scenario: Scenario, merged: Merged) -> list[str]:
    """Why the run cannot be relied on, with numbers; empty where it can."""
    found = []
    if validity.workers_lost:
        found.append(
            f"{validity.workers_lost} of {validity.workers} generator processes left no closing line: "
            "what they would have sent is missing."
        )
    elif validity.torn_lines:  # of another client, whose files need no closing line
        one = validity.torn_lines == 1
        told = "1 history file ends" if one else f"{validity.torn_lines} history files end"
        found.append(f"{told} within a line: what stood behind it is missing.")
    if validity.counts_differ:
        first = next(worker for worker in merged.workers if not worker.fits)
        found.append(
            f"{validity.counts_differ} closing lines do not fit their file: {first.worker} states {first.closed_calls} "
            f"calls and {first.closed_events} events, its lines hold {first.calls} and {first.events}."
        )
    if validity.interrupted:
        found.append("The run was interrupted.")
    elif info.ended is None:
        found.append("The run was cut off: run.json has no end.")
    if validity.crashed:
        found.append(f"The generator itself failed {validity.crashed} times.")
    if validity.unsent and info.stopped is None:  # else the load was ended on purpose
        found.append(f"{validity.unsent} events that were due were never sent.")
    return found + limits(validity, scenario) + _reading(info, merged)


def limits(validity: Validity, scenario: Scenario) -> list[str]:
    """Where the generator was beyond a limit, and may have shaped what was measured."""
    found = []
    for value, limit, what in (
        (validity.late_starts_ms_p99, scenario.validity.late_start_ms_p99, "Calls left late although a connection was"),
        (validity.loop_lag_ms_p99, scenario.validity.loop_lag_ms_p99, "The generator's clock was served late"),
    ):
        if value is not None and value > limit:
            free = " free" if what.endswith("was") else ""
            found.append(f"{what}{free}: p99 {value:.1f} ms, the limit is {limit:g} ms.")
    if validity.cpu_share is not None and validity.cpu_share > scenario.validity.cpu_share:
        found.append(
            f"The busiest generator process used {validity.cpu_share:.0%} of a core, the limit is "
            f"{scenario.validity.cpu_share:.0%}: it may have set the pace."
        )
    return found


def _reading(info: RunInfo, merged: Merged) -> list[str]:
    reading = info.reading
    if merged.stored is None:
        return []  # said among the checks that cannot run
    if reading is None:
        return ["run.json does not say how the stored log was read."]
    found = []
    if not reading.complete:
        found.append(f"The stored log was not read to its end{f': {reading.error}' if reading.error else ''}.")
    elif reading.again is not None and reading.again > reading.rows:
        late = reading.again - reading.rows
        found.append(f"{late} rows came into the stored log after it had not grown for {reading.settle_s:g} s.")
    elif not reading.settled:
        found.append(f"The stored log had not settled {reading.waited_s:.1f} s after the load.")
    read = reading.rows if reading.again is None else reading.again
    if reading.complete and read != merged.stored.rows:
        found.append(f"The log was read with {read} rows, but {merged.stored.rows} are there.")
    return found
