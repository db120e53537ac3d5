"""Judgements made up for the tests of the report: a queue is simulated for the times, the findings are set by hand."""

import heapq
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from analysis.judgement import Judgement, RunFrames
from analysis.measures.reordering import Reordering, as_json, in_order
from analysis.measures.runs import Lengths
from inorder.run import Reading, RunInfo
from inorder.scenario import Client, Phase, Scenario, Sla, Visitors

PROMISES = (
    ("order-within-batch", "Order within a batch", "events of one batch are stored in the order sent"),
    ("order-across-batches", "Order across batches", "a batch is stored before the next one of its visitor"),
    ("nothing-lost", "Nothing confirmed is lost", "each confirmed event is stored"),
    ("no-duplicates", "No duplicates beyond re-sends", "stored more than once only if sent more than once"),
    ("nothing-rejected", "Nothing rejected is stored", "no event of a rejected batch is stored"),
    ("no-phantom", "No phantom", "each stored event was sent in this run"),
    ("right-visitor", "Right visitor", "stored under the visitor that sent it"),
    ("uncorrupted", "Uncorrupted", "stored with the payload that was sent"),
    ("whole-batches", "Whole batches", "stored whole or not at all"),
    ("contiguous-batches", "Contiguous batches", "no event of another call inside"),
    ("order-of-last-copies", "Order of last copies", "the last copies are in order"),
)
"""Those of the API, and the three that a scenario may add."""
OF_THE_API = 8
ANOMALIES = (
    ("reordered-in-batch",),
    ("reordered-across-batches",),
    ("lost", "unseen"),
    ("duplicate-unexplained",),
    ("ghost",),
    ("phantom",),
    ("misrouted",),
    ("corrupt",),
    ("torn",),
    ("split",),
    ("zombie",),
)
VALIDITY = {
    "workers": 2,
    "workers_lost": 0,
    "crashed": 0,
    "late_starts_ms_p99": 1.9,
    "waited_for_connection": 0.41,
    "loop_lag_ms_p99": 2.4,
    "cpu_share": 0.52,
    "unsent": 0,
    "gave_up": 0,
    "held_back": 0,
    "torn_lines": 0,
    "counts_differ": 0,
    "interrupted": False,
    "readback_complete": True,
    "readback_settled": True,
}
ALL_ANOMALIES = (
    "reordered-in-batch reordered-across-batches lost unseen ghost phantom corrupt misrouted duplicate-unexplained "
    "duplicate-explained zombie torn recovered split vanished rewritten"
).split()


