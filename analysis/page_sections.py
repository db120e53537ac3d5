"""What stands in the header of the page and its tables of promises and objectives, as plain values."""

from typing import Any

from analysis import findings, run_checks, words
from analysis.judgement import Judgement

_ALSO_COUNTED = {
    "unseen": ("confirmed event", "not seen before the log settled"),
    "duplicate-explained": ("event", "stored twice or more, as often as sent"),
    "zombie": ("event", "with the last copy behind a later event"),
    "torn": ("unconfirmed batch", "stored in part"),
    "recovered": ("event", "stored without a certain answer"),
    "split": ("batch", "with events of other calls in between"),
}
"""What no promise of the API is about; a scenario may promise some of it, which then is a line of the table."""
_MANY = 10
"""Times the limit from which on a margin in percent of it is hard to read."""
_UNITS = {"torn": "batch", "split": "batch"}
"""Of what is counted in something else than events."""


def facts(judgement: Judgement) -> list[tuple[str, str, str]]:
    """(icon, what, how it stands) of the strip under the verdict."""
    verdict = judgement.verdict
    promises, lines = verdict["promises"], verdict["sla"]
    by = findings.by_verdict
    held, broken = len(by(promises, "held")), len(by(promises, "broken"))
    parts = [f"{held} of {len(promises)} held"]
    for name, shown in (("broken", "broken"), ("undecided", "undecided"), ("unchecked", "not checked")):
        if by(promises, name):
            parts.append(f"{len(by(promises, name))} {shown}")
    strip = [("bad" if broken else "good" if held == len(promises) else "open", "Promises", ", ".join(parts))]
    met, missed = len(by(lines, "pass")), len(by(lines, "fail"))
    parts = [f"{met} of {len(lines)} met"] if lines else ["none stated"]
    parts += [f"{missed} missed"] if missed else []
    parts += [f"{len(lines) - met - missed} inconclusive"] if met + missed < len(lines) else []
    strip.append(("bad" if missed else "good" if met == len(lines) else "open", "Objectives", ", ".join(parts)))
    valid = run_checks.is_valid(judgement)
    stops = run_checks.stops(judgement)
    early = f", stopped early at {words.exact(stops[0].at_s, 's')}" if stops else ""
    strip.append(("good" if valid else "bad", "Run", f"{run_checks.standing(judgement)}{early}"))
    return strip


def unchecked(judgement: Judgement) -> list[str]:
    """What the evidence could not show."""
    verdict = judgement.verdict
    found = [str(sentence) for sentence in verdict["unsupported"]]
    names = [line["name"] for line in findings.by_verdict(verdict["promises"], "unchecked")]
    if len(names) == len(verdict["promises"]) and not verdict["events"]["batch"]["sent"]:
        found.append("No promise at all: there was no event of a batch to check one on.")
    elif names:
        found.append(f"Not checked, for want of events or of evidence: {words.listed(names)}.")
    bounds = [line["per_million"] for line in findings.by_verdict(verdict["promises"], "held") if line["per_million"]]
    if bounds:
        found.append(
            f"Rare faults: one that hits {words.count(min(bounds))} visitors in a million stays unseen in one of 20 "
            "such runs, a rarer one more often."
        )
    return found


def where_to_look(judgement: Judgement) -> dict[str, Any]:
    """The third column: reasons of a verdict that is not pass, else where the margin is thin."""
    verdict = judgement.verdict
    links = []
    if verdict["witnesses"]:
        links.append(("witnesses", "Witnesses"))
    if findings.by_verdict(verdict["sla"], "fail", "inconclusive"):
        links.append(("objectives", "Objectives"))
    if verdict["verdict"] == "pass":
        return {"title": "Where the margin is thin", "sentences": _thin(judgement), "more": 0, "links": links}
    reasons = [str(reason) for reason in verdict["reasons"]]
    title = "Where to look first" if verdict["verdict"] == "fail" else "Why it is not decided"
    return {"title": title, "sentences": reasons[:5], "more": max(0, len(reasons) - 5), "links": links}


def _thin(judgement: Judgement) -> list[str]:
    """The objective nearest to its limit with its interval, and the promise that the fewest visitors stand behind."""
    found = []
    lines = [line for line in judgement.verdict["sla"] if line["value"] is not None]
    if lines:
        line = max(lines, key=_used_at_most)
        used, most = findings.used(line, line["value"]) or 0.0, _used_at_most(line)
        limit = f"{words.needed(line['slices'])} of the slices" if line.get("slices") else words.limit(line)
        interval = f", and up to {words.share(most)} by its interval" if most > used else ""
        rest = ": more than the others" if len(lines) > 1 else ""
        found.append(f"{words.in_sentence(line)} uses {words.share(used)} of its limit {limit}{interval}{rest}.")
    held = [line for line in findings.by_verdict(judgement.verdict["promises"], "held") if line["per_million"]]
    if held:
        line = max(held, key=lambda own: float(own["per_million"]))
        found.append(
            f"“{line['name']}” rests on the fewest visitors ({words.count(line['visitors_checked'])}): up to "
            f"{words.count(line['per_million'])} in a million could be affected unseen."
        )
    return found or ["There is no margin to tell: nothing was measured against a limit."]


