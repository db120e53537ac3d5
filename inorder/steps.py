"""The scenario of one step of a capacity run: as many visitors as its rate needs, who come back evenly over the step."""

import tomllib
from pathlib import Path
from typing import Any

import tomli_w
from msgspec import structs

from inorder import scenario
from inorder.errors import UnusableInput
from inorder.events import MAX_VISITOR
from inorder.plan import plan_of
from inorder.scenario import Phase, Scenario
from inorder.stepping import Stepping

WARM_UP, MEASURED = "warm-up", "measured"
"""The phases of a step; what is judged and reckoned with is of the second."""


def of(text: str, asked: Scenario, number: int, per_s: float, file: Path, behaviour: Path | None = None) -> str:
    """The text of step `number` (from 1) of the scenario `asked`, whose own text is `text`, at `per_s` batches a second.

    `file`: where the scenario stands, to which its click log is relative; `behaviour`: a click log in its place. Each
    step has a seed of its own, and so visitors whose names no other step has.
    """
    stepping = asked.capacity
    if stepping is None:
        raise UnusableInput(f"{file}: capacity: the table is missing, and only a scenario with it has steps")
    step = structs.replace(
        asked,
        seed=(asked.seed + number - 1) % (1 << 63),
        capacity=None,
        phases=_phases(stepping),
        visitors=structs.replace(asked.visitors, count=MAX_VISITOR),
    )
    count, batches, events = crowd(step, per_s, behaviour, file)
    length_s = stepping.warm_up_s + stepping.step_s
    document: dict[str, Any] = tomllib.loads(text)
    del document["capacity"]
    document |= {
        "seed": step.seed,
        "warm_up_s": stepping.warm_up_s,
        "question": f"Does the system hold its SLA at {per_s:g} batches a second?",
        "visitors": document["visitors"] | {"count": count},
        "phases": [structs.asdict(phase) for phase in step.phases],
        # What is counted over the whole run has no phases.
        "sla": [
            line if line["metric"].startswith("anomalies.") else line | {"phase": MEASURED} for line in document["sla"]
        ],
        "step": {
            "number": number,
            "target_per_s": per_s,
            "offered_per_s": round(batches / length_s, 6),
            "offered_events_per_s": round(events / length_s, 6),
        },
    }
    made = tomli_w.dumps(portable(document, file))
    scenario.parse(made, file)
    return made


def _where(metric: str) -> dict[str, str]:
    """What a line of the SLA is taken over: anomalies are counted over the whole step, and have no phases."""
    return {} if metric.startswith("anomalies.") else {"phase": MEASURED}


def portable(document: dict[str, Any], file: Path) -> dict[str, Any]:
    """A scenario's document that says what followed from where its `file` stands: its name, and where its click log is."""
    visitors = document.get("visitors")
    if isinstance(visitors, dict) and visitors.get("behaviour", "synthetic") != "synthetic":
        visitors["behaviour"] = str((file.parent / str(visitors["behaviour"])).resolve())
    return document | {"name": document.get("name") or file.stem}


def _phases(stepping: Stepping) -> list[Phase]:
    """Warm-up and step, with visitors at the same rate."""
    length_s = stepping.warm_up_s + stepping.step_s
    early = round(stepping.warm_up_s / length_s, 9)
    return [
        Phase(WARM_UP, stepping.warm_up_s, returning=early),
        Phase(MEASURED, stepping.step_s, returning=round(1 - early, 9)),
    ]


def crowd(step: Scenario, per_s: float, behaviour: Path | None, file: Path) -> tuple[int, int, int]:
    """(visitors, batches, events in them) of the smallest crowd with `per_s` batches a second over the step's phases.

    Raises UnusableInput where no crowd has so many, or a seed's visitors would be more than an identity can name.
    """
    plan, size = plan_of(step, 1, behaviour, file.parent), step.client.batch_size
    wanted, batches, events, count = per_s * step.phases_s, 0, 0, 0
    for sender in range(plan.senders):
        if batches >= wanted:
            break
        numbers = plan.numbers(sender)
        count = numbers.stop - 1
        if not plan.online(sender):
            backlog = sum(plan.split(number, False).backlog for number in numbers)
            batches, events = batches - (-backlog // size), events + backlog
        if not batches and count > 10_000:
            raise UnusableInput(f"{file}: visitors: expected some that have a backlog to send in batches, found none")
    if batches < wanted:
        raise UnusableInput(f"{file}: capacity: {per_s:g} batches a second need more visitors than can be named")
    return count, batches, events
