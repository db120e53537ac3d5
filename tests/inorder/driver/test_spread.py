"""Load over several servers: a visitor's batches change servers, a server that is gone is passed by, all is on file."""

import json
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import gevent
import pytest
from msgspec.structs import replace

from inorder.driver.alone import drive
from inorder.driver.engine import Engine
from inorder.driver.target import Target
from inorder.history import HistoryWriter, read
from inorder.plan import Plan
from tests.inorder.crowd import plan
from tests.inorder.driver.scripted import Exchange, Scripted

PATIENT = "ordinary_timeout_s = 5.0\nbackoff_base_s = 0.01\nbackoff_cap_s = 0.02"


def short(client: str = "", **values: Any) -> Plan:
    """A plan of a fifth of a second, of many small batches."""
    crowd = plan(client=f"batch_size = 2\nconnections = 8\n{PATIENT}\n{client}", **values)
    written = crowd.scenario
    phases = [replace(phase, duration_s=phase.duration_s / 50) for phase in written.phases]
    written = replace(written, phases=phases, visitors=replace(written.visitors, pause_s=0.01))
    return Plan(written, crowd.behaviour, crowd.namespace)


@contextmanager
def servers(count: int) -> Iterator[list[Scripted]]:
    """Servers that accept everything."""
    with ExitStack() as stack:
        yield [stack.enter_context(Scripted(lambda exchange: exchange.answer())) for _ in range(count)]


def target(bases: Sequence[str]) -> Target:
    return Target.resolve(bases, {"apiKey": "k", "partnerId": "p"})


def told(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The `sent` and the `done` lines of a history, every field."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            found[json.loads(line)["type"]].append(json.loads(line))
    return found["sent"], found["done"]


def batches(sent: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The calls of batches by visitor, in the order in which they were sent."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in sent:
        if line["kind"] == "batch":
            found[line["events"][0][0]].append(line)
    return found


@pytest.mark.parametrize("connection", ["fresh", "kept"])
def test_a_visitors_batches_change_servers(tmp_path: Path, connection: str) -> None:
    """The history tells which server took which call, and each opens no more connections than it must."""
    crowd = short(f'connection = "{connection}"', count=40, online=0.1)
    with servers(3) as running:
        drive(crowd, target([f"{server.base}/s{number}" for number, server in enumerate(running)]), tmp_path)
    sent, done = told(tmp_path)
    assert {line["outcome"] for line in done} == {"confirmed"}
    kinds = [Counter(line["kind"] for line in sent if line["server"] == number) for number in range(3)]
    for number, server in enumerate(running):
        paths = Counter(path.partition("?")[0] for path, _ in server.requests)
        assert paths[f"/1.0/s{number}/visitorEvents"] == kinds[number]["batch"]
        assert sum(paths.values()) == sum(kinds[number].values())
        assert all(path.startswith(f"/1.0/s{number}/") for path in paths)
    assert min(kind["batch"] for kind in kinds) > 0.2 * sum(kind["batch"] for kind in kinds)
    steps = Counter(a["server"] != b["server"] for mine in batches(sent).values() for a, b in pairwise(mine))
    assert steps[True] > steps[False] > 0
    for number, server in enumerate(running):
        fresh = sum(any(line["server"] == number for line in mine) for mine in batches(sent).values())
        if connection == "fresh":
            assert fresh <= server.connections <= fresh + 8
        else:
            assert server.connections <= 8


def test_a_server_that_is_gone_is_passed_by(tmp_path: Path) -> None:
    """A refused batch is sent again to another server: all is confirmed by the second attempt."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    crowd = short("attempts = 2", count=20)
    with servers(1) as (running,):
        drive(crowd, target([running.base, f"http://127.0.0.1:{port}/1.0"]), tmp_path)
    sent, done = told(tmp_path)
    outcomes = {line["call"]: line["outcome"] for line in done}
    ordered = [(line["server"], line["attempt"], outcomes[line["call"]]) for line in sent if line["kind"] == "batch"]
    assert set(ordered) == {(0, 1, "confirmed"), (1, 1, "rejected"), (0, 2, "confirmed")}


def test_rules_are_kept_over_servers(tmp_path: Path) -> None:
    """Seen from the servers together: no visitor has two calls in flight."""
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

    with Scripted(script) as one, Scripted(script) as two:
        drive(short(count=30), target([one.base, two.base]), tmp_path)
    assert len(most) == 30
    assert set(most.values()) == {1}


def test_two_processes_send_each_call_where_one_would(tmp_path: Path) -> None:
    """The server is drawn by the call, not by who sends it."""
    crowd = short(count=20)
    with servers(2) as running:
        where = target([server.base for server in running])
        drive(crowd, where, tmp_path / "one")
        (tmp_path / "two").mkdir()
        for worker in range(2):
            history = HistoryWriter(tmp_path / "two" / f"w{worker}.jsonl")
            engine = Engine(crowd, where, history, worker, 2, lambda *values: None)
            users = [gevent.spawn(engine.work) for _ in range(8)]
            engine.start(time.monotonic())
            gevent.joinall(users, timeout=30)
            engine.close(interrupted=not engine.finished)
    one, two = ({line["call"]: line["server"] for line in told(tmp_path / name)[0]} for name in ("one", "two"))
    assert one == two
    assert set(one.values()) == {0, 1}


def test_a_server_alone_is_not_named(tmp_path: Path) -> None:
    """Where there is nothing to choose from, the line is the shorter one."""
    with servers(1) as (running,):
        drive(short(count=5), target([running.base]), tmp_path)
    assert not any("server" in line for line in told(tmp_path)[0])


def test_readers_do_not_mind_the_server(tmp_path: Path) -> None:
    """A history of several servers is a history."""
    with servers(2) as running:
        drive(short(count=5), target([server.base for server in running]), tmp_path)
    assert len(list(read(tmp_path / "w0.jsonl"))) == len((tmp_path / "w0.jsonl").read_text().splitlines())
