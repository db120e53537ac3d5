"""What a stalling server implies, what is measured of it here, and what plain Locust says: the same server, one load.

`python benchmarks/stall.py [--seconds 60] [--rate 400] [--users 8]`. The server answers nothing in 1 s of every 5; what
that implies for the response time is counted from its own log and the instants drawn before the run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.verdict import judge
from inorder import conduct, scenario
from inorder.driver.alone import drive
from inorder.plan import Plan, plan_of
from inorder.run import RunFolder
from inorder.targets.system import named

HERE = Path(__file__).resolve().parent
EVERY_S, STALL_S = 5.0, 1.0
_SCENARIO = """
question = "What does a stall of one second in five cost?"
seed = {seed}
[visitors]
count = {visitors}
online_share = {online}
online_before = 0.0
online_after = 0.0
[client]
connection = "kept"
connections = {connections}
batch_size = 1000
ordinary_timeout_s = 30.0
[[phases]]
name = "all"
duration_s = {seconds}
returning = 1.0
"""
_SESSION = 14.0
"""About so many events has a synthetic visitor."""


@dataclass
class Server:
    """A stalling server, and, once it has ended, when it stood still."""

    base: str
    stalls: list[tuple[float, float]] = field(default_factory=list)
    """(from, until) on the monotonic clock of the machine."""


@contextmanager
def stalling() -> Iterator[Server]:
    """Start the server in a process of its own."""
    command = [sys.executable, str(HERE / "stall_server.py"), str(EVERY_S), str(STALL_S)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        server = Server(f"http://127.0.0.1:{int(process.stdout.readline())}/1.0")
        try:
            yield server
        finally:
            told, _ = process.communicate()
            server.stalls += [tuple(json.loads(line)) for line in told.splitlines()]


def text_of(rate: float, seconds: float, connections: int, seed: int = 1) -> str:
    """A scenario of `rate` calls a second, half of them batches, that are all drawn beforehand: a visitor has one batch."""
    batches, online = rate / 2 * seconds, rate / 2 * seconds / _SESSION
    return _SCENARIO.format(
        seed=seed, visitors=round(batches + online), online=online / (batches + online), seconds=seconds,
        connections=connections,
    )  # fmt: skip


def intended(plan: Plan) -> dict[str, np.ndarray]:
    """When the calls of a plan are meant to leave, by kind, seconds of the run: from the draws, not from what was sent."""
    batch, ordinary = [], []
    for sender in range(plan.senders):
        online = plan.online(sender)
        times = plan.times(sender, sum(plan.split(number, online).before for number in plan.numbers(sender)), online)
        ordinary += times.before
        batch += [] if times.back is None else [times.back]
    return {"batch": np.array(batch), "ordinary": np.array(ordinary)}


def implied_ms(instants_s: np.ndarray, stalls_s: list[tuple[float, float]]) -> np.ndarray:
    """What each call waits if the stalls are all that it waits for, milliseconds."""
    wait = np.zeros(len(instants_s))
    for since, until in stalls_s:
        inside = (instants_s >= since) & (instants_s < until)
        wait[inside] = 1000 * (until - instants_s[inside])
    return wait


def measure(folder: Path, text: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Drive the scenario against a stalling server, and judge: the verdict, and what the stalls imply by kind."""
    written = scenario.parse(text, Path("stall.toml"))
    plan, origins = plan_of(written), []
    with stalling() as server:
        system = named([server.base])
        run = RunFolder.create(folder, text, conduct.run_info(plan, system, sandbox=False, processes=1))
        conduct.note_end(run, drive(plan, system.resolve(), run.history, on_start=origins.append))
    stalls = [(since - origins[0], until - origins[0]) for since, until in server.stalls]
    return judge([run]).verdict, {kind: implied_ms(own, stalls) for kind, own in intended(plan).items()}


def plain_locust(client: str, rate: float, seconds: float, users: int) -> dict[str, Any]:
    """What plain Locust says of such a server: `users` that together are to send `rate` calls a second."""
    with stalling() as server:
        command = [
            sys.executable, "-m", "locust", "-f", str(HERE / "stall_users.py"), client, "--headless", "--only-summary",
            "-u", str(users), "-r", str(users), "-t", f"{seconds:g}s", "--host", server.base, "--each", str(rate / users),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Measure both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=400.0)
    parser.add_argument("--users", type=int, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        verdict, implied = measure(Path(scratch) / "run", text_of(asked.rate, asked.seconds, asked.users))
    print(f"{'':38}{'calls':>8}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}   (ms)")
    for kind, waits in implied.items():
        found = verdict["latency_ms"][kind]
        row(f"{kind}: implied by the stalls", len(waits), *np.percentile(waits, (50, 95, 99, 100), method="inverted_cdf"))
        for name, times in (("response", found), ("service, from the send", found["service"])):
            row(f"{kind}: {name}", times["n"], *(times[level] for level in ("p50", "p95", "p99", "max")))
    for client in ("HttpUser", "FastHttpUser"):
        told = plain_locust(client, asked.rate, asked.seconds, asked.users)
        row(f"Locust, {client}", told["n"], *(told[level] for level in ("p50", "p95", "p99", "max")))
        due = asked.rate * asked.seconds
        print(f"    of {due:,.0f} calls that were due {1 - told['n'] / due:.1%} were never sent")


def row(name: str, calls: int, *times: float) -> None:
    """A line of the table."""
    print(f"{name:38}{calls:>8,}" + "".join(f"{time:>9,.1f}" for time in times), flush=True)


if __name__ == "__main__":
    main()
