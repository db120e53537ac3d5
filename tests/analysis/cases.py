"""The named cases that the report must do well in: passing, failing, inconclusive, invalid, controls, repeats, tiny."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import msgspec

from analysis.judgement import Judgement
from inorder.faults.injection import Report
from inorder.run import Reading
from tests.analysis import loads, measured
from tests.analysis.synthetic import OF_THE_API, VALIDITY, frames, judgement, objective, objectives, promise, with_infos

Batch = tuple[int, int, int, float, float | None]
"""Number, first seq, events, sent, done (None: not confirmed)."""


def witness(
    anomaly: str,
    batches: list[Batch],
    stored: list[tuple[int, int, int | None]],
    events: list[tuple[int, int, int | None]],
    **more: Any,
) -> dict[str, Any]:
    """A witness: batches sent, rows stored (position, seq, batch), evidence (seq, batch, which copy, None: none)."""

    def position(seq: int, copy: int | None) -> int | None:
        return None if copy is None else [row[0] for row in stored if row[1] == seq][copy]

    first = {number: first for number, first, *_ in batches}
    drawn = [
        {
            "name": f"w0-b{number}",
            "number": number,
            "events": count,
            "first_seq": first,
            "sent": sent,
            "done": done,
            "outcome": "confirmed" if done else more.pop("outcome", "rejected"),
            "calls": 1,
        }
        for number, first, count, sent, done in batches
    ]
    return {
        "anomaly": anomaly,
        "sentence": f"Visitor a1f3: {anomaly} at seq {events[0][0]}, batch {events[0][1]}.",
        "visitor": "a1f3",
        "blame": "system",
        "events": [[seq, f"w0-b{b}", seq - first.get(b, seq), position(seq, copy)] for seq, b, copy in events],
        "batches": drawn,
        "stored": [list(row) for row in stored],
        "more": 0,
    } | more


def rows(position: int, *spans: tuple[int, int, int | None]) -> list[tuple[int, int, int | None]]:
    """Stored rows from a position on: spans of (first seq, last seq, batch)."""
    found = []
    for first, last, batch in spans:
        for seq in range(first, last + 1):
            found.append((position, seq, batch))
            position += 1 if seq % 3 else 2
    return found


FOUR: list[Batch] = [(1, 3, 20, 4.1, 4.22), (2, 23, 20, 4.23, 4.31), (3, 43, 20, 4.32, 4.40), (4, 63, 3, 4.41, 4.46)]

WITNESSES = {
    "across": witness(
        "reordered-across-batches",
        FOUR,
        rows(811, (3, 22, 1), (43, 62, 3), (63, 65, 4), (23, 42, 2)),
        [(42, 2, 0), (63, 4, 0)],
        more=32,
        sentence="Visitor a1f3: batch 2 (20 events, acknowledged at 4.310 s) is stored after batch 4, sent at 4.410 s.",
    ),
    "lost": witness("lost", FOUR, rows(20, (23, 42, 2), (43, 62, 3), (63, 65, 4)), [(3, 1, None)], more=7),
    "torn": witness(
        "lost",
        FOUR,
        rows(20, (3, 12, 1), (18, 22, 1), (23, 42, 2), (43, 62, 3), (63, 65, 4)),
        [(13, 1, None), (17, 1, None)],
    ),
    "within": witness(
        "reordered-in-batch",
        FOUR[:1],
        rows(7, (3, 9, 1), (11, 11, 1), (10, 10, 1), (12, 22, 1)),
        [(10, 1, 0), (11, 1, 0)],
    ),
    "duplicate": witness(
        "duplicate-unexplained", FOUR[:2], rows(70, (3, 22, 1), (3, 22, 1), (23, 42, 2)), [(3, 1, 0), (3, 1, 1)]
    ),
    "one-copy": witness(
        "duplicate-unexplained", FOUR[:1], rows(70, (3, 8, 1), (8, 8, 1), (9, 22, 1)), [(8, 1, 0), (8, 1, 1)]
    ),
    "ghost": witness("ghost", [FOUR[0], (2, 23, 20, 4.23, None)], rows(5, (3, 22, 1), (23, 42, 2)), [(23, 2, 0)]),
    "phantom": witness("phantom", FOUR[:2], rows(5, (3, 22, 1), (700, 700, None), (23, 42, 2)), [(700, 0, 0)]),
    "misrouted": witness("misrouted", FOUR[:1], rows(5, (3, 22, 1)), [(10, 1, 0)], stored_under="b7e2"),
    "corrupt": witness("corrupt", FOUR[:1], rows(5, (3, 22, 1)), [(10, 1, 0)]),
    "split": witness(
        "split",
        FOUR[:2],
        rows(5, (3, 12, 1), (23, 23, 2), (13, 22, 1), (24, 42, 2)),
        [(12, 1, 0), (23, 2, 0), (13, 1, 0)],
    ),
    "interleaved": witness(
        "reordered-across-batches",
        FOUR[:3],
        rows(5, *[span for seq in range(20) for span in ((43 + seq, 43 + seq, 3), (23 + seq, 23 + seq, 2))]),
        [(23, 2, 0), (43, 3, 0)],
    ),
    "unanswered": witness(
        "torn", [(7, 40, 10, 3.0, None)], rows(5, (40, 44, 7)), [(44, 7, 0), (45, 7, None)], outcome="indeterminate"
    ),
    "no-call": witness("phantom", [], [(5, 700, None)], [(700, 0, 0)]),
    "vanished": witness(
        "vanished", FOUR[:2], rows(70_000, (3, 9, 1), (11, 22, 1), (23, 42, 2)), [(10, 1, None)], earlier_position=70_010
    ),
    "vanished-batch": witness(
        "vanished", FOUR, rows(811, (3, 22, 1), (43, 62, 3), (63, 65, 4)), [(23, 2, None)], earlier_position=838
    ),
    "vanished-copy": witness("vanished", FOUR[:1], rows(7, (3, 22, 1)), [(10, 1, None)], earlier_position=42),
    "vanished-no-call": witness("vanished", [], [], [(700, 0, None)], earlier_position=8),
    "moved": witness(
        "rewritten",
        FOUR[:2],
        rows(67_600, (3, 9, 1), (11, 12, 1), (10, 10, 1), (13, 22, 1), (23, 42, 2)),
        [(10, 1, 0)],
        earlier_position=67_610,
    ),
    "moved-far": witness(
        "rewritten",
        FOUR,
        rows(811, (3, 22, 1), (43, 62, 3), (63, 65, 4), (23, 42, 2)),
        [(42, 2, 0)],
        earlier_position=12_000_811,
    ),
    "moved-and-gone": witness(
        "rewritten", FOUR[:1], rows(5, (3, 9, 1), (11, 22, 1)), [(10, 1, None)], earlier_position=900
    ),
    "moved-no-call": witness("rewritten", [], [(5, 700, None)], [(700, 0, 0)], earlier_position=9),
    "changed": witness("rewritten", FOUR[:1], rows(5, (3, 22, 1)), [(10, 1, 0)], earlier_position=15),
    "slipped-in": witness("rewritten", FOUR[:1], rows(5, (3, 22, 1)), [(10, 1, 0)], earlier_position=None),
    "epoch": witness(
        "reordered-across-batches",
        [(1, 0, 3, 1.764e9 + 0.35, 1.764e9 + 0.57), (2, 3, 2, 1.764e9 + 0.65, 1.764e9 + 0.96)],
        rows(5, (3, 4, 2), (0, 2, 1)),
        [(2, 1, 0), (3, 2, 0)],
    ),
    "single-lost": witness("lost", [(9, 410, 1, 8.0, 8.2)], [], [(410, 9, None)]),
    "slow": witness(
        "reordered-across-batches",
        [(118, 1000, 1000, 24.0, 24.9), (119, 2000, 1000, 25.0, 31.7), (120, 3000, 1, 31.8, 31.81)],
        rows(90_000, (1000, 1999, 118), (3000, 3000, 120), (2000, 2999, 119)),
        [(2999, 119, 0), (3000, 120, 0)],
    ),
}


def _timed(case: Judgement, warm_up_s: float = 0.0) -> Judgement:
    """With all that is known of its times."""
    batches = case.runs[0].batches
    parts = {"by_phase": measured.by_phase(batches), "by_size": measured.by_size(batches)}
    case.verdict["latency_ms"] |= parts
    case.verdict["timing"] = measured.timing(batches, warm_up_s)
    return case


def fault(name: str, from_s: float, until_s: float | None, unit: str = "events", side: str = "server") -> Report:
    """A fault that was put in."""
    does = "does what it should not"
    return Report(
        fault=name, side=side, does=does, rate=0.05, from_s=from_s, until_s=until_s, injected=12, unit=unit, struck=3
    )


def wrong(case: Judgement, *faults: Report) -> Judgement:
    """With faults put in on purpose."""
    case.verdict["faults"] = msgspec.to_builtins(faults)
    return replace(case, runs=with_infos(case.runs, faults=list(faults)))


def passing() -> Judgement:
    """Everything holds."""
    return _timed(judgement([frames()]), warm_up_s=1.0)


def failing() -> Judgement:
    """Promises broken and objectives missed, with a witness of several classes."""
    case = judgement([frames(speed=0.8)], "fail")
    lines = objectives(case.verdict["latency_ms"])
    p95 = case.verdict["latency_ms"]["batch"]["p95"]
    lines[0] |= {"limit": round(0.8 * p95), "verdict": "fail"}
    lines[2] = objective("ordinary.response_ms.p95", lines[2]["value"], round(1.01 * lines[2]["value"], 2))
    lines[3] = objective("ratio.p50", lines[3]["value"], 300, unit="ratio")
    promises = list(case.verdict["promises"])
    sent = case.verdict["events"]["batch"]["sent"]
    for number, (found, hit) in {1: (1650, 33), 2: (160, 8), 0: (2, 1), 3: (20, 1), 6: (1, 1)}.items():
        promises[number] = promise(number, sent, 8000, found, hit)
    shown = ["across", "within", "lost", "torn", "duplicate", "misrouted"]
    case.verdict.update(
        promises=sorted(promises, key=lambda line: [p["id"] for p in case.verdict["promises"]].index(line["id"])),
        sla=lines,
        witnesses=[deepcopy(WITNESSES[name]) for name in shown],
        blame={"system": 1833, "client": 0},
        visitors={"total": 8000, "affected": 44},
        reasons=[
            "1,650 events of 33 visitors are stored before an event that they must follow.",
            "160 confirmed events of 8 visitors are not stored.",
            "The 95th percentile of the batch response time is above its limit.",
        ],
    )
    case.verdict["anomalies"].update({"reordered-across-batches": 1650, "lost": 160, "reordered-in-batch": 2})
    return _timed(wrong(case, fault("drops-one-event", 4, 6.5), fault("merged-by-time", 4, 6.5), fault("latency", 6, 8)))


def inconclusive() -> Judgement:
    """The log had not settled, and two promises could not be judged."""
    case = judgement([frames()], "inconclusive")
    promises = list(case.verdict["promises"])
    promises[2] = promise(2, case.verdict["events"]["batch"]["sent"], 8000, verdict="undecided", unseen=240)
    promises[4] = promise(4, 0, 0)
    promises[7] = promise(7, 0, 0)
    lines = objectives(case.verdict["latency_ms"])
    lines[0] |= {"limit": round(1.01 * lines[0]["value"]), "verdict": "inconclusive"}
    lines.append(objective("visibility_ms.p99", None, 5000))
    reading = Reading(rows=100_000, complete=True, settled=False, settle_s=2, waited_s=120)
    reasons = [
        "240 confirmed events of 12 visitors were not seen before the reading stopped, and the log still grew.",
        "The log had not settled after 120 s.",
        "The 95th percentile of the batch response time lies too near its limit for one run.",
    ]
    once = ["vanished, rewritten: the log was read once, so nothing can be seen to vanish from it."]
    case.verdict.update(promises=promises, sla=lines, reasons=reasons, unsupported=once, readings=1)
    return replace(case, runs=with_infos(case.runs, reading=reading))


def invalid() -> Judgement:
    """A worker was lost and the generator fell behind."""
    case = judgement([frames()], "inconclusive")
    case.verdict.update(
        reasons=[
            "1 of 2 generator processes did not end well.",
            "Calls left late: p99 was 412 ms, the limit is 100 ms.",
        ],
        validity=VALIDITY | {"workers_lost": 1, "late_starts_ms_p99": 412.0, "unsent": 1207},
    )
    return case


def control() -> Judgement:
    """The backlog was sent by ordinary calls: there is no batch to judge."""
    case = judgement([frames(batched=False)], "inconclusive")
    case.verdict.update(
        promises=[promise(number, 0, 0) for number in range(OF_THE_API)],
        reasons=["No batch was sent: no promise of order could be checked."],
        sla=[objective("ordinary.response_ms.p95", case.verdict["latency_ms"]["ordinary"]["p95"], 500)],
        drain_s={"n": 0},
    )
    return case


def client() -> Judgement:
    """The client had several calls of a visitor in flight: what is out of order is its own doing."""
    case = judgement([frames(ordinary=False)], "inconclusive")
    case.verdict.update(
        breaches={"parallel": 5120, "unacknowledged": 118},
        client_disorder={"events": 9320, "visitors": 2011},
        reasons=["The client broke its rules 5,238 times, so that the order across batches was promised for few."],
        ordinary={"events": 0, "reordered": 0, "lost": 0, "duplicated": 0, "checked": 0, "reordered_share": None},
    )
    return case


def further() -> Judgement:
    """A scenario that promises more than the API, of which some is broken; and two readings of the log differ."""
    case = judgement([frames(2000)], "fail")
    sent = case.verdict["events"]["batch"]["sent"]
    promises = [*case.verdict["promises"], promise(8, 40, 4, 1, 1), promise(9, sent, 2000, 3, 2), promise(10, 0, 0)]
    case.verdict.update(
        promises=promises,
        witnesses=[deepcopy(WITNESSES[name]) for name in ("unanswered", "vanished", "moved", "vanished-no-call")],
        blame={"system": 7, "client": 0},
        visitors={"total": 2000, "affected": 5},
        reasons=["torn: 1 batch of 1 visitor, stored in part.", "vanished: 2 rows of 2 visitors, gone."],
    )
    case.verdict["anomalies"].update({"torn": 1, "split": 3, "vanished": 2, "rewritten": 1, "recovered": 1})
    return case


def repeats() -> Judgement:
    """Five runs of one scenario."""
    case = judgement([frames(2000, seed=seed) for seed in range(1, 6)])
    for line in case.verdict["sla"]:
        line["runs"] = [line["value"] * factor for factor in (0.93, 0.97, 1.0, 1.04, 1.08)]
    return case


def tiny() -> Judgement:
    """About twenty calls."""
    return judgement([frames(5)])


def empty() -> Judgement:
    """A run that sent nothing."""
    case = judgement([frames(0)], "inconclusive")
    case.verdict.update(
        promises=[promise(number, 0, 0) for number in range(OF_THE_API)],
        reasons=["Nothing was sent."],
        sla=[objective("batch.response_ms.p95", None, 1500)],
        drain_s={"n": 0},
    )
    return case


CASES: dict[str, Callable[[], Judgement]] = {
    case.__name__: case
    for case in (
        *(passing, failing, inconclusive, invalid, control, client, further, repeats, tiny, empty),
        *(loads.stopped, loads.sliced, loads.stepped),
    )
}
