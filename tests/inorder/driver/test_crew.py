"""The lead of several processes, on a runner that a test plays."""

import time
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from inorder.driver import crew
from inorder.driver.crew import Lead, Member, follow
from inorder.driver.hope import Hope
from inorder.driver.target import Target
from inorder.history import read
from inorder.plan import Plan
from inorder.sla import Sla
from tests.inorder.crowd import plan


class Runner:
    """A runner that keeps what is sent."""

    def __init__(self, clients: tuple[str, ...] = ()) -> None:
        if clients:
            self.clients = {client: type("Node", (), {"state": "ready"})() for client in clients}
        self.client_id = "one"
        self.sent: list[tuple[str, Any, str | None]] = []
        self.listeners: dict[str, Any] = {}

    def register_message(self, kind: str, listener: Any) -> None:
        """Keep a listener."""
        self.listeners[kind] = listener

    def send_message(self, kind: str, data: Any = None, client_id: str | None = None) -> None:
        """Keep what is sent."""
        self.sent.append((kind, data, client_id))


class Message:
    """What a runner hands to a listener."""

    def __init__(self, data: Any) -> None:
        self.data = data


def silent(path: str, service_ms: float, size: int, error: str) -> None:
    """Reports to nobody."""


def hoping() -> Plan:
    """A crowd whose load ends as soon as more than half of its batches are late."""
    crowd = plan(40)
    line = Sla("batch.response_ms.p50", name="half", max=100, stop=True)
    crowd.scenario = structs.replace(crowd.scenario, sla=[line])
    return crowd


def target(rate: float | None = None) -> Target:
    """An address that nothing is sent to."""
    return Target.resolve("http://127.0.0.1:1/1.0", {"apiKey": "k", "partnerId": "p"}, calls_per_s=rate)


def test_a_worker_that_did_not_listen_yet_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the one that is not ready, until it is."""
    monkeypatch.setattr(crew, "_ASK_AGAIN_S", 0.0)
    runner = Runner(("one", "two"))
    lead = Lead(runner, Member(silent), plan(), target())
    lead.begin(tmp_path, {})
    assert [client for _, _, client in runner.sent] == ["one", "two"]
    lead._on_member(Message({"worker": 0, "finished": False}))
    assert lead.advance()
    assert [client for _, _, client in runner.sent[2:]] == ["two"]
    lead._on_member(Message({"worker": 1, "finished": False}))
    assert lead.advance()
    assert runner.sent[-1][0] == "inorder-go"


def test_a_worker_that_is_asked_twice_prepares_once(tmp_path: Path) -> None:
    """And says again that it is ready."""
    runner, member = Runner(), Member(silent)
    follow(runner, member, plan(), lambda bases, rate: target(rate))
    told = {"workers": {"one": 0}, "secrets": {}, "bases": "", "calls_per_s": None, "folder": str(tmp_path)}
    runner.listeners["inorder-prepare"](Message(told))
    engine = member.engine
    runner.listeners["inorder-prepare"](Message(told))
    assert member.engine is engine
    assert [kind for kind, _, _ in runner.sent] == ["inorder-ready"] * 2
    member.close()


def test_a_worker_keeps_the_quota_that_the_lead_names(tmp_path: Path) -> None:
    """Whatever it was told itself: its part of it, or nothing where that is no call a second."""
    lead_runner, runner, member = Runner(("one", "two")), Runner(), Member(silent)
    lead = Lead(lead_runner, Member(silent), plan(), target(8.0))
    lead.begin(tmp_path, {})
    follow(runner, member, plan(), lambda bases, rate: target(rate))
    (_, told, _), *_ = lead_runner.sent
    runner.listeners["inorder-prepare"](Message(told | {"workers": {"one": 0, "two": 1}}))
    engine = member.engine
    assert engine is not None
    assert engine._quota is not None
    assert engine._quota._unused == 4
    member.close()


@pytest.mark.parametrize("lost", [False, True])
def test_the_load_is_ended_by_what_all_processes_count_together(tmp_path: Path, lost: bool) -> None:
    """No process has half of all batches; together they are more than half late, whether or not one was lost since."""
    runner, crowd = Runner(("one", "two")), hoping()
    lead = Lead(runner, Member(silent), crowd, target())
    lead.begin(tmp_path, {})
    plans = [Hope(crowd, range(worker, crowd.senders, 2)).said(0.0).planned[0] for worker in (0, 1)]

    def hear(worker: int, late: int) -> None:
        told = {"worker": worker, "finished": False, "hope": {"planned": [plans[worker]], "hits": [late]}}
        lead._on_member(Message(told))

    half = sum(plans) // 2
    hear(0, plans[0])
    hear(1, half - plans[0])
    assert 0 < half - plans[0] < plans[1]
    lead.origin = 1.0
    assert lead.look()
    assert (lead.stopped, runner.sent[2:]) == (None, [])
    hear(1, half - plans[0] + 1)
    lead.lost |= {0} if lost else set()
    assert not lead.look()
    assert [kind for kind, _, _ in runner.sent[2:]] == ["inorder-stop"]
    assert lead.stopped is not None
    assert lead.stopped.name == "half"
    assert f"{half + 1} of at most {sum(plans)} batches had no confirmation" in lead.stopped.sentence
    assert lead.progress()["stopped"]["line"] == 0


def test_a_worker_tells_what_it_counts_and_stops_when_it_is_told(tmp_path: Path) -> None:
    """With its first word the batches that it plans; once stopped it makes no further call, and has not failed."""
    runner, member, crowd = Runner(), Member(silent), hoping()
    follow(runner, member, crowd, lambda bases, rate: target(rate))
    runner.listeners["inorder-stop"](Message(None))  # before there is anything to stop
    told = {"workers": {"one": 0, "two": 1}, "secrets": {}, "bases": "", "calls_per_s": None, "folder": str(tmp_path)}
    runner.listeners["inorder-prepare"](Message(told))
    assert runner.sent[-1][1]["hope"]["planned"] == Hope(crowd, range(0, crowd.senders, 2)).said(0.0).planned
    engine = member.engine
    assert engine is not None
    engine.start(time.monotonic())
    runner.listeners["inorder-stop"](Message(None))
    assert engine.over
    member.close()
    *_, closed = [line for _, line in read(tmp_path / "history" / "w0.jsonl")]
    assert (closed.crashed, closed.unsent > 0) == (0, True)
