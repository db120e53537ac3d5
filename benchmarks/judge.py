"""How fast the judge is, and how much memory it takes, on made-up evidence of known truth; beside it pandas and DuckDB.

`python benchmarks/judge.py --with-baselines` judges merged evidence of 10 M events by two processes, `--full` 100 M as
well. Each measurement runs in a fresh process and counts from the opened files to the counts, without the start of
Python. Times are medians of repeats that take turns; memory is taken in a run before these, which also brings the
files into the cache, by a process of its own: all processes together (memory.py). What is counted must be what
truth.json says, else the exit code is 1. `pip install -e '.[bench]'` brings DuckDB.
"""

import argparse
import importlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

COUNTS = "reordered-in-batch reordered-across-batches lost duplicate-explained duplicate-unexplained".split()
"""What the baselines count."""
FASTER, SLOWEST = "pandas, grouped maxima", "pandas, a function a visitor"
BASELINES = {FASTER: "by_pandas", SLOWEST: "by_pandas_apply", "DuckDB": "by_duckdb"}
TARGETS = {SLOWEST: 50.0, "DuckDB": 4.0}
"""How many times as fast as these the judge is meant to be."""
TIMES_100M_10M = 11.0
MB_100M = 1536
LIMITED = 2_000_000
"""Events that pandas with a function a visitor gets at most, or it would take an hour."""


@dataclass(frozen=True)
class Data:
    """A made-up run."""

    path: Path
    events: int

    @property
    def truth(self) -> dict[str, Any]:
        """What is in it."""
        found: dict[str, Any] = json.loads((self.path / "truth.json").read_bytes())
        return found

    @property
    def buckets(self) -> int:
        """How many buckets its evidence has."""
        return int(json.loads((self.path / "evidence" / "merge.json").read_bytes())["buckets"])


@dataclass(frozen=True)
class Measured:
    """One way to judge one run."""

    seconds: float
    """Median."""
    fastest: float
    slowest: float
    events: int
    """Those of the buckets that were judged."""
    mb: int

    @property
    def events_per_s(self) -> float:
        """Throughput."""
        return self.events / self.seconds


def child(way: str, path: Path, buckets: int, jobs: int) -> None:
    """Judge once, in this process and those that it starts; prints seconds and counts."""
    ours = {"ours": lambda: _ours(path, jobs), "part": lambda: _part(path, buckets)}
    count = ours[way]() if way in ours else _baseline(way, path, buckets)
    began = time.perf_counter()
    found = count()
    print(json.dumps({"seconds": time.perf_counter() - began, "found": found}))


def _ours(path: Path, jobs: int) -> Callable[[], dict[str, int]]:
    from analysis.buckets import tally_of
    from analysis.evidence import open_evidence
    from inorder.run import RunFolder

    return lambda: dict(tally_of(open_evidence(RunFolder.open(path)), jobs=jobs).numbers)


def _part(path: Path, buckets: int) -> Callable[[], dict[str, int]]:
    """The judge on the first buckets."""
    from analysis.buckets import judge_file, run_of
    from analysis.evidence import open_evidence
    from inorder.run import RunFolder

    def count() -> dict[str, int]:
        evidence, found = open_evidence(RunFolder.open(path)), Counter[str]()
        for number in range(buckets):
            found.update(judge_file(str(path / "evidence"), number, run_of(evidence)).numbers)
        return dict(found)

    return count


def _baseline(way: str, path: Path, buckets: int) -> Callable[[], dict[str, int]]:
    module = importlib.import_module("benchmarks.baselines")
    if way == "DuckDB":
        importlib.import_module("duckdb")
    count = getattr(module, BASELINES[way])
    return lambda: dict(count(path / "evidence", buckets))


