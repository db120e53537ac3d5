"""What the data says, in sentences: the headline and the headings. They state what was seen, never a cause."""

import math
from typing import Any

from analysis import page_capacity, run_checks, words
from analysis.figures import storm
from analysis.judgement import Judgement

_BROKEN = {
    "reordered-in-batch": "had events within a batch stored out of order",
    "reordered-across-batches": "had a batch stored out of order",
    "lost": "lost {events} confirmed {event}",
    "duplicate-unexplained": "had events stored more often than sent",
    "duplicate-explained": "had events stored more than once",
    "ghost": "had rejected events stored",
    "phantom": "had events stored that nobody sent",
    "misrouted": "had events stored under another visitor",
    "corrupt": "had events stored with another payload",
    "torn": "had a batch stored in part",
    "split": "had a batch stored with events of other calls inside",
    "zombie": "had the last copies of events stored out of order",
}
_NUMBERS = "No One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()


UNTOLD = math.inf
"""The share of a limit that is used where nothing was measured of what must be, or something where nothing may be."""


def number(value: int) -> str:
    """A small number as a word, for the start of a sentence."""
    return _NUMBERS[value] if value < len(_NUMBERS) else words.count(value)


def by_verdict(lines: list[dict[str, Any]], *verdicts: str) -> list[dict[str, Any]]:
    """The promises or objectives that have one of these verdicts."""
    return [line for line in lines if line["verdict"] in verdicts]


def headline(judgement: Judgement) -> str:
    """The one sentence (or two) beside the verdict."""
    verdict = judgement.verdict
    if verdict["verdict"] == "fail":
        return _failed(verdict)
    if verdict.get("capacity"):
        return page_capacity.headline(judgement)
    if verdict["verdict"] == "pass":
        return _passed(verdict)
    reason = next(iter(verdict["reasons"]), "The evidence decides neither way.")
    near = next((line for line in by_verdict(verdict["sla"], "inconclusive") if reason.startswith(words.named(line))), None)
    if near is not None:
        value, limit = (words.quantity(near["value"], near["unit"]), words.exact(near["limit"], near["unit"]))
        told = words.slices_told(near["slices"]) if near.get("slices") else f"is {value} against {limit}"
        reason = f"{words.in_sentence(near)} {told}: {near['reason']}."
    held = len(by_verdict(verdict["promises"], "held"))
    found = sum(line["found"] for line in verdict["promises"])
    rest = f"{held} of {len(verdict['promises'])} promises held." if held else ""
    return f"{words.capital(reason)} {rest if not found else ''}".strip()


def _passed(verdict: dict[str, Any]) -> str:
    held, promises = len(by_verdict(verdict["promises"], "held")), len(verdict["promises"])
    visitors, events = verdict["visitors"]["total"], batched(verdict)
    first = "All" if held == promises else f"{held} of"
    sentence = f"{first} {promises} promises held for {words.plural(visitors, 'visitor')} and "
    sentence += words.plural(events, "batched event")
    if held < promises:
        sentence += f" ({promises - held} had nothing to check)"
    lines = verdict["sla"]
    if lines:
        met = f"all {len(lines)} objectives were met" if len(lines) > 1 else "the one objective was met"
        sentence += f", and {met}"
        plain = [line for line in lines if not line.get("slices") and not line.get("sizes")]
        line = next((line for line in plain if line.get("metric") == "batch.response_ms.p95"), None)
        if line:
            value, limit = words.quantity(line["value"], "ms"), words.exact(line["limit"], "ms")
            sentence += f", batch p95 at {value} against {limit}"
    return sentence + "."


def batched(verdict: dict[str, Any]) -> int:
    """Events that were sent in batches."""
    events = verdict["events"]
    return int(events.get("batch", events)["sent"])


def _failed(verdict: dict[str, Any]) -> str:
    broken = by_verdict(verdict["promises"], "broken")
    missed = sorted(by_verdict(verdict["sla"], "fail"), key=lambda line: not line.get("reason"))  # what stopped the load
    parts = []
    if broken:
        worst = sorted(broken, key=lambda line: -line["visitors_found"])
        affected = max(verdict["visitors"]["affected"], worst[0]["visitors_found"])
        told = [_broken(line) for line in worst[:2]]
        if len(worst) > 2:
            more = len(worst) - 2
            told.append(f"{words.plural(more, 'more promise')} {words.verb(more, 'was', 'were')} broken")
        total = words.count(verdict["visitors"]["total"])
        parts.append(f"{words.count(affected)} of {total} visitors found a promise broken: {words.listed(told)}.")
    if missed:
        parts.append(f"{_missed(missed[0])}.")
        if len(missed) > 1:
            more = len(missed) - 1
            parts.append(f"{words.plural(more, 'more objective')} {words.verb(more, 'was', 'were')} missed.")
        if not broken:
            held = len(by_verdict(verdict["promises"], "held"))
            parts.append(f"{held} of {len(verdict['promises'])} promises held.")
    if _changed(verdict):
        parts.append(f"Between two readings of the log {_changed(verdict)}.")
    return " ".join(parts) or words.capital(next(iter(verdict["reasons"]), "A promise was broken."))


