"""How often `inorder compare` errs, and what it finds: runs of one system against each other, and against a slower one.

`python benchmarks/compare.py` simulates runs whose calls share a queue (two_sides.py). `--runs BASE…` takes run folders
of one system instead (`--slow NEW…`: of a slower one), pairs any two of them, and draws pieces of ten seconds of each run
again, the same pieces on both sides where both had the same arrivals. Each line says how many pairs were called a
regression, with the 95 % interval of that share (Clopper-Pearson), which takes the pairs as independent.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.compare.sample import RunTimes
from analysis.compare.shifts import Tolerance, shifts
from analysis.compare.sides import run_times
from analysis.compare.sketch import Times
from benchmarks.two_sides import Queue, run
from inorder.run import RunFolder

PIECE_S = 10.0
Sides = tuple[Sequence[RunTimes], Sequence[RunTimes]]


def scaled(own: RunTimes, factor: float) -> RunTimes:
    """The same run with each time longer by a factor."""
    return replace(own, times={place: Times(factor * times.ms, times.at) for place, times in own.times.items()})


def pieces(own: RunTimes, drawn: np.ndarray) -> RunTimes:
    """The run put together again of pieces of its time, as drawn."""
    times = {}
    for place, old in own.times.items():
        piece = (old.at / PIECE_S).astype(int)
        picked = [np.flatnonzero(piece == number) for number in drawn]
        moved = [
            old.at[rows] + PIECE_S * (at - number) for at, (number, rows) in enumerate(zip(drawn, picked, strict=True))
        ]
        times[place] = Times(old.ms[np.concatenate(picked)], np.concatenate(moved))
    return replace(own, times=times)


def resampled(base: RunTimes, new: RunTimes, drawing: np.random.Generator) -> tuple[RunTimes, RunTimes]:
    """Both runs drawn again: the same pieces where they had the same arrivals."""
    ends = [max(float(times.at.max()) for times in own.times.values()) for own in (base, new)]
    count = int(min(ends) / PIECE_S)
    first = drawing.integers(0, count, count)
    second = first if base.key == new.key else drawing.integers(0, count, count)
    return pieces(base, first), pieces(new, second)


def told(name: str, pairs: int, make: Callable[[int], Sides], tolerance: Tolerance) -> None:
    """Compare `pairs` pairs, and print how many were called a regression."""
    worse, by_name, moved = 0, dict.fromkeys(("body", "p95", "p99"), 0), []
    for number in range(pairs):
        base, new = make(number)
        found = [own for own in shifts(base, new, tolerance)[0] if own.judged]
        worse += any(own.word == "worse" for own in found)
        for own in found:
            by_name[own.name] += own.kind == "batch" and own.word == "worse"
        moved += [own.change.value for own in found if own.kind == "batch" and own.name == "p95"]
    share = stats.binomtest(worse, pairs).proportion_ci(method="exact")
    parts = ", ".join(f"{own} {count}" for own, count in by_name.items())
    print(
        f"{name}: {pairs} pairs, batch p95 {100 * float(np.mean(moved)):+.1f} % on average: {worse} regressed = "
        f"{100 * worse / pairs:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}] (batch {parts})",
        flush=True,
    )


def simulated(pairs: int, tolerance: Tolerance, queue: Queue) -> None:
    """Runs that are made up."""

    def sides(number: int, other: bool = False, repeats: int = 1, **how: float) -> Sides:
        first = 1 + number * repeats
        base = [run(first + own, 2 * (first + own), queue=queue) for own in range(repeats)]
        apart = 500_000 if other else 0
        return base, [run(first + own + apart, 2 * (first + own) + 1, queue=queue, **how) for own in range(repeats)]

    print(f"simulated: {queue}")
    told("nothing changed, same arrivals", pairs, sides, tolerance)
    told("nothing changed, other arrivals", pairs, lambda number: sides(number, other=True), tolerance)
    told("nothing changed, five repeats", pairs, lambda number: sides(number, repeats=5), tolerance)
    told("all times 10 % longer, same arrivals", pairs, lambda number: sides(number, scale=1.1), tolerance)
    told("commits 5 % slower, same arrivals", pairs, lambda number: sides(number, slower=1.05), tolerance)
    told("all times 10 % longer, other arrivals", pairs, lambda number: sides(number, other=True, scale=1.1), tolerance)
    told("all times 10 % longer, five repeats", pairs, lambda number: sides(number, repeats=5, scale=1.1), tolerance)


def measured(base: list[RunTimes], slow: list[RunTimes], pairs: int, tolerance: Tolerance) -> None:
    """Runs that were made."""
    drawing = np.random.default_rng(1)
    same = [(one, other) for one in base for other in base if one is not other and one.key == other.key]
    apart = [(one, other) for one in base for other in base if one.key != other.key]
    slower = [(one, other) for one in base for other in slow if one.key == other.key]

    def some(of: list[tuple[RunTimes, RunTimes]], factor: float = 1.0) -> Callable[[int], Sides]:
        def make(number: int) -> Sides:
            one, other = resampled(*of[number % len(of)], drawing)
            return [one], [scaled(other, factor)]

        return make

    print(f"measured: {len(base)} runs of one system, {len(slow)} of a slower one")
    for name, of in (("same arrivals", same), ("other arrivals", apart)):
        if of:
            told(f"nothing changed, {name}", pairs, some(of), tolerance)
            told(f"all times 10 % longer, {name}", pairs, some(of, 1.1), tolerance)
    if slower:
        told("slower system, same arrivals", pairs, some(slower), tolerance)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="+", type=Path, help="run folders of one system")
    parser.add_argument("--slow", nargs="*", type=Path, default=[], help="run folders of a slower one")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--visitors", type=int, default=7200, help="simulated, in two minutes")
    given = parser.parse_args()
    tolerance = Tolerance()
    if given.runs:
        base, slow = ([run_times(RunFolder.open(path)) for path in paths] for paths in (given.runs, given.slow))
        measured(base, slow, given.pairs, tolerance)
    else:
        faster = 7200 / given.visitors  # the same share of the time is spent on commits
        simulated(given.pairs, tolerance, Queue(visitors=given.visitors, commit_ms=5 * faster, row_ms=0.5 * faster))


if __name__ == "__main__":
    main()
