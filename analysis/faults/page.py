"""The page of a fault matrix: one HTML file that needs nothing else."""

from typing import Any

from analysis import words
from analysis.page import styles, templates

_SIDES = (
    ("server", "Faults of the server", "A sandbox that is wrong on purpose; each fault must be found under its own name."),
    (
        "network",
        "Faults of the network",
        "A proxy before a sandbox that is right. What was lost on the way is sent again, so duplicates that re-sends "
        "explain may be counted; nothing may be blamed on the system, but for a POST that the network itself replays.",
    ),
    (
        "client",
        "Faults of the client",
        "What client libraries do wrong after a reconnect, before a sandbox that is right: the client is to blame, or "
        "nobody where the contract allows it.",
    ),
    ("none", "Nothing wrong", "Nothing may be found."),
)


def render(rows: list[dict[str, Any]], name: str, seconds: float) -> str:
    """The page as HTML; `rows`: the content of faults.json; `name`: of the matrix's folder."""
    groups = [
        {"title": title, "text": text, "rows": [_row(row) for row in rows if row["side"] == side]}
        for side, title, text in _SIDES
    ]
    return (
        templates()
        .get_template("faults.html.j2")
        .render(
            css=styles(),
            name=name,
            ok=all(row["ok"] for row in rows),
            headline=headline(rows),
            facts=_facts(rows, seconds),
            groups=[group for group in groups if group["rows"]],
            wrong=[(row["fault"], own) for row in rows for own in row["wrong"]],
        )
    )


def headline(rows: list[dict[str, Any]]) -> str:
    """What the matrix shows, in a sentence or two."""
    faults = [row for row in rows if row["expected"] != "none"]
    found = sum(row["ok"] for row in faults)
    healthy = [row for row in rows if row["healthy"]]
    runs, alarms = sum(row["runs"] for row in healthy), sum(row["false_alarms"] for row in healthy)
    told = []
    if faults:
        told.append(f"{words.count(found)} of {words.plural(len(faults), 'fault')} found under their own name.")
    if healthy:
        accused = "Nothing" if not alarms else words.plural(alarms, "anomaly", "anomalies")
        told.append(
            f"{accused} blamed on the system in {words.plural(runs, 'run')} in which it kept the contract."
        )  # fmt: skip
    return " ".join(told)


def _facts(rows: list[dict[str, Any]], seconds: float) -> list[tuple[str, str]]:
    exact = [row for row in rows if row["recall"] is not None]
    injected = sum(row["injected"] for row in exact)
    found = sum(row["found"].get(row["expected"], 0) for row in exact)
    return [
        ("runs", words.count(sum(row["runs"] for row in rows))),
        ("as expected", words.count(sum(row["runs_ok"] for row in rows))),
        ("injected", words.count(injected)),
        ("of these found", words.count(found)),
        ("making the runs took", f"{seconds:,.0f} s"),
    ]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    found = [f"{words.count(count)} {name}" for name, count in row["found"].items()]
    recall = row["recall"]
    return row | {
        "icon": "good" if row["ok"] else "bad",
        "word": "as expected" if row["ok"] else "NOT AS EXPECTED",
        "found_text": ", ".join(found) or "nothing",
        "injected_text": "–" if row["unit"] is None else f"{words.count(row['injected'])} {row['unit'] or ''}".strip(),
        "recall_text": "–" if recall is None else f"{100 * recall:.4g}{words.THIN}%",
        "expected_text": "nothing" if row["expected"] == "none" else row["expected"],
    }
