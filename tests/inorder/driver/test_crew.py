"""The lead of several processes, on a runner that a test plays."""

from pathlib import Path
from typing import Any

import pytest

from inorder.driver import crew
from inorder.driver.crew import Lead, Member, follow
from inorder.driver.target import Target
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


def target() -> Target:
    """An address that nothing is sent to."""
    return Target.resolve("http://127.0.0.1:1/1.0", "p", "k")


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
    follow(runner, member, plan(), lambda bases: target())
    told = {"workers": {"one": 0}, "secrets": {}, "bases": "", "folder": str(tmp_path)}
    runner.listeners["inorder-prepare"](Message(told))
    engine = member.engine
    runner.listeners["inorder-prepare"](Message(told))
    assert member.engine is engine
    assert [kind for kind, _, _ in runner.sent] == ["inorder-ready"] * 2
    member.close()
