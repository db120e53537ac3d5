"""Ten real storms on the sandbox against their forecast, which knows a capacity run and the backlogs' distribution only.

Run it from the checkout: `python benchmarks/forecast.py` (about four minutes). The sandbox has a slower disk than the
machine (`[sandbox] commit_ms`, `row_us`), so its capacity is its own. The forecast learns from a capacity run: one that
is given (`--capacity RUN`, made against the same settings), or steps that are made here. The visitors of a storm are
drawn anew, in a number, window, batch size and time offline that no step had. All traffic stays on the loopback interface.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from analysis.forecast import backlogs, learning, planning  # noqa: E402
from analysis.forecast.backlogs import Sessions  # noqa: E402
from analysis.forecast.planning import Storm  # noqa: E402
from analysis.forecast.simulation import Client  # noqa: E402

SANDBOX = {"commit_ms": 25.0, "row_us": 400.0}
RATES = (15, 40, 80, 120, 160, 260)
"""Batches a second that the steps offer: from hardly any to more than the disk takes."""
STEP_S, WARM_UP_S = 12.0, 3.0
LEAD_S = 1.0
"""From the start of a run to its storm."""
GROUPS_APART_S = 0.02
"""Answers of one group come closer together than that, and of two groups further apart, once the disk is busy."""
NEAR = 0.15
STORMS = (
    Storm(300, 240, 1, Client(5, 256)),
    Storm(500, 30, 1, Client(10, 256)),
    Storm(700, 120, 2, Client(20, 500)),
    Storm(1000, 30, 2, Client(5, 256)),
    Storm(1300, 60, 3, Client(50, 1000)),
    Storm(1700, 10, 4, Client(20, 1000)),
    Storm(2200, 120, 6, Client(10, 500)),
    Storm(2800, 60, 8, Client(20, 1000)),
    Storm(3400, 5, 2, Client(20, 256)),
    Storm(4000, 30, 5, Client(30, 1000)),
)
COLUMNS = (
    *("visitors", "offline, min", "within, s", "batch", "connections", "fluid, s"),
    *("drain forecast, s", "measured", "off", "worst wait forecast, s", "measured", "off"),
)


@dataclass(frozen=True)
class Calls:
    """The confirmed batches of a run, seconds from its start."""

    due: np.ndarray
    sent: np.ndarray
    done: np.ndarray
    events: np.ndarray


def scenario(visitors: int, within_s: float, length_s: float, client: Client, online: float, behaviour: str) -> str:
    """A scenario file: all visitors come back within `within_s`, after LEAD_S."""
    sandbox = "\n".join(f"{key} = {value}" for key, value in SANDBOX.items())
    return f"""question = "How long does this storm take?"
