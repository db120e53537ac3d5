"""Lines that end the load: what is counted, and that none is given up that could still be met."""

import random
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import pytest

from inorder import scenario
from inorder.driver.alone import drive
from inorder.driver.hope import Hope, Said, first_lost, planned
from inorder.driver.target import Target
from inorder.history import Outcome, read
from inorder.plan import Plan, plan_of
from inorder.run import Stopped
from inorder.visitor import Call
from tests.inorder.crowd import plan, play
from tests.inorder.driver.scripted import Exchange, Scripted

BASE = """
question = "?"
[visitors]
count = {count}
online_before = 0.2
[client]
batch_size = 5
attempts = 4
{client}
[[phases]]
name = "calm"
duration_s = 1
[[phases]]
name = "back"
duration_s = 9
returning = 1.0
[[sla]]
name = "line"
metric = "{metric}"
max = {limit}
stop = true
{more}
"""


@dataclass
class End:
    outcome: Outcome = "confirmed"
    again: bool = False


def of(metric: str, limit: float, more: str = "", client: str = "", count: int = 8) -> Plan:
    text = BASE.format(metric=metric, limit=limit, more=more, client=client, count=count)
    return plan_of(scenario.parse(text, Path("some.toml")))


def call(name: str, kind: str = "batch", count: int = 5, intended: float = 2.0, attempt: int = 1) -> Call:
    made = Call(name, "batch" if kind == "batch" else "ordinary", "p", b"", "", "", count)
    made.intended, made.attempt = intended, attempt
    return made


def counted(crowd: Plan, *calls: tuple[Call, End | None, float], now: float = 9.0) -> int:
    """Hits of the one line after calls that left when they were intended; None: still open."""
    hope = Hope(crowd, range(crowd.senders))
    for made, end, done in calls:
        hope.begins(made, made.intended)
        if end is not None:
            hope.ends(made, end, made.intended, made.intended, done)
    (hits,) = hope.said(now).hits
    return hits


REJECTED, OPEN = End("rejected"), End("indeterminate")
AGAIN = End("indeterminate", again=True)


@pytest.mark.parametrize(
    ("end", "done", "late"),
    [
        (End(), 2.1, 0),  # exactly the limit is within it
        (End(), 2.11, 1),
        (None, 0, 1),  # open for 7 s
        (AGAIN, 2.05, 1),  # to be sent again, and older than the limit
        (REJECTED, 3.0, 0),  # one that was rejected has no time
        (OPEN, 2.05, 1),  # it can never be confirmed any more
    ],
)
def test_a_call_is_late_that_had_no_confirmation_within_the_limit(end: End | None, done: float, late: int) -> None:
    """From when it was first intended, to a tenth of a second later."""
    assert counted(of("batch.response_ms.p50", 100.0001), (call("b"), end, done)) == late


def test_what_is_open_is_not_late_before_its_time() -> None:
    """It may still be confirmed."""
    assert counted(of("batch.response_ms.p50", 100), (call("b"), None, 0), now=2.05) == 0


def test_a_batch_counts_from_its_first_attempt_and_once() -> None:
    """The second attempt was quick; what comes of a third call of it, when it is confirmed, does not matter."""
    again = call("b", intended=2.5, attempt=2)
    flushed = call("b", intended=2.6, attempt=3)
    told = (call("b"), AGAIN, 2.05), (again, End(), 2.52), (flushed, End(), 5.0)
    assert counted(of("batch.response_ms.p50", 100), *told) == 1
    assert counted(of("batch.response_ms.p50", 600), *told) == 0
    assert counted(of("batch.service_ms.p50", 100), *told) == 0


@pytest.mark.parametrize(
    ("more", "made", "late"),
    [
        ('phase = "calm"', call("b"), 0),
        ('phase = "back"', call("b"), 1),
        ("sizes = [1, 4]", call("b"), 0),
        ("sizes = [1, 5]", call("b"), 1),
        ("", call("b", "ordinary"), 0),
    ],
)
def test_only_what_the_line_covers_is_counted(more: str, made: Call, late: int) -> None:
    """Its phase, its sizes, its kind."""
    assert counted(of("batch.response_ms.p50", 100, more), (made, End(), 5.0)) == late


