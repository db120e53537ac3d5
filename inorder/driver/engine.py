"""One generator process: hands the senders that are due to free connections, and writes down all that happens.

A connection's greenlet lives in `work`: it takes the sender that is due longest, sends its next call, and puts it back
when the answer is there. Free greenlets wait in a pile; one timer on the loop wakes one of them when a sender is due.
"""

import gc
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent

from inorder.backlog import sender_of
from inorder.driver.connection import Answer, Connection
from inorder.driver.health import Health
from inorder.driver.hope import Hope
from inorder.driver.quota import Quota
from inorder.driver.target import Target, server_of
from inorder.history import CONFIRMED, Closed, HistoryWriter
from inorder.plan import Plan
from inorder.schedule import Schedule, first_instants
from inorder.visitor import Call, Sender

Report = Callable[[str, float, int, str], None]
"""Told of each call's end: path, service time in milliseconds, bytes of the answer, error or ''."""

_TICK_S = 0.02
"""How often time-outs are looked for: a call ends at most so much later than its time-out."""
_GRACE_S = 0.5
"""When the load is stopped, calls that are in flight have so long to end; then they stay without a certain answer."""


class Engine:
    """The senders of one process: `worker` of `workers`."""

    def __init__(
        self, plan: Plan, target: Target, history: HistoryWriter, worker: int, workers: int, report: Report
    ) -> None:
        self.plan = plan
        self.name = f"w{worker}"
        client = plan.scenario.client
        self._target = target
        self._history = history
        self._report = report
        self._fresh = client.connection == "fresh"
        self._quota = Quota(target.calls_per_s, workers) if target.calls_per_s else None
        self._told_gone = None if self._quota is None else self._gone
        self._timeouts = {"batch": client.batch_timeout_s, "ordinary": client.ordinary_timeout_s}
        self._servers = len(target.servers)
        self._heads: list[dict[str, bytes]] = [{} for _ in target.servers]
        self.hope = Hope(plan, range(worker, plan.senders, workers))
        """What is counted of the lines that may end the load; empty where there is none."""
        self._hope = self.hope or None
        firsts, self.planned, self.backlog = first_instants(plan, range(worker, plan.senders, workers))
        self._schedule = Schedule(firsts)
        self._open_places = len(self._schedule)
        self._senders: dict[int, Sender] = {}
        self._hub = gevent.get_hub()
        self._idle: list[Any] = []
        self._timer: Any = None
        self._armed: float | None = None
        self._ticker = self._hub.loop.timer(_TICK_S, _TICK_S)
        self._open: dict[str, deque[tuple[float, Connection, int]]] = {"batch": deque(), "ordinary": deque()}
        self._origin: float | None = None
        self._limit = plan.scenario.phases_s + plan.scenario.drain_limit_s
        self._cut_at = float("inf")
        self.over = False
        """No further call will be made: all senders are done, or the time is up."""
        self.in_flight = 0
        self.attempted = 0
        """Events of first attempts."""
        self.progress = {"calls": 0, "confirmed": 0, "drained": 0, "indeterminate": 0, "rejected": 0, "resends": 0}
        self.gave_up = 0
        self.crashed = 0
        self.health = Health()
        # What exists now lives as long as the run: kept out of the collector, which would stop the world in the load.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)

    def now(self) -> float:
        """Seconds of the run's clock."""
        return time.monotonic() - (self._origin or 0.0)

    def start(self, origin: float) -> None:
        """Begin: `origin` is the instant of `time.monotonic()` at which the run's clock is zero."""
        self._origin = origin
        self.health.begin(_TICK_S)
        self._ticker.start(self._tick)
        if not self._open_places:
            self._end()
        self._arm()

    @property
    def finished(self) -> bool:
        """Whether all is over and no call is in flight."""
        return self.over and self.in_flight == 0

    # Who is next.

    def _arm(self) -> None:
        """Set the timer to the earliest instant at which a free greenlet has work."""
        due = self._schedule.next_due()
        if due is None or not self._idle:
            return
        if self._quota is not None:
            free_at = self._quota.free_at()
            if free_at is None:  # `_gone` arms it
                return
            due = max(due, free_at)
        if self._armed is not None and self._armed <= due:
            return
        self._disarm()
        self._timer = self._hub.loop.timer(max(0.0, due - self.now()))
        self._timer.start(self._ring, update=True)
        self._armed = due

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
        self._timer, self._armed = None, None

    def _ring(self) -> None:
        """Wake a free greenlet for each place that is due (called by the loop)."""
        self._disarm()
        while self._idle and not self.over:
            place = self._pop()
            if place is None:
                break
            self._idle.pop().switch(place)
        if not self.over:
            self._arm()

    def _pop(self) -> tuple[float, int, int] | None:
        """Take the place that is due longest; None where none is, or the quota lets no call leave now."""
        now = self.now()
        if self._quota is not None:
            free_at = self._quota.free_at()
            if free_at is None or free_at > now:
                return None
        return self._schedule.pop_due(now)

    def _next_place(self) -> tuple[float, int, int] | None:
        """The place that is due longest, waited for if none is; None when the run is over."""
        if self._origin is not None and not self.over:
            place = self._pop()
            if place is not None:
                return place
        if self.over:
            return None
        me = gevent.getcurrent()
        self._idle.append(me)
        if self._origin is not None:
            self._arm()
        try:
            place = self._hub.switch()
        except BaseException:
            if me in self._idle:
                self._idle.remove(me)
            raise
        return place  # type: ignore[no-any-return]  # what _ring and _end hand over

    def _end(self) -> None:
        """Let the greenlets that wait for work go."""
        self.over = True
        self._disarm()
        while self._idle:
            self._hub.loop.run_callback(self._idle.pop().switch, None)

    # A connection's life.

    def work(self) -> None:
        """Serve places until the run is over: what one Locust user does."""
        kept: dict[int, object] = {}  # by server, each opened when it is first needed
        while True:
            ready = self.now() if self._origin is not None else 0.0
            place = self._next_place()
            if place is None:
                break
            due, number, lane = place
            try:
                self._serve(due, number, lane, ready, kept)
            except Exception:
                self.crashed += 1
                self._open_places -= 1
                print(f"inorder: sender {number} ended by an error of the generator:", file=sys.stderr)
                traceback.print_exc()
            if self._open_places == 0:
                self._end()
        for connection in kept.values():
            if isinstance(connection, Connection):
                connection.close()

    def _serve(self, due: float, number: int, lane: int, ready: float, kept: dict[int, object]) -> None:
        """Make the next call of a lane and put the lane back; `kept`: the connections that this greenlet keeps."""
        sender = self._senders.get(number) or self._begin(number)
        call = sender.next_call(lane, due)
        if call is None:
            self._put_back(sender, sender.close_lane(lane, self.now()))
            return
        for then, other in sender.beside(lane, call, self.now()):
            self._schedule.push(then, number, other)
            sender.places += 1
            self._open_places += 1
            self._arm()
        drains = sender.drains(lane)
        own = self._fresh and drains
        server = server_of(call.batch, call.attempt, self._servers) if self._servers > 1 else 0
        connections, key = (sender.connections, lane * self._servers + server) if own else (kept, server)
        connection = connections.get(key)
        if not isinstance(connection, Connection):
            connection = connections[key] = Connection(self._target.servers[server], self._hub)
        answer = self._exchange(server, connection, call, ready)
        following = sender.answered(lane, call, answer, self.now())
        if drains and not answer.again:
            self.progress["drained"] += call.count
        self._put_back(sender, following)

    def _begin(self, number: int) -> Sender:
        """Make a sender at its first instant; its first place has been taken, the lanes beside it are put down."""
        sender = self._senders[number] = sender_of(self.plan, number)
        places = sender.start()
        sender.places = len(places)
        self._open_places += len(places) - 1
        for due, lane in places[1:]:
            self._schedule.push(due, number, lane)
        return sender

    def _put_back(self, sender: Sender, places: list[tuple[float, int]]) -> None:
        """Put down where to come again to `sender`; one that has no place left is done with."""
        for due, lane in places:
            self._schedule.push(due, sender.number, lane)
        sender.places += len(places) - 1
        self._open_places += len(places) - 1
        if not sender.draining and sender.connections:
            for lane, connection in list(sender.connections.items()):
                # One that another lane still waits at would never wake it: that lane closes it at its own end.
                if isinstance(connection, Connection) and not connection.busy(connection.serial):
                    connection.close()
                    del sender.connections[lane]
        if sender.places == 0:
            self.gave_up += sender.gave_up
            del self._senders[sender.number]

    def _exchange(self, server: int, connection: Connection, call: Call, ready: float) -> Answer:
        """Send `call` and wait for its end; both are on file, the first before a byte leaves."""
        name = f"{call.batch}.{call.attempt}"
        head = self._heads[server].get(call.path)
        if head is None:
            head = self._heads[server][call.path] = self._target.head(call.path, server)
        progress = self.progress
        progress["calls"] += 1
        if call.attempt == 1:
            self.attempted += call.count
        else:
            progress["resends"] += 1
        sent = self.now()
        intended = call.intended
        if self._quota is not None:
            # What a quota held back is late by the quota: neither this process's doing nor, for `hope`, the system's.
            # A connection that came free only after it was kept by other calls that the quota had held back.
            freed = self._quota.take(intended, sent)
            ready, intended = max(ready, freed), max(intended, freed)
        self._history.sent(
            name, call.batch, call.kind, call.attempt, call.intended, ready, sent,
            call.events, call.digests, call.count, len(call.body), server if self._servers > 1 else None,
        )  # fmt: skip
        if self._hope is not None:
            self._hope.begins(call, intended)
        self._open[call.kind].append((sent + self._timeouts[call.kind], connection, connection.serial + 1))
        self.in_flight += 1
        try:
            answer = connection.request(head, call.body, self._told_gone)
        finally:
            self.in_flight -= 1
        done = self.now()
        self._history.done(name, done, answer.outcome, answer.status, answer.error, answer.retry_after_s)
        if self._hope is not None:
            self._hope.ends(call, answer, intended, sent, done)
        error = ""
        if answer.outcome == CONFIRMED:
            progress["confirmed"] += call.count
        else:
            progress[answer.outcome] += 1
            error = f"{answer.outcome}: {answer.status or answer.error}"
        self._report(call.path, (done - sent) * 1e3, answer.size, error)
        return answer

    def _gone(self) -> None:
        """A call has left: where that tells when the next one may leave, wait for it."""
        assert self._quota is not None
        self._quota.left(self.now())
        if not self.over:
            self._arm()

    # The loop's tick, and the end.

    def stop(self) -> None:
        """End the load before its time: no further call is made, and those in flight have a moment to end."""
        if not self.over:
            self._cut_at = self.now() + _GRACE_S
            self._end()

    def _tick(self) -> None:
        """End what has timed out, end the run when its time is up, and see how late this tick itself is."""
        now = self.now()
        for waiting in self._open.values():
            while waiting:
                until, connection, serial = waiting[0]
                if connection.busy(serial):
                    if until > now:
                        break
                    connection.expire(serial)
                waiting.popleft()
        if now >= self._cut_at:
            for waiting in self._open.values():
                while waiting:
                    _, connection, serial = waiting.popleft()
                    connection.expire(serial, "stopped early")
        if not self.over:
            self.health.tick()
            if now >= self._limit:
                self._end()
        elif self.in_flight == 0:
            self._ticker.stop()

    def close(self, interrupted: bool) -> Closed:
        """Write the closing line; calls that are still in flight stay without an end, which makes them indeterminate."""
        self._end()
        self._ticker.stop()
        closed = Closed(
            worker=self.name,
            calls=self._history.calls,
            events=self._history.events,
            interrupted=interrupted,
            unsent=self.planned - self.attempted,
            gave_up=self.gave_up + sum(sender.gave_up for sender in self._senders.values()),
            crashed=self.crashed,
            loop_lag_ms_p99=self.health.lag_ms_p99(),
            cpu_share=self.health.cpu_share(),
            held_back=self._quota.held if self._quota is not None else 0,
        )
        self._history.close(closed)
        return closed