def _used_at_most(line: dict[str, Any]) -> float:
    """The share of its limit that an objective may use: by the worse end of its interval, where it has one."""
    ends = [line["value"]] if line.get("slices") else [line["value"], line.get("low"), line.get("high")]
    return max(findings.used(line, end) or 0.0 for end in ends)


def promises(judgement: Judgement) -> list[dict[str, Any]]:
    """Rows of the table of promises."""
    rows = []
    for line in judgement.verdict["promises"]:
        first = next(
            (n for n, own in enumerate(judgement.verdict["witnesses"], 1) if own["anomaly"] in line["anomalies"]), None
        )
        bound = line["per_million"]
        rows.append(
            line
            | {
                "icon": words.icon(line["verdict"]),
                "word": words.VERDICTS[line["verdict"]],
                "unit": found_in(line),
                "bound": "–" if bound is None else f"≤{words.THIN}{words.count(max(1, bound))}",
                "witness": first,
                "visitors": words.plural(line["visitors_found"], "visitor") if line["visitors_found"] else "none",
            }
        )
    return rows


def found_in(line: dict[str, Any]) -> str:
    """What is counted as found against a promise, where it is not events: `batches`, as many as were found."""
    unit = next((_UNITS[name] for name in line["anomalies"] if name in _UNITS), "")
    return words.verb(line["found"], unit, f"{unit}es") if unit else ""


def bound_note(judgement: Judgement) -> str:
    """What the bound of visitors per million covers."""
    where = "this run" if len(judgement.runs) == 1 else f"these {len(judgement.runs)} repeats"
    return (
        f"Visitors per million: the 95{words.THIN}% upper bound on the share of visitors affected, from the visitors "
        f"of {where} (about 3 / n where none was found), so that a small sample shows as a large number. Visitors, not "
        "events, because one fault hits many events of one visitor."
    )


def contrast(judgement: Judgement) -> dict[str, str] | None:
    """The share of ordinary calls that came out of order, for the margin."""
    ordinary = judgement.verdict["ordinary"]
    events, moved = ordinary["events"], ordinary["reordered"]
    if not ordinary.get("checked"):
        return None
    seen = (
        "That the same check finds them shows that it can see reordering."
        if moved
        else "So this run does not show that the check can see reordering; the control scenario does."
    )
    return {
        "share": words.share(ordinary["reordered_share"]),
        "text": f"of {words.plural(events, 'ordinary call')} {words.verb(events, 'is', 'are')} stored out of order "
        f"({words.count(moved)}). They promise no order, so this is expected and not judged. {seen}",
    }


def counted(judgement: Judgement) -> str:
    """What was counted beside the promises, in one sentence."""
    anomalies = judgement.verdict["anomalies"]
    promised = {name for line in judgement.verdict["promises"] for name in line["anomalies"]} - {"unseen"}
    beside = {name: told for name, told in _ALSO_COUNTED.items() if name not in promised}
    found = [
        f"{words.plural(anomalies[name], one, f'{one}es' if one.endswith('batch') else None)} {rest} ({name})"
        for name, (one, rest) in beside.items()
        if anomalies.get(name)
    ]
    none = [name for name in beside if not anomalies.get(name)]
    told = [f"Also counted: {words.listed(found)}."] if found else []
    told += [f"Also looked for, and not found: {words.listed(none)}."] if none else []
    return " ".join([*told, findings.between_readings(judgement)])


def client(judgement: Judgement) -> list[str]:
    """Whether the client kept its own rules, and who is to blame."""
    verdict = judgement.verdict
    breaches, blame, disorder = verdict["breaches"], verdict["blame"], verdict.get("client_disorder") or {}
    if not any(breaches.values()) and not blame["client"]:
        kept = "The client kept its rules: one call of a visitor at a time, the next batch only after success."
        return [kept, *_own_sequence(verdict)]
    found = [
        f"The client broke its rules: {words.plural(breaches['parallel'], 'time')} a visitor had two calls in flight, "
        f"{words.plural(breaches['unacknowledged'], 'time')} a batch left before the one before it was acknowledged."
    ]
    if disorder.get("events"):
        found.append(
            f"{words.plural(disorder['events'], 'event')} of {words.plural(disorder['visitors'], 'visitor')} "
            f"{words.verb(disorder['events'], 'is', 'are')} stored out of their visitor's order where these breaches "
            "leave it open; the system is not blamed."
        )
    if blame["client"] or blame["system"]:
        system, own = words.count(blame["system"]), words.count(blame["client"])
        found.append(f"Events out of order, lost or wrong by the system: {system}, by the client: {own}.")
    return found + _own_sequence(verdict)


