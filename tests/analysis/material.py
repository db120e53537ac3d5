"""The cases of the tiny language as the judge gets them: tables as merging writes them, or a whole run folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inorder.run import Reading, RunFolder, RunInfo
from tests.analysis.language import Case, Row, digest

CODES = {"confirmed": 0, "rejected": 1, "indeterminate": 2}
FIRST_POSITION, STEP = 10, 2  # gaps are allowed, so there are some


def tables(given: Case) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table | None]:
    """batches, calls, events and stored, as merging would write them."""
    grouped = given.batches()
    number = {name: place for place, name in enumerate(grouped)}
    acks = [
        min((call.done for call in calls if call.outcome == "confirmed" and call.done is not None), default=np.inf)
        for calls in grouped.values()
    ]
    open_calls = [sum(call.outcome != "rejected" for call in calls) for calls in grouped.values()]
    batches = pa.table(
        {
            "batch": pa.array(range(len(grouped)), pa.int32()),
            "name": pa.array(list(grouped), pa.string()),
            "kind": pa.array([int(calls[0].kind == "ordinary") for calls in grouped.values()], pa.int8()),
            "events": pa.array([len(calls[0].events) for calls in grouped.values()], pa.int32()),
            "first_intended": pa.array([min(call.sent for call in calls) for calls in grouped.values()], pa.float64()),
            "first_sent": pa.array([min(call.sent for call in calls) for calls in grouped.values()], pa.float64()),
            "ack": pa.array(acks, pa.float64()),
            "calls": pa.array([len(calls) for calls in grouped.values()], pa.int16()),
            "calls_not_rejected": pa.array(open_calls, pa.int16()),
            "outcome": pa.array(
                [0 if np.isfinite(ack) else 2 if left else 1 for ack, left in zip(acks, open_calls, strict=True)],
                pa.int8(),
            ),
        }
    )
    calls = pa.table(
        {
            "batch": pa.array([number[call.batch] for call in given.calls], pa.int32()),
            "sent": pa.array([call.sent for call in given.calls], pa.float64()),
            "done": pa.array([np.nan if call.done is None else call.done for call in given.calls], pa.float64()),
            "outcome": pa.array([CODES[call.outcome] for call in given.calls], pa.int8()),
            "status": pa.array([400 * (call.outcome == "rejected") for call in given.calls], pa.int16()),
        }
    )
    flat = sorted(
        (visitor, seq, number[name], index)
        for name, own in grouped.items()
        for index, (visitor, seq) in enumerate(own[0].events)
    )
    events = pa.table(
        {
            "visitor": pa.array([visitor for visitor, *_ in flat], pa.string()),
            "seq": pa.array([seq for _, seq, *_ in flat], pa.int64()),
            "batch": pa.array([batch for *_, batch, _ in flat], pa.int32()),
            "index": pa.array([index for *_, index in flat], pa.int32()),
            "digest": pa.array([digest(visitor, seq) for visitor, seq, *_ in flat], pa.int64()),
        }
    )
    return batches, calls, events, None if given.rows is None else stored_table(given.rows)


def stored_table(rows: tuple[Row, ...]) -> pa.Table:
    """The rows as they are read back."""
    columns: dict[str, Any] = {
        "position": pa.array([position(row, place) for place, row in enumerate(rows)], pa.int64()),
        "visitor": pa.array([row.visitor for row in rows], pa.string()),
        "origin": pa.array([None if row.origin == row.visitor else row.origin for row in rows], pa.string()),
        "seq": pa.array([row.seq for row in rows], pa.int64()),
        "digest": pa.array([None if row.seq is None else row.digest for row in rows], pa.int64()),
        "name": pa.array(["view"] * len(rows), pa.string()),
        "server": pa.array(["s1"] * len(rows), pa.string()),
        "stored_at": pa.array([1000.0 + place for place in range(len(rows))], pa.float64()),
        "seen_at": pa.array([1e6] * len(rows), pa.float64()),
    }
    return pa.table(columns)


def position(row: Row, place: int) -> int:
    """The position of a row, the `place`th of its reading."""
    return FIRST_POSITION + STEP * (place if row.place is None else row.place)


SCENARIO = """question = "Is the order kept?"
name = "case"
promises = {{ {promises} }}
[visitors]
count = 10
[[phases]]
name = "calm"
duration_s = 5.0
[[phases]]
name = "storm"
duration_s = 25.0
"""


def info(given: Case) -> RunInfo:
    """The run.json of a run that went well."""
    rows = given.rows or ()
    return RunInfo(
        run="case-1",
        scenario="case",
        seed=1,
        started="2026-01-01T00:00:00+00:00",
        prefix="kq",
        target="http://127.0.0.1:1/1.0",
        sandbox=False,
        processes=1,
        ended="2026-01-01T00:01:00+00:00",
        load_s=30.0,
        exit_code=0,
        reading=Reading(rows=len(rows), complete=given.settled, settled=given.settled, settle_s=2.0, waited_s=2.5),
    )


def history_lines(given: Case, worker: str = "w0") -> list[str]:
    """The lines of a history file, the closing line last."""
    lines: list[tuple[float, dict[str, Any]]] = []
    attempts: dict[str, int] = {}
    for number, call in enumerate(given.calls):
        attempts[call.batch] = attempts.get(call.batch, 0) + 1
        sent = {
            "type": "sent",
            "call": f"{worker}-{number}",
            "batch": call.batch,
            "kind": call.kind,
            "attempt": attempts[call.batch],
            "intended": call.sent,
            "ready": call.sent,
            "sent": call.sent,
            "events": [[visitor, seq, 1] for visitor, seq in call.events],
            "digests": [digest(visitor, seq) for visitor, seq in call.events],
        }
        lines.append((call.sent, sent))
        if call.done is not None:
            status = {"confirmed": 200, "rejected": 400, "indeterminate": 504}[call.outcome]
            done = {"call": f"{worker}-{number}", "done": call.done, "outcome": call.outcome, "status": status}
            lines.append((call.done, {"type": "done", **done}))
    lines.sort(key=lambda line: line[0])
    events = sum(len(call.events) for call in given.calls)
    closed = {"type": "closed", "worker": worker, "calls": len(given.calls), "events": events}
    return [json.dumps(line) for line in [*(line for _, line in lines), closed]]


def write(given: Case, path: Path, sla: str = "", **changes: Any) -> RunFolder:
    """Leave the case behind as a run folder; `sla`: lines for its scenario, `changes`: facts in its run.json."""
    names = given.promises.__struct_fields__
    told = ", ".join(f"{name} = {str(getattr(given.promises, name)).lower()}" for name in names)
    facts = info(given)
    for name, value in changes.items():
        setattr(facts, name, value)
    folder = RunFolder.create(path, SCENARIO.format(promises=told) + sla, facts)
    (folder.history / "w0.jsonl").write_text("".join(line + "\n" for line in history_lines(given)), "utf-8")
    if given.rows is not None:
        pq.write_table(stored_table(given.rows), folder.stored_file)
    for number, reading in enumerate(given.earlier, 1):
        pq.write_table(stored_table(reading), folder.evidence / f"earlier-{number}.parquet")
    return folder
