"""The page of a plan: one HTML file that needs nothing else."""

from typing import Any

from markupsafe import Markup

from analysis import words
from analysis.figures import style
from analysis.figures.style import Picture
from analysis.page import styles, templates


def render(plan: dict[str, Any], picture: Picture, name: str) -> str:
    """The page as HTML; `plan`: the content of plan.json; `name`: of the folder."""
    minutes = sorted({cell["offline_min"] for cell in plan["cells"]})
    return (
        templates()
        .get_template("plan.html.j2")
        .render(
            css=styles(),
            name=name,
            plan=plan,
            headline=headline(plan),
            heading=heading(plan),
            facts=_facts(plan),
            visitors=[words.count(count) for count in sorted({cell["visitors"] for cell in plan["cells"]})],
            rows=[
                (f"{minute:g}", [shown(cell, plan) for cell in plan["cells"] if cell["offline_min"] == minute])
                for minute in minutes
            ],
            notes=notes(plan),
            limit=words.exact(plan["limit_s"], "s"),
            picture=picture,
            wide=Markup(style.svg(picture, style.WIDE)),
            narrow=Markup(style.svg(picture, style.NARROW)),
            shape=_shape(plan),
        )
    )


def told(estimate: dict[str, float | None]) -> tuple[str, str]:
    """A time and its interval: `12.3 s`, `[11.9, 12.8]`."""
    value, low, high = estimate["value"] or 0.0, estimate["low"], estimate["high"]
    if value >= 1:
        return words.quantity(value, "s"), words.interval(value, low, high)
    low, high = (None if end is None else 1000 * end for end in (low, high))
    return words.quantity(1000 * value, "ms"), words.interval(1000 * value, low, high)


def shown(cell: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """What a cell of the table says."""
    mark = {True: "over", False: "", None: "may be over"}[cell["over"]]
    return {
        "drain": told(cell["drain_s"]),
        "fluid": words.seconds(cell["fluid"]["drain_s"]),
        "wait": told(cell["worst_wait_s"]),
        "mark": f"▲{words.THIN}{mark}" if mark else "",
        "over": bool(cell["over"]),
        "beyond": bool(cell["beyond"]),
    }


def headline(plan: dict[str, Any]) -> str:
    """The answer in a sentence: of the only storm, or of the largest one."""
    cell = plan["cells"][-1]
    drain, wait = told(cell["drain_s"]), told(cell["worst_wait_s"])
    back = f"back within {plan['within_s']:g} s" if plan["within_s"] else "back all at once"
    limit = words.exact(plan["limit_s"], "s")
    against = {True: f", over the limit of {limit}", False: "", None: f", which may be over the limit of {limit}"}
    return (
        f"{words.plural(cell['visitors'], 'visitor')} after {cell['offline_min']:g} min offline, {back}: drained in "
        f"{drain[0]} {drain[1]}, and the worst visitor waits {wait[0]} {wait[1]}{against[cell['over']]}."
        f"{' This goes beyond what was measured (*).' if cell['beyond'] else ''}"
    )


def heading(plan: dict[str, Any]) -> str:
    """How many of the storms keep the limit."""
    cells = plan["cells"]
    kept = sum(cell["over"] is False for cell in cells)
    limit = words.exact(plan["limit_s"], "s")
    return f"In {kept} of {words.plural(len(cells), 'storm')} the worst visitor waits at most {limit}"


def notes(plan: dict[str, Any]) -> list[str]:
    """What must be said: of the run, and of the storms (marked *) that go beyond what it measured."""
    learned, cells = plan["learned"], plan["cells"]
    found = list(plan["notes"])
    for name, seen, what in (
        ("in_flight", learned["most_in_flight"], "calls in flight"),
        ("events_per_batch", learned["events_per_batch"], "events a batch"),
        ("events_per_s", learned["falls_beyond"], "events/s come back"),
    ):
        values = sorted({cell["beyond"][name] for cell in cells if name in cell["beyond"]})
        if not values:
            continue
        storms = sum(name in cell["beyond"] for cell in cells)
        who = f"{storms} of {len(cells)} storms have" if len(cells) > 1 else "the storm has"
        span = " to ".join(words.significant(value) for value in dict.fromkeys((values[0], values[-1])))
        known = "beyond" if name == "events_per_s" else "where the capacity run had"
        less = ", the system confirmed less" if name == "events_per_s" else " at most" if name == "in_flight" else ""
        found.append(f"* Beyond what was measured: {who} {span} {what}, {known} {words.significant(seen)}{less}.")
    return found


def stores(plan: dict[str, Any]) -> tuple[str, str]:
    """What the system takes, and how much that is: where no step went beyond it, all that is known is a lower bound."""
    peak = plan["peak_events_per_s"]
    ends = words.interval(peak["value"], peak["low"], peak["high"])
    bound = "at most" if plan["learned"]["saturated"] else "at least"
    return f"the system stores {bound}", f"{words.significant(peak['value'])} events/s {ends}".strip()


def _facts(plan: dict[str, Any]) -> list[tuple[str, str]]:
    found = [
        stores(plan),
        ("batches of", words.plural(plan["batch_size"], "event")),
        ("sessions", plan["behaviour"]),
        ("connections", words.count(plan["connections"]) if plan["connections"] else "one a visitor"),
    ]
    return (
        [*found, ("a client keeps at most", words.plural(plan["queue_limit"], "event"))] if plan["queue_limit"] else found
    )


def _shape(plan: dict[str, Any]) -> str:
    """What the simulated system is like, in a sentence."""
    learned = plan["learned"]
    fixed, each = words.quantity(1000 * learned["fixed_s"], "ms"), words.quantity(1000 * learned["per_event_s"], "ms")
    cost = f"An unloaded call takes {fixed} and {each} more for each event"
    if learned["shape"] == "servers":
        return f"{cost}; as many calls are served side by side as the highest rate needs."
    if not learned["share"]:
        return f"{cost}; the fixed part keeps no other call waiting."
    part = "the fixed part" if learned["share"] == 1 else f"{words.share(learned['share'])} of the fixed part"
    return f"{cost}; {part} is paid once for all calls that wait together."
