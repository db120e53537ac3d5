"""The page of a comparison: one HTML file that needs nothing else, made from the content of compare.json."""

from typing import Any

from markupsafe import Markup

from analysis import words
from analysis.compare import told
from analysis.compare.shifts import JUDGED
from analysis.figures import comparison, ranges, style
from analysis.figures.style import Picture
from analysis.page import styles, templates

_ABOUT = {
    "anomalies": "Anomalies",
    "calls": "Calls that failed",
    "objectives": "Objectives",
    "capacity": "",
    "ratio": "Response times",
}


def render(found: dict[str, Any]) -> str:
    """The page as HTML."""
    found = told.shown(found)
    rows = [_row(own) for own in found["times"]]
    beside = [own for own in found["changes"] if own["about"] != "capacity"]
    capacity = [own for own in found["changes"] if own["about"] == "capacity"]
    range_ = ranges.picture(found)
    pictures = (comparison.intervals(found), comparison.quantiles(found)) if found["times"] else ()
    return (
        templates()
        .get_template("compare.html.j2")
        .render(
            css=styles(),
            found=found,
            icon=told.icon_of(found),
            facts=_facts(found),
            headings=_headings(found),
            asked=told.asked(found | {"times": rows}),
            others=[row for row in rows if row["measure"] != JUDGED],
            typical=told.TYPICAL,
            beside=[_beside(own) for own in beside],
            capacity=[_beside(own) for own in capacity],
            ranges=range_ and _drawn(range_),
            drawn=[_drawn(picture) for picture in pictures],
            sides=_sides(found["base"], found["new"]),
        )
    )


def _drawn(picture: Picture) -> dict[str, Any]:
    if picture.draw is None:
        return {"name": picture.name, "caption": picture.caption, "wide": None, "narrow": None}
    wide, narrow = (Markup(style.svg(picture, width)) for width in (style.WIDE, style.NARROW))
    return {"name": picture.name, "caption": picture.caption, "wide": wide, "narrow": narrow}


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    judged = [own["word"] for own in found["times"] if own["judged"]]
    least = f" and {found['tolerance']['ms']:g}{words.THIN}ms" if judged else ""
    facts = [
        ("tolerance", f"{100 * found['tolerance']['share']:g}{words.THIN}%{least}"),
        ("runs", f"{len(found['base']['runs'])} against {len(found['new']['runs'])}"),
    ]
    for word, name in (("worse", "worse"), ("open", "open"), ("same", "within tolerance"), ("better", "better")):
        if judged.count(word):
            facts.append((f"times {name}", f"{judged.count(word)} of {len(judged)}"))
    if left := len(told.asked(found)) - len(judged):
        facts.append(("times not judged", str(left)))
    return facts


def _headings(found: dict[str, Any]) -> dict[str, str]:
    """What each section found."""
    judged = [own for own in found["times"] if own["judged"]]
    worse = [own for own in judged if own["word"] == "worse"]
    better = [own for own in judged if own["word"] == "better"]
    within = sum(own["word"] == "same" for own in judged)
    times = f"No judged time is worse beyond the tolerance; {within} of {len(judged)} are shown to lie within it"
    if moved := worse or better:
        verb, rest = words.verb(len(moved), "is", "are"), "" if worse else ", and none is worse"
        times = f"{len(moved)} of {len(judged)} judged times {verb} {moved[0]['word']} beyond the tolerance{rest}"
    if not judged:
        times = "No time could be judged"
    elif found["invalid"]:
        times = "No verdict rests on these times, as a run cannot be relied on"
    beside = [own for own in found["changes"] if own["about"] != "capacity"]
    bad = [own for own in beside if own["word"] == "worse"]
    good = [own for own in beside if own["word"] == "better"]
    say = (
        words.capital(bad[0]["sentence"])
        if bad
        else words.capital(good[0]["sentence"])
        if good
        else "No anomaly in NEW that BASE had not"
        if found["invalid"]
        else "NEW does nothing wrong that BASE did right"
    )
    capacity = [own["sentence"] for own in found["changes"] if own["about"] == "capacity" and own["sentence"]]
    return {
        "times": times,
        "beside": say,
        "capacity": words.capital(capacity[0]) if capacity else "No change of the capacity beyond the tolerance was shown",
    }


def _row(own: dict[str, Any]) -> dict[str, Any]:
    return own | {
        "title": words.capital(told.name_of(own)),
        "base_text": words.quantity(own["base_ms"], "ms"),
        "new_text": words.quantity(own["new_ms"], "ms"),
        "change_text": told.change_text(own),
        "interval": told.interval_text(own),
        "ms_text": told.milliseconds_text(own),
        "icon": told.ICONS.get(own["word"]),
        "says": told.WORDS[own["word"]],
    }


def _beside(own: dict[str, Any]) -> dict[str, Any]:
    return own | {
        "title": words.capital(own["name"]),
        "group": _ABOUT[own["about"]],
        "base_text": told.side_text(own["base"], own["unit"]),
        "new_text": told.side_text(own["new"], own["unit"]),
        "icon": told.ICONS.get(own["word"]),
        "says": told.WORDS[own["word"]],
    }


def _sides(base: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, list[str], list[str]]]:
    """What was compared: a name, and its lines of either side."""
    columns = [_lines(side) for side in (base, new)]
    rows = [(name, columns[0][name], columns[1][name]) for name in columns[0]]
    return [row for row in rows if row[1] or row[2]]


def _lines(side: dict[str, Any]) -> dict[str, list[str]]:
    return {
        "Runs": [f"{run['run']} ({run['started']}, seed {run['seed']}, repeat {run['repeat']})" for run in side["runs"]],
        "Its answer": side["answers"],
        "Judged as": [words.listed(list(dict.fromkeys(side["verdicts"])))],
        "Target": [side["target"]],
        "Events confirmed a second": [words.count(value) for value in side["confirmed_events_per_s"]],
        "Machine": [f"{key} {value}" for key, value in side["machine"].items()],
        "Versions": [f"{key} {value}" for key, value in side["versions"].items()],
    }
