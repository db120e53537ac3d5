"""What the made-up clients of a bucket send: batches one after the other's success, some twice, and when. Microseconds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inorder.bench.plan import SHARED, Roster
from inorder.bench.victims import BATCH, Victim

Array = NDArray[Any]

CONFIRMED, REJECTED, INDETERMINATE = 0, 1, 2
STORM_US = 300_000_000
"""All visitors come back within this time."""
_LATENCY_US = (5_000, 200_000)
_WAIT_US = (500_000, 2_500_000)
"""From a sending without a certain answer to the next."""
_GAP_US = (1_000, 50_000)
"""From a success to the next batch."""
_RESENT_EVERY = 50
"""Of so many batches one is sent twice."""


@dataclass(frozen=True)
class Units:
    """What each visitor sends, by visitor and in its order: its events of a batch, or an ordinary event."""

    visitor: Array
    """Place in the roster."""
    place: Array
    """0: the visitor's first."""
    size: Array
    ordinary: Array
    event: Array
    """Its first event; events are numbered by visitor and seq."""
    index: Array
    """Place of its first event in the call."""
    batch: Array
    """Row of the bucket's batches."""
    sent: Array
    again: Array
    """When the call left that was answered for certain: a second one, where `resent`."""
    ended: Array
    """When that was."""
    resent: Array
    outcome: Array
    of_visitor: Array
    """Where the units of each visitor begin; one more at the end."""

    def __len__(self) -> int:
        return len(self.visitor)

    @property
    def first_of_batch(self) -> Array:
        """The unit with which each batch begins."""
        return np.flatnonzero(self.index == 0)


def units_of(roster: Roster, kinds: list[Victim], rng: np.random.Generator, start: int = STORM_US) -> Units:
    """Divide the events of a bucket's visitors into batches and give each its times; visitors begin before `start`."""
    first = np.full(len(roster), BATCH)
    first[roster.leads] = first[roster.follows] = SHARED
    batched = roster.length - roster.ordinary
    batches = (batched > 0) - -(np.maximum(batched - first, 0)) // BATCH
    count = batches + roster.ordinary
    of_visitor = np.concatenate([[0], np.cumsum(count)])
    visitor = np.repeat(np.arange(len(roster)), count)
    place = np.arange(len(visitor)) - of_visitor[visitor]
    ordinary = place >= batches[visitor]
    begin = np.where(place == 0, 0, first[visitor] + (place - 1) * BATCH)
    end = np.minimum(first[visitor] + place * BATCH, batched[visitor])
    size = np.where(ordinary, 1, end - begin)
    lead, follow = of_visitor[roster.leads], of_visitor[roster.follows]
    index = np.zeros(len(visitor), np.int64)
    index[follow] = SHARED
    batch = np.cumsum(index == 0) - 1
    batch[follow] = batch[lead]

    latency, wait, gap = (rng.integers(low, high, len(visitor)) for low, high in (_LATENCY_US, _WAIT_US, _GAP_US))
    resent = (rng.integers(0, _RESENT_EVERY, len(visitor)) == 0) & ~ordinary & (roster.kind[visitor] < 0)
    starts = rng.integers(0, start, len(roster))
    starts[roster.follows] = starts[roster.leads]
    for drawn in (latency, wait, gap, resent):
        drawn[follow] = drawn[lead]
    outcome = np.zeros(len(visitor), np.int8)
    for at, kind in _victims(roster, kinds, of_visitor):
        outcome[at + 2] = (CONFIRMED, REJECTED, INDETERMINATE)[("confirmed", "rejected", "indeterminate").index(kind.last)]
        resent[at + 1] = kind.resent
    wait *= resent
    spent = np.cumsum(wait + latency + gap) - (wait + latency + gap)
    sent = starts[visitor] + spent - spent[np.minimum(of_visitor[:-1], len(spent) - 1)][visitor]
    for at, kind in _victims(roster, kinds, of_visitor):
        if kind.parallel:
            sent[at + 1] = sent[at] + latency[at] // 2
        if kind.ordinary:
            sent[at + 3] = sent[at + 1] - 1
    return Units(
        visitor=visitor,
        place=place,
        size=size,
        ordinary=ordinary,
        event=np.cumsum(size) - size,
        index=index,
        batch=batch,
        sent=sent,
        again=sent + wait,
        ended=sent + wait + latency,
        resent=resent,
        outcome=outcome,
        of_visitor=of_visitor,
    )


def _victims(roster: Roster, kinds: list[Victim], of_visitor: Array) -> list[tuple[int, Victim]]:
    """The first unit of each victim, and its kind."""
    places = np.flatnonzero(roster.kind >= 0)
    return [(int(of_visitor[place]), kinds[roster.kind[place]]) for place in places]


@dataclass(frozen=True)
class Calls:
    """The calls of a bucket, by batch and time; microseconds."""

    batch: Array
    attempt: Array
    sent: Array
    done: Array
    """-1: no answer."""
    outcome: Array
    status: Array


_STATUS = np.array([200, 400, 504], np.int16)


def calls_of(units: Units) -> Calls:
    """One call a batch, two where it was sent again: every second of those that failed has no answer at all."""
    unit = units.first_of_batch
    count = 1 + units.resent[unit]
    batch = np.repeat(np.arange(len(unit)), count)
    unit = unit[batch]
    attempt = np.ones(len(batch), np.int16)
    attempt[1:] += batch[1:] == batch[:-1]
    failed = units.resent[unit] & (attempt == 1)
    silent = failed & (units.sent[unit] % 2 == 0)
    sent = np.where(attempt == 2, units.again[unit], units.sent[unit])
    done = np.where(failed, (units.sent[unit] + units.again[unit]) // 2, units.ended[unit])
    outcome = np.where(failed, INDETERMINATE, units.outcome[unit]).astype(np.int8)
    status = np.where(silent, 0, _STATUS[outcome]).astype(np.int16)
    return Calls(batch, attempt, sent, np.where(silent, -1, done), outcome, status)
