"""What stands in the middle sections of the page (latency, storm, witnesses), as plain values."""

from typing import Any

from analysis import findings, words
from analysis.figures import size, storm
from analysis.figures.style import Picture
from analysis.judgement import Judgement

_FIRST_WITNESSES = 4
"""Drawn open; the others are folded away."""


def latency_notes(judgement: Judgement) -> list[str]:
    """The margin of the latency section."""
    latency, notes = judgement.verdict["latency_ms"], []
    for kind, one, many in (("batch", "batch", "batches"), ("ordinary", "ordinary call", None)):
        unconfirmed = (latency.get(kind) or {}).get("unconfirmed")
        if unconfirmed:
            have = words.verb(unconfirmed, "has", "have")
            notes.append(f"{words.plural(unconfirmed, one, many)} {have} no confirmed answer and so no time here.")
    fit = latency.get("size_fit")
    fixed, each = (size.fit_value(fit, name) for name in ("fixed_ms", "per_event_ms"))
    if size.growing(fit) and fixed and each:
        notes.append(
            f"A batch of n events takes about {size.with_interval(fixed)} + n × {size.with_interval(each)} of service "
            f"time, {judgement.verdict['interval']}, waiting inside the system included."
        )
    return notes


def storm_notes(judgement: Judgement) -> list[str]:
    """The margin of the storm."""
    verdict, notes = judgement.verdict, []
    series = storm.count(judgement.runs[0])
    if series is not None and 0 in series.due:
        moments = (series.time.edges[int(values[0].argmax())] for values in (series.due, series.confirmed))
        due, confirmed = (f"{series.time.told(float(moment))}{words.THIN}s" for moment in moments)
        then = f"and confirmed in the bin from {confirmed} on" if series.confirmed[0].any() else "and nothing was confirmed"
        notes.append(f"Most was due in the bin from {due} on, {then}.")
        notes.append(
            "A visitor has one batch in flight and sends the next after success, so what is due bends with what is "
            "confirmed: under overload the backlog waits with the visitors."
        )
    drain = verdict.get("drain_s") or {}
    if drain.get("n"):
        middle, late, last = (words.seconds(drain.get(level)) for level in ("p50", "p95", "max"))
        notes.append(
            f"From coming back to the last batch confirmed ({words.plural(drain['n'], 'visitor')}): median {middle}, "
            f"95th percentile {late}, longest {last}."
        )
    if drain.get("undrained"):
        notes.append(f"{words.plural(drain['undrained'], 'visitor')} did not get the whole backlog confirmed.")
    calls = verdict.get("calls") or {}
    for kind, name in (("batch", "Batch"), ("ordinary", "Ordinary")):
        outcomes = calls.get(kind) or {}
        if sum(outcomes.values()):
            told = ", ".join(f"{words.count(number)} {outcome}" for outcome, number in outcomes.items())
            notes.append(f"{name} calls: {told}.")
    extra = [
        (verdict.get("resends"), "re-sent: {}"),
        (verdict.get("gave_up"), "batches given up after the last attempt: {}"),
        (verdict.get("unsent"), "events never sent before the run ended: {}"),
    ]
    told = "; ".join(text.format(words.count(number)) for number, text in extra if number)
    if told:
        notes.append(f"{words.capital(told)}.")
    held = verdict["validity"].get("held_back")
    if held:
        notes.append(
            f"The quota of the target held back {words.plural(held, 'call')}: the wait is part of their response time, and "
            "is counted as waiting for a connection too."
        )
    waited = verdict["validity"].get("waited_for_connection")
    if waited:
        notes.append(
            f"{words.share(waited)} of the calls found no connection free when they were due; the wait is part of "
            "their response time."
        )
    visibility = verdict.get("visibility_ms")
    if visibility and visibility.get("p99") is not None:
        notes.append(
            f"From confirmed to first seen in the log: median {words.quantity(visibility.get('p50'), 'ms')}, 99th "
            f"percentile {words.quantity(visibility['p99'], 'ms')}."
        )
    return notes


def witnesses(judgement: Judgement, pictures: dict[str, Picture]) -> dict[str, list[dict[str, Any]]]:
    """Witnesses that stand open and those that are folded away."""
    found = []
    against = findings.against(judgement)
    for number, witness in enumerate(judgement.verdict["witnesses"], 1):
        batches = witness.get("batches") or []
        found.append(
            {
                "number": number,
                "anomaly": witness["anomaly"],
                "counted": witness["anomaly"] not in against,
                "sentence": words.sentence(witness["sentence"]),
                "visitor": witness.get("visitor"),
                "earlier": witness.get("earlier_position"),
                "blame": witness.get("blame"),
                "more": witness.get("more") or 0,
                "picture": f"witness-{number}" if f"witness-{number}" in pictures else None,
                "batches": [
                    {
                        "number": batch["number"],
                        "name": batch["name"],
                        "seqs": _span(batch["first_seq"], batch["first_seq"] + batch["events"] - 1),
                        "sent": words.THIN.join((f"{batch['sent']:,.3f}", "s")),
                        "done": "–" if batch.get("done") is None else f"{batch['done']:,.3f}{words.THIN}s",
                        "outcome": batch.get("outcome") or "no answer",
                        "calls": batch.get("calls") or 1,
                    }
                    for batch in batches
                ],
                "stored": stored_spans(_read(witness)),
            }
        )
    for number, own in enumerate(found):  # how many more there are is said once, behind the last of the kind
        if any(later["anomaly"] == own["anomaly"] for later in found[number + 1 :]):
            own["more"] = 0
    first = {own["anomaly"]: own for own in reversed(found)}  # one of each kind before the second of any
    found.sort(key=lambda own: first[own["anomaly"]] is not own)
    return {
        "open": found[:_FIRST_WITNESSES],
        "folded": found[_FIRST_WITNESSES:],
        "counted": [own for own in found if own["counted"]],
    }


def _read(witness: dict[str, Any]) -> list[list[Any]]:
    """The stored rows; the seq of one whose identity cannot be read is none, whatever number stands in its place."""
    unread = {event[3] for event in witness["events"] if event[0] is None}
    return [
        [position, None if number is None and position in unread else seq, number]
        for position, seq, number, *_ in witness.get("stored") or []
    ]


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def stored_spans(rows: list[list[Any]]) -> list[tuple[str, str, str]]:
    """(positions, seqs, batch) of stored rows, joined as long as the seq goes up by one."""
    spans: list[list[Any]] = []
    for position, seq, number, *_ in rows:
        if spans and seq is not None and spans[-1][3] == seq - 1 and spans[-1][4] == number:
            spans[-1][1], spans[-1][3] = position, seq
        else:
            spans.append([position, position, seq, seq, number])
    return [
        (_span(a, b), "unknown" if c is None else _span(c, d), "none" if number is None else str(number))
        for a, b, c, d, number in spans
    ]