@pytest.mark.parametrize(
    ("metric", "hits"),
    [("batch.error_share", 2), ("batch.rejected_share", 1), ("batch.indeterminate_share", 1), ("ordinary.error_share", 0)],
)
def test_a_share_counts_calls(metric: str, hits: int) -> None:
    """Each attempt by its own end."""
    told = (call("b"), AGAIN, 2.1), (call("b", attempt=2), REJECTED, 2.2), (call("c"), End(), 2.1)
    assert counted(of(metric, 0.5), *told) == hits


@pytest.mark.parametrize(
    ("metric", "limit", "client", "most"),
    [
        ("batch.response_ms.p95", 1.0, "", 5),
        ("batch.response_ms.max", 1.0, "", 0),
        ("ordinary.response_ms.p99.5", 1.0, "", 0),
        ("ordinary.error_share", 0.1, "", 10),
        ("batch.error_share", 0.1, "", 11),  # each failure may add a call: 11 of 111, but 12 of 112
        ("batch.error_share", 0.1, "flush_again_s = 1", 25),
        ("batch.rejected_share", 0.1, "", 40),  # a batch may have four calls
    ],
)
def test_a_line_is_lost_with_one_more_than_it_can_bear(metric: str, limit: float, client: str, most: int) -> None:
    """Of 100 that two processes plan."""
    written = of(metric, limit, client=client).scenario
    assert first_lost(written, [Said([60], [most]), Said([40], [0])], 3.0) is None
    stopped = first_lost(written, [Said([60], [most]), Said([40], [1])], 3.04)
    assert stopped is not None
    assert (stopped.line, stopped.name, stopped.at_s) == (0, "line", 3.0)
    assert stopped.sentence.startswith(f"stopped early at 3.0 s: {most + 1} ")


@pytest.mark.parametrize("client", ["", "visitors_per_call = 3", 'backlog = "ordinary"', "queue_limit = 3"])
def test_no_more_is_sent_than_is_planned(client: str) -> None:
    """What the rule rests on: the batches of each size, and the ordinary calls, of a whole run."""
    crowd = plan(30, client, online=0.2, returning=0.8)
    batches, ordinary = planned(crowd, range(crowd.senders))
    calls = [own.call for own in play(crowd)]
    sizes = [own.count for own in calls if own.kind == "batch"]
    assert {size: sizes.count(size) for size in sizes} == dict(batches)
    assert sum(own.kind == "ordinary" for own in calls) == ordinary


def test_a_line_that_is_met_is_never_given_up() -> None:
    """Random runs, looked at after each call: where the percentile of all is within the limit, no look says lost."""
    draw = random.Random(7)
    crowd = of("batch.response_ms.p90", 100, count=30)
    batches, _ = planned(crowd, range(crowd.senders))
    count = sum(batches.values())
    met = 0
    for _ in range(200):
        took = [draw.choice([0.05, 0.2]) if draw.random() < 0.25 else 0.05 for _ in range(count)]
        hope, lost = Hope(crowd, range(crowd.senders)), False
        for number, length in enumerate(took):
            made = call(f"b{number}")
            hope.begins(made, made.intended)
            hope.ends(made, End(), 2.0, 2.0, 2.0 + length)
            lost = lost or first_lost(crowd.scenario, [hope.said(2.0)], 2.0) is not None
        holds = sorted(took)[ceil(0.9 * count) - 1] <= 0.1
        met += holds
        assert lost == (not holds)
    assert 20 < met < 180


def test_a_load_without_hope_ends_and_says_why(tmp_path: Path) -> None:
    """A server that is silent on batches: the calls in flight stay without an answer, and no error is the generator's."""
    stops: list[Stopped] = []

    def script(exchange: Exchange) -> None:
        if "visitorEvents" not in exchange.path:
            exchange.answer()

    crowd = of("batch.response_ms.p90", 50, 'phase = "back"', 'connection = "kept"\nordinary_timeout_s = 5.0', count=60)
    with Scripted(script) as server:
        load_s = drive(
            crowd, Target.resolve(server.base, {"apiKey": "k", "partnerId": "p"}), tmp_path, on_stop=stops.append
        )
    (stopped,) = stops
    assert "batches had no confirmation within 50 ms" in stopped.sentence
    assert stopped.at_s < 9.0
    assert load_s < stopped.at_s + 2
    *told, closed = [line for _, line in read(tmp_path / "w0.jsonl")]
    assert not closed.interrupted
    assert closed.crashed == 0
    assert closed.unsent > 0
    cut = [line for line in told if getattr(line, "error", None) == "stopped early"]
    assert cut
    assert {line.outcome for line in cut} == {"indeterminate"}
