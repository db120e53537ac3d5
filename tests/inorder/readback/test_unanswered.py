"""Until when a call without an answer may still be stored, as the histories tell."""

import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inorder.client import Client
from inorder.history import Closed, HistoryWriter, Outcome
from inorder.readback.unanswered import possible_until, quiet_until
from inorder.run import RunFolder, RunInfo

CLIENT = Client(batch_timeout_s=30.0, ordinary_timeout_s=5.0)
Call = tuple[str, str, float, Outcome, int]
"""Name, kind, when it ended, its outcome, its status."""


def history(folder: Path, *calls: Call, worker: str = "w0", closed: bool = True) -> None:
    """The history of a worker."""
    writer = HistoryWriter(folder / f"{worker}.jsonl")
    for name, kind, _, _, _ in calls:
        writer.sent(name, f"{name}b", kind, 1, 0.0, 0.0, 0.0, '[["ann",0,1]]', "[1]", 1, 10)  # type: ignore[arg-type]
    for name, _, done, outcome, status in calls:
        writer.done(name, done, outcome, status, "", None)
    if closed:
        writer.close(Closed(worker, len(calls), len(calls)))


def timed_out(name: str, kind: str, done: float) -> Call:
    """A call that nobody answered."""
    return name, kind, done, "indeterminate", 0


def test_every_call_that_nobody_answered_has_its_time_out_more(tmp_path: Path) -> None:
    """The latest of them counts, which need not be the last: ordinary calls have another time-out than batches."""
    history(tmp_path, timed_out("a", "batch", 8.0), timed_out("b", "batch", 10.0), timed_out("c", "ordinary", 20.0))
    assert possible_until(tmp_path, CLIENT) == 40.0
    history(tmp_path, timed_out("d", "ordinary", 36.0), worker="w1")
    assert possible_until(tmp_path, CLIENT) == 41.0
    history(tmp_path, timed_out("e", "batch", 12.0), worker="w2")
    assert possible_until(tmp_path, CLIENT) == 42.0


@pytest.mark.parametrize(
    ("outcome", "status"), [("confirmed", 200), ("rejected", 400), ("rejected", 0), ("indeterminate", 504)]
)
def test_a_call_with_an_answer_is_waited_for_no_more(tmp_path: Path, outcome: Outcome, status: int) -> None:
    """Whatever the answer was; nor is one that never left."""
    history(tmp_path, ("a", "batch", 10.0, outcome, status), ("b", "batch", 11.0, outcome, status))
    assert possible_until(tmp_path, CLIENT) == -math.inf


def test_of_a_worker_that_was_killed_nobody_knows(tmp_path: Path) -> None:
    """Its calls were cut off at an instant that is in no file."""
    history(tmp_path)
    history(tmp_path, worker="w1", closed=False)
    assert possible_until(tmp_path, CLIENT) == math.inf


def run(folder: Path, *calls: Call, ended_s_ago: float = 10.0, closed: bool = True) -> RunFolder:
    """The folder of a run that ended so long ago."""
    ended = datetime.now(UTC) - timedelta(seconds=ended_s_ago)
    info = RunInfo("r", "s", 1, "", "run", "", sandbox=False, processes=1, ended=ended.isoformat())
    made = RunFolder.create(folder / "run", "", info)
    history(made.history, *calls, closed=closed)
    return made


@pytest.mark.parametrize(
    ("calls", "closed", "origin", "late_s", "from_now_s"),
    [
        ([], True, -12.0, 0.0, -10.0),
        ([], True, None, 25.0, 15.0),
        ([timed_out("a", "batch", 1.0)], True, -12.0, 0.0, 19.0),
        ([timed_out("a", "batch", 1.0)], True, -12.0, 60.0, 50.0),
        ([timed_out("a", "ordinary", 1.0)], True, None, 0.0, 20.0),
        ([], False, -12.0, 0.0, 20.0),
    ],
)
def test_the_instant_is_told_by_the_clock_of_the_reading(
    tmp_path: Path, calls: list[Call], closed: bool, origin: float | None, late_s: float, from_now_s: float
) -> None:
    """By the run's clock where it is known, else from the end of the load, and never before the files are complete."""
    folder, now = run(tmp_path, *calls, closed=closed), time.monotonic()
    found = quiet_until(folder, CLIENT, late_s, None if origin is None else now + origin)
    assert found - now == pytest.approx(from_now_s, abs=0.5)
