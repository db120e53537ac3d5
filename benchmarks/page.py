"""How long it takes from a raw run to its page, how much memory, and how large the page is: `python benchmarks/page.py`.

A run of a million events is made up as a load leaves it (`inorder bench-data --raw`), copied afresh for each repeat, and
given to `inorder judge` as a fresh process: it merges, judges, draws every figure and writes the page. Seconds count
from the start of Python to its end; memory is that of all its processes together (memory.py). The verdict must be what
truth.json says. How busy the machine was is printed before and after: on one that shares its cores the seconds grow, and
those of the processors, of all processes together, less so.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.judge import made  # noqa: E402  (the checkout is put on the path above)

SECONDS, MB, KB = 20.0, 2048, 3000
"""The targets, for a million events."""


def judged(raw: Path, run: Path, jobs: int) -> tuple[float, float, int]:
    """Seconds, seconds of processors, and MB that judging a copy of `raw` at `run` took."""
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(raw, run)
    command = [sys.executable, "-m", "inorder", "judge", str(run), "--quiet", "--jobs", str(jobs)]
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT) as process:
        memory = [sys.executable, str(ROOT / "benchmarks" / "memory.py"), str(process.pid)]
        with subprocess.Popen(memory, stdout=subprocess.PIPE) as watcher:
            _, status, usage = os.wait4(process.pid, 0)  # of it and all that it waited for
            seconds, process.returncode = time.perf_counter() - began, os.waitstatus_to_exitcode(status)
            assert watcher.stdout is not None
            mb = int(watcher.stdout.read())
    truth = json.loads((run / "truth.json").read_bytes())
    verdict = json.loads((run / "verdict.json").read_bytes())
    for name, count in truth["anomalies"].items():
        if verdict["anomalies"][name] != count:
            raise SystemExit(f"{name}: found {verdict['anomalies'][name]}, expected {count}")
    return seconds, usage.ru_utime + usage.ru_stime, mb


def main() -> None:
    """Measure, print, and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--data", type=Path, help="folder for the made-up run, kept; default: a temporary one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.data or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        raw = made(folder, asked.events, "--raw").path
        print(f"load of the machine before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
        run = Path(temporary) / "run"
        found = [judged(raw, run, asked.jobs) for _ in range(asked.repeats)]
        print(f"load of the machine after: {os.getloadavg()[0]:.2f}")
        kb = (run / "index.html").stat().st_size / 1000
    seconds = [own[0] for own in found]
    middle, used, mb = statistics.median(seconds), statistics.median(own[1] for own in found), max(own[2] for own in found)
    print(f"{asked.events:,} events from the raw run to the page, {asked.jobs} processes")
    print(f"  {middle:.1f} s [{min(seconds):.1f}, {max(seconds):.1f}], the target is at most {SECONDS:g} s for a million")
    print(f"  {used:.1f} s of processors")
    print(f"  {mb:,} MB at the peak, of all processes together; the target is at most {MB:,} MB")
    print(f"  the page has {kb:,.0f} kB, the target is at most {KB:,} kB")


if __name__ == "__main__":
    main()
