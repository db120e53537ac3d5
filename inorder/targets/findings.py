"""What a trial showed, in plain words: what works, what does not, and what of a run could then not be judged."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from inorder.history import CONFIRMED, Done, Kind, Sent, read
from inorder.merge import Merged
from inorder.run import RunFolder


@dataclass(frozen=True)
class Finding:
    """One part of what a verdict needs."""

    name: str
    ok: bool | None
    """None: it is not needed, and not there."""
    told: str


def findings(folder: RunFolder, unread: str | None, merged: Merged, verdict: dict[str, Any]) -> list[Finding]:
    """What each part of a trial came to; `unread`: why it could not be read back, `verdict`: verdict.json's content."""
    found = [_calls(folder, "batch"), _calls(folder, "ordinary")]
    log = merged.stored
    if unread is not None or log is None:
        return [*found, Finding("read back", False, unread or "there is no stored log")]
    sent, rows = verdict["events"]["confirmed"], log.rows
    told = f"{rows} rows of this visitor were read, {sent} events had been confirmed"
    found.append(Finding("read back", rows > 0, told if rows else f"{told}: is it under another name, or read elsewhere?"))
    if not rows:
        return found
    return [*found, _identity(folder, rows), _position(merged), *_kept(verdict), _payload(folder, verdict), _server(folder)]


def _calls(folder: RunFolder, kind: Kind) -> Finding:
    """Whether the calls of a kind were confirmed; else the first answer that was not."""
    told = [line for file in folder.history.glob("*.jsonl") for _, line in read(file)]
    mine = {line.call: line for line in told if isinstance(line, Sent) and line.kind == kind}
    ends = {line.call: line for line in told if isinstance(line, Done) and line.call in mine}
    name = "batch" if kind == "batch" else "ordinary calls"
    outcomes = Counter(ends[call].outcome if call in ends else "without an answer" for call in mine)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()) or "none was sent"
    bad = next((end for end in ends.values() if end.outcome != CONFIRMED), None)
    if bad is not None:
        answer = f"answer {bad.status}" if bad.status else "no answer"
        counts += f"; {answer}: {' '.join((bad.error or '').split())[:200] or 'it said nothing'}"
    events = sum(run[2] for line in mine.values() for run in line.events)
    return Finding(name, set(outcomes) == {CONFIRMED}, f"{events} events: {counts}")


def _identity(folder: RunFolder, rows: int) -> Finding:
    column = pq.read_table(folder.stored_file, columns=["seq"])["seq"]
    known = rows - column.null_count
    if known == rows:
        return Finding("identity", True, f"found in each of {rows} rows")
    told = f"found in {known} of {rows} rows: equal events, duplicates and losses of the others cannot be told apart"
    names = pq.read_table(folder.stored_file, columns=["name", "seq"]).to_pylist()
    without = sorted({row["name"] for row in names if row["seq"] is None})
    return Finding("identity", False, f"{told} ({', '.join(without)})")


def _position(merged: Merged) -> Finding:
    """Whether the positions are a total order; gaps are allowed."""
    log = merged.stored
    assert log is not None
    wrong = [
        (log.ties, "share a position with the row before"),
        (log.descents, "stand below the row before"),
        (log.missing, "have no position"),
    ]
    told = ", ".join(f"{count} rows {what}" for count, what in wrong if count)
    if not log.positioned:
        told = "there is none"
    if told:
        return Finding("position", False, f"{told}: no order can be judged by it")
    return Finding("position", True, "increases from row to row, so it can be the system's own order")


def _kept(verdict: dict[str, Any]) -> list[Finding]:
    """The promises of the system that even one visitor shows to be broken."""
    broken = [line for line in verdict["promises"] if line["verdict"] == "broken"]
    return [Finding(line["name"].lower(), False, f"broken {line['found']} times by this one visitor") for line in broken]


def _payload(folder: RunFolder, verdict: dict[str, Any]) -> Finding:
    """Whether what was stored can be compared with what was sent, and is the same."""
    digests = pq.read_table(folder.stored_file, columns=["digest"])["digest"]
    if digests.null_count == len(digests):
        return Finding("payload", False, "cannot be read from what is stored: whether an event was altered stays open")
    if count := verdict["anomalies"]["corrupt"] + verdict["ordinary"]["corrupt"]:
        return Finding("payload", False, f"{count} events are stored otherwise than they were sent")
    if digests.null_count:
        return Finding("payload", False, f"cannot be read from {digests.null_count} of {len(digests)} rows")
    return Finding("payload", True, "stored as it was sent")


def _server(folder: RunFolder) -> Finding:
    servers = pq.read_table(folder.stored_file, columns=["server"])["server"]
    names = sorted({name for name in servers.to_pylist() if name is not None})
    if not names:
        return Finding("server names", None, "not told: a witness cannot say which server stored an event")
    return Finding("server names", True, ", ".join(names[:8]))
