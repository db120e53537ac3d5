"""From the changes to one word: regressed outranks inconclusive, which outranks improved, which outranks no evidence."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from analysis import words
from analysis.compare import told
from analysis.compare.changes import Change
from analysis.compare.sample import NOISE
from analysis.compare.shifts import JUDGED, LEVEL, Curve, Shift, Tolerance

VERDICTS = ("regressed", "improved", "no evidence", "inconclusive")


def document(
    times: Sequence[Shift],
    curves: Sequence[Curve],
    changes: Sequence[Change],
    invalid: Sequence[str],
    tolerance: Tolerance,
    how: dict[str, Any],
) -> dict[str, Any]:
    """The content of compare.json; `invalid`: why runs cannot be relied on; `how`: keys that say what was compared."""
    capacity = any(change.about == "capacity" for change in changes)
    rows = [_time(shift) for shift in times]
    judged = [] if invalid else [row for row in rows if row["judged"]]
    worse, better = ([told.sentence(row) for row in judged if row["word"] == word] for word in ("worse", "better"))
    wrong = [change.sentence for change in changes if change.about == "anomalies" and change.word == "worse"]
    for change in changes:
        # What is a count of wrongs stands in any run; the rest only in runs that can be relied on.
        if change.word == "worse" and change.about != "anomalies" and not invalid:
            worse.append(change.sentence)
        if change.word == "better" and not invalid:
            better.append(change.sentence)
    nothing = [] if judged or capacity or invalid else ["no quantity had enough calls to be judged"]
    # Of two changes about one thing, one tells. Wrongs come before times, whatever the tolerance.
    worse, better = ([sentence for sentence in own if sentence] for own in ([*wrong, *worse], better))
    verdict = "regressed" if worse else "inconclusive" if invalid or nothing else "improved" if better else "no evidence"
    reasons = {"regressed": worse, "improved": better, "inconclusive": [*invalid, *nothing], "no evidence": []}[verdict]
    return {
        "format": 1,
        "verdict": verdict,
        "headline": _headline(verdict, reasons, rows, tolerance, bool(wrong)),
        "reasons": reasons,
        "better": better if verdict == "regressed" else [],
        "invalid": list(invalid),
        **how,
        "tolerance": {"share": tolerance.share, "ms": tolerance.ms},
        "level": LEVEL,
        "noise_assumed": NOISE,
        "times": rows,
        "curves": [asdict(own) for own in curves],
        "changes": [asdict(own) for own in changes],
    }


def _time(own: Shift) -> dict[str, Any]:
    return {
        **asdict(own),
        "change": own.change.as_json(),
        "change_ms": own.change_ms.as_json(),
        "judged": own.judged,
    }


def _headline(verdict: str, reasons: list[str], rows: list[dict[str, Any]], tolerance: Tolerance, wrong: bool) -> str:
    """The finding in a sentence or two; `wrong`: the first reason is an anomaly, which no tolerance excuses."""
    band = f"{100 * tolerance.share:g}\u202f%"
    if reasons:
        beyond = f"beyond the tolerance of {band}"
        leads = {"inconclusive": "Nothing can be said of the times", "improved": f"Better {beyond}"}
        lead = f"{leads.get(verdict, 'Wrong' if wrong else f'Worse {beyond}')}: "
        more = f" And {len(reasons) - 1} more." if len(reasons) > 1 else ""
        return f"{lead}{reasons[0].rstrip('.')}.{more}"
    text = f"Nothing is shown to be worse by more than {band}"
    judged = [own for own in rows if own["judged"]]
    if not judged:
        return f"{text}."
    wide = [own for own in judged if own["word"] == "open"]
    left = sum(own["measure"] == JUDGED for own in rows) - len(judged)
    rest = f" {words.plural(left, 'time')} could not be judged." if left else ""
    if not wide:
        return f"{text}. All {len(judged)} judged times lie within it.{rest}"
    widest = max(wide, key=lambda own: float(own["change"]["high"] or 0))
    within = f". {len(judged) - len(wide)} of {len(judged)} judged times lie within it"
    if len(wide) == len(judged):
        within = f", and none of the {len(judged)} judged times is shown to lie within it"
    return f"{text}{within}; least is known of the {told.name_of(widest)}: {told.interval_text(widest)}.{rest}"
