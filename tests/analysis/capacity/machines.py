"""Systems made up for the tests of capacity: a queue with c servers, stepped as a run would step it."""

import heapq
from math import inf

import numpy as np

from analysis.arrays import Floats
from analysis.capacity.measured import BINS, Step
from analysis.capacity.search import next_rate
from inorder.stepping import Stepping

EVENTS = 12.0


def step(offered: float, held: bool | None = True, number: int = 1, valid: bool = True, **more: object) -> Step:
    """A step in which all that was offered was confirmed, unless `more` says so."""
    facts: dict[str, object] = {
        "number": number,
        "target_per_s": offered,
        "offered_per_s": offered,
        "offered_events_per_s": EVENTS * offered,
        "confirmed_per_s": offered,
        "confirmed_events_per_s": EVENTS * offered,
        "in_flight": offered / 50,
        "p50_ms": 20.0,
        "p95_ms": 60.0,
        "p99_ms": 90.0,
        "service_p50_ms": 18.0,
        "held": held,
        "invalid": () if valid else ("Calls left late.",),
        "missed": () if held else ("Batch response",),
        "bins": np.full(BINS, EVENTS * offered),
    }
    return Step(**(facts | more))  # type: ignore[arg-type]


def served(
    random: np.random.Generator, per_s: float, servers: int, each_per_s: float, length_s: float
) -> tuple[Floats, Floats]:
    """Arrivals and departures, seconds, of an M/M/c queue with `servers` of rate `each_per_s`."""
    count = random.poisson(per_s * length_s)
    arrivals = np.sort(random.uniform(0, length_s, count))
    work = random.exponential(1 / each_per_s, count)
    free = [0.0] * servers
    done = np.empty(count)
    for number in range(count):
        start = max(heapq.heappop(free), arrivals[number])
        done[number] = start + work[number]
        heapq.heappush(free, done[number])
    return arrivals, done


def measured(
    random: np.random.Generator, number: int, per_s: float, servers: int, each_per_s: float, step_s: float, limit_s: float
) -> Step:
    """One step against the queue, measured after a quarter of its length."""
    start, end = step_s / 4, 1.25 * step_s
    arrivals, done = served(random, per_s, servers, each_per_s, end)
    took = (done - arrivals)[arrivals >= start]
    inside = (done >= start) & (done < end)
    p95 = float(np.quantile(took, 0.95))
    return step(
        per_s,
        p95 <= limit_s,
        number,
        confirmed_per_s=float(inside.sum()) / step_s,
        confirmed_events_per_s=EVENTS * float(inside.sum()) / step_s,
        in_flight=float(np.clip(np.minimum(done, end) - np.maximum(arrivals, start), 0, None).sum()) / step_s,
        p95_ms=1000 * p95,
        bins=EVENTS * np.histogram(done[inside], BINS, (start, end))[0] * BINS / step_s,
    )


def stepped(random: np.random.Generator, servers: int, capacity_per_s: float = 150.0, step_s: float = 20.0) -> list[Step]:
    """The steps of a capacity run against the queue; the limit of the SLA is twelve times the mean service time."""
    each = capacity_per_s / servers
    settings = Stepping(from_per_s=0.08 * capacity_per_s, to_per_s=8 * capacity_per_s, step_s=step_s)
    steps: list[Step] = []
    while (rate := next_rate(steps, settings)) is not None:
        steps.append(measured(random, len(steps) + 1, rate, servers, each, step_s, 12 / each))
    return steps


def knee_of(servers: int, capacity_per_s: float = 150.0) -> float:
    """Where throughput over response time of an M/M/c queue is highest, by Erlang's C; arrivals a second."""
    best = (-inf, 0.0)
    for load in np.linspace(0.01, 0.995, 2000) * servers:
        blocked = 1.0
        for number in range(1, servers + 1):
            blocked = load * blocked / (number + load * blocked)
        waits = blocked / (1 - load / servers * (1 - blocked))
        best = max(best, (load / (1 + waits / (servers - load)), float(load)))
    return best[1] * capacity_per_s / servers
