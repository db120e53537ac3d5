"""How often the 95 % intervals hold the truth, on simulated repeats of a queue that visitors share (docs/statistics.md).

`python benchmarks/coverage.py` prints the tables of docs/statistics.md; `--sets 1000` is the number of sets of ten
repeats. The truth is the middle of all simulated runs.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.cost import median_line
from analysis.deciding import Limit, decide
from analysis.intervals import Estimate, over_repeats, percentile_within, ratios_within, share_over_repeats, share_within
from analysis.repeats import Repeats, Scale
from benchmarks.shared_queue import Crowd, Floats, Runs, in_parts, percentiles, simulate

LOADS = {"calm": 0.8, "at the edge": 1.3, "busy": 1.6, "overloaded": 2.0}
PERCENTS = ["50", "95", "99"]
LATE_MS = {0.8: 75.0, 1.3: 130.0, 1.6: 190.0, 2.0: 450.0}
"""By load: later than that are about a fifth of the batches."""
REJECTED = 0.01
SCALES: dict[str, Scale] = {"fixed ms": "any", "per event ms": "any", "late share": "share", "rejected share": "share"}
BATCHES = 1100.0
"""About the trials that a share of one run is of."""
Samples = dict[str, Floats]


def kinds(runs: Runs) -> tuple[Floats, Floats]:
    """Response times of the batches and of the ordinary calls, NaN elsewhere."""
    known = np.isfinite(runs.response)
    return tuple(np.where(known & own, runs.response, np.nan) for own in (runs.events > 0, runs.events == 0))  # type: ignore[return-value]


def measured(runs: Runs, late_ms: float, random: np.random.Generator) -> Samples:
    """What each run would report: one value a run."""
    batch, ordinary = kinds(runs)
    found: Samples = {}
    above, below = percentiles(batch, [*PERCENTS, "100"]), percentiles(ordinary, PERCENTS)
    found |= {f"batch p{percent}": above[percent] for percent in PERCENTS}
    found |= {f"ordinary p{percent}": below[percent] for percent in PERCENTS}
    found |= {f"ratio p{percent}": above[percent] / below[percent] for percent in PERCENTS}
    count = np.isfinite(batch).sum(axis=1)
    found["late share"] = (np.nan_to_num(batch) > late_ms).sum(axis=1) / count
    found["rejected share"] = random.binomial(count, REJECTED) / count
    done = runs.arrival + runs.response / 1000
    found["events/s of the storm"] = np.where(done < 10, runs.events, 0).sum(axis=1) / 10.0
    found["events/s to the last answer"] = runs.events.sum(axis=1) / np.nanmax(done, axis=1)
    found["drain p95"] = percentiles(runs.drain, ["95"])["95"]
    fits = np.array([_fit(*row) for row in zip(runs.events, batch, strict=True)])
    found |= {"fixed ms": fits[:, 0], "per event ms": fits[:, 1]}
    return found | {"batch maximum": above["100"]}


def _fit(events: Floats, took: Floats) -> tuple[float, float]:
    known = np.isfinite(took)
    order = np.lexsort((took[known], events[known]))
    return median_line(events[known][order], took[known][order], np.ones(int(known.sum())))


def samples(crowd: Crowd, runs: int, seed: int) -> Samples:
    """`measured` of many runs."""
    random = np.random.default_rng(seed)
    parts = [measured(part, LATE_MS[crowd.load], random) for part in in_parts(crowd, runs, seed)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def interval(values: list[float], scale: Scale) -> Estimate:
    """As the judge makes it."""
    if scale == "share":
        return share_over_repeats([Estimate(value, trials=BATCHES) for value in values])
    return over_repeats(values, scale)


def held(values: Floats, repeats: int, scale: Scale) -> float:
    """Share of the sets of so many repeats whose interval holds the middle of all."""
    truth, inside = Repeats.of(values.tolist(), scale).value, 0
    sets = values[: len(values) // repeats * repeats].reshape(-1, repeats).tolist()
    for own in sets:
        estimate = interval(own, scale)
        assert estimate.low is not None
        assert estimate.high is not None
        inside += estimate.low <= truth <= estimate.high
    return inside / len(sets)


def within_runs(crowd: Crowd, runs: int, seed: int) -> dict[str, list[Estimate]]:
    """The intervals of single runs, by blocks of time."""
    found: dict[str, list[Estimate]] = {}
    for part in in_parts(crowd, runs, seed):
        for took, events, times in zip(part.response, part.events, part.arrival, strict=True):
            batch, ordinary = ((took[own], times[own]) for own in (events > 0, (events == 0) & np.isfinite(took)))
            for percent in ("50", "95", "99"):
                found.setdefault(f"batch p{percent}", []).append(percentile_within(*batch, percent))
            found.setdefault("ratio p95", []).append(ratios_within([batch], ordinary, ["95"])[0]["95"])
            late = share_within((batch[0] > LATE_MS[crowd.load]).astype(float), np.ones(len(batch[0])), batch[1])
            found.setdefault("late share", []).append(late)
    return found


def wrong(estimates: list[Estimate], truth: float, beyond: float, rule: bool) -> float:
    """Share of single runs that pass a line whose limit the truth lies beyond by this factor."""
    limit = Limit(truth / beyond, upper=True)
    if rule:
        return float(np.mean([decide([own], limit).verdict == "pass" for own in estimates]))
    return float(np.mean([own.high is not None and own.high <= limit.at for own in estimates]))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000, help="sets of ten repeats")
    parser.add_argument("--single", type=int, default=300, help="single runs for the intervals within a run")
    asked = parser.parse_args()
    every = {name: samples(Crowd(load=load), 10 * asked.sets, 1) for name, load in LOADS.items()}
    print("Coverage over 3, 5 and 10 repeats, %; in brackets the deviation from run to run, % of the mean\n")
    print("| | " + " | ".join(every) + " |\n|---|" + "--:|" * len(every))
    for metric in next(iter(every.values())):
        row = []
        for own in every.values():
            values, scale = own[metric], SCALES.get(metric, "positive")
            shares = "  ".join(f"{100 * held(values, repeats, scale):.1f}" for repeats in (3, 5, 10))
            row.append(f"{shares} ({100 * values.std() / max(abs(values.mean()), 1e-12):.1f})")
        print(f"| {metric} | " + " | ".join(row) + " |")
    print("\nCoverage of the interval within one run, %\n")
    singles = {name: within_runs(Crowd(load=load), asked.single, 1) for name, load in LOADS.items()}
    print("| | " + " | ".join(singles) + " |\n|---|" + "--:|" * len(singles))
    for metric in next(iter(singles.values())):
        row = []
        for name, own in singles.items():
            truth = Repeats.of(every[name][metric].tolist(), SCALES.get(metric, "positive")).value
            row.append(f"{100 * np.mean([holds(estimate, truth) for estimate in own[metric]]):.0f}")
        print(f"| {metric} | " + " | ".join(row) + " |")
    print("\nSingle runs that pass though the truth lies beyond the limit (batch p95), %: by the interval; with the rule\n")
    print("| truth / limit | " + " | ".join(singles) + " |\n|--:|" + "--:|" * len(singles))
    for beyond in (1.02, 1.05, 1.1, 1.2):
        row = []
        for name, own in singles.items():
            truth = Repeats.of(every[name]["batch p95"].tolist(), "positive").value
            row.append("; ".join(f"{100 * wrong(own['batch p95'], truth, beyond, rule):.0f}" for rule in (False, True)))
        print(f"| {beyond} | " + " | ".join(row) + " |")
    print("\nDeviation from run to run of batch p50, p95, p99 and maximum by size of the crowd, % of the mean\n")
    for scale in (1, 2, 4):
        crowd = Crowd(visitors=300 * scale, workers=12 * scale, ordinary_per_s=25 * scale, load=2.0)
        found = percentiles(kinds(simulate(crowd, 60, 5))[0], [*PERCENTS, "100"])
        told = ", ".join(f"{100 * values.std() / values.mean():.1f}" for values in found.values())
        print(f"{crowd.visitors} visitors: {told}")


def holds(estimate: Estimate, truth: float) -> bool:
    return estimate.low is not None and estimate.high is not None and estimate.low <= truth <= estimate.high


if __name__ == "__main__":
    main()
