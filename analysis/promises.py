"""The eight promises of the API: what each covers, how much of it was checked, and whether it held."""

from dataclasses import dataclass
from typing import Any

from analysis.intervals import at_most_per_million
from analysis.tally import Tally
from inorder.scenario import Promises

ANOMALIES = (
    "reordered-in-batch reordered-across-batches lost unseen ghost phantom corrupt misrouted duplicate-unexplained "
    "duplicate-explained zombie torn recovered split vanished rewritten"
).split()
"""Every anomaly, in the order in which it is reported."""

FAILING = frozenset(
    "reordered-in-batch reordered-across-batches lost ghost phantom corrupt misrouted duplicate-unexplained "
    "vanished rewritten".split()
)
"""Those that break a promise of the API; a scenario may promise more."""


def failing(promises: Promises) -> frozenset[str]:
    """The anomalies that fail a run, given what its scenario promises beyond the API."""
    return FAILING | {"duplicate-explained"} if promises.exactly_once else FAILING


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


def lines(
    tally: Tally, failing: frozenset[str], open_questions: dict[str, bool], unsupported: frozenset[str]
) -> list[dict[str, Any]]:
    """The key `promises`: broken, held, undecided (something hides the answer) or unchecked (nothing to check).

    `open_questions`: promises that something beside the anomalies leaves open; `unsupported`: those not checked at all.
    """
    return [_line(promise, tally, failing, open_questions, unsupported) for promise in PROMISES]


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
    broken = sum(numbers[name] - numbers[f"{name}/client"] for name in anomalies if name in failing)
    if promise.id in unsupported:
        checked = visitors = 0
    # A visitor with two of the anomalies (lost and unseen) counts twice here: the bound stays on the safe side.
    hit = min(visitors, sum(numbers[f"{name}/visitors"] for name in anomalies))
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
