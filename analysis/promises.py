"""The promises: what each covers, how much of it was checked, and whether it held."""

from dataclasses import dataclass
from typing import Any

from analysis.intervals import at_most_per_million
from analysis.tally import Tally


@dataclass(frozen=True)
class Promise:
    """A promise, and the anomalies that show it broken."""

    id: str
    name: str
    detail: str
    anomalies: tuple[str, ...]


PROMISES = (
    Promise(
        "order-within-batch",
        "Order within a batch",
        "events of one batch are stored in the order in which they were passed",
        ("reordered-in-batch",),
    ),
    Promise(
        "order-across-batches",
        "Order across batches",
        "a batch is stored before each batch of its visitor that was sent after its success",
        ("reordered-across-batches",),
    ),
    Promise("nothing-lost", "Nothing confirmed is lost", "each confirmed event is stored", ("lost", "unseen")),
    Promise(
        "no-duplicates",
        "No duplicates beyond re-sends",
        "an event is stored at most as often as calls carried it that were not rejected",
        ("duplicate-unexplained",),
    ),
    Promise(
        "nothing-rejected",
        "Nothing rejected is stored",
        "no event is stored that only rejected calls carried",
        ("ghost",),
    ),
    Promise("no-phantom", "No phantom", "each stored event was carried by a call", ("phantom",)),
    Promise("right-visitor", "Right visitor", "each event is stored under the visitor that sent it", ("misrouted",)),
    Promise("uncorrupted", "Uncorrupted", "each event is stored with the payload that was sent", ("corrupt",)),
)

"""Those of the API."""

FURTHER = (
    Promise(
        "whole-batches",
        "Whole batches",
        "a batch without a certain answer is stored whole or not at all",
        ("torn",),
    ),
    Promise(
        "contiguous-batches",
        "Contiguous batches",
        "no event of another call is stored inside a batch",
        ("split",),
    ),
    Promise(
        "order-of-last-copies",
        "Order of last copies",
        "of events stored more than once, the last copies are in order",
        ("zombie",),
    ),
)
"""Those that a scenario may add."""


def promised(failing: frozenset[str]) -> list[Promise]:
    """The promises of a scenario, given the anomalies that fail it."""
    return [*PROMISES, *(promise for promise in FURTHER if failing.issuperset(promise.anomalies))]


def lines(
    tally: Tally, failing: frozenset[str], open_questions: dict[str, bool], unsupported: frozenset[str]
) -> list[dict[str, Any]]:
    """The key `promises`: broken, held, undecided (something hides the answer) or unchecked (nothing to check).

    `open_questions`: promises that something beside the anomalies leaves open; `unsupported`: those not checked at all.
    """
    return [_line(promise, tally, failing, open_questions, unsupported) for promise in promised(failing)]


def _line(
    promise: Promise,
    tally: Tally,
    failing: frozenset[str],
    open_questions: dict[str, bool],
    unsupported: frozenset[str],
) -> dict[str, Any]:
    anomalies = promise.anomalies
    if promise.id == "no-duplicates" and "duplicate-explained" in failing:
        anomalies = (*anomalies, "duplicate-explained")
    numbers = tally.numbers
    checked, visitors = numbers[f"{promise.id}/checked"], numbers[f"{promise.id}/visitors"]
    found = sum(numbers[name] for name in anomalies)
    broken = sum(tally.of_system(name) for name in anomalies if name in failing)
    if promise.id in unsupported:
        checked = visitors = 0
    # A visitor with two of the anomalies (lost and unseen) counts twice here: the bound stays on the safe side.
    hit = min(visitors, sum(numbers[f"{name}/visitors"] or numbers[name] for name in anomalies))
    if broken:
        verdict = "broken"
    elif not checked:
        verdict = "unchecked"
    else:
        verdict = "undecided" if found or open_questions.get(promise.id) else "held"
    return {
        "id": promise.id,
        "name": promise.name,
        "detail": promise.detail,
        "checked": checked,
        "found": found,
        "visitors_checked": visitors,
        "visitors_found": hit,
        "per_million": at_most_per_million(hit, visitors),
        "verdict": verdict,
        "anomalies": list(anomalies),
    }
