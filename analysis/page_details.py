"""What stands in the lower sections of the page (latency, storm, witnesses, reordering, method), as plain values."""

import shlex
from typing import Any

from analysis import findings, words
from analysis.figures import size, storm
from analysis.figures.style import Picture
from analysis.judgement import Judgement
from analysis.page_sections import interval_note

_FIRST_WITNESSES = 4
"""Drawn open; the others are folded away."""
_LEVELS = ("p50", "p75", "p90", "p95", "p99", "p99.9", "max")


def percentiles(judgement: Judgement) -> list[tuple[str, list[str]]]:
    """The percentiles as a table: response and service time of both kinds."""
    latency = judgement.verdict["latency_ms"]
    columns = []
    for kind in ("batch", "ordinary"):
        times = latency.get(kind) or {}
        columns += [times, times.get("service") or {}]
    return [
        (level, ["–" if column.get(level) is None else words.significant(column[level]) for column in columns])
        for level in _LEVELS
    ]


def latency_notes(judgement: Judgement) -> list[str]:
    """The margin of the latency section."""
    latency, notes = judgement.verdict["latency_ms"], []
    ratio = latency.get("ratio_p95")
    if ratio and ratio.get("value"):
        span = f" {words.interval(ratio['value'], ratio['low'], ratio['high'])}".rstrip()
        value = words.significant(ratio["value"])
        notes.append(f"Ratio of the 95th percentiles: {value}{span}, {judgement.verdict['interval']}.")
    for kind, name in (("batch", "batches"), ("ordinary", "ordinary calls")):
        unconfirmed = (latency.get(kind) or {}).get("unconfirmed")
        if unconfirmed:
            notes.append(f"{words.count(unconfirmed)} {name} have no confirmed answer and so no time here.")
    line = size.growing(latency.get("size_fit"))
    if line:
        notes.append(
            f"A batch of n events takes about {words.quantity(line[0], 'ms')} + n × {words.quantity(line[1], 'ms')} "
            "of service time in this run, waiting inside the system included."
        )
    return notes


def storm_notes(judgement: Judgement) -> list[str]:
    """The margin of the storm."""
    verdict, notes = judgement.verdict, []
    series = storm.count(judgement.runs[0])
    if series is not None and 0 in series.due:
        moments = (series.time.edges[int(values[0].argmax())] for values in (series.due, series.confirmed))
        due, confirmed = (f"{float(moment):g}{words.THIN}s" for moment in moments)
        notes.append(f"Most was due in the bin from {due} on, and confirmed in the bin from {confirmed} on.")
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
        (verdict.get("resends"), "{} re-sent"),
        (verdict.get("gave_up"), "{} batches given up after the last attempt"),
        (verdict.get("unsent"), "{} events never sent before the run ended"),
    ]
    told = ", ".join(text.format(words.count(number)) for number, text in extra if number)
    if told:
        notes.append(f"Of all calls {told}.")
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
                "stored": stored_spans(witness.get("stored") or []),
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


def reordering_notes(judgement: Judgement) -> list[str]:
    """The margin of the section on ordinary calls."""
    ordinary, measures = judgement.verdict["ordinary"], judgement.verdict.get("reordering") or {}
    if not ordinary["events"]:
        return []
    notes = [
        "Ordinary calls promise no order: each may be processed by another server. What is seen here is the reason "
        "for batches, and is not judged."
    ]
    if measures.get("extent_max"):
        middle, late, most = (words.count(measures[f"extent_{level}"]) for level in ("p50", "p95", "max"))
        notes.append(f"Extent: median {middle}, 95th percentile {late}, largest {most}.")
    if ordinary.get("checked"):
        notes.append(
            "Here every later call counts. Behind one that was sent after their own answer, the contrast in section 1, "
            f"{words.share(ordinary['reordered_share'])} are stored."
        )
    names = ("lost", "duplicated", "ghost", "corrupt", "misrouted")
    told = [f"{words.count(ordinary[name])} {name}" for name in names if ordinary.get(name) is not None]
    notes.append(f"Of {words.plural(ordinary['events'], 'ordinary event')} {words.listed(told)}.")
    return notes


