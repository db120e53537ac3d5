"""summary.md of a comparison: the verdict and what it rests on in Markdown, fit for a comment on a pull request."""

from typing import Any

from analysis.compare import told
from analysis.markup import cell, text

_MARKS = {"good": "✅", "bad": "❌", "open": "◐"}


def render(found: dict[str, Any]) -> str:
    """The comment; `found`: the content of compare.json."""
    found = told.shown(found)
    icon = _MARKS[told.icon_of(found)]
    sides = [", ".join(run["run"] for run in found[side]["runs"]) for side in ("base", "new")]
    lines = [
        f"## {icon} {found['verdict'].upper()}: {text(found['scenario'])}",
        "",
        text(found["headline"]),
        "",
        f"NEW {text(sides[1])} against BASE {text(sides[0])}. Tolerance {100 * found['tolerance']['share']:g} %.",
    ]
    if len(found["reasons"]) > 1:
        lines += ["", *(f"- {text(reason)}" for reason in found["reasons"])]
    if found["better"]:
        lines += ["", "Better:", "", *(f"- {text(reason)}" for reason in found["better"])]
    times = told.asked(found)
    if times:
        lines += ["", "| response time | BASE | NEW | change [95 %, all together] | |", "|---|--:|--:|--:|---|"]
        for own in times:
            both = [f"{told.side_text(own[side], 'ms')}" for side in ("base_ms", "new_ms")]
            change = f"**{told.change_text(own)}** {told.interval_text(own)}"
            if not own["judged"]:
                change = own["reason"]
            lines.append(f"| {told.name_of(own)} | {both[0]} | {both[1]} | {change} | {_word(own)} |")
        if any(own["name"] == "body" and own["judged"] for own in times):
            lines += ["", told.TYPICAL]
    others = [own for own in found["changes"] if own["base"] != own["new"] or own["about"] == "capacity"]
    if others:
        lines += ["", "| beside the times | BASE | NEW | |", "|---|--:|--:|---|"]
        for own in others:
            both = [told.side_text(own[side], own["unit"]) for side in ("base", "new")]
            lines.append(f"| {cell(own['name'])} | {both[0]} | {both[1]} | {_word(own)} |")
    if found["differs"]:
        lines += ["", f"Not alike, beside what was measured: {text('; '.join(found['differs']))}."]
    if found["intervals"]:
        lines += ["", f"Intervals: {found['intervals']}."]
    return "\n".join(lines) + "\n"


def _word(own: dict[str, Any]) -> str:
    icon = told.ICONS.get(own["word"])
    return f"{_MARKS[icon]} {told.WORDS[own['word']]}" if icon else told.WORDS[own["word"]]
