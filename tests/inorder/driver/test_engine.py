"""One generator process: serves who is due, counts all, ends by itself, and survives its own errors."""

import threading
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import gevent
import pytest

from inorder.driver.engine import Engine
from inorder.driver.target import Target
from inorder.history import Closed, HistoryWriter, read
from inorder.plan import Plan
from inorder.visitor import Sender
from tests.inorder.crowd import plan
from tests.inorder.driver.scripted import OK, Exchange, Scripted

REFUSE = b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"


def drive(crowd: Plan, server: Scripted, folder: Path, connections: int = 8, stop_after_s: float | None = None) -> Engine:
    """Run an engine to its end, or cut it off."""
    target = Target.resolve(server.base, {"apiKey": "k", "partnerId": "p"})
    told: list[tuple[Any, ...]] = []
    engine = Engine(crowd, target, HistoryWriter(folder / "w0.jsonl"), 0, 1, lambda *values: told.append(values))
    users = [gevent.spawn(engine.work) for _ in range(connections)]
    gevent.sleep(0)
    engine.start(time.monotonic() + 0.05)
    until = time.monotonic() + (stop_after_s or 30.0)
    while not engine.finished and time.monotonic() < until:
        gevent.sleep(0.02)
    finished = engine.finished
    gevent.killall(users)
    engine.close(interrupted=not finished)
    assert len(told) <= engine.progress["calls"]
    return engine


def lines(folder: Path) -> list[Any]:
    return [line for _, line in read(folder / "w0.jsonl")]


def fast(**values: Any) -> Plan:
    """A plan whose ten seconds take half a second, pauses too."""
    from msgspec.structs import replace

    crowd = plan(**values)
    scenario = crowd.scenario
    phases = [replace(phase, duration_s=phase.duration_s / 20) for phase in scenario.phases]
    scenario = replace(scenario, phases=phases, visitors=replace(scenario.visitors, pause_s=0.02))
    return Plan(scenario, crowd.behaviour, crowd.namespace)


@pytest.mark.parametrize("connection", ["fresh", "kept"])
def test_every_event_is_sent_and_on_file_and_the_totals_agree(tmp_path: Path, connection: str) -> None:
    """All visitors are served, by the connections that the scenario names."""
    crowd = fast(count=60, client=f'connection = "{connection}"\nordinary_timeout_s = 5.0', online=0.2)
    with Scripted(lambda exchange: exchange.answer()) as server:
        engine = drive(crowd, server, tmp_path)
    told = lines(tmp_path)
    closed = told[-1]
    assert isinstance(closed, Closed)
    sent = [line for line in told if type(line).__name__ == "Sent"]
    done = [line for line in told if type(line).__name__ == "Done"]
    assert closed.calls == len(sent) == len(done) == engine.progress["calls"]
    assert closed.events == sum(run[2] for line in sent for run in line.events) == engine.planned
    assert closed.unsent == closed.crashed == closed.gave_up == 0
    assert not closed.interrupted
    assert {line.outcome for line in done} == {"confirmed"}
    batches = sum(line.kind == "batch" for line in sent)
    returned = sum(not crowd.online(sender) for sender in range(crowd.senders))
    if connection == "fresh":
        assert returned <= server.connections <= returned + 8
    else:
        assert server.connections <= 8
    assert batches >= returned


def test_the_sent_line_is_on_file_before_the_request_arrives(tmp_path: Path) -> None:
    """Whatever the server saw, the history knows."""
    missing: list[str] = []

    def script(exchange: Exchange) -> None:
        body = exchange.body
        on_file = (tmp_path / "w0.jsonl").read_text()
        if f'"bytes":{len(body)}' not in on_file:
            missing.append(exchange.path)
        exchange.answer()

    with Scripted(script) as server:
        drive(fast(count=10), server, tmp_path)
    assert server.requests
    assert missing == []


def test_no_visitor_has_two_calls_in_flight(tmp_path: Path) -> None:
    """Seen from the server: a visitor's next call arrives only after the one before was answered."""
    open_now: Counter[str] = Counter()
    most: Counter[str] = Counter()
    lock = threading.Lock()

    def script(exchange: Exchange) -> None:
        who = exchange.body.split(b'"sessionExternalId":"')[1].split(b'"')[0].decode()
        with lock:
            open_now[who] += 1
            most[who] = max(most[who], open_now[who])
        time.sleep(0.002)
        with lock:
            open_now[who] -= 1
        exchange.answer()

    with Scripted(script) as server:
        drive(fast(count=40, client="batch_size = 2\nordinary_timeout_s = 5.0"), server, tmp_path, connections=30)
    assert len(most) == 40
    assert set(most.values()) == {1}


def test_failing_calls_are_sent_again_and_counted(tmp_path: Path) -> None:
    """A server that answers 503 every third time: all is confirmed in the end, in order, attempts numbered."""

    def script(exchange: Exchange) -> None:
        exchange.answer(REFUSE if exchange.number % 3 == 0 else OK)

    client = "batch_size = 2\nbackoff_base_s = 0.01\nattempts = 20\nordinary_timeout_s = 5.0"
    with Scripted(script) as server:
        engine = drive(fast(count=30, client=client), server, tmp_path)
    assert engine.progress["resends"] > 10
    attempts: dict[str, list[int]] = defaultdict(list)
    for line in lines(tmp_path):
        if type(line).__name__ == "Sent" and line.kind == "batch":
            attempts[line.batch].append(line.attempt)
    assert all(found == list(range(1, len(found) + 1)) for found in attempts.values())


def test_giving_up_is_counted_and_the_rest_is_unsent(tmp_path: Path) -> None:
    """A server that never confirms a batch."""

    def script(exchange: Exchange) -> None:
        exchange.answer(REFUSE if "visitorEvents" in exchange.path else OK)

    client = "batch_size = 1\nbackoff_base_s = 0.01\nattempts = 2\nordinary_timeout_s = 5.0"
    with Scripted(script) as server:
        engine = drive(fast(count=10, client=client), server, tmp_path)
    closed = lines(tmp_path)[-1]
    assert closed.gave_up == engine.gave_up == 10
    assert closed.unsent == engine.planned - engine.attempted > 0


def test_a_run_that_is_cut_off_says_so(tmp_path: Path) -> None:
    """The closing line tells of the interruption and of what was not sent; a call in flight has no end."""
    with Scripted(lambda exchange: time.sleep(0.4)) as server:
        drive(fast(count=30), server, tmp_path, stop_after_s=0.3)
    told = lines(tmp_path)
    assert told[-1].interrupted
    assert told[-1].unsent > 0
    sent = {line.call for line in told if type(line).__name__ == "Sent"}
    done = {line.call for line in told if type(line).__name__ == "Done"}
    assert done < sent


def test_an_error_of_the_generator_is_counted_and_costs_one_visitor_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does not vanish in a log: the run that had it can be told."""
    right = Sender.next_call

    def wrong(self: Sender, lane: int, intended: float) -> Any:
        if self.number == 3:
            raise RuntimeError("planted")
        return right(self, lane, intended)

    monkeypatch.setattr(Sender, "next_call", wrong)
    with Scripted(lambda exchange: exchange.answer()) as server:
        drive(fast(count=10, client="ordinary_timeout_s = 5.0"), server, tmp_path)
    closed = lines(tmp_path)[-1]
    assert closed.crashed == 1
    assert closed.unsent > 0
    assert not closed.interrupted
    assert "planted" in capsys.readouterr().err


def test_parallel_lanes_end_too(tmp_path: Path) -> None:
    """Lanes that find nothing left close, and the run ends."""
    client = "calls_in_flight = 4\nbatch_size = 3\nordinary_timeout_s = 5.0"
    with Scripted(lambda exchange: exchange.answer()) as server:
        engine = drive(fast(count=30, client=client), server, tmp_path, connections=40)
    assert engine.attempted == engine.planned
    assert not lines(tmp_path)[-1].interrupted


def test_the_time_limit_ends_a_run(tmp_path: Path) -> None:
    """Load is bounded in time, whatever the server does."""
    from msgspec.structs import replace

    crowd = fast(count=20, client="backoff_base_s = 5.0\nbackoff_cap_s = 5.0")
    crowd = Plan(replace(crowd.scenario, drain_limit_s=0.2), crowd.behaviour, crowd.namespace)
    with Scripted(lambda exchange: exchange.answer(REFUSE)) as server:
        began = time.monotonic()
        engine = drive(crowd, server, tmp_path)
        assert time.monotonic() - began < 5.0
    assert engine.finished
    assert lines(tmp_path)[-1].unsent > 0


def test_calls_leave_no_earlier_than_intended(tmp_path: Path) -> None:
    """Open arrivals: never early; and a visitor's calls follow each other in the order of their instants."""
    with Scripted(lambda exchange: exchange.answer()) as server:
        drive(fast(count=60), server, tmp_path)
    by_visitor = defaultdict(list)
    for line in lines(tmp_path):
        if type(line).__name__ == "Sent":
            assert line.sent >= line.intended - 1e-5
            by_visitor[line.events[0][0]].append(line)
    for mine in by_visitor.values():
        assert all(before.sent <= after.sent for before, after in pairwise(mine))


def test_a_lane_that_gives_up_leaves_the_calls_of_the_others_alone(tmp_path: Path) -> None:
    """Their connections are closed only when they have ended: a call without an end would hold up the run."""

    def script(exchange: Exchange) -> None:
        if exchange.number % 2:
            time.sleep(0.3)
        exchange.answer(REFUSE if "visitorEvents" in exchange.path else OK)

    client = "batch_size = 1\nattempts = 1\ncalls_in_flight = 4\nordinary_timeout_s = 5.0"
    with Scripted(script) as server:
        engine = drive(fast(count=6, client=client), server, tmp_path, connections=24, stop_after_s=8.0)
    told = lines(tmp_path)
    assert not told[-1].interrupted
    assert engine.finished
    assert sum(type(line).__name__ == "Sent" for line in told) == sum(type(line).__name__ == "Done" for line in told)


@pytest.mark.parametrize(
    "habit",
    [
        'on_retry = "overtake"',
        'on_retry = "requeue"',
        'queue_order = "text"',
        "flush_again_s = 0.02",
        "queue_limit = 3",
        'live = "overtakes"',
        'live = "overtakes"\nflush_again_s = 0.02\nqueue_limit = 9\nqueue_order = "text"',
    ],
)
def test_habits_end_too(tmp_path: Path, habit: str) -> None:
    """Each place that a habit opens is counted and closed: all that was meant to be sent is, and the run ends."""

    def script(exchange: Exchange) -> None:
        time.sleep(0.05 * (exchange.number % 3 == 0))
        exchange.answer(REFUSE if exchange.number % 4 == 0 else OK)

    client = f"batch_size = 2\nbackoff_base_s = 0.02\nattempts = 30\nordinary_timeout_s = 5.0\n{habit}"
    with Scripted(script) as server:
        engine = drive(fast(count=30, client=client), server, tmp_path, connections=40)
    closed = lines(tmp_path)[-1]
    assert not closed.interrupted
    assert engine.attempted == engine.planned
    assert closed.unsent == closed.crashed == closed.gave_up == 0
    assert engine.progress["resends"] > 5
    assert engine.progress["drained"] <= engine.backlog