def _missed(line: dict[str, Any]) -> str:
    """What came of an objective that was missed."""
    name, unit = words.in_sentence(line), str(line.get("unit") or "")
    if line.get("reason"):  # the load was stopped for it
        return f"{name}: {line['reason']}"
    if slices := line.get("slices"):
        return f"{name} {words.slices(slices)}, where {words.needed(slices)} are needed"
    side = "under" if line.get("sense") == "min" else "over"
    was = "were" if str(line.get("metric")).startswith("anomalies.") else "was"
    return f"{name} {was} {words.quantity(line['value'], unit)}, {side} its limit of {words.exact(line['limit'], unit)}"


def _changed(verdict: dict[str, Any]) -> str:
    """What a later reading of the log said otherwise: `2 rows vanished and 1 row was rewritten`; empty if nothing."""
    gone, moved = (verdict["anomalies"].get(name, 0) for name in ("vanished", "rewritten"))
    told = [f"{words.plural(gone, 'row')} vanished"] if gone else []
    told += [f"{words.plural(moved, 'row')} {words.verb(moved, 'was', 'were')} rewritten"] if moved else []
    return words.listed(told)


def between_readings(judgement: Judgement) -> str:
    """What became of stored rows from one reading of the log to the next; each change fails the run."""
    changed = _changed(judgement.verdict)
    if changed:
        return f"Between two readings of the log {changed}, which a log that only grows never shows: it fails the run."
    if run_checks.is_compared(judgement):
        return "No row vanished or was rewritten between two readings of the log."
    return "Not looked for: rows that vanish or are rewritten, for no two readings of the log were compared."


def _broken(line: dict[str, Any]) -> str:
    # Where exactly once is promised, a re-send is no excuse for a second copy.
    once = "duplicate-explained" in line["anomalies"]
    name = "duplicate-explained" if once else next((name for name in line["anomalies"] if name in _BROKEN), "")
    text = _BROKEN.get(name, f"found “{line['name']}” broken")
    event = words.verb(line["found"], "event", "events")
    return f"{words.count(line['visitors_found'])} {text.format(events=words.count(line['found']), event=event)}"


def promises_heading(judgement: Judgement) -> str:
    """What became of the promises."""
    lines = judgement.verdict["promises"]
    broken, held = by_verdict(lines, "broken"), by_verdict(lines, "held")
    open_ = [line for line in lines if line not in broken and line not in held]
    if broken:
        names = words.listed([line["name"][0].lower() + line["name"][1:] for line in broken])
        were = words.verb(len(broken), "was", "were")
        return f"{number(len(broken))} of {number(len(lines)).lower()} promises {were} broken: {names}"
    if not open_:
        changed = _changed(judgement.verdict)
        return f"All {number(len(lines)).lower()} promises held" + (f", but {changed} in the log" if changed else "")
    if not held:
        return "No promise could be checked"
    undecided = len(by_verdict(lines, "undecided"))
    parts = [(undecided, "undecided"), (len(open_) - undecided, "not checked")]
    rest = words.listed([f"{number(many).lower()} {name}" for many, name in parts if many])
    return f"{number(len(held))} of {number(len(lines)).lower()} promises held, {rest}"


def objectives_heading(judgement: Judgement) -> str:
    """What became of the objectives."""
    lines = judgement.verdict["sla"]
    if not lines:
        return "The scenario states no objective"
    met, missed = len(by_verdict(lines, "pass")), len(by_verdict(lines, "fail"))
    undecided = len(lines) - met - missed
    if met == len(lines):
        if met == 1:
            return "The one objective is met"
        return (
            f"{'Both' if met == 2 else f'All {number(met).lower()}'} are met, each with its whole interval inside the limit"
        )
    parts = [(met, "met"), (missed, "missed"), (undecided, "undecided")]
    sentence = words.capital(words.listed([f"{count} {name}" for count, name in parts if count]))
    if any(line.get("reason") for line in by_verdict(lines, "fail")):
        return f"{sentence}; the load was stopped early"
    whole = [line for line in by_verdict(lines, "fail") if not line.get("slices")]  # how many held is no share of a limit
    worst = max(whole, key=lambda line: used(line, line["value"]) or 0, default=None)
    share = worst and used(worst, worst["value"])
    if share and share < UNTOLD:
        which = "the one missed" if missed == 1 else "the worst"
        sentence += f"; {which} is at {words.times(share)} its limit"
    return sentence


