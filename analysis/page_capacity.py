"""What the page, summary.md and junit.xml say of a capacity run, as plain values."""

from typing import Any

from analysis import words
from analysis.judgement import Judgement

_WORDS = {True: ("good", "held"), False: ("bad", "BROKEN"), None: ("open", "not decided")}


def section(judgement: Judgement) -> dict[str, Any] | None:
    """The section of the page; none of another run."""
    capacity = judgement.verdict.get("capacity")
    if not capacity:
        return None
    return {"heading": heading(judgement), "rows": rows(capacity), "notes": notes(capacity), "shown": capacity["shown"]}


def heading(judgement: Judgement) -> str:
    """The answer, as a heading."""
    return str(judgement.verdict["capacity"]["sentence"]).rstrip(".")


def headline(judgement: Judgement) -> str:
    """The answer, as the sentence beside a verdict that is no fail."""
    verdict = judgement.verdict
    capacity = verdict["capacity"]
    steps = words.plural(len(capacity["steps"]), "step")
    order = "" if verdict["verdict"] != "pass" else f" Order was checked in {steps} and kept in each."
    more = next((reason for reason in verdict["reasons"] if not reason.startswith(capacity["sentence"])), "")
    return f"{capacity['sentence']}{order}{' ' + more if more else ''}"


def rows(capacity: dict[str, Any]) -> list[dict[str, str]]:
    """Rows of the table of steps."""
    found = []
    for step in capacity["steps"]:
        icon, word = _WORDS[step["held"]] if step["valid"] else ("open", "not valid")
        times = {name: words.quantity(step[f"{name}_ms"], "ms") for name in ("p50", "p95", "p99")}
        found.append(
            {
                "offered": words.significant(step["offered_per_s"]),
                "confirmed": words.significant(step["confirmed_per_s"]),
                "events": words.count(step["confirmed_events_per_s"]),
                "in_flight": words.significant(step["in_flight"]),
                **times,
                "icon": icon,
                "word": word,
                "why": "" if step["held"] and step["valid"] else step["why"],
                "run": step["run"],
            }
        )
    return found


def notes(capacity: dict[str, Any]) -> list[str]:
    """The margin: what the highest throughput is, the knee, the law, and what the numbers rest on."""
    found = []
    peak = capacity["peak_events_per_s"]
    if peak["value"] is not None:
        span = words.interval(peak["value"], peak["low"], peak["high"])
        value = words.count(peak["value"])
        if peak["high"] is None:
            found.append(f"No step was offered more than it confirmed: the system takes {value} events a second or more.")
        else:
            found.append(f"Highest throughput: {value} events a second {span}, in batches.".replace(" ,", ","))
    held = next((step for step in capacity["steps"] if step["held"] and step["offered_per_s"] == capacity["held"]), None)
    if held is not None:
        found.append(
            "Rates of the answer are offered ones, as planned for the whole step. Of the "
            f"{words.significant(capacity['held'])} batches a second at which the SLA held "
            f"{words.significant(held['confirmed_per_s'])} were confirmed, with "
            f"{words.count(held['confirmed_events_per_s'])} events, in the measured time; by chance more can fall due in "
            "it than is planned in the mean."
        )
    if each := capacity["events_per_batch"]:
        found.append(f"A batch has {words.significant(each)} events in the mean.")
    if knee := capacity["knee"]:
        p95 = f", with a 95th percentile of {words.quantity(knee['p95_ms'], 'ms')}" if knee["p95_ms"] else ""
        found.append(
            f"Knee at {words.significant(knee['offered_per_s'])} batches a second{p95}: the load with the highest "
            "throughput over response time. More load than that costs more time than it brings throughput."
        )
    if falls := capacity["falls_beyond"]:
        at = words.significant(falls["offered_per_s"])
        found.append(f"Beyond {at} batches a second offered, throughput falls: a step with more load confirmed less.")
    if (law := capacity["usl"]) and law["peak_n"]["value"] is not None:
        n, x = law["peak_n"], law["peak_per_s"]
        found.append(
            f"By the scalability law throughput is highest at {words.significant(n['value'])} calls in flight "
            f"{words.interval(n['value'], n['low'], n['high'])}: {words.significant(x['value'])} batches a second "
            f"{words.interval(x['value'], x['low'], x['high'])}."
        )
    if note := capacity.get("usl_note"):
        found.append(note)
    found.append(
        "Each step is a run of its own, with other visitors, its times taken after its warm-up. Where a step decided "
        "nothing it was made once more; where that decided nothing either, its rate counts as not held."
    )
    found.append(
        f"Promises and measures of order below are of all steps together; times and objectives of {capacity['shown']}."
    )
    return found


def summary(judgement: Judgement) -> list[str]:
    """Lines of summary.md: the steps as a table."""
    capacity = judgement.verdict.get("capacity")
    if not capacity:
        return []
    lines = ["| offered batches/s | confirmed | p95 | p99 | SLA |", "|--:|--:|--:|--:|---|"]
    for row in rows(capacity):
        told = f"{row['word']}: {row['why']}" if row["why"] else row["word"]
        lines.append(f"| {row['offered']} | {row['confirmed']} | {row['p95']} | {row['p99']} | {told.replace('|', '/')} |")
    return [*lines, ""]


def case(judgement: Judgement) -> list[tuple[str, str | None, str]]:
    """The test case of junit.xml: (name, element, message)."""
    capacity = judgement.verdict.get("capacity")
    if not capacity:
        return []
    told = any(str(reason).startswith(capacity["sentence"]) for reason in judgement.verdict["reasons"])
    element = {"fail": "failure"}.get(judgement.verdict["verdict"], "error") if told else None
    return [("capacity", element, capacity["sentence"])]
