"""The storm call by call: visitors that send one batch at a time to servers that take what waits together.

A discrete-event simulation. A visitor's next batch is sent when the one before is confirmed; where connections are
limited, the batch that is due longest gets the next free one. A server that is free takes the calls that wait, up to
`together` of them, for a time that is fixed a group and grows by the event (group commit); meanwhile the next group
gathers. Each answer is then on its way for a while, in which no server is kept.
"""

from collections import deque
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np

from analysis.arrays import Array, Floats


@dataclass(frozen=True)
class Service:
    """How a system confirms batches, seconds."""

    fixed_s: float
    """Time of a group, whatever is in it."""
    per_event_s: float
    """Time more of a group for each of its events."""
    transit_s: float = 0.0
    """Time more of each call in which it keeps no server: network, parsing, answering."""
    transit_event_s: float = 0.0
    """The same for each of its events."""
    together: int | None = None
    """Calls of a group at most; None: all that wait."""
    servers: int = 1


@dataclass(frozen=True)
class Client:
    """How the visitors send."""

    batch_size: int = 20
    connections: int | None = None
    """Calls in flight at once, over all visitors; None: each visitor has a connection of its own."""


@dataclass(frozen=True)
class Outcome:
    """What became of a storm; times in seconds from its start."""

    drain_s: float
    """When the last batch was confirmed."""
    waits_s: Floats
    """Of each visitor: from coming back to its last batch confirmed."""
    calls_s: Floats
    """Of each call, in the order of their ends: from being due to being confirmed."""
    stored: int
    """Events."""
    in_flight: int
    """Calls in flight at once, at most."""


def storm(back_s: Floats, backlogs: Array, client: Client, service: Service) -> Outcome:
    """Play the return of visitors at `back_s`, each with its backlog of at least one event."""
    left: list[int] = backlogs.tolist()
    size = client.batch_size
    free = client.connections or len(left)
    due = back_s.tolist()
    finished = [0.0] * len(left)
    took: list[float] = []
    answers = [(when, visitor, 0) for visitor, when in enumerate(due)]
    heapify(answers)  # (instant, visitor, events confirmed by it; 0: it comes back)
    held_up: deque[int] = deque()
    queue: deque[tuple[int, int]] = deque()  # (visitor, events)
    groups: list[tuple[float, int, list[tuple[int, int]]]] = []
    together = service.together or len(left)
    begun = flying = most = stored = 0
    while answers or groups:
        now = min(answers[0][0] if answers else groups[0][0], groups[0][0] if groups else answers[0][0])
        while groups and groups[0][0] <= now:
            for visitor, events in heappop(groups)[2]:
                heappush(answers, (now + service.transit_s + service.transit_event_s * events, visitor, events))
        while answers and answers[0][0] <= now:
            _, visitor, events = heappop(answers)
            if events:
                took.append(now - due[visitor])
                stored += events
                free += 1
                flying -= 1
                left[visitor] -= events
                if not left[visitor]:
                    finished[visitor] = now
                due[visitor] = now
            if left[visitor]:
                held_up.append(visitor)
            while free and held_up:
                visitor = held_up.popleft()
                queue.append((visitor, min(size, left[visitor])))
                free -= 1
                flying += 1
            most = max(most, flying)
        while queue and len(groups) < service.servers:
            group = [queue.popleft() for _ in range(min(together, len(queue)))]
            rows = sum(events for _, events in group)
            begun += 1
            heappush(groups, (now + service.fixed_s + service.per_event_s * rows, begun, group))
    waits = np.asarray(finished) - back_s
    return Outcome(max(finished), waits, np.asarray(took), stored, most)
