"""The client of one visitor, or of a gateway with several: what it sends next, and what it does with each answer.

Pure: it is told the time and the outcomes, and gives calls. It makes ordinary calls while it is online, keeps the
backlog while it is offline, and drains it in batches, the next only after the success of the one before. An
indeterminate call is sent again, the same bytes, after an exponential backoff with full jitter.
"""

from typing import Protocol
from zlib import crc32

from inorder.behaviour import Cursor
from inorder.history import Kind, Outcome
from inorder.plan import Plan
from inorder.randomness import draws, unit

BEFORE, BACKLOG, AFTER, DONE = range(4)


class Call:
    """One call, ready to be sent: the same object, and bytes, when it is sent again."""

    __slots__ = ("attempt", "batch", "body", "count", "digests", "events", "intended", "kind", "path")

    def __init__(self, batch: str, kind: Kind, path: str, body: bytes, events: str, digests: str, count: int) -> None:
        self.batch = batch
        self.kind = kind
        self.path = path
        """Relative to a base address: `visitorEvents`, or the event's name, say."""
        self.body = body
        self.events = events
        """The runs `[visitor, first seq, how many]`, as JSON."""
        self.digests = digests
        """One digest an event, as JSON."""
        self.count = count
        self.attempt = 0
        self.intended = 0.0


class Answer(Protocol):
    """What the visitor must know of how a call ended."""

    outcome: Outcome
    again: bool
    """Not confirmed, and worth another attempt: indeterminate, refused for now (429), or never sent."""
    retry_after_s: float | None


Next = list[tuple[float, int]]
"""When to call which lane again: (seconds of the run, lane)."""