def measure(data: Data, ways: list[str], repeats: int, jobs: int) -> dict[str, Measured]:
    """Judge a run in each way, the ways taking turns; raises SystemExit where the counts are wrong."""
    buckets = dict.fromkeys(ways, data.buckets)
    if SLOWEST in buckets:
        buckets[SLOWEST] = max(1, data.buckets * LIMITED // max(data.events, LIMITED))
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    memory = {}
    for way in ways:
        told, memory[way] = _run(way, data.path, buckets[way], jobs, watched=True)
        _check(data, way, told["found"], buckets[way], jobs)
    for _ in range(repeats):
        for way in ways:
            told, _ = _run(way, data.path, buckets[way], jobs, watched=False)
            seconds[way].append(told["seconds"])
    found = {}
    for way, own in seconds.items():
        events = _events_of(data, buckets[way])
        found[way] = Measured(statistics.median(own), min(own), max(own), events, memory[way])
    return found


def _run(way: str, path: Path, buckets: int, jobs: int, watched: bool) -> tuple[dict[str, Any], int]:
    """What one fresh process says, and the peak memory of it and its children, MB (0: not watched)."""
    command = [sys.executable, __file__, "--child", way, str(path), str(buckets), str(jobs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        watcher = None
        if watched:
            memory = [sys.executable, str(ROOT / "benchmarks" / "memory.py"), str(process.pid)]
            watcher = subprocess.Popen(memory, stdout=subprocess.PIPE)
        assert process.stdout is not None
        said = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{way}: ended with exit code {process.returncode}")
    told: dict[str, Any] = json.loads(said)
    return told, int(watcher.communicate()[0]) if watcher else 0


def _check(data: Data, way: str, found: dict[str, int], buckets: int, jobs: int) -> None:
    """Compare counts with the truth; where not all buckets were counted, with what the judge finds in the same ones."""
    expected = data.truth["anomalies"]
    if buckets < data.buckets:
        expected = _run("part", data.path, buckets, jobs, watched=False)[0]["found"]
    for name in data.truth["anomalies"] if way == "ours" else COUNTS:
        if found.get(name, 0) != expected.get(name, 0):
            raise SystemExit(f"{way}: {name}: found {found.get(name, 0)}, expected {expected.get(name, 0)}")


def _events_of(data: Data, buckets: int) -> int:
    import pyarrow.parquet as pq

    files = sorted((data.path / "evidence" / "events").glob("*.parquet"))[:buckets]
    return sum(pq.read_metadata(file).num_rows for file in files)


def made(folder: Path, events: int, *options: str) -> Data:
    """A made-up run, made anew only where it is not there yet."""
    path = folder / "-".join([f"{events}", *(option.strip("-").replace("-", "_") for option in options)])
    if not (path / "truth.json").exists():
        began = time.perf_counter()
        shutil.rmtree(path, ignore_errors=True)  # half made
        command = [sys.executable, "-m", "inorder", "bench-data", str(events), str(path), *options]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        print(f"{path.name}: made at {events / (time.perf_counter() - began) / 1e6:.2f} M events/s")
    return Data(path, events)


def _show(title: str, measured: dict[str, Measured]) -> None:
    print(f"\n{title}")
    for way, own in measured.items():
        print(
            f"  {way:30} {own.events_per_s / 1e6:7.3f} M events/s  {own.seconds:7.2f} s "
            f"[{own.fastest:.2f}, {own.slowest:.2f}] of {own.events:,} events  {own.mb:6,} MB"
        )
    for way, own in measured.items():
        if way != "ours":
            ratio = measured["ours"].events_per_s / own.events_per_s
            target = f", the target is {TARGETS[way]:g}" if way in TARGETS else ""
            print(f"  ours is {ratio:.1f} times as fast as {way}{target}")


def main() -> None:
    """Measure, print, and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--data", type=Path, help="folder for the made-up runs, kept; default: a temporary one")
    parser.add_argument("--with-baselines", action="store_true", help="pandas and DuckDB as well")
    parser.add_argument("--full", action="store_true", help="100 M events as well (about 3 GB of files)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.data or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        _measure_all(asked, folder.resolve())


def _measure_all(asked: argparse.Namespace, folder: Path) -> None:
    ways = ["ours", *BASELINES] if asked.with_baselines else ["ours"]
    usual = measure(made(folder, asked.events), ways, asked.repeats, asked.jobs)
    _show(f"{asked.events:,} events", usual)
    for title, events, options in (
        ("70 % out of order", asked.events // 5, ("--disordered", "0.7")),
        ("one visitor, in reverse", min(1_000_000, asked.events), ("--one-visitor",)),
    ):
        _show(f"{title}: {events:,} events", measure(made(folder, events, *options), ["ours"], asked.repeats, asked.jobs))
    if not asked.full:
        return
    small = usual if asked.events == 10_000_000 else measure(made(folder, 10_000_000), ["ours"], asked.repeats, asked.jobs)
    ways = [way for way in ways if way != FASTER]  # it would take minutes more, and tell no more than above
    large = measure(made(folder, 100_000_000), ways, asked.repeats, asked.jobs)
    _show("100,000,000 events", large)
    ratio = large["ours"].seconds / small["ours"].seconds
    print(f"  takes {ratio:.1f} times as long as 10 M events, the target is at most {TIMES_100M_10M:g}")
    print(f"  {large['ours'].mb:,} MB at the peak, of all processes together; the target is below {MB_100M:,} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
