"""The control endpoints of a sandbox: who may use them, and what they do."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.inorder.samples import views
from tests.inorder.sandboxes import Near, near

TOKEN = {"Authorization": "Bearer t0p"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Near]:
    """A sandbox with a control token."""
    with near(tmp_path, control_token="t0p", wait_for_start=True) as opened:
        yield opened


def ask(sandbox: Near, method: str, path: str, body: Any = None, headers: dict[str, str] = TOKEN) -> Any:
    """Ask a control endpoint; the answer's status and body."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    answer = sandbox.run(sandbox.client.request(method, f"/control/{path}", content=content, headers=headers))
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer"}, {"Authorization": "Basic t0p"}]
)
@pytest.mark.parametrize(("method", "path"), [("GET", "faults"), ("PUT", "faults"), ("POST", "start"), ("POST", "reset")])
def test_without_the_token_nothing_is_told_or_done(sandbox: Near, method: str, path: str, headers: dict[str, str]) -> None:
    """The token is one of its own: neither the apiKey nor the read-back token opens them."""
    assert ask(sandbox, method, path, [], headers) == (401, {"error": "unauthorized"})


def test_without_a_token_set_there_is_no_control(tmp_path: Path) -> None:
    """Not even from this machine, and not with an empty token."""
    with near(tmp_path) as opened:
        for headers in ({}, {"Authorization": "Bearer "}, TOKEN):
            assert ask(opened, "GET", "faults", headers=headers)[0] == 403


@pytest.mark.parametrize(("anywhere", "status"), [(False, 403), (True, 200)])
def test_other_machines_are_refused_unless_told_otherwise(tmp_path: Path, anywhere: bool, status: int) -> None:
    """The right token does not help from afar."""
    with near(tmp_path, peer="10.1.2.3", control_token="t0p", control_anywhere=anywhere) as opened:
        assert ask(opened, "GET", "faults")[0] == status


def test_faults_go_in_and_count(sandbox: Near) -> None:
    """Put in, started, and seen at work; put in again they count from nothing."""
    fault = [{"name": "drops-one-event", "rate": 1.0}]
    assert ask(sandbox, "PUT", "faults", fault)[0] == 200
    batch = views("ann", 1, 2, 3)
    assert sandbox.post("visitorEvents", batch).status_code == 200
    assert len(sandbox.stored()) == len(batch)  # its window is not open yet
    status, said = ask(sandbox, "POST", "start", {"monotonic": time.monotonic()})
    assert (status, said["faults"][0]["injected"]) == (200, 0)
    assert sandbox.post("visitorEvents", batch).status_code == 200
    assert len(sandbox.stored()) == 2 * len(batch) - 1
    assert ask(sandbox, "GET", "faults")[1]["faults"][0]["injected"] == 1
    assert ask(sandbox, "PUT", "faults", [])[1]["faults"] == []
    assert sandbox.post("visitorEvents", batch).status_code == 200
    assert len(sandbox.stored()) == 3 * len(batch) - 1


def test_reset_empties_the_log_and_the_counts(sandbox: Near) -> None:
    """Positions go on where they stood, so that a reader sees no position twice."""
    batch = views("ann", 1, 2)
    sandbox.post("visitorEvents", batch)
    highest = sandbox.stored()[-1]["position"]
    assert ask(sandbox, "POST", "reset")[0] == 200
    assert sandbox.stored() == []
    sandbox.post("visitorEvents", batch)
    assert [row["position"] for row in sandbox.stored()] == [highest + 1, highest + 2]


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        ("PUT", "faults", b"[", "bad request: Input data was truncated"),
        ("PUT", "faults", b"\xff", "bad request: "),
        ("PUT", "faults", b"[" * 60_000, "bad request: "),
        ("PUT", "faults", b" " * 1_000_000, "bad request: "),
        ("PUT", "faults", [{"name": "nothing"}], "bad request: [0]: no such fault: 'nothing'"),
        ("PUT", "faults", [{"name": "latency"}], "bad request: [0]: expected a fault of the server"),
        ("PUT", "faults", [{"name": "drops-one-event", "often": 1}], "bad request: Object contains unknown field"),
        ("POST", "start", {}, "bad request: "),
        ("POST", "start", {"monotonic": "now"}, "bad request: "),
        ("POST", "start", {"monotonic": -1}, "bad request: monotonic: expected an instant"),
        ("POST", "start", {"monotonic": 1e300}, "bad request: monotonic: expected an instant"),
    ],
)
def test_a_bad_body_changes_nothing(sandbox: Near, method: str, path: str, body: Any, reason: str) -> None:
    """400, with what was expected."""
    before = ask(sandbox, "GET", "faults")
    status, said = ask(sandbox, method, path, body)
    assert status == 400
    assert said["error"].startswith(reason)
    assert ask(sandbox, "GET", "faults") == before