def method(judgement: Judgement) -> list[tuple[str, str]]:
    """What ran, on what, and how it was judged."""
    run, verdict = judgement.runs[0], judgement.verdict
    info, scenario = run.info, run.scenario
    client_ = scenario.client
    phases = "; ".join(
        f"{phase.name} {phase.duration_s:g}{words.THIN}s"
        + (
            f" ({words.exact(phase.returning, 'share')} of the visitors come back, {phase.arrival})"
            if phase.returning
            else ""
        )
        for phase in scenario.phases
    )
    backlog = f"batches of at most {client_.batch_size} events" if client_.backlog == "batches" else "ordinary calls"
    load = (
        f"{words.plural(scenario.visitors.count, 'visitor')} ({judgement.runs[0].info.behaviour}), the backlog in "
        f"{backlog}, {words.plural(client_.calls_in_flight, 'call')} of a visitor in flight, at most "
        f"{words.plural(client_.connections, 'connection')} ({client_.connection})"
    )
    if client_.visitors_per_call > 1:
        load += f", a gateway puts {client_.visitors_per_call} visitors into one call"
    rows = [
        ("Question", verdict.get("question") or scenario.question),
        ("Scenario", scenario.name),
        ("Load", load + "."),
        (
            "Load model",
            "Open: the instants of coming back are drawn before the run and a late start counts against the "
            "system. Within a visitor closed: the next batch leaves after success.",
        ),
        ("Phases", phases),
        ("Seed", ", ".join(str(own.info.seed) for own in judgement.runs)),
        ("System", f"{info.target} ({'the sandbox of this run' if info.sandbox else 'given'})"),
        ("Started", ", ".join(own.info.started for own in judgement.runs)),
        ("Machine", ", ".join(f"{name} {value}" for name, value in info.machine.items()) or "not recorded"),
        ("Generators", _generators(judgement)),
        ("Versions", ", ".join(f"{name} {value}" for name, value in info.versions.items()) or "not recorded"),
        ("Clock", info.clock),
        (
            "Order judged by",
            "The visitor and the seq that each event carries, against the position that the system gave "
            "it; of several copies the first counts.",
        ),
        ("Intervals", interval_note(judgement)),
        ("Validity, as counted", ", ".join(f"{name} {_plain(value)}" for name, value in verdict["validity"].items())),
    ]
    return [(name, text) for name, text in rows if text]


_ONE = ("scenario.toml", "run.json", "history/", "evidence/")


def _generators(judgement: Judgement) -> str:
    """How many processes made the load, and how busy they were."""
    busiest = judgement.verdict["validity"].get("cpu_share")
    processes = words.plural(judgement.runs[0].info.processes, "process", "processes")
    return processes if busiest is None else f"{processes}, the busiest used {words.share(busiest)} of a core"


def _plain(value: Any) -> str:
    return words.significant(value) if isinstance(value, float) else str(value)


def again(judgement: Judgement, folder_name: str) -> dict[str, Any]:
    """The commands that judge and run it again, and the files beside the page."""
    info = judgement.runs[0].info
    repeats = f" --repeats {len(judgement.runs)}" if len(judgement.runs) > 1 else ""
    log = (
        f" \\\n  --behaviour {shlex.quote(info.behaviour)}"
        if info.behaviour != judgement.runs[0].scenario.visitors.behaviour
        else ""
    )
    return {
        "judge": f"inorder judge \\\n  reports/{folder_name}",
        "run": f"inorder run \\\n  scenarios/{info.scenario}.toml \\\n  --seed {info.seed}{repeats}{log}",
        "files": ("verdict.json", "summary.md", "junit.xml", *(_ONE if len(judgement.runs) == 1 else ("repeats/",))),
        "footer": f"inorder {info.versions.get('inorder', '')}, {folder_name}",
    }
