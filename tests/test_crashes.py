"""kill -9 of server processes under load, again and again: what was confirmed is kept, in order, on either store.

`make soak` does it for longer: INORDER_KILLS says how often a process is killed, for each store.
"""

import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from msgspec.structs import replace

from analysis.judging import judge_and_write
from inorder import conduct, scenario
from inorder.child import Child
from inorder.driver.alone import drive
from inorder.plan import plan_of
from inorder.run import RunFolder
from inorder.targets.system import named

KILLS = int(os.environ.get("INORDER_KILLS", "50"))
PAUSE_S = 0.2
"""Load goes on for so long between a restart and the next kill."""
SECRETS = {"INORDER_PARTNER_ID": "p", "INORDER_API_KEY": "k", "INORDER_READBACK_TOKEN": "t"}
SCENARIO = """
question = "Does a server that is killed keep what it confirmed?"
seed = 20261124
drain_limit_s = 120.0
[visitors]
count = 2500
online_share = 0.1
pause_s = 0.1
[client]
connections = 64
connection = "kept"
batch_size = 10
attempts = 100
batch_timeout_s = 5.0
ordinary_timeout_s = 5.0
backoff_base_s = 0.05
backoff_cap_s = 0.5
[[phases]]
name = "crashes"
duration_s = 30.0
returning = 1.0
[readback]
settle_s = 1.0
[validity]
late_start_ms_p99 = 5000.0
loop_lag_ms_p99 = 5000.0
"""


class Killer(threading.Thread):
    """Kills the process behind one address after another, each once the one before is back."""

    def __init__(self, bases: Sequence[str], kills: int) -> None:
        super().__init__(daemon=True)
        self.origins = [f"http://{urlsplit(base).netloc}" for base in bases]
        self.left = kills
        self.killed: set[int] = set()

    def run(self) -> None:
        """Kill until as many were killed as were asked for."""
        number = 0
        while self.left:
            time.sleep(PAUSE_S)
            pid = self._pid(self.origins[number % len(self.origins)])
            if pid is None or pid in self.killed:
                continue  # not back yet
            os.kill(pid, signal.SIGKILL)
            self.killed.add(pid)
            self.left -= 1
            number += 1

    def _pid(self, origin: str) -> int | None:
        try:
            return int(httpx.get(f"{origin}/health", timeout=5, trust_env=False).json()["pid"])
        except (httpx.HTTPError, ValueError):
            return None


@pytest.mark.timeout(max(300, 20 * KILLS))
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_what_was_confirmed_outlives_every_kill(tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing confirmed is lost or out of order; calls that a kill cut off are sent again, and what doubles is counted."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    where = f"sqlite:{tmp_path / 'log.sqlite'}" if store == "sqlite" else store
    file = tmp_path / "crashes.toml"
    file.write_text(SCENARIO)
    written = scenario.load(file)
    length = max(1.0, KILLS / 50) * written.phases[0].duration_s
    crowd = replace(written.visitors, count=int(written.visitors.count * length / written.phases[0].duration_s))
    written = replace(written, visitors=crowd, phases=[replace(written.phases[0], duration_s=length)])
    # With a delay before the answer many a kill falls between a commit and its answer.
    options = ["--port", "0", "--servers", "3", "--store", where, "--restart", "--replication-delay-ms", "20"]
    sandbox = Child("sandbox", options, SECRETS)
    try:
        system = named(sandbox.addresses)
        plan = plan_of(written)
        run = RunFolder.create(tmp_path / "run", SCENARIO, conduct.run_info(plan, system, sandbox=True, processes=1))
        killer = Killer(sandbox.addresses, KILLS)
        load_s = drive(plan, system.resolve(), run.history, on_start=lambda _: killer.start())
        conduct.note_end(run, load_s)
        left, killer.left = killer.left, 0
        with closing(conduct.read_back_of(system, written)) as reader:
            conduct.read_back(run, reader, system, written)
    finally:
        sandbox.stop()
    found, _ = judge_and_write([run], run.path)
    assert len(sandbox.addresses) == (1 if store == "sqlite" else 3)
    print(f"{store}: {KILLS - left} kills in {load_s:.1f} s of load; {found['calls']['batch']}")
    assert not left, f"only {KILLS - left} kills fell into the load of {load_s:.0f} s"
    bad = {name: count for name, count in found["anomalies"].items() if count}
    bad.pop("duplicate-explained", None)
    bad.pop("zombie", None)
    assert bad == {}
    assert found["verdict"] == "pass", found["reasons"]
    assert found["calls"]["batch"]["indeterminate"] > 0
    assert found["gave_up"] == 0
    assert found["events"]["batch"]["stored"] == found["events"]["batch"]["confirmed"]