seed = 5
drain_limit_s = 120.0
[visitors]
count = {visitors}
behaviour = "{behaviour}"
online_before = {online}
online_after = 0.0
[client]
batch_size = {client.batch_size}
connections = {client.connections}
batch_timeout_s = 100.0
[sandbox]
{sandbox}
[readback]
settle_s = 0.5
readings = 1
[[phases]]
name = "before"
duration_s = {LEAD_S}
[[phases]]
name = "storm"
duration_s = {length_s}
returning = 1.0
arrival = "burst"
within_s = {within_s}
"""


def run(text: str, folder: Path) -> dict[str, Any]:
    """Make a run by `inorder run` and give its verdict."""
    file = folder.with_suffix(".toml")
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "inorder", "run", str(file), "--out", str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    if not (folder / "verdict.json").exists():
        raise SystemExit(ended.stdout + ended.stderr)
    verdict: dict[str, Any] = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    if verdict["verdict"] != "pass":
        print(f"{folder.name}: {verdict['verdict']}: {'; '.join(verdict['reasons'])}", file=sys.stderr)
    return verdict


def confirmed(folder: Path) -> Calls:
    """The batches of a run that were confirmed, from its history."""
    sent: dict[str, dict[str, Any]] = {}
    rows = []
    for file in (folder / "history").glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            if told["type"] == "sent" and told["kind"] == "batch":
                sent[told["call"]] = told
            elif told["type"] == "done" and told["outcome"] == "confirmed" and told["call"] in sent:
                own = sent[told["call"]]
                rows.append((own["intended"], own["sent"], told["done"], sum(run[2] for run in own["events"])))
    return Calls(*np.array(rows).T)


def step(rate: int, folder: Path, mean_batches: float) -> dict[str, Any]:
    """One step: visitors come back evenly so that `rate` batches a second are due."""
    visitors = round(rate * STEP_S / mean_batches)
    verdict = run(scenario(visitors, STEP_S, STEP_S, Client(20, 1000), 0.05, "synthetic"), folder)
    calls = confirmed(folder)
    begin, end = LEAD_S + WARM_UP_S, LEAD_S + STEP_S
    length = end - begin
    due = (calls.due >= begin) & (calls.due < end)
    acked = (calls.done >= begin) & (calls.done < end)
    response = 1000 * np.sort((calls.done - calls.due)[due])
    overlap = np.minimum(calls.done, end) - np.maximum(calls.sent, begin)
    return {
        # Of the backlogs that come back, not of the batches that are due: those wait for the ones before them.
        "offered_per_s": len(calls.due) / STEP_S,
        "confirmed_per_s": acked.sum() / length,
        "confirmed_events_per_s": float(calls.events[acked].sum()) / length,
        "rate": stored_per_s(calls.done[acked], calls.events[acked]),
        "in_flight": float(np.maximum(overlap, 0).sum()) / length,
        "p95_ms": float(np.quantile(response, 0.95)),
        "service_p50_ms": float(1000 * np.median((calls.done - calls.sent)[due])),
        "events_per_batch": float(calls.events.mean()),
        "valid": verdict["verdict"] == "pass",  # without an objective only the generator can spoil it
        "size_fit": verdict["latency_ms"]["size_fit"],
    }


def stored_per_s(done: np.ndarray, events: np.ndarray) -> tuple[float, float]:
    """Events a second and how sure that is (95 %): from group to group, as a window of time cuts groups in two."""
    order = np.argsort(done)
    done, rows = done[order], np.cumsum(events[order])
    ends = np.flatnonzero(np.append(np.diff(done) > GROUPS_APART_S, True))
    took, stored = np.diff(done[ends]), np.diff(rows[ends])
    if len(took) < 2:
        return float(rows[-1] / (done[-1] - done[0])), 0.0
    rate = stored.sum() / took.sum()
    spread = np.sqrt(np.sum((stored - rate * took) ** 2) / (len(took) - 1) * len(took)) / took.sum()
    return float(rate), float(1.96 * spread)


def capacity(folder: Path) -> dict[str, Any]:
    """A small capacity run: what `inorder run scenarios/capacity.toml` leaves, as far as a forecast needs it."""
    sizes = np.ceil(backlogs.synthetic(3).backlogs(1e6) / 20)
    steps = [step(rate, folder / f"step-{rate}", float(sizes.mean())) for rate in RATES]
    value, reach = max(steps, key=lambda one: one["confirmed_events_per_s"])["rate"]
    return {
        "capacity": {
            "steps": steps,
            "events_per_batch": float(np.mean([one["events_per_batch"] for one in steps])),
            "peak_events_per_s": {"value": value, "low": value - reach, "high": value + reach},
            "size_fit": steps[0]["size_fit"],
        }
    }


def click_log(sessions: Sessions, asked: Storm, file: Path) -> None:
    """Write the visitors of a storm as a click log: of each the events that it makes in its time offline."""
    random = np.random.default_rng(asked.visitors)  # another stream than the forecast's
    chosen = random.choice(sessions.backlogs(asked.offline_min, asked.queue_limit), asked.visitors)
    with file.open("w", encoding="utf-8") as out:
        for number, size in enumerate(chosen.tolist(), 1):
            events = [{"aid": 1, "ts": 1_659_304_800_000 + 1000 * at, "type": "clicks"} for at in range(size)]
            out.write(json.dumps({"session": number, "events": events}) + "\n")


def shown(estimate: Any) -> str:
    """`8.31 [8.10, 8.60]`."""
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def main() -> None:
    """Make what is missing, forecast, make the storms, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--capacity", type=Path, help="folder of a capacity run, or its verdict.json")
    parser.add_argument("--keep", type=Path, help="folder for the runs; default: a temporary one")
    parser.add_argument("--storms", type=int, default=len(STORMS), help="only the first so many")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        given = asked.capacity
        if given:
            file = given / "verdict.json" if given.is_dir() else given
            verdict = json.loads(file.read_text(encoding="utf-8"))
        else:
            verdict = capacity(folder)
            (folder / "capacity.json").write_text(json.dumps(verdict, indent=1), encoding="utf-8")
        learned = learning.learn(verdict, str(given or folder))
        print(f"learned: {learned}\n")
        print(f"| {' | '.join(COLUMNS)} |")
        print("|" + "--:|" * len(COLUMNS))
        near, known, made = 0, backlogs.synthetic(1), backlogs.synthetic(2)
        for number, storm in enumerate(STORMS[: asked.storms], 1):
            told = planning.forecast(learned, known, storm)
            log = folder / f"storm-{number}.jsonl"
            click_log(made, storm, log)
            text = scenario(storm.visitors, storm.within_s, storm.within_s + 2, storm.client, 0.0, log.name)
            verdict = run(text, folder / f"storm-{number}")
            drain = float(confirmed(folder / f"storm-{number}").done.max()) - LEAD_S
            worst = verdict["drain_s"]["max"]
            errors = (told.drain_s.value / drain - 1, told.worst_wait_s.value / worst - 1)
            near += abs(errors[0]) <= NEAR
            print(
                f"| {storm.visitors:,} | {storm.offline_min:g} | {storm.within_s:g} | {storm.client.batch_size} "
                f"| {storm.client.connections} | {told.fluid.drain_s:.2f} | {shown(told.drain_s)} | {drain:.2f} "
                f"| {errors[0]:+.0%} | {shown(told.worst_wait_s)} | {worst:.2f} | {errors[1]:+.0%} |",
                flush=True,
            )
        print(f"\nWithin {NEAR:.0%}: {near} of {min(asked.storms, len(STORMS))}")


if __name__ == "__main__":
    main()
