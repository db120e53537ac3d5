"""Peak memory of a process and all its descendants together: `python benchmarks/memory.py PID` prints MB when it ends.

Proportional set size: memory that processes share counts once, divided among them. Sampled 20 times a second by a
process of its own, so a peak shorter than 50 ms may be missed. Linux only.
"""

import sys
import time
from pathlib import Path

PROC = Path("/proc")
PAUSE_S = 0.05


def tree(root: int) -> list[int]:
    """A process and its descendants; those that ended meanwhile are left out."""
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for children in (PROC / str(process) / "task").glob("*/children"):
            try:
                waiting += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def pss_kb(process: int) -> int:
    """Proportional set size, 0 for a process that is gone."""
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def main() -> None:
    """Sample until the process is gone."""
    root, peak = int(sys.argv[1]), 0
    while used := sum(map(pss_kb, tree(root))):
        peak = max(peak, used)
        time.sleep(PAUSE_S)
    print(round(peak / 1024))


if __name__ == "__main__":
    main()
