"""Why the verdict is what it is, in sentences: what fails the run, and what leaves it open."""

from typing import Any

import pandas as pd

from analysis import words
from analysis.catalogue import ANOMALIES
from analysis.one_run import OneRun
from analysis.promises import promised
from analysis.tables import BATCH, REJECTED
from analysis.tally import Tally
from inorder.scenario import Scenario

_WHAT = {
    "reordered-in-batch": "stored after an event that stands behind it in its batch",
    "reordered-across-batches": "stored after an event whose batch was sent once theirs was confirmed",
    "lost": "confirmed and not stored",
    "ghost": "stored, though each call with it was rejected",
    "phantom": "stored, though no call carried it",
    "corrupt": "stored with another payload than was sent",
    "misrouted": "stored under another visitor",
    "duplicate-unexplained": "stored more often than calls carried it that were not rejected",
    "duplicate-explained": "stored more than once, and exactly once is promised",
    "zombie": "stored again after an event that must come later, and a consumer keeps the last copy",
    "torn": "without a certain answer and stored in part, and batches are promised to be whole",
    "split": "stored with another call's events inside, and batches are promised to be contiguous",
    "vanished": "seen in the log and gone at a later reading",
    "rewritten": "not what or where an earlier reading of the log held",
}
_UNITS = {"torn": "batch", "split": "batch", "vanished": "row", "rewritten": "row"}


def count(number: int, one: str) -> str:
    """`1 event`, `2 events`, `3 batches`."""
    plural = "es" if one.endswith("ch") else "s"
    return f"{number:,} {one}{'' if number == 1 else plural}"


def failures(tally: Tally, bad: frozenset[str], scenario: Scenario, lines: list[dict[str, Any]]) -> list[str]:
    """What fails the run, the anomalies of the catalogue first."""
    found = []
    for name in ANOMALIES:
        if name not in bad:
            continue
        system = tally.of_system(name)
        if system:
            visitors = tally.numbers[f"{name}/system/visitors"] or tally.numbers[f"{name}/visitors"]
            whose = f" of {count(visitors, 'visitor')}" if visitors else ""
            found.append(f"{name}: {count(system, _UNITS.get(name, 'event'))}{whose}, {_WHAT[name]}.")
    for name in ("ghost", "corrupt", "misrouted", "lost"):
        number = tally.of_system(f"ordinary/{name}")
        if number and (name != "lost" or scenario.promises.ordinary_lossless):
            found.append(f"{name}: {count(number, 'event')} of ordinary calls, {_WHAT[name]}.")
    return found + [_failed(line) + "." for line in lines if line["verdict"] == "fail"]


def doubts(runs: list[OneRun], tally: Tally, bad: frozenset[str], lines: list[dict[str, Any]]) -> list[str]:
    """What leaves the verdict open."""
    found = told([run.invalid for run in runs])
    named = {promise.id for promise in promised(bad)}
    found += told([[own.sentence for own in run.unsupported if named.intersection(own.promises)] for run in runs])
    numbers = tally.numbers
    if numbers["unseen"]:
        found.append(
            f"unseen: {count(numbers['unseen'], 'event')} of {count(numbers['unseen/visitors'], 'visitor')}, "
            "confirmed and not stored when the reading stopped, with the log not settled."
        )
    found += _breaches(tally, bad)
    found += told([_untested(run) for run in runs])
    for line in lines:
        if line["verdict"] == "inconclusive":
            found.append(f"{_objective(line)}: {line['reason']}.")
    return found


def told(each: list[list[str]]) -> list[str]:
    """The sentences of all repeats, each once; what is not said of every repeat names those that it is said of."""
    sentences = list(dict.fromkeys(sentence for own in each for sentence in own))
    found = []
    for sentence in sentences:
        where = [number for number, own in enumerate(each, 1) if sentence in own]
        prefix = "" if len(where) == len(each) else f"Repeat {', '.join(map(str, where))}: "
        found.append(prefix + sentence)
    return found


def _breaches(tally: Tally, bad: frozenset[str]) -> list[str]:
    """What the client's breaches left open."""
    numbers = tally.numbers
    if not numbers["parallel"] and not numbers["unacknowledged"]:
        return []
    what = []
    if numbers["parallel"]:
        what.append(f"sent {count(numbers['parallel'], 'call')} while another of the visitor was in flight")
    if numbers["unacknowledged"]:
        batches = f"{numbers['unacknowledged']:,} batch{'' if numbers['unacknowledged'] == 1 else 'es'}"
        what.append(f"sent {batches} before the success of an earlier one")
    pairs = numbers["pairs"]
    left = (
        f", so {count(pairs, 'pair')} of batches {'was' if pairs == 1 else 'were'} left without an order" if pairs else ""
    )
    found = [f"The client broke the rules ({' and '.join(what)}){left}."]
    client = sum(numbers[f"{name}/client"] for name in bad)
    if client:
        found.append(f"{count(client, 'event')} out of order may be so by the client's breach.")
    return found


def _untested(run: OneRun) -> list[str]:
    """Whether the promise of order was put to the test at all."""
    numbers = run.tally.numbers
    if not run.merged.calls:
        return ["No call was made."]
    if not numbers["batch/sent"]:
        return ["No batch was sent, so the promise of order was not tested."]
    if any(own.wholly and "order-within-batch" in own.promises for own in run.unsupported):
        return []  # said there
    if not numbers["order-within-batch/checked"] and not numbers["order-across-batches/checked"]:
        calls = run.frames.calls
        for one, some in (("call", calls), ("batch call", calls[calls["kind"] == BATCH])):
            if (some["outcome"] == REJECTED).all():
                return [_rejected(one, some)]
        return ["No two stored events of a visitor had an order, so the promise of order was not tested."]
    return []


def _rejected(one: str, calls: pd.DataFrame) -> str:
    """That each of these calls was rejected, and by which answer the first was."""
    status = calls["status"].iloc[int(calls["done"].argmin())]
    how = f"with {status}" if status else "for no connection could be made"
    whole = f"The only {one}" if len(calls) == 1 else f"Each of {count(len(calls), one)}"
    first = "" if len(calls) == 1 else ", the first"
    return f"{whole} was rejected{first} {how}, so the promise of order was not tested."


def _failed(line: dict[str, Any]) -> str:
    """A line that is missed; one that ended the load says why instead of its value."""
    return f"{words.named(line)}: {line['reason']}" if line["reason"] else _objective(line)


def _objective(line: dict[str, Any]) -> str:
    """`batch.response_ms.p95 is 812 ms [790, 840], the limit is 500 ms`, with the numbers as the page has them."""
    where = f" in phase {line['phase']}" if line["phase"] else ""
    name = f"{words.named(line)}{where}{words.sizes(line)}"
    if slices := line.get("slices"):
        return f"{name} {words.slices_told(slices)}, {words.needed(slices)} needed"
    value, unit = line["value"], line["unit"]
    limit = f"the limit is {words.exact(line['limit'], unit)}"
    if value is None:
        return f"{name} has no value, {limit}"
    measured = f"{words.quantity(value, unit)} {words.interval(value, line['low'], line['high'], unit)}".rstrip()
    return f"{name} is {measured}, {limit}"
