"""Faults that store an event wrongly: under another visitor, or with another payload."""

from inorder.sandbox.faults.step import Given, Step, identities
from inorder.sandbox.store import Row

_KNOWN = 1000
"""Visitors that are remembered, to store events under."""


def wrong_visitor(given: Given) -> Step:
    """The other visitor is one that sent a batch before."""
    others: dict[str, None] = {}

    async def store(rows: list[Row]) -> None:
        own = {row[0] for row in rows}
        possible = [visitor for visitor in others if visitor not in own]
        if possible and given.injection.strikes():
            at = given.injection.pick(range(len(rows)))
            given.injection.count(identities([rows[at]]))
            _, name, event, server = rows[at]
            rows = [*rows[:at], (given.injection.pick(possible), name, event, server), *rows[at + 1 :]]
        if len(others) < _KNOWN:
            others.update(dict.fromkeys(own))
        await given.inner(rows)

    return store


def altered_payload(given: Given) -> Step:
    """The wall clock of the event stays, and its offset does not: another instant."""

    async def store(rows: list[Row]) -> None:
        if given.injection.strikes():
            at = given.injection.pick(range(len(rows)))
            visitor, name, event, server = rows[at]
            altered = event.replace(b'+00:00"', b'+02:00"')
            if altered != event:
                given.injection.count(identities([rows[at]]))
                rows = [*rows[:at], (visitor, name, altered, server), *rows[at + 1 :]]
        await given.inner(rows)

    return store
