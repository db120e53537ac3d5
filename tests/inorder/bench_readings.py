"""Made-up evidence read back as a case of the tiny language, so that the oracle can judge it, visitor by visitor."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from tests.analysis.language import Call, Case, Event, Row
from tests.analysis.oracle import Oracle

OUTCOMES = ("confirmed", "rejected", "indeterminate")


def rows_of(evidence: Path, part: str) -> list[dict[str, Any]]:
    """All rows of a part of the evidence, each with the `bucket` and the `row` that it is."""
    found = []
    for number, path in enumerate(sorted((evidence / part).glob("bucket-*.parquet"))):
        found += [row | {"bucket": number, "row": place} for place, row in enumerate(pq.read_table(path).to_pylist())]
    return found


def case_of(evidence: Path, stored: str = "stored") -> Case:
    """The whole run, from the files of its buckets alone."""
    batches: dict[tuple[int, int], dict[str, Any]] = {}
    for row in rows_of(evidence, "batches"):
        batches[row["bucket"], row["row"]] = row
    events: dict[int, list[tuple[int, Event]]] = defaultdict(list)
    digests: dict[Event, int] = {}
    for row in rows_of(evidence, "events"):
        event = (row["visitor"], row["seq"])
        events[batches[row["bucket"], row["batch"]]["number"]].append((row["index"], event))
        digests[event] = row["digest"]
    calls = {}
    for row in rows_of(evidence, "calls"):
        batch = batches[row["bucket"], row["batch"]]
        carried = tuple(event for _, event in sorted(events[batch["number"]]))
        done = None if np.isnan(row["done"]) else row["done"]
        kind = ("batch", "ordinary")[batch["kind"]]
        # A batch with visitors in two buckets is in both, with the same calls.
        call = Call(batch["name"], kind, row["sent"], done, OUTCOMES[row["outcome"]], carried)
        calls[call.sent, call.batch] = call
    ordered = [calls[key] for key in sorted(calls)]
    rows = []
    for row in sorted(rows_of(evidence, stored), key=lambda row: row["position"]):
        origin = row["visitor"] if row["origin"] is None else row["origin"]
        changed = digests.get((origin, row["seq"]), row["digest"]) != row["digest"]
        rows.append(Row(row["visitor"], origin, row["seq"], changed))
    return Case(tuple(ordered), tuple(rows))


def apart(case: Case) -> Iterator[Case]:
    """The same case divided by visitors: those who have a call in common stay together."""
    group: dict[str, str] = {}

    def head(name: str) -> str:
        while group.setdefault(name, name) != name:
            name = group[name]
        return name

    for call in case.calls:
        for visitor, _ in call.events:
            group[head(visitor)] = head(call.events[0][0])
    calls, rows = defaultdict(list), defaultdict(list)
    for call in case.calls:
        calls[head(call.events[0][0])].append(call)
    for row in case.rows or ():
        rows[head(row.origin)].append(row)
    for name in calls:
        yield Case(tuple(calls[name]), tuple(rows[name]))


class Quick(Oracle):
    """The oracle, which looks for an event's copies once only."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._known: dict[Event, list[int]] = {}

    def places(self, event: Event) -> list[int]:
        """As the oracle finds them."""
        if event not in self._known:
            self._known[event] = super().places(event)
        return self._known[event]


def judged(case: Case, failing: frozenset[str]) -> dict[str, Any]:
    """What the oracle finds, under the keys of truth.json; `failing`: the anomalies that break a promise."""
    found, client, ordinary, sums = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    affected: set[str] = set()
    for own in apart(case):
        oracle = Quick(own)
        found.update(oracle.anomalies())
        client.update(oracle.by_client())
        ordinary.update(oracle.ordinary())
        sums["parallel"] += len({id(later) for _, later in oracle.parallel()})
        sums["unacknowledged"] += len({later.name for *_, later in oracle.unacknowledged()})
        sums["visitors"] += len(oracle.visitors)
        sums["rows"] += len(oracle.rows)
        for event, batch in oracle.batch_of.items():
            sums["sent"] += 1
            sums["ordinary"] += batch.ordinary
            sums["confirmed"] += batch.confirmed
            if not batch.ordinary and failing & set(oracle.of_event(event, batch)):
                affected.add(event[0])
        affected |= {row.origin for row in oracle.rows if (row.origin, row.seq) not in oracle.batch_of}
    return {
        "anomalies": dict(found),
        "client": sum(client.values()),
        "breaches": {name: sums[name] for name in ("parallel", "unacknowledged")},
        "events": {"sent": sums["sent"], "confirmed": sums["confirmed"], "stored": sums["rows"]},
        "visitors": {"total": sums["visitors"], "affected": len(affected)},
        "ordinary": {"events": sums["ordinary"], **{name: ordinary[name] for name in ("reordered", "lost", "duplicated")}},
    }
