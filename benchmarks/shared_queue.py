"""Runs of a queue that visitors share, thousands at once: a storm of backlogs and ordinary calls at one pool of workers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Crowd:
    """The visitors, the same in every run, and the system that they come back to."""

    visitors: int = 300
    back_within_s: float = 10.0
    """All come back uniformly within it."""
    batch_size: int = 20
    backlog: float = 60.0
    """Mean events of a backlog, geometric."""
    ordinary_per_s: float = 25.0
    workers: int = 12
    fixed_ms: float = 20.0
    per_event_ms: float = 2.5
    ordinary_ms: float = 8.0
    spread: float = 0.5
    """Sigma of the work of a call, log-normal with mean 1."""
    load: float = 1.0
    """How many times as long everything takes; at 1.8 the returning crowd alone keeps every worker busy."""
    seed: int = 1


@dataclass(frozen=True)
class Runs:
    """One row a run, one column a call in the order of arrival; NaN behind a run's last."""

    arrival: Floats
    """Seconds."""
    response: Floats
    """Milliseconds."""
    events: Ints
    """Of the batch; 0: an ordinary call."""
    drain: Floats
    """Seconds from coming back to the last batch confirmed; one column a visitor."""


def backlogs(crowd: Crowd) -> Ints:
    """Events of each visitor's backlog."""
    return np.random.default_rng(crowd.seed).geometric(1 / crowd.backlog, crowd.visitors).astype(np.int64)


def simulate(crowd: Crowd, runs: int, seed: int) -> Runs:
    """First come, first served. A visitor sends its next batch when the one before is confirmed.

    Repeats of one scenario: the same backlogs, other instants of coming back, other ordinary calls, other work.
    """
    random = np.random.default_rng(seed)
    left = np.tile(backlogs(crowd), (runs, 1))
    horizon = 1.5 * crowd.back_within_s
    calls = int((-(-left[0] // crowd.batch_size)).sum() + 1.3 * horizon * crowd.ordinary_per_s + 40)
    back = random.uniform(0, crowd.back_within_s, (runs, crowd.visitors))
    # The last column is the stream of ordinary calls, which waits for nothing.
    due = np.column_stack([back, random.exponential(1 / crowd.ordinary_per_s, runs)])
    free = np.zeros((runs, crowd.workers))
    arrival, response = np.full((2, runs, calls), np.nan)
    events = np.zeros((runs, calls), np.int64)
    drained = back.copy()
    every = np.arange(runs)
    for call in range(calls):
        who = due.argmin(axis=1)
        when = due[every, who]
        going = np.isfinite(when)
        if not going.any():
            break
        ordinary = who == crowd.visitors
        visitor = np.where(ordinary, 0, who)
        size = np.where(ordinary, 0, np.minimum(left[every, visitor], crowd.batch_size))
        noise = np.exp(crowd.spread * random.standard_normal(runs) - crowd.spread**2 / 2)
        mean = np.where(ordinary, crowd.ordinary_ms, crowd.fixed_ms + crowd.per_event_ms * size)
        worker = free.argmin(axis=1)
        done = np.maximum(when, free[every, worker]) + crowd.load * mean * noise / 1000
        free[every[going], worker[going]] = done[going]
        arrival[:, call] = np.where(going, when, np.nan)
        response[going, call] = 1000 * (done[going] - when[going])
        events[:, call] = np.where(going, size, 0)
        left[every, visitor] -= size
        mine = going & ~ordinary
        drained[every[mine], who[mine]] = done[mine]
        next_ordinary = when + random.exponential(1 / crowd.ordinary_per_s, runs)
        next_ordinary[next_ordinary > horizon] = np.inf
        next_batch = np.where(left[every, visitor] > 0, done, np.inf)
        due[every, who] = np.where(ordinary, next_ordinary, next_batch)
    return Runs(arrival, response, events, drained - back)


def in_parts(crowd: Crowd, runs: int, seed: int, part: int = 200) -> Iterator[Runs]:
    """The same, a part at a time: what a part needs stays in the caches, which makes it several times as fast."""
    for number in range(-(-runs // part)):
        yield simulate(crowd, min(part, runs - number * part), seed + number)


def percentiles(values: Floats, percents: list[str]) -> dict[str, Floats]:
    """Percentiles of each row, as values of it; NaN is no value."""
    ordered = np.sort(values, axis=1)
    counts = np.isfinite(ordered).sum(axis=1)
    found = {}
    for percent in percents:
        place = np.maximum(1, np.ceil(float(percent) / 100 * counts - 1e-9)).astype(np.int64)
        found[percent] = ordered[np.arange(len(ordered)), place - 1]
    return found
