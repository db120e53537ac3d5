"""What a run will cost is what it then costs: told from the plan, compared with a load that was made."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from inorder import costs as reckoned
from inorder.costs import Costs, costs_of, told
from inorder.driver.alone import drive
from inorder.driver.target import Target
from inorder.history import Sent, read
from inorder.plan import Plan
from tests.inorder.crowd import plan
from tests.inorder.driver.scripted import Scripted
from tests.inorder.driver.test_alone import short

PLAIN = Costs(
    batches=10, ordinary=90, events=500, bytes=123_456, time_s=20.0, peak_per_s=40, exact=True, phases_s=20.0, limit_s=80.0
)  # fmt: skip


def of(made: Plan, **given: Any) -> Costs:
    """The costs of a plan whose heads have 100 bytes."""
    return costs_of(made, lambda path: 100, **given)


@pytest.mark.parametrize(
    "client",
    [
        "batch_size = 4\nordinary_timeout_s = 5.0",
        "calls_in_flight = 3\nordinary_timeout_s = 5.0",
        "visitors_per_call = 5\nordinary_timeout_s = 5.0",
        'backlog = "ordinary"\nordinary_timeout_s = 5.0',
        'live = "overtakes"\nqueue_limit = 9\nqueue_order = "text"\nordinary_timeout_s = 5.0',
    ],
)
def test_a_load_costs_what_was_told(tmp_path: Path, client: str) -> None:
    """Calls, events and bytes, whatever the client is like."""
    made = short(count=30, client=client, online=0.2)
    made = Plan(msgspec.structs.replace(made.scenario, drain_limit_s=60.0), made.behaviour, made.namespace)
    with Scripted(lambda exchange: exchange.answer()) as server:
        target = Target.resolve(server.base, {"apiKey": "k"})
        costs = costs_of(made, lambda path: len(target.head(path)))
        drive(made, target, tmp_path)
        received = len(server.requests)
    sent = [line for _, line in read(tmp_path / "w0.jsonl") if isinstance(line, Sent)]
    batches = sum(line.kind == "batch" for line in sent)
    assert (costs.batches, costs.calls) == (batches, received)
    assert costs.events == sum(run[2] for line in sent for run in line.events)
    bodies = sum(line.bytes or 0 for line in sent)
    assert bodies < costs.bytes < bodies + 400 * received
    assert costs.exact


def test_the_bytes_are_those_of_the_requests() -> None:
    """Head, length, two line breaks, body."""
    made = plan(count=3)
    calls = [call for _, call in reckoned.played(made, range(made.senders))]
    assert of(made).bytes == sum(100 + len(f"{len(call.body)}\r\n\r\n") + len(call.body) for call in calls)


def test_of_a_large_crowd_a_part_stands_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a tenth, and it is said."""
    made = plan(count=3000, client="batch_size = 4", online=0.3)
    whole = of(made)
    monkeypatch.setattr(reckoned, "MOST_PLAYED", 1000)
    part = of(made)
    assert (whole.exact, part.exact) == (True, False)
    for name in ("batches", "ordinary", "events", "bytes", "time_s", "peak_per_s"):
        assert getattr(part, name) == pytest.approx(getattr(whole, name), rel=0.15)
    assert told(part)[0].startswith("about ")


def test_a_quota_makes_a_run_longer() -> None:
    """As long as all its calls take at that rate; each process has a whole part of it."""
    made = plan(count=100)
    free = of(made)
    assert (free.quota_time_s, free.held_back) == (None, False)
    tight = of(made, calls_per_s=21.0, processes=2)
    assert tight.quota_per_s == pytest.approx(20 / 1.05)
    assert tight.held_back
    assert tight.quota_time_s == pytest.approx(free.calls / (20 / 1.05), abs=2.0)
    wide = of(made, calls_per_s=10_000.0)
    assert (wide.held_back, wide.quota_time_s) == (False, pytest.approx(free.time_s, abs=1.0))


def test_the_sentences_say_what_a_quota_does() -> None:
    """Nothing, or how long it takes then, or that it takes longer than the run may last."""
    assert told(PLAIN) == [
        "100 calls (10 batches, 90 ordinary calls) with 500 events, 123 kB of requests; what fails is sent again and comes "
        "on top",
        "20 s where each call is answered within 0.1 s, at most 40 calls in a second; after 80 s the run ends whatever "
        "is left",
    ]
    assert told(replace(PLAIN, quota_per_s=50.0, quota_time_s=20.0))[2:] == [
        "the quota lets 50 calls a second leave, and holds none back"
    ]
    (held,) = told(replace(PLAIN, quota_per_s=4.0, quota_time_s=25.0))[2:]
    assert "the last one leaves after 25 s" in held
    *_, last = told(replace(PLAIN, quota_per_s=1.0, quota_time_s=100.0))
    assert "drain_limit_s = 80 or more" in last