def _own_sequence(verdict: dict[str, Any]) -> list[str]:
    """What the client itself did to the sequence of its events."""
    found, own = [], verdict.get("client") or {}
    if moved := own.get("out_of_sequence"):
        were = words.verb(moved, "was", "were")
        found.append(f"{words.plural(moved, 'event')} of batches {were} sent after a later event of the same visitor.")
    if gone := own.get("never_sent"):
        found.append(f"{words.plural(gone, 'event')} {words.verb(gone, 'was', 'were')} never sent, though later ones were.")
    return [*found, "That is the client's doing, and decides nothing."] if found else []


_HARMED: dict[str, tuple[str, str | None]] = {
    "events": ("event", None),
    "batches": ("batch", "batches"),
    "rows": ("row of the log", "rows of the log"),
    "requests": ("request", None),
}


def wrong_on_purpose(judgement: Judgement) -> list[str]:
    """The faults that were put into the sandbox or the network for this run, a sentence each."""
    told = []
    for own in judgement.verdict.get("faults") or []:
        end = "the end" if own["until_s"] is None else f"{own['until_s']:g} s"
        whole = own["from_s"] == 0 and own["until_s"] is None
        when = "all the time" if whole else f"from {own['from_s']:g} s to {end}"
        harm = "how often it did harm is not known: it was gone before it could be asked"
        if own["injected"] is not None:
            harm = f"it harmed {words.plural(own['injected'], *_HARMED[own['unit']])}"
        told.append(
            f"{own['fault']} ({own['side']}): {own['does']}; at {words.share(own['rate'])} of its chances, {when}; {harm}."
        )
    return told


def objectives(judgement: Judgement) -> list[dict[str, Any]]:
    """Rows of the table of objectives, with the shares that the bullets are drawn from."""
    rows = []
    for line in judgement.verdict["sla"]:
        unit, value = str(line.get("unit") or ""), line["value"]
        used = findings.used(line, value)
        ends = [findings.used(line, line.get(end)) for end in ("low", "high")]
        interval = "" if value is None or not unit else words.interval(value, line["low"], line["high"], unit)
        margin = None if value is None or not line["limit"] else (line["limit"] - value) / line["limit"]
        if margin is not None and line.get("sense") == "min":
            margin = -margin
        several = [findings.used(line, own) for own in line.get("runs") or []] if len(judgement.runs) > 1 else []
        measured = words.quantity(value, unit) if value is not None else "not measured"
        within = ""
        if slices := line.get("slices"):  # the share of them decides, and the metric over all stands beside it
            share = slices["share"]
            ends, margin, several = [None, None], None if share is None else share / slices["needed"] - 1, []
            interval = "" if value is None else f"({measured} over all)"
            measured = words.capital(words.slices(slices))
            within = f" in {words.needed(slices)} of slices"
        stopped = line["verdict"] == "fail" and line.get("reason")
        if stopped:  # what was measured by then is not what was lost
            used, ends, margin, several = None, [None, None], None, []
        rows.append(
            {
                "statement": words.objective(line),
                "limit": words.limit(line),
                "within": within,
                "value": measured,
                "interval": interval,
                "margin": _margin(line, margin),
                "used": used,
                "low": min(end for end in ends if end is not None) if None not in ends else None,
                "high": max(end for end in ends if end is not None) if None not in ends else None,
                "reason": line.get("reason") if stopped or line["verdict"] == "inconclusive" else None,
                "runs": [own for own in several if own is not None],
                "verdict": line["verdict"],
                "icon": words.icon(line["verdict"]),
                "word": words.VERDICTS[line["verdict"]],
            }
        )
    return rows


def _margin(line: dict[str, Any], margin: float | None) -> str:
    """What is left to the limit, in percent of it; how many times the limit, where that is many."""
    if margin is None:
        return "–"
    if line.get("slices"):
        return words.margin(margin)
    if margin > 0 and not line["value"]:
        return "none used"
    if abs(margin) < _MANY - 1:
        return words.margin(margin)
    return f"{words.significant(line['value'] / line['limit'], 2)}{words.THIN}× the limit"


def interval_note(judgement: Judgement) -> str:
    """What the intervals cover."""
    if len(judgement.runs) > 1:
        return (
            f"Intervals: 95{words.THIN}%, from {len(judgement.runs)} repeats of the scenario; they cover how one run "
            "differs from the next. The thin ticks are the repeats."
        )
    given = run_checks.is_given(judgement.runs[0])
    more = "judge several runs" if given else "repeat the run (--repeats 5)"
    return (
        f"Intervals: 95{words.THIN}%, within this run only. They cover how the calls of this run scatter, not how the "
        f"next run would differ, which can be many times as much: {more} before relying on a line near its limit."
    )
