"""Whether the plan of a run has values enough for the percentiles that its SLA asks for: what can be told beforehand."""

import re
from fractions import Fraction
from math import ceil
from pathlib import Path

from inorder.plan import Plan
from inorder.sla import refusal

_PERCENTILE = re.compile(r"(batch|ordinary|ratio|drain_s)\b.*\.p([\d.]+)")


def check(plan: Plan, file: Path) -> None:
    """Refuse a run whose plan holds fewer values than a percentile of its SLA needs, all phases and sizes together.

    Only crowds of fewer visitors than that are counted: larger ones have the values nearly always. Raises UnusableInput.
    """
    for number, line in enumerate(plan.scenario.sla):
        asked = _PERCENTILE.fullmatch(line.metric)
        if asked is None:
            continue
        needed = ceil(100 / (100 - Fraction(asked[2])))
        if plan.scenario.visitors.count >= needed:
            continue
        batches, ordinary, returning = _counts(plan)
        values = {"batch": batches, "ordinary": ordinary, "ratio": min(batches, ordinary), "drain_s": returning}[asked[1]]
        if values < needed:
            said = f"{line.metric} needs {needed:,} values, and the plan has {values:,} at most"
            raise refusal(line, number, file, ("metric", said))


def _counts(plan: Plan) -> tuple[int, int, int]:
    """(batches, ordinary calls, visitors that send batches) if all return, and each visitor's batches are its own."""
    client = plan.scenario.client
    batches = ordinary = returning = 0
    for sender in range(plan.senders):
        online = plan.online(sender)
        for number in plan.numbers(sender):
            split = plan.split(number, online)
            ordinary += split.before + split.after
            if client.backlog == "batches":
                batches += -(-split.backlog // client.batch_size)
                returning += split.backlog > 0
            else:
                ordinary += split.backlog
    return batches, ordinary, returning
