"""The rows of a witness: what is stored of its batches and in which order, what is out of place, and what is missing."""

from typing import Any, NamedTuple

Key = tuple[int, int]
"""Batch number, seq."""
_CUT = 400
"""From so many stored rows on, the witness may hold only those around its evidence."""
READINGS = ("vanished", "rewritten")
"""Anomalies that two readings of the log show together."""


class Row(NamedTuple):
    """A row as it is drawn."""

    position: int
    key: Key | None
    """Its event; none: no call carried it."""
    bad: bool = False
    """Out of place, or a fault itself."""
    was: bool = False
    """It stood here in an earlier reading of the log, and does not now."""


def stored_rows(witness: dict[str, Any], batches: list[dict[str, Any]]) -> list[Row]:
    """The rows in position order: those stored, each with the answer whether it is out of place, and where one stood."""
    anomaly = witness["anomaly"]
    evidence = {event[3] for event in witness["events"] if event[3] is not None}
    if anomaly == "split":  # of the three rows only the one in the middle is a stranger
        evidence = {event[3] for event in witness["events"] if event[1] != witness["events"][0][1]}
    known = {batch["number"]: batch for batch in batches}
    named = _named(witness)
    seen: set[Key] = set()
    newest_sent, highest = float("-inf"), dict[int, int]()
    rows: list[Row] = []
    for position, seq, number, *_ in sorted(witness["stored"], key=lambda row: row[0]):
        if anomaly == "misrouted" and position in evidence:
            continue
        if number not in known:
            if position in evidence and number is None:
                rows.append(Row(position, None, bad=True))
            continue
        key, batch = (number, seq), known[number]
        again = key in seen
        seen.add(key)
        done = batch.get("done")
        overtaken = done is not None and batch.get("outcome") == "confirmed" and done < newest_sent
        inside = seq < highest.get(number, -1)
        bad = {
            "reordered-across-batches": overtaken and not again,
            "reordered-in-batch": inside and not again,
            "ghost": batch.get("outcome") == "rejected",
            "duplicate-unexplained": again,
            "duplicate-explained": again,
            "zombie": again and (overtaken or inside),
            "torn": False,
            # The later of the two readings need not be the last: another row may stand there now.
            "rewritten": position in evidence and key in named,
        }.get(anomaly, position in evidence)
        rows.append(Row(position, key, bad))
        if not again:
            newest_sent = max(newest_sent, batch["sent"])
            highest[number] = max(seq, highest.get(number, -1))
    return sorted([*_earlier(witness), *rows], key=lambda row: row.position)


def _named(witness: dict[str, Any]) -> list[Key]:
    """The events of the evidence that a drawn batch carried."""
    names = {batch["name"]: batch["number"] for batch in witness["batches"]}
    return [(names[event[1]], event[0]) for event in witness["events"] if event[1] in names]


def _earlier(witness: dict[str, Any]) -> list[Row]:
    """Where the evidence stood in an earlier reading, unless it still stands there."""
    place = witness.get("earlier_position")
    if place is None or any(event[3] == place for event in witness["events"]):
        return []
    return [Row(place, next(iter(_named(witness)), None), was=True)]


def missing_keys(witness: dict[str, Any], sent: dict[int, list[Key]], rows: list[Row]) -> list[Key]:
    """Events of the batches that the evidence names which are not among the visitor's rows."""
    if witness["anomaly"] not in {"lost", "unseen", "misrouted", "torn", *READINGS}:
        return []
    stored = {row.key for row in rows if not row.was}
    names = {batch["name"]: batch["number"] for batch in witness["batches"]}
    # A row that moved from one reading to the next can be gone from the last.
    absent_too = witness["anomaly"] in {"misrouted", "rewritten"}
    gone = [event for event in witness["events"] if event[3] is None or absent_too]
    numbers = {names.get(event[1]) for event in gone}
    evident = {(names.get(event[1]), event[0]) for event in witness["events"]}
    absent = [key for number, keys in sent.items() if number in numbers for key in keys if key not in stored]
    only_evident = absent_too or len(witness["stored"]) >= _CUT
    return [key for key in absent if key in evident] if only_evident else absent


def runs_of(rows: list[Row]) -> list[list[Row]]:
    """Rows joined as long as the seq goes up by one within a batch and all are of one look."""
    runs: list[list[Row]] = []
    for row in rows:
        last = runs[-1][-1] if runs else None
        joined = last is not None and last.key is not None and row.key == (last.key[0], last.key[1] + 1)
        if last is not None and joined and (last.bad, last.was) == (row.bad, row.was):
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs
