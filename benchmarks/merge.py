"""How fast merging is: events of the history a second, with as many rows of a stored log, in one process and in two.

`python benchmarks/merge.py` makes the raw files of a run in a temporary folder (the same files every time: lines as
HistoryWriter writes them, batches of up to 20 events with digests, 2 % of the batches sent twice), once with one history
file and once with four, merges them with 1 and 2 processes in turn and prints the median of the repeats.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inorder.history import HistoryWriter
from inorder.merge import merge
from inorder.run import RunFolder, RunInfo

BATCH = 20
"""Events of a batch, but for a visitor's last one."""
AT_ONCE = 500
"""Visitors that send at the same time."""
LATENCY_S = 0.1
SCENARIO = 'question = "?"\n[visitors]\ncount = 1\n[[phases]]\nname = "storm"\nduration_s = 1.0\n'


def sizes(events: int, rng: np.random.Generator) -> np.ndarray:
    """The backlog of each visitor, some 40 events on average and `events` in all."""
    drawn = rng.geometric(1 / 40, events // 30 + 10)
    bounds = np.minimum(np.cumsum(drawn), events)
    backlogs = np.diff(bounds, prepend=0)
    return backlogs[backlogs > 0]


def batches(events: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Visitor, first seq, events and time sent of each batch, in the order sent."""
    backlog = sizes(events, rng)
    number = -(-backlog // BATCH)
    visitor = np.repeat(np.arange(len(backlog)), number)
    place = np.arange(len(visitor)) - np.repeat(np.cumsum(number) - number, number)
    count = np.minimum(BATCH, backlog[visitor] - place * BATCH)
    start = np.arange(len(backlog)) * (LATENCY_S * 2 / AT_ONCE)
    sent = start[visitor] + place * LATENCY_S * 1.2 + rng.random(len(visitor)) * 0.01
    order = np.argsort(sent, kind="stable")
    return visitor[order], place[order] * BATCH, count[order], sent[order]


def name(visitor: int) -> str:
    """A visitor's name, in the form that the harness gives."""
    return f"kq3v9d7m-{visitor * 2_654_435_761 % (1 << 32):08x}"


def write_history(folder: RunFolder, files: int, events: int) -> None:
    """The histories of `files` workers, which take the batches in turn, and the stored log."""
    rng = np.random.default_rng(1)
    visitor, first, count, sent = batches(events, rng)
    digest = rng.integers(0, 1 << 32, int(count.sum()))
    ends = np.cumsum(count)
    again = rng.random(len(visitor)) < 0.02
    for worker in range(files):
        own = range(worker, len(visitor), files)
        lines = [line for batch in own for line in _lines(worker, batch, sent[batch], bool(again[batch]))]
        lines.sort(key=lambda line: line[0])
        writer = HistoryWriter(folder.history / f"w{worker}.jsonl")
        for at, batch, call, attempt, outcome in lines:
            if outcome is None:
                runs = f'[["{name(int(visitor[batch]))}",{first[batch]},{count[batch]}]]'
                digests = str(digest[ends[batch] - count[batch] : ends[batch]].tolist()).replace(" ", "")
                size = 300 * int(count[batch])
                writer.sent(
                    call, f"w{worker}-b{batch}", "batch", attempt, at, at, at, runs, digests, int(count[batch]), size
                )
            elif outcome == "confirmed":
                writer.done(call, at, "confirmed", 200, "", None)
            else:
                writer.done(call, at, "indeterminate", 0, "timed out", None)
    _write_stored(folder, visitor, first, count, sent, digest)


def _lines(worker: int, batch: int, sent: float, again: bool) -> Iterator[tuple[float, int, str, int, str | None]]:
    """Time, batch, call, attempt and, where it ends, outcome of each call of a batch."""
    for attempt in range(1, 3 if again else 2):
        call = f"w{worker}-{batch}-{attempt}"
        yield sent, batch, call, attempt, None
        sent += LATENCY_S
        yield sent, batch, call, attempt, "indeterminate" if again and attempt == 1 else "confirmed"
        sent += LATENCY_S


def _write_stored(folder: RunFolder, visitor: np.ndarray, first: np.ndarray, count: np.ndarray, *rest: np.ndarray) -> None:
    """One row an event, batch by batch."""
    sent, digest = rest
    total = int(count.sum())
    index = np.arange(total) - np.repeat(np.cumsum(count) - count, count)
    names = pa.array([name(number) for number in range(int(visitor.max()) + 1)], pa.string())
    columns = {
        "position": np.arange(total) * 2 + 10,
        "visitor": names.take(pa.array(np.repeat(visitor, count))),
        "origin": pa.nulls(total, pa.string()),
        "seq": np.repeat(first, count) + index,
        "digest": digest,
        "name": pa.array(["view", "search", "cart"]).take(pa.array(index % 3)),
        "server": pa.array(["s1", "s2"]).take(pa.array(np.repeat(visitor % 2, count))),
        "stored_at": 1.7e9 + np.repeat(sent, count),
        "seen_at": np.repeat(np.floor(sent) + 1, count),
    }
    pq.write_table(pa.table(columns), folder.stored_file, row_group_size=100_000)


def run_folder(path: Path, files: int, events: int) -> RunFolder:
    """A run folder with raw files only."""
    info = RunInfo("r", "s", 1, "2026-01-01T00:00:00+00:00", "kq", "http://127.0.0.1:1/1.0", False, files)
    folder = RunFolder.create(path, SCENARIO, info)
    write_history(folder, files, events)
    return folder


def merge_s(folder: RunFolder, jobs: int, events: int) -> float:
    """Seconds that merging takes; nothing merged before is there."""
    (folder.evidence / "merge.json").unlink(missing_ok=True)
    started = time.perf_counter()
    merged = merge(folder, jobs=jobs)
    took = time.perf_counter() - started
    if merged.events != events or merged.stored is None or merged.stored.rows != events:
        raise SystemExit(f"merged {merged.events} events, expected {events}")
    return took


def main() -> None:
    """Make the files, merge them in turn, print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--files", type=int, nargs="*", default=[1, 4], help="history files of a run")
    parser.add_argument("--jobs", type=int, nargs="*", default=[1, 2], help="processes that merge")
    parser.add_argument("--keep", type=Path, help="make the files here and use them again")
    options = parser.parse_args()
    parent = options.keep or Path(tempfile.mkdtemp(prefix="merge-"))
    try:
        for files in options.files:
            path = parent / f"{options.events}-events-{files}-files"
            folder = RunFolder(path) if path.exists() else run_folder(path, files, options.events)
            size = sum(file.stat().st_size for file in folder.history.iterdir())
            print(f"{options.events} events in {files} history file(s) of {size / 1e6:.0f} MB, as many stored rows")
            took: dict[int, list[float]] = {jobs: [] for jobs in options.jobs}
            for _ in range(options.repeats):
                for jobs in options.jobs:
                    took[jobs].append(merge_s(folder, jobs, options.events))
            for jobs, times in took.items():
                median = statistics.median(times)
                ratio = statistics.median(took[options.jobs[0]]) / median
                spread = f"median of {len(times)}, {min(times):.2f} to {max(times):.2f}"
                rate = options.events / median / 1e6
                print(f"  {jobs} process(es): {median:6.2f} s ({spread}), {rate:.2f} M events/s, {ratio:.2f} x")
    finally:
        if options.keep is None:
            shutil.rmtree(parent)


if __name__ == "__main__":
    main()
