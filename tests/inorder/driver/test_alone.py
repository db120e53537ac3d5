"""The load without Locust: it sends what Locust would send, is judged the same, and leaves its process as it was."""

import gc
import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from analysis.judging import judge_and_write
from inorder import conduct, scenario
from inorder.driver.alone import drive
from inorder.driver.target import Target
from inorder.history import Closed, Sent, read
from inorder.plan import Plan, plan_of
from inorder.run import Reading, RunFolder
from inorder.targets.system import named
from tests.inorder.crowd import plan
from tests.inorder.driver.scripted import OK, Exchange, Scripted
from tests.inorder.sandboxes import ROOT, far

SCENARIO = """
question = "Does a small crowd keep its order?"
seed = 7
[visitors]
count = 30
online_share = 0.2
pause_s = 0.05
[client]
connections = 16
batch_size = 5
ordinary_timeout_s = 5.0
[[phases]]
name = "quiet"
duration_s = 0.3
[[phases]]
name = "back"
duration_s = 0.7
returning = 1.0
[readback]
settle_s = 0.5
[validity]
late_start_ms_p99 = 5000.0
loop_lag_ms_p99 = 5000.0
"""


def short(**values: Any) -> Plan:
    """A plan of a fifth of a second."""
    crowd = plan(**values)
    written = crowd.scenario
    phases = [replace(phase, duration_s=phase.duration_s / 50) for phase in written.phases]
    written = replace(written, phases=phases, drain_limit_s=0.3, visitors=replace(written.visitors, pause_s=0.01))
    return Plan(written, crowd.behaviour, crowd.namespace)


def lines(folder: Path) -> list[Any]:
    return [line for _, line in read(folder / "w0.jsonl")]


def sent(run: RunFolder) -> dict[str, Any]:
    """Each batch of a history: its events and digests."""
    told = [line for file in sorted(run.history.glob("*.jsonl")) for _, line in read(file)]
    return {line.batch: (line.events, line.digests) for line in told if isinstance(line, Sent)}


def test_a_run_is_the_same_as_one_under_locust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One scenario, one seed: the same visitors, events and batches are sent, and the same verdict comes of them."""
    for name, value in (("PARTNER_ID", "p"), ("API_KEY", "k"), ("READBACK_TOKEN", "t")):
        monkeypatch.setenv(f"INORDER_{name}", value)
    file = tmp_path / "crowd.toml"
    file.write_text(SCENARIO)
    with far(tmp_path, api_key="k", partner_id="p", readback_token="t") as sandbox:
        command = [sys.executable, "-m", "inorder", "run", str(file), "--target", sandbox.base]
        done = subprocess.run([*command, "--out", str(tmp_path / "locust")], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr
        crowd = plan_of(scenario.load(file))
        system = named([sandbox.base])
        with closing(conduct.read_back_of(system, crowd.scenario)) as reader:
            info = conduct.run_info(crowd, system, sandbox=False, processes=1)
            info.reading = Reading(after=reader.last_position())
            run = RunFolder.create(tmp_path / "alone", SCENARIO, info)
            load_s = drive(crowd, system.resolve(), run.history)
            conduct.note_end(run, load_s)
            conduct.read_back(run, reader, system, crowd.scenario)
    judged, _ = judge_and_write([run], run.path)
    other = json.loads((tmp_path / "locust" / "verdict.json").read_text())
    assert sent(run) == sent(RunFolder.open(tmp_path / "locust"))
    assert judged["verdict"] == other["verdict"] == "pass"
    for key in ("anomalies", "blame", "breaches", "events", "visitors"):
        assert judged[key] == other[key]
    assert judged["events"]["stored"] > 200


def test_the_start_is_told_once_before_the_first_call(tmp_path: Path) -> None:
    """What is timed from outside, a fault's window say, can be set by it; the length is counted from it."""
    told: list[tuple[float, float, int]] = []
    with Scripted(lambda exchange: exchange.answer()) as server:

        def on_start(origin: float) -> None:
            told.append((origin, time.monotonic(), len(server.requests)))

        load_s = drive(short(), Target.resolve(server.base, {"apiKey": "k", "partnerId": "p"}), tmp_path, on_start=on_start)
        ended = time.monotonic()
    ((origin, heard, requests),) = told
    assert heard < origin
    assert requests == 0
    assert 0 < load_s <= ended - origin
    assert {type(line).__name__ for line in lines(tmp_path)} == {"Sent", "Done", "Closed"}
    assert min(line.sent for line in lines(tmp_path) if isinstance(line, Sent)) >= 0


def test_it_has_as_many_connections_as_the_scenario_says(tmp_path: Path) -> None:
    """All in use while the server is slow, and not one more."""

    def script(exchange: Exchange) -> None:
        time.sleep(0.02)
        exchange.answer()

    with Scripted(script) as server:
        crowd = short(client='connections = 3\nconnection = "kept"\nordinary_timeout_s = 5.0')
        drive(crowd, Target.resolve(server.base, {"apiKey": "k", "partnerId": "p"}), tmp_path)
    assert server.connections == 3


def test_the_start_may_be_named(tmp_path: Path) -> None:
    """So that several parts of a run have one clock."""
    told: list[float] = []
    named = time.monotonic() + 0.3
    with Scripted(lambda exchange: exchange.answer()) as server:
        drive(
            short(),
            Target.resolve(server.base, {"apiKey": "k", "partnerId": "p"}),
            tmp_path,
            origin=named,
            on_start=told.append,
        )
    assert told == [named]


def test_the_load_ends_at_the_limit_of_the_plan(tmp_path: Path) -> None:
    """A server that never confirms a batch: the visitors have not given up, and what was not sent is told."""

    def script(exchange: Exchange) -> None:
        exchange.answer(OK if "visitorEvents" not in exchange.path else OK.replace(b"200 OK", b"503 No"))

    crowd = short(client="backoff_base_s = 5.0\nbackoff_cap_s = 5.0")
    with Scripted(script) as server:
        drive(crowd, Target.resolve(server.base, {"apiKey": "k", "partnerId": "p"}), tmp_path)
    closing = lines(tmp_path)[-1]
    assert closing.unsent > 0
    assert closing.gave_up == 0
    assert not closing.interrupted


def test_an_interruption_closes_the_history_and_says_so(tmp_path: Path) -> None:
    """Also where it comes from what is told of the start."""

    def interrupt(origin: float) -> None:
        raise KeyboardInterrupt

    with Scripted(lambda exchange: exchange.answer()) as server, pytest.raises(KeyboardInterrupt):
        drive(short(), Target.resolve(server.base, {"apiKey": "k", "partnerId": "p"}), tmp_path, on_start=interrupt)
    (closing,) = lines(tmp_path)
    assert isinstance(closing, Closed)
    assert closing.interrupted


def test_one_run_may_follow_another_in_the_same_process(tmp_path: Path) -> None:
    """The second sends what the first sent; the collector is as it was."""
    before = gc.get_threshold()
    with Scripted(lambda exchange: exchange.answer()) as server:
        for name in ("one", "two"):
            drive(short(), Target.resolve(server.base, {"apiKey": "k", "partnerId": "p"}), tmp_path / name)
    one, two = ({line.call for line in lines(tmp_path / name) if isinstance(line, Sent)} for name in ("one", "two"))
    assert one == two
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


def test_it_needs_no_locust() -> None:
    """Whose import alone takes longer than a short run's preparation, and patches the process."""
    code = "import sys, inorder.driver.alone; print('locust' in sys.modules or 'analysis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "False", done.stderr
