"""Runs of a small crowd by the command line, and what they leave: what the tests of the whole way share."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent
SCENARIO = """
question = "Does a small crowd keep its order?"
[visitors]
count = {count}
online_share = 0.2
pause_s = 0.1
[client]
connections = 16
batch_size = 10
batch_timeout_s = 5.0
ordinary_timeout_s = 5.0
{client}
[[phases]]
name = "quiet"
duration_s = 1.0
[[phases]]
name = "back"
duration_s = {back}
returning = 1.0
[readback]
settle_s = 1.0
[validity]
late_start_ms_p99 = 5000.0
loop_lag_ms_p99 = 5000.0
"""
WRONG = """
[[faults]]
name = "drops-one-event"
rate = 0.3
from_s = 1.0
until_s = 60.0
[[faults]]
name = "latency"
delay_ms = 5
jitter_ms = 1
"""


def scenario(folder: Path, client: str = "", count: int = 80, back: float = 2.0, sla: str = "") -> Path:
    """A scenario file in the folder; `sla`: further tables."""
    file = folder / "crowd.toml"
    file.write_text(SCENARIO.format(client=client, count=count, back=back) + sla)
    return file


def inorder(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """`inorder` with these arguments, in the checkout."""
    command = [sys.executable, "-m", "inorder", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, env={**os.environ, **environment})


def verdict(run: Path) -> dict[str, Any]:
    """What a run's verdict.json says."""
    found: dict[str, Any] = json.loads((run / "verdict.json").read_text())
    return found


def sent_batches(run: Path) -> dict[str, Any]:
    """Each batch of a run's history: its events and digests."""
    found = {}
    for file in sorted((run / "history").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            told = json.loads(line)
            if told["type"] == "sent":
                found[told["batch"]] = (told["events"], told["digests"])
    return found


def eventually(holds: Callable[[], bool], limit_s: float = 60.0) -> bool:
    """Whether `holds` becomes true; a server that is not there yet does not count."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if holds():
                return True
        time.sleep(0.2)
    return False