def used(line: dict[str, Any], value: float | None) -> float | None:
    """Share of its limit that a value uses; turned over where the limit is a lower one, so that more is worse."""
    limit = line["limit"]
    if slices := line.get("slices"):
        share = slices["share"]
        return None if share is None else slices["needed"] / share if share else UNTOLD
    if value is None:
        return None
    if line.get("sense") == "min":
        return limit / value if value else (0.0 if not limit else UNTOLD)
    return value / limit if limit else (0.0 if not value else UNTOLD)


def latency_heading(judgement: Judgement) -> str:
    """How much longer a confirmed batch takes than an ordinary call."""
    latency = judgement.verdict["latency_ms"]
    ratio = latency.get("ratio_p50")
    if ratio and ratio.get("value"):
        interval = ""
        if ratio.get("low") is not None and ratio.get("high") is not None:
            low, high = words.significant(ratio["low"]), words.significant(ratio["high"])
            interval = f" (95{words.THIN}% interval {low} to {high}, {judgement.verdict['interval']})"
        return f"The median batch takes {words.significant(ratio['value'])} times as long as an ordinary call{interval}"
    for kind, other in (("batch", "ordinary call"), ("ordinary", "batch")):
        if (latency.get(kind) or {}).get("n"):
            name = "batch" if kind == "batch" else "ordinary call"
            time = words.quantity(latency[kind]["p50"], "ms")
            return f"The median {name} is confirmed after {time}; there is no {other} to compare it with"
    return "No call was confirmed, so no time can be given"


def storm_heading(judgement: Judgement) -> str:
    """The peaks of what was due and confirmed, and how long it took to be through."""
    series = storm.count(judgement.runs[0])
    if series is None:
        return "No call was sent"
    kind, name = (0, "batched events") if 0 in series.due else (1, "ordinary calls")
    due, confirmed = words.count(series.due[kind].max()), words.count(series.confirmed[kind].max())
    sentence = f"At the peak {due} {name} a second were due, and {confirmed} were confirmed"
    drain = judgement.verdict.get("drain_s") or {}
    if drain.get("n") and drain.get("p95") is not None:
        sentence += f"; 95{words.THIN}% of the backlogs were through within {words.seconds(drain['p95'])}"
    return sentence


def against(judgement: Judgement) -> set[str]:
    """The anomalies that count against the system in this scenario, not beside the promises."""
    return {name for line in judgement.verdict["promises"] for name in line["anomalies"]} | {"vanished", "rewritten"}


def witnesses_heading(judgement: Judgement) -> str:
    """How many visitors are affected, and by what."""
    verdict = judgement.verdict
    shown = verdict["witnesses"]
    checked = max((line["checked"] for line in verdict["promises"] if "phantom" not in line["anomalies"]), default=0)
    if not shown:
        if not checked:
            return "No event of a batch was checked, so there is nothing to show"
        return f"Nothing out of order, lost or wrong among {words.plural(checked, 'event')}"
    affected = verdict["visitors"]["affected"]
    kinds = list(dict.fromkeys(witness["anomaly"] for witness in shown))
    broken = [kind for kind in kinds if kind in against(judgement)]
    if not broken:
        return f"No witness against a promise; shown is what is only counted: {words.listed(kinds)}"
    kinds = broken
    named = words.listed(kinds if len(kinds) <= 4 else [*kinds[:3], f"{len(kinds) - 3} more kinds of fault"])
    return words.capital(f"{words.plural(affected, 'visitor')} affected: {named}" if affected else named)


def reordering_heading(judgement: Judgement) -> str:
    """How many ordinary calls came out of order, and how far; and how many events of batches."""
    measures, batches = judgement.verdict["reordering"], judgement.verdict["batch_reordering"]
    events, moved = measures["events"], measures["reordered"]
    share = words.share(batches["ratio"]) if batches["reordered"] else "none"
    if not events and not batches["events"]:
        return "Nothing is stored whose order could be measured"
    if not events:
        return f"Of the events in batches {share} {'are' if batches['reordered'] else 'is'} stored behind a later one"
    beside = f"; of the events in batches {share}" if batches["events"] else ""
    if not moved:
        return f"No ordinary call of {words.count(events)} is stored behind a later one{beside}"
    sentence = f"{words.share(moved / events)} of the ordinary calls are stored behind a later one"
    middle = measures.get("extent_p50")
    if middle:
        places = "one place" if round(middle) == 1 else f"{words.count(middle)} places or fewer"
        sentence += f", half of them by {places}"
    return sentence + beside
