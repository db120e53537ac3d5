"""Never more calls in a second than the quota allows, by all processes together, however the calls come and leave."""

import time
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from inorder.driver.engine import Engine
from inorder.driver.quota import Quota
from inorder.driver.target import Target
from inorder.errors import UnusableInput
from inorder.history import Closed, HistoryWriter, Sent, read
from inorder.plan import Plan
from inorder.sla import Sla
from tests.inorder.crowd import plan
from tests.inorder.driver.scripted import Exchange, Scripted

SECONDS = st.floats(0, 4)


def leave(quota: Quota, calls: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """(when let go, when left) of calls that are due at an instant and then take a while to leave, in one process."""
    leaving: list[float] = []
    waiting = sorted(calls)
    now = 0.0
    while waiting:
        due, takes = waiting[0]
        free_at = quota.free_at()
        if free_at is None or (leaving and leaving[0] <= max(now, due, free_at)):
            now = max(now, heappop(leaving))
            quota.left(now)
            continue
        now = max(now, due, free_at)
        waiting.pop(0)
        quota.take(due, now)
        heappush(leaving, now + takes)
        yield now, now + takes
    for left in sorted(leaving):
        quota.left(left)


@given(
    st.lists(st.lists(st.tuples(SECONDS, st.floats(0, 0.5)), max_size=60), min_size=1, max_size=4),
    st.floats(4, 40),
)
def test_no_second_has_more_than_the_quota(processes: list[list[tuple[float, float]]], calls_per_s: float) -> None:
    """Drawn calls, at once or spread, that leave at once or late: whenever within its time a call really left."""
    spans = [span for calls in processes for span in leave(Quota(calls_per_s, len(processes)), calls)]
    assert len(spans) == sum(map(len, processes))
    for ends in (0, 1):
        instants = [span[ends] for span in spans]
        for at in instants:
            assert sum(at <= other < at + 1.0 for other in instants) <= calls_per_s


@given(st.lists(SECONDS, max_size=60), st.integers(1, 20))
def test_no_call_waits_longer_than_it_must(dues: list[float], calls_per_s: int) -> None:
    """One is held back only while a whole quota left within a second before; and it is counted just then."""
    quota = Quota(calls_per_s, 1)
    left = [at for at, _ in leave(quota, [(due, 0.0) for due in dues])]
    held = 0
    for place, (due, at) in enumerate(zip(sorted(dues), left, strict=True)):
        if at > due:
            held += 1
            assert at == pytest.approx(left[place - calls_per_s] + 1.05)
    assert quota.held == held


def test_a_process_that_was_late_does_not_make_up_for_it() -> None:
    """What counts is when calls left, not when they might have: after a stall there is no second of twice as many."""
    quota = Quota(2, 1)
    for now in (0.0, 0.0, 5.0, 5.0):
        quota.take(0.0, now)
        quota.left(now)
    assert quota.free_at() == pytest.approx(6.05)


def test_while_none_has_left_nobody_knows_when_the_next_may() -> None:
    """A call that is let go and still opens its connection keeps its place."""
    quota = Quota(1, 1)
    quota.take(0.0, 0.0)
    assert quota.free_at() is None


@pytest.mark.parametrize(("calls_per_s", "processes"), [(1.0, 2), (3.5, 4), (1.0, 64)])
def test_more_processes_than_calls_are_refused(calls_per_s: float, processes: int) -> None:
    """For a process makes one call a second at least, or none at all."""
    with pytest.raises(UnusableInput, match=f"--processes: expected at most {int(calls_per_s)}, .* got {processes}$"):
        Quota(calls_per_s, processes)


def crowd(**values: Any) -> Plan:
    """A crowd that comes back within a quarter of a second."""
    made = plan(client='connection = "kept"\nordinary_timeout_s = 5.0\nbatch_size = 5', **values)
    phases = [replace(phase, duration_s=phase.duration_s / 40) for phase in made.scenario.phases]
    visitors = replace(made.scenario.visitors, pause_s=0.01)
    return Plan(replace(made.scenario, phases=phases, visitors=visitors), made.behaviour, made.namespace)


def engines(made: Plan, base: str, folder: Path, calls_per_s: float, workers: int) -> tuple[list[Engine], list[Any]]:
    """The engines of so many processes, all of them here, and their connections."""
    target = Target.resolve(base, {"apiKey": "k"}, calls_per_s=calls_per_s)
    made_of = [
        Engine(made, target, HistoryWriter(folder / f"w{number}.jsonl"), number, workers, lambda *_: None)
        for number in range(workers)
    ]
    return made_of, [gevent.spawn(engine.work) for engine in made_of for _ in range(6)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_load_keeps_its_quota_and_tells_what_it_held_back(tmp_path: Path, workers: int) -> None:
    """Seen by the server, which answers late now and then; all is sent in the end, and no lateness is the generator's."""
    seen: list[float] = []

    def script(exchange: Exchange) -> None:
        seen.append(time.monotonic())
        if exchange.number % 7 == 0:
            time.sleep(0.05)
        exchange.answer()

    made = crowd(count=12)
    with Scripted(script) as server:
        running, users = engines(made, server.base, tmp_path, 30.0, workers)
        gevent.sleep(0)
        for engine in running:
            engine.start(time.monotonic() + 0.1)
        gevent.joinall(users, timeout=30)
        closed = [engine.close(interrupted=not engine.finished) for engine in running]
    seen.sort()
    assert len(seen) > 40
    assert all(later - first >= 1.0 for first, later in zip(seen, seen[30:], strict=False))
    assert not any(own.interrupted or own.unsent for own in closed)
    assert sum(own.held_back for own in closed) > 10
    sent = [line for file in tmp_path.glob("w*.jsonl") for _, line in read(file) if isinstance(line, Sent)]
    late = [line.sent - max(line.intended, line.ready or 0.0) for line in sent]
    assert sorted(late)[len(late) // 2] < 0.05
    assert max(line.sent - line.intended for line in sent) > 0.5


@pytest.mark.parametrize("how", ["stop", "close"])
def test_what_is_held_back_is_not_sent_after_the_end(tmp_path: Path, how: str) -> None:
    """Whether an objective or a Ctrl-C ends the load: what waited stays unsent, and the waiting ends at once."""
    with Scripted(lambda exchange: exchange.answer()) as server:
        (engine,), users = engines(crowd(count=40), server.base, tmp_path, 5.0, 1)
        gevent.sleep(0)
        engine.start(time.monotonic())
        while len(server.requests) < 5:
            gevent.sleep(0.01)
        before = len(server.requests)
        if how == "stop":
            engine.stop()
            gevent.joinall(users, timeout=1.0, raise_error=True)
            assert not [user for user in users if not user.dead]
            assert engine.finished
        else:
            gevent.killall(users)
        closed = engine.close(interrupted=how == "close")
        gevent.sleep(1.2)
        assert len(server.requests) == before
    assert closed.unsent > 0
    assert [type(line) for _, line in read(tmp_path / "w0.jsonl")][-1] is Closed


def test_what_a_quota_holds_back_ends_no_load(tmp_path: Path) -> None:
    """An objective on response times is not lost by it: only what the system does counts as late."""
    made = crowd(count=24)
    line = Sla("ordinary.response_ms.max", max=2000, stop=True)
    made = Plan(replace(made.scenario, sla=[line]), made.behaviour, made.namespace)
    with Scripted(lambda exchange: exchange.answer()) as server:
        (engine,), users = engines(made, server.base, tmp_path, 20.0, 1)
        gevent.sleep(0)
        engine.start(time.monotonic())
        gevent.joinall(users, timeout=60)
        assert engine.hope.said(engine.now()).hits == [0]
        engine.close(interrupted=False)
    sent = [line for _, line in read(tmp_path / "w0.jsonl") if isinstance(line, Sent)]
    assert max(line.sent - line.intended for line in sent if line.kind == "ordinary") > 2.5


def test_the_order_of_a_visitor_is_kept_while_calls_are_held_back(tmp_path: Path) -> None:
    """What waits stands in the schedule: the one that is due longest leaves first."""
    with Scripted(lambda exchange: exchange.answer()) as server:
        (engine,), users = engines(crowd(count=6), server.base, tmp_path, 20.0, 1)
        gevent.sleep(0)
        engine.start(time.monotonic())
        gevent.joinall(users, timeout=30)
        engine.close(interrupted=False)
    first: dict[str, list[int]] = {}
    for _, line in read(tmp_path / "w0.jsonl"):
        if isinstance(line, Sent):
            for visitor, seq, _ in line.events:
                first.setdefault(visitor, []).append(seq)
    assert first
    assert all(before < after for seqs in first.values() for before, after in pairwise(seqs))