@cache
def frames(
    visitors: int = 8000, ordinary: bool = True, batched: bool = True, seed: int = 1, speed: float = 1.0
) -> RunFrames:
    """One run: visitors come back within 5 s, drain their backlog in batches of at most 20, and make ordinary calls."""
    random = np.random.default_rng(seed)
    due: list[tuple[float, int, int, int]] = []  # when, visitor, events, kind
    backlog = random.geometric(1 / 13, visitors) if batched else np.zeros(visitors, int)
    for visitor in range(visitors):
        if batched:
            due.append((2 + 5 * float(random.beta(2, 3)), visitor, int(backlog[visitor]), 0))
        if ordinary:
            due.extend((float(when), visitor, 1, 1) for when in random.uniform(0, 15, 3))
    heapq.heapify(due)
    free = [0.0] * 24  # connections of the batches; ordinary calls have their own
    heapq.heapify(free)
    rows = []
    while due:
        when, visitor, left, kind = heapq.heappop(due)
        size = min(left, 20) if kind == 0 else 1
        work = ((0.0040 + 0.00036 * size) / speed if kind == 0 else 0.0016) * float(random.lognormal(0, 0.4))
        sent = when + float(random.exponential(0.0006))
        if kind == 0:
            sent = max(sent, heapq.heappop(free))
            heapq.heappush(free, sent + work)
        done = sent + work
        fate = float(random.random())
        outcome = 1 if fate > 0.9995 else 2 if fate > 0.998 else 0
        rows.append((kind, when, sent, done, outcome, size, 40 + 190 * size, visitor))
        if kind == 0 and left > size:
            heapq.heappush(due, (done + 0.001, visitor, left - size, 0))
    columns = ["kind", "intended", "sent", "done", "outcome", "events", "bytes", "visitor"]
    calls = pd.DataFrame(np.array(rows, float).reshape(-1, 8), columns=columns).sort_values("sent", ignore_index=True)
    calls = calls.astype({"kind": "int8", "outcome": "int8", "events": "int32", "bytes": "int32", "visitor": "int32"})
    bounds = [("calm", 0.0, 2.0), ("storm", 2.0, 8.0), ("after the storm", 8.0, 20.0)]
    calls["phase"] = [next((n for n, a, b in bounds if a <= t < b), "after") for t in calls["intended"]]
    calls["batch"] = np.arange(len(calls))
    calls["call"] = [f"w0-{number}" for number in calls["batch"]]
    calls["attempt"] = 1
    calls["ready"] = calls["sent"]
    calls["status"] = calls["outcome"].map({0: 200, 1: 400, 2: 0})
    calls["worker"] = "w0"
    calls["error"] = None
    batches = calls.rename(columns={"intended": "first_intended", "sent": "first_sent"}).drop(columns="visitor")
    confirmed = batches["outcome"] == 0
    batches["ack"] = batches["done"].where(confirmed, np.inf)
    batches["response_s"] = batches["ack"] - batches["first_intended"]
    batches["service_s"] = (batches["done"] - batches["first_sent"]).where(confirmed)
    batches["name"] = [f"w0-b{number}" for number in batches["batch"]]
    batches["calls"] = batches["calls_not_rejected"] = 1
    phases = [Phase(n, b - a, returning=0.5 if n == "storm" else 0) for n, a, b in bounds]
    scenario = Scenario(
        question="Does each visitor's order survive when all come back at once?",
        visitors=Visitors(count=max(1, visitors)),
        phases=phases,
        name="storm",
        client=Client(backlog="batches" if batched else "ordinary"),
        sla=[Sla("batch.response_ms.p95", max=1500)],
    )
    rows = int(calls["events"].sum())
    info = RunInfo(
        run=f"storm-{seed}",
        scenario="storm",
        seed=seed,
        started="2026-11-24T05:12:00Z",
        prefix="a1",
        target="http://127.0.0.1:8080/1.0",
        sandbox=True,
        processes=2,
        versions={"python": "3.11.9", "inorder": "0.1.0", "locust": "2.47.0"},
        machine={"system": "Linux 6.1", "cpus": 2},
        ended="2026-11-24T05:12:31Z",
        load_s=20.4,
        exit_code=0,
        reading=Reading(rows=rows, complete=True, settled=True, settle_s=2.0, waited_s=2.6, again=rows),
    )
    moved = int(0.026 * (calls["kind"] == 1).sum())
    extents = {1: int(moved * 0.93), 2: int(moved * 0.055), 3: moved // 90, 4: moved // 300}
    extents = {extent: events for extent, events in extents.items() if events}
    return RunFrames(info, scenario, calls, batches, extents, dict(extents), np.array([]))


def summary(values: pd.Series) -> dict[str, float]:
    """Percentiles of some seconds, in milliseconds."""
    finite = 1000 * values[np.isfinite(values)].to_numpy()
    if not len(finite):
        return {"n": 0}
    levels = {"p50": 50, "p75": 75, "p90": 90, "p95": 95, "p99": 99, "p99.9": 99.9, "max": 100}
    return {"n": len(finite), **{name: float(np.percentile(finite, level)) for name, level in levels.items()}}


def latency(batches: pd.DataFrame) -> dict[str, Any]:
    """The key latency_ms of a verdict."""
    found: dict[str, Any] = {}
    for kind, name in enumerate(("batch", "ordinary")):
        mine = batches[batches["kind"] == kind]
        found[name] = {
            **summary(mine["response_s"]),
            "service": summary(mine["service_s"]),
            "unconfirmed": int((~np.isfinite(mine["response_s"])).sum()),
        }
    for name in ("p50", "p95", "p99"):
        both = [found[kind].get(name) for kind in ("batch", "ordinary")]
        ratio = both[0] / both[1] if all(both) else None
        found[f"ratio_{name}"] = ratio and {"value": ratio, "low": 0.96 * ratio, "high": 1.05 * ratio}
    sizes = batches[(batches["kind"] == 0) & batches["service_s"].notna()]
    found["size_fit"] = None
    if sizes["events"].nunique() > 1:
        slope, fixed = np.polyfit(sizes["events"], 1000 * sizes["service_s"], 1)
        found["size_fit"] = {
            "fixed_ms": {"value": float(fixed), "low": float(fixed * 0.97), "high": float(fixed * 1.03)},
            "per_event_ms": {"value": float(slope), "low": float(slope * 0.9), "high": float(slope * 1.1)},
            "n": len(sizes),
        }
    return found


def objective(metric: str, value: float | None, limit: float, **more: Any) -> dict[str, Any]:
    """One SLA line; pass, fail or inconclusive by its interval."""
    line = {
        "name": metric,
        "metric": metric,
        "unit": "ms",
        "sense": "max",
        "phase": None,
        "limit": limit,
        "value": value,
    }
    line |= {"low": value and 0.97 * value, "high": value and 1.03 * value, "runs": [value]} | more
    worse = (lambda number: number > limit) if line["sense"] == "max" else (lambda number: number < limit)
    ends = [worse(line[end]) for end in ("low", "high") if line[end] is not None]
    line["verdict"] = "inconclusive" if not ends or any(ends) != all(ends) else "fail" if all(ends) else "pass"
    line["reason"] = "the limit lies within the interval" if line["verdict"] == "inconclusive" else None
    return line


def objectives(latency_ms: dict[str, Any]) -> list[dict[str, Any]]:
    """The SLA lines that most cases share."""
    batch, ordinary = latency_ms["batch"], latency_ms["ordinary"]
    ratio = (latency_ms["ratio_p50"] or {}).get("value")
    return [
        objective("batch.response_ms.p95", batch.get("p95"), 1500),
        objective("batch.response_ms.p99", batch.get("p99"), 2000),
        objective("ordinary.response_ms.p95", ordinary.get("p95"), 1200),
        objective("ratio.p50", ratio, 90, unit="ratio"),
        objective("batch.rejected_share", 0.0, 0.001, unit="share", low=0.0, high=0.0002),
        objective("confirmed_events_per_s", 5200.0, 2000, unit="events/s", sense="min"),
    ]


def judgement(runs: list[RunFrames], verdict: str = "pass", **more: Any) -> Judgement:
    """A judgement in which nothing is wrong, unless `more` says so (keys of the verdict)."""
    batches = pd.concat([run.batches for run in runs], ignore_index=True)
    times = latency(batches)
    sent = int(batches.loc[batches["kind"] == 0, "events"].sum())
    ordinary = int((batches["kind"] == 1).sum())
    visitors = runs[0].scenario.visitors.count
    moved = sum(runs[0].extents.values())
    document: dict[str, Any] = {
        "format": 1,
        "verdict": verdict,
        "reasons": [],
        "anomalies": dict.fromkeys(ALL_ANOMALIES, 0),
        "blame": {"system": 0, "client": 0},
        "breaches": {"parallel": 0, "unacknowledged": 0},
        "events": {
            "sent": sent + ordinary,
            "confirmed": sent + ordinary,
            "stored": sent + ordinary,
            "batch": {"sent": sent, "confirmed": sent, "stored": sent},
            "ordinary": {"sent": ordinary, "confirmed": ordinary, "stored": ordinary},
        },
        "visitors": {"total": visitors, "affected": 0},
        "ordinary": {
            "events": ordinary,
            "reordered": moved,
            "lost": 0,
            "duplicated": 0,
            "checked": ordinary,
            "reordered_share": moved / ordinary if ordinary else None,
        },
        "latency_ms": times,
        "sla": objectives(times),
        "validity": dict(VALIDITY),
        "unsupported": [],
        "readings": 2,
        "witnesses": [],
        "scenario": "storm",
        "run": runs[0].info.run,
        "question": runs[0].scenario.question,
        "runs": len(runs),
        "interval": "within this run" if len(runs) == 1 else f"{len(runs)} repeats",
        "promises": [promise(number, sent, visitors) for number in range(OF_THE_API)],
        "calls": {
            name: {
                word: int(((batches["kind"] == kind) & (batches["outcome"] == code)).sum())
                for code, word in enumerate(("confirmed", "rejected", "indeterminate"))
            }
            for kind, name in enumerate(("batch", "ordinary"))
        },
        "resends": 41,
        "gave_up": 0,
        "unsent": 0,
        "drain_s": {"p50": 1.24, "p95": 2.9, "max": 4.4, "n": visitors, "undrained": 0},
        "visibility_ms": None,
        "phases": [{"name": n, "start": a, "end": b} for n, a, b in runs[0].scenario.phase_bounds()],
        "reordering": as_json(scattered(ordinary, runs[0].extents)),
        "batch_reordering": as_json(in_order(np.array([sent // visitors] * visitors if sent else []))),
        "client_disorder": {"events": 0, "visitors": 0},
    }
    return Judgement(document | more, runs)


def scattered(events: int, extents: dict[int, int]) -> Reordering:
    """Measures of ordinary events of which some have these extents, each overtaken by as many."""
    moved = sum(extents.values())
    in_place = events - 2 * moved
    return Reordering(
        events=events,
        reordered=moved,
        extent_max=max(extents, default=0),
        extents=Counter(extents),
        n_reordered=Counter(extents),
        runs=Lengths(moved, 2 * moved, 4 * moved, 2 * min(1, moved)),
        open_runs=Lengths(events - 3 * moved, events - 3 * moved, events - 3 * moved, 1),
        displacements=Counter({-1: moved, 0: in_place, 1: moved}) if moved else Counter({0: events}),
        occupancies=Counter({0: events}),
        inversions=moved,
        pairs=events,
        removals=moved,
    )


def promise(number: int, checked: int, visitors: int, found: int = 0, hit: int = 0, **more: Any) -> dict[str, Any]:
    """One of the promises: held where nothing was found, not checked where nothing was there to check."""
    identifier, name, detail = PROMISES[number]
    line = {"id": identifier, "name": name, "detail": detail, "checked": checked, "found": found}
    line |= {"visitors_checked": visitors if checked else 0, "visitors_found": hit, "anomalies": [*ANOMALIES[number]]}
    line["per_million"] = 1e6 * (hit + 3 + 2 * hit**0.5) / visitors if checked and visitors else None
    line["verdict"] = "broken" if found else "held" if checked else "unchecked"
    return line | more


def with_infos(runs: list[RunFrames], **changes: Any) -> list[RunFrames]:
    """The same runs, with other facts in their run.json."""
    found = []
    for run in runs:
        info = RunInfo(**{name: getattr(run.info, name) for name in RunInfo.__struct_fields__} | changes)
        found.append(replace(run, info=info))
    return found
