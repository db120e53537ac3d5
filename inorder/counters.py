"""metrics.prom while the load goes on: the run's counters as Prometheus text, for a collector that reads files.

Written anew each second, as a whole; judging then replaces it by what the run came to (docs/ci.md names the metrics).
"""

from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, write_to_textfile

from inorder.progress import Told

_COUNTERS = {
    "calls": ("inorder_calls", "Calls made."),
    "confirmed": ("inorder_events_confirmed", "Events confirmed."),
    "drained": ("inorder_events_drained", "Events of backlogs whose calls have ended for good."),
    "indeterminate": ("inorder_calls_indeterminate", "Calls without a certain answer."),
    "rejected": ("inorder_calls_rejected", "Calls that were rejected."),
    "resends": ("inorder_calls_resent", "Calls of batches beyond the first of each."),
}
_GAUGES = {
    "t": ("inorder_run_seconds", "Seconds since the start of the load."),
    "backlog": ("inorder_events_backlog", "Events of all backlogs of the run."),
    "lost": ("inorder_workers_lost", "Generator processes that were lost."),
}


def write(path: Path, told: Told, scenario: str, run: str) -> None:
    """Replace `path`; a reader sees the old text or the new one, never a part.

    A disk that does not take it is passed over: the load is worth more, and its history may find room.
    """
    registry = CollectorRegistry()
    labels = {"scenario": scenario, "run": run}
    for key, (name, what) in _COUNTERS.items():
        Counter(name, what, labels, registry=registry).labels(**labels).inc(told.get(key, 0))
    for key, (name, what) in _GAUGES.items():
        Gauge(name, what, labels, registry=registry).labels(**labels).set(told.get(key, 0))
    with suppress(OSError):
        write_to_textfile(str(path), registry)
