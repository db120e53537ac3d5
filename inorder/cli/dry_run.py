"""`inorder run --dry-run`: the first calls of a run as curl commands, and what all of it costs; nothing is sent or made."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

from inorder import conduct, enough
from inorder.cli.base import console
from inorder.costs import Costs, costs_of, played, told
from inorder.driver.target import Target
from inorder.errors import InorderError, UnusableInput
from inorder.plan import Plan, plan_of
from inorder.scenario import Scenario
from inorder.targets import safety
from inorder.targets.curl import command, references
from inorder.targets.system import Named, named
from inorder.visitor import Call

_SANDBOX = "http://127.0.0.1:8099/1.0"
"""Where `inorder sandbox` listens: a run's own sandbox has an address only once it is there."""
_LOOKED_AT = 100_000
"""Calls that are looked at for the first ones of a kind."""


def dry_run(asked: conduct.Run, calls: int, *, as_json: bool = False) -> None:
    """Print the first `calls` batches and ordinary calls, and the costs of the run."""
    _, written = conduct.scenario_of(asked)
    own = asked.system(written)
    system = own or asked.permitted(named([_SANDBOX], asked.partner_id))
    with references(system):
        plan = planned(asked, written, system)
        shown = [
            (at, call, command(system, call, system.bases[number % len(system.bases)]))
            for number, (at, call) in enumerate(first_calls(plan, calls))
        ]
        costs = costs_of_run(plan, system, asked.processes)
    refused = None
    try:
        if own is not None:
            safety.target_of(own, asked.processes)
    except InorderError as error:
        refused = str(error)
    if as_json:
        first = [{"kind": call.kind, "at_s": at, "events": call.count, "command": text} for at, call, text in shown]
        print(json.dumps({"calls": first, "costs": asdict(costs), "refused": refused}))
        return
    for at, call, text in shown:
        console.print(f"# {call.kind}, {at:.1f} s after the start, {call.count} event{'' if call.count == 1 else 's'}")
        console.print(text, markup=False)
    for line in (*system.notes, *told(costs)):
        console.print(f"# {line}", markup=False)
    if own is None:
        console.print(f"# {_SANDBOX}: `inorder sandbox` listens there; a run without --target starts its own", markup=False)
    if refused:
        console.print(f"# the run itself would be refused: {refused}", markup=False)


def planned(asked: conduct.Run, written: Scenario, system: Named) -> Plan:
    """The plan of a run that is asked for; raises UnusableInput where there is none beforehand."""
    if written.capacity is not None:
        raise UnusableInput(f"{asked.file}: capacity: its load is found step by step, so nothing can be told beforehand")
    plan = plan_of(written, 1, asked.behaviour, asked.file.parent, system)
    enough.check(plan, asked.file)
    return plan


def first_calls(plan: Plan, most: int) -> Iterator[tuple[float, Call]]:
    """(second, call) of the first calls of each kind, in the order of their instants."""
    seen: Counter[str] = Counter()
    for at, call in islice(played(plan, range(plan.senders)), _LOOKED_AT):
        seen[call.kind] += 1
        if seen[call.kind] <= most:
            yield at, call
        if min(seen["batch"], seen["ordinary"]) >= most:
            return


def costs_of_run(plan: Plan, system: Named, processes: int) -> Costs:
    """What the run costs; among `references`, where the secrets are not there."""
    unsent, base = Target((), *system.head()), system.bases[0]
    return costs_of(plan, lambda path: len(unsent.head_at(base, path)), system.given.safety.calls_per_s, processes)
