"""A simulated system whose calls share a queue: visitors come back, their batches are committed in groups, one at a time.

The shape of the sandbox with a slow disk, without its machine: the same visitors in each run, other arrivals in
each repeat.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np

from analysis.compare.sample import RunTimes
from analysis.compare.sketch import Times

BATCH_SIZE = 20
GROUP_ROWS = 1000


@dataclass(frozen=True)
class Queue:
    """What is simulated."""

    visitors: int = 7200
    seconds: float = 120.0
    commit_ms: float = 5.0
    row_ms: float = 0.5
    spread: float = 0.15
    """Coefficient of variation of each commit's time."""
    between: float = 0.003
    """Standard deviation of what makes all commits of a run slower or faster, as a share."""
    ordinary_ms: float = 1.0


def run(repeat: int, noise: int, slower: float = 1.0, queue: Queue = Queue(), scale: float = 1.0) -> RunTimes:
    """One run. `repeat`: of the arrivals; `noise`: seed of all else that is drawn; `slower`: factor of each commit;
    `scale`: factor of each response time, whatever the queue.
    """
    people, arrivals, drawn = (np.random.default_rng([kind, seed]) for kind, seed in ((1, 1), (2, repeat), (3, noise)))
    backlog = np.minimum(500, np.ceil(np.exp(people.normal(1.8, 1.25, queue.visitors)))).astype(int).tolist()
    waiting = list(zip(arrivals.uniform(0, queue.seconds, queue.visitors).tolist(), range(queue.visitors), strict=True))
    heapify(waiting)
    factor = slower * np.exp(queue.between * drawn.standard_normal())
    draws = iter((factor * drawn.gamma(queue.spread**-2, queue.spread**2, 4 * queue.visitors + 50_000)).tolist())
    now, ms, at = 0.0, [], []
    while waiting:
        now = max(now, waiting[0][0])
        group, rows = [], 0
        while waiting and waiting[0][0] <= now and rows < GROUP_ROWS:
            due, who = heappop(waiting)
            size = min(BATCH_SIZE, backlog[who])
            backlog[who] -= size
            rows += size
            group.append((due, who))
        now += (queue.commit_ms + queue.row_ms * rows) * next(draws) / 1000
        for due, who in group:
            at.append(due)
            ms.append(1000 * (now - due))
            if backlog[who]:
                heappush(waiting, (now, who))
    many = 2 * queue.visitors
    ordinary = Times(
        scale * factor * queue.ordinary_ms * drawn.gamma(4, 0.25, many), np.sort(arrivals.uniform(0, queue.seconds, many))
    )
    batch = Times(scale * np.array(ms), np.array(at))
    return RunTimes(f"{repeat}/{noise}", (1, repeat), {("batch", "response"): batch, ("ordinary", "response"): ordinary})
