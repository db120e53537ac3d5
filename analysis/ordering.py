"""Whether events are stored in the order that the contract gives: the partial order of the specification, judged fast.

e must precede f iff both are in one batch and e comes before f in it (rule 1), or ack(batch(e)) < sent(batch(f))
(rule 2). An event is reordered iff an event that it must precede is stored before it.
"""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import Array, Bools, Ints, highest, highest_before, keyed, lowest, nearest_above


@dataclass(frozen=True)
class Sequence:
    """Events of one kind as they are stored: sorted by visitor, then position."""

    event: Ints
    visitor: Array
    part: Ints
    index: Array
    """Place in the batch."""
    sent: Ints
    """Rank of sent(batch), from 0."""
    acked: Ints
    """How many different instants of sending are not after ack(batch): an event whose `sent` is at least this must
    come later."""

    def __len__(self) -> int:
        return len(self.event)


def across(stored: Sequence) -> Bools:
    """Rule 2 broken: an event whose batch was sent after this one's was acknowledged is stored before it."""
    return highest_before(stored.visitor, stored.sent) >= stored.acked


def across_cause(stored: Sequence, at: Ints) -> Ints:
    """For each place in `at`, where rule 2 is broken, the nearest earlier place that breaks it."""
    key = keyed(stored.visitor, stored.sent)
    zero = key[at] - stored.sent[at]
    return nearest_above(key, at, zero + stored.acked[at] - 1)


def by_part(stored: Sequence) -> Ints:
    """The places sorted by part, those of one part as stored."""
    order: Ints = np.argsort(stored.part, kind="stable")
    return order


def within(stored: Sequence) -> Bools:
    """Rule 1 broken: an event that comes later in the same batch is stored before it."""
    order = by_part(stored)
    broken = np.zeros(len(stored), bool)
    index = stored.index[order]
    broken[order] = highest_before(stored.part[order], index) > index
    return broken


def within_cause(stored: Sequence, at: Ints) -> Ints:
    """For each place in `at`, where rule 1 is broken, the nearest earlier place that breaks it."""
    order = by_part(stored)
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    key = keyed(stored.part[order], stored.index[order])
    places = inverse[at]
    cause: Ints = order[nearest_above(key, places, key[places])]
    return cause


def can_break_within(stored: Sequence) -> Bools:
    """Whether another event of the same part is stored: else rule 1 says nothing of it."""
    return np.bincount(stored.part, minlength=1)[stored.part] > 1


def can_break_across(stored: Sequence) -> Bools:
    """Whether some stored event of the visitor must precede it or follow it by rule 2."""
    follows = stored.sent >= lowest(stored.visitor, stored.acked)
    return follows | (highest(stored.visitor, stored.sent) >= stored.acked)


def out_of_own_order(stored: Sequence) -> Bools:
    """Whether an event with a higher seq of the same visitor is stored before it (events are numbered by seq)."""
    high = np.maximum.accumulate(stored.event)
    late = np.zeros(len(stored), bool)
    late[1:] = high[:-1] > stored.event[1:]
    return late