class Sender:
    """A visitor's client, or a gateway. `lanes` calls may be in flight at once: one, where the rules are kept."""

    __slots__ = (
        "_batches",
        "_before",
        "_cursors",
        "_lanes",
        "_left",
        "_names",
        "_orders",
        "_ordinary",
        "_pending",
        "_plan",
        "_stage",
        "back",
        "connections",
        "gave_up",
        "number",
        "places",
    )

    def __init__(self, plan: Plan, number: int) -> None:
        """`number`: of the sender, from 0."""
        self._plan = plan
        self.number = number
        online = plan.online(number)
        visitors = plan.numbers(number)
        splits = [plan.split(visitor, online) for visitor in visitors]
        before = [split.before for split in splits]
        times = plan.times(number, sum(before), online)
        comes_back = times.back is not None
        backlog = [split.backlog for split in splits] if comes_back else []
        after = [split.after for split in splits] if comes_back else []
        self.back = times.back
        self._before = times.before
        self._names = [plan.namespace.name(visitor) for visitor in visitors]
        self._cursors: list[Cursor] = [plan.behaviour.cursor(visitor) for visitor in visitors]
        self._left = [sum(before), sum(backlog), sum(after), 0]
        # A gateway sends the events of its visitors mixed: for each stage the places of their owners in `_cursors`.
        self._orders = tuple(map(self._mix, (before, backlog, after), range(3))) if len(visitors) > 1 else None
        self._lanes = 0
        self._pending: dict[int, Call] | None = None
        self._batches = 0
        self._ordinary = 0
        self._stage = BEFORE
        self.gave_up = 0
        self.connections: dict[int, object] = {}
        """The driver's: the connections that this sender opened for its return, one a lane and server."""
        self.places = 0
        """The driver's: how many of its lanes wait in the schedule or are in a call."""

    def _mix(self, counts: list[int], stage: int) -> bytes:
        """The places of the visitors, each as often as it has events, in a drawn order."""
        places = [place for place, count in enumerate(counts) for _ in range(count)]
        if not places:
            return b""
        keys = draws(self._plan.scenario.seed, "mix", self.number, len(places), index=stage)
        return bytes(place for _, place in sorted(zip(keys, places, strict=True)))

    @property
    def unsent(self) -> int:
        """Events that this sender means to send and has not sent yet."""
        return sum(self._left)

    @property
    def backlog(self) -> int:
        """Events of the backlog that have not been sent yet."""
        return self._left[BACKLOG]

    @property
    def draining(self) -> bool:
        """Whether the sender is back and has calls of its backlog open."""
        return self._stage == BACKLOG

    def drains(self, lane: int) -> bool:
        """Whether what `lane` sends now is of the backlog."""
        return self.draining

    def start(self) -> Next:
        """When this sender acts first; empty if it never does."""
        return self._go_on(0.0, 0)

    def next_call(self, lane: int, intended: float) -> Call | None:
        """The call that `lane` sends now; None: nothing is left for it, `close_lane` then."""
        if self._stage == DONE:
            return None
        call = self._pending.pop(lane, None) if self._pending else None
        if call is None:
            if not self._left[self._stage]:
                return None
            if self._stage == BACKLOG and self._plan.scenario.client.backlog == "batches":
                call = self._batch()
            else:
                call = self._ordinary_call(self._stage)
        return once_more(call, intended)

    def beside(self, lane: int, call: Call, now: float) -> Next:
        """The places that sending `call` on `lane` opens beside the one that its end will give."""
        return []

    def answered(self, lane: int, call: Call, answer: Answer, now: float) -> Next:
        """Take the end of `call`, and say when to come again."""
        if self._stage == DONE:
            return []
        if call.kind == "batch" and answer.again:
            return self._again(lane, call, answer.retry_after_s or 0.0, now)
        if self._stage == BACKLOG and not self._left[BACKLOG]:
            return self.close_lane(lane, now)
        return self._go_on(now, lane)

    def close_lane(self, lane: int, now: float) -> Next:
        """End one lane of the backlog; the last one goes on to what comes after it."""
        self._lanes -= 1
        if self._lanes > 0 or self._stage == DONE:
            return []
        self._stage = AFTER
        return self._go_on(now, 0)

    def _again(self, lane: int, call: Call, retry_after_s: float, now: float) -> Next:
        """Keep `call` for another attempt; after the last one the visitor stops, for what follows must not overtake."""
        if call.attempt >= self._plan.scenario.client.attempts:
            return self._give_up()
        self._pending = self._pending or {}
        self._pending[lane] = call
        return [(now + retry_after_s + self._backoff_s(call, self._batches << 4 | lane), lane)]

    def _give_up(self) -> Next:
        """Send nothing more."""
        self.gave_up += 1
        self._stage = DONE
        return []

    def _backoff_s(self, call: Call, number: int) -> float:
        """How long `call` waits for its next attempt, seconds; `number` tells its draws from those of other calls."""
        client = self._plan.scenario.client
        bound = min(client.backoff_cap_s, client.backoff_base_s * 2.0 ** (call.attempt - 1))
        index = number << 16 | call.attempt
        return bound * unit(draws(self._plan.scenario.seed, "backoff", self.number, 1, index=index)[0])

    def _go_on(self, now: float, lane: int) -> Next:
        """The next instant of the stage that the sender is in, or of the one that follows."""
        if self._stage == BEFORE:
            if self._left[BEFORE]:
                return [(self._before[-self._left[BEFORE]], 0)]
            if self.back is None:
                self._stage = DONE
                return []
            self._stage = BACKLOG
            return self._come_back(self.back)
        if self._stage == BACKLOG:
            return [(now, lane)]
        if self._stage == AFTER and self._left[AFTER]:
            return [(now + self._plan.pause(self.number, self._left[AFTER]), 0)]
        self._stage = DONE
        return []

    def _come_back(self, back: float) -> Next:
        """Begin to drain the backlog at `back`."""
        self._lanes = self._plan.scenario.client.calls_in_flight
        return [(back, lane) for lane in range(self._lanes)]

    def _run(self, at: int, most: int, stage: int) -> tuple[int, int]:
        """The visitor's place and the length of the run of its events that begins `at` events into the stage."""
        if self._orders is None:
            return 0, most
        order = self._orders[stage]
        end = at + 1
        while end < at + most and order[end] == order[at]:
            end += 1
        return order[at], end - at

    def _take(self, size: int, stage: int) -> tuple[list[bytes], str]:
        """The next `size` events of a stage: their envelopes, and their runs as JSON."""
        total = self._left[stage]
        at = len(self._orders[stage]) - total if self._orders else 0
        # A backlog is the same events whichever way it is sent: paths are told only by those who are online.
        ordinary = stage != BACKLOG
        envelopes: list[bytes] = []
        runs = []
        while len(envelopes) < size:
            place, count = self._run(at + len(envelopes), size - len(envelopes), stage)
            cursor = self._cursors[place]
            runs.append(f'["{self._names[place]}",{cursor.seq},{count}]')
            envelopes += cursor.take(count, ordinary)
        self._left[stage] = total - size
        return envelopes, f"[{','.join(runs)}]"

    def _batch(self) -> Call:
        size = min(self._left[BACKLOG], self._plan.scenario.client.batch_size)
        envelopes, runs = self._take(size, BACKLOG)
        self._batches += 1
        batch = f"{self._names[0]}.b{self._batches}"
        dialect = self._plan.dialect
        return Call(batch, "batch", dialect.batch_path, dialect.batch(envelopes), runs, _digests(envelopes), size)

    def _ordinary_call(self, stage: int) -> Call:
        (envelope,), runs = self._take(1, stage)
        self._ordinary += 1
        path, body = self._plan.dialect.ordinary(envelope)
        return Call(f"{self._names[0]}.o{self._ordinary}", "ordinary", path, body, runs, _digests([envelope]), 1)


def once_more(call: Call, intended: float) -> Call:
    """Count an attempt."""
    call.attempt += 1
    call.intended = intended
    return call


def _digests(envelopes: list[bytes]) -> str:
    """The digests of `envelopes` (events.digest) as a JSON array."""
    return str([*map(crc32, envelopes)])
