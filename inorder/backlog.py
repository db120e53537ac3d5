"""A client with bad habits: what client libraries are known to do to their queue after a reconnect, each on demand.

The whole backlog lies in a queue of batches while it is drained. The *drain* lane sends it, one batch at a time; the *live*
lane makes the events that do not wait for it; the *flush* lane sends a batch again that has no answer yet.
"""

from collections import deque
from heapq import heappop, heappush

from inorder.history import CONFIRMED
from inorder.plan import Plan
from inorder.visitor import AFTER, BACKLOG, DONE, Answer, Call, Next, Sender, once_more

DRAIN, LIVE, FLUSH = range(3)


def sender_of(plan: Plan, number: int) -> Sender:
    """The client that the scenario asks for."""
    return QueuedSender(plan, number) if plan.scenario.client.habits() else Sender(plan, number)


class QueuedSender(Sender):
    """A visitor's client that keeps its backlog as a queue, with the habits of the scenario."""

    __slots__ = ("_acknowledged", "_aimed", "_flush_due", "_open", "_queue", "_retries")

    def __init__(self, plan: Plan, number: int) -> None:
        super().__init__(plan, number)
        self._queue: deque[tuple[float, Call]] = deque()
        """(not before, batch)."""
        self._retries: list[tuple[float, int, Call]] = []
        """A heap of the batches that others overtake: (end of the backoff, tie-break, batch)."""
        self._open: Call | None = None
        """The batch in flight that was not flushed again."""
        self._flush_due = 0.0
        self._aimed: Call | None = None
        """The batch that the flush lane waits for or sends; None: the lane is not there."""
        self._acknowledged: Call | None = None
        """The last batch that a second flush had confirmed."""

    def drains(self, lane: int) -> bool:
        """Whether what `lane` sends now is of the queue; live events and second flushes go another way."""
        return self.draining and lane == DRAIN

    def next_call(self, lane: int, intended: float) -> Call | None:
        """The call that `lane` sends now; None: nothing is left for it."""
        if lane == DRAIN:
            call = super().next_call(lane, intended)
            if call is not None and call.kind == "batch" and call.attempt == 1:
                self._left[BACKLOG] -= call.count
            return call
        if self._stage == DONE:
            return None
        if lane == LIVE:
            return once_more(self._ordinary_call(AFTER), intended)
        if self._aimed is not self._open or self._open is None:
            return None
        call, self._open = self._open, None
        return once_more(call, intended)

    def beside(self, lane: int, call: Call, now: float) -> Next:
        """A batch that is sent for the first time opens the flush lane, where it is closed."""
        after_s = self._plan.scenario.client.flush_again_s
        if after_s is None or lane != DRAIN or call.kind != "batch" or call.attempt > 1:
            return []
        self._open, self._flush_due = call, now + after_s
        return [] if self._aimed else self._aim(now)

    def answered(self, lane: int, call: Call, answer: Answer, now: float) -> Next:
        """Take the end of `call`, and say when to come again."""
        if self._stage == DONE:
            return []
        if lane == DRAIN and call.kind == "batch":
            return self._drained(call, answer, now)
        if lane == LIVE:
            return self._live(now)
        if lane == FLUSH:
            if answer.outcome == CONFIRMED:
                self._acknowledged = call
                if self._pending and self._pending.get(DRAIN) is call:  # it backs off, and need not go out any more
                    self._pick(now)
            return self._aim(now)
        return super().answered(lane, call, answer, now)

    def close_lane(self, lane: int, now: float) -> Next:
        """End a lane; that of the queue goes on to what comes after it, where that did not come before."""
        if lane == LIVE:
            return []
        if lane == FLUSH:
            return self._aim(now)
        following = super().close_lane(lane, now)
        return [] if self._plan.scenario.client.live == "overtakes" else following

    def _come_back(self, back: float) -> Next:
        """Fill the queue and begin to drain it."""
        client, (visitor,) = self._plan.scenario.client, self._plan.numbers(self.number)
        self._lanes = 1
        self._cursors[0].take(self._plan.split(visitor, False).dropped, False)
        kept = self._left[BACKLOG]
        batches = []
        while self._left[BACKLOG]:
            batches.append(self._batch())
        self._left[BACKLOG] = kept
        if client.queue_order == "text":
            batches.sort(key=lambda call: call.batch)  # names that differ in their number only
        self._queue.extend((back, call) for call in batches)
        return self._choose(back) + (self._live(back) if client.live == "overtakes" else [])

    def _live(self, now: float) -> Next:
        """When the next live event is made."""
        left = self._left[AFTER]
        return [(now + self._plan.pause(self.number, left), LIVE)] if left else []

    def _drained(self, call: Call, answer: Answer, now: float) -> Next:
        """Take the end of a batch: one that needs another attempt goes back where the habit puts it."""
        client = self._plan.scenario.client
        self._open = None
        if answer.again and call is not self._acknowledged:
            if call.attempt >= client.attempts:
                return self._give_up()
            number = int(call.batch.rpartition(".b")[2])
            due = now + (answer.retry_after_s or 0.0) + self._backoff_s(call, number << 4 | DRAIN)
            if client.on_retry == "overtake":
                heappush(self._retries, (due, number, call))
            elif client.on_retry == "requeue":
                self._queue.append((due, call))
            else:
                self._queue.appendleft((due, call))
        return self._choose(now)

    def _choose(self, now: float) -> Next:
        """Say when the drain lane sends what next; with nothing left it closes."""
        due = self._pick(now)
        return self.close_lane(DRAIN, now) if due is None else [(max(due, now), DRAIN)]

    def _pick(self, now: float) -> float | None:
        """Pick what the drain lane sends next, and say from when on; None: nothing is left."""
        self._pending = None
        if self._retries and (not self._queue or self._retries[0][0] <= now):
            due, _, call = heappop(self._retries)
        elif self._queue:
            due, call = self._queue.popleft()
        else:
            return None
        self._pending = {DRAIN: call}
        return due

    def _aim(self, now: float) -> Next:
        """Let the flush lane wait for the batch in flight, or close it where that was flushed or there is none."""
        self._aimed = self._open if self._stage == BACKLOG else None
        return [(max(self._flush_due, now), FLUSH)] if self._aimed else []
