"""What the client itself did to the sequence of a visitor's events, from the history alone: no rule says that it may not,
and no system can put it right."""

import numpy as np

from analysis.arrays import Array, Bools, Ints, highest_before, segment_starts
from analysis.tables import Batches, Events, Parts


def out_of_sequence(events: Events, parts: Parts, batches: Batches) -> Bools:
    """Event: whether one of its visitor with a higher seq was sent before it: earlier in its call, or in another batch
    whose first call left at an earlier instant."""
    found = np.zeros(len(events), bool)
    suspects = _suspects(events, parts, batches)
    if not len(suspects):
        return found
    at = np.flatnonzero(np.isin(events.visitor, suspects))
    _, sent = np.unique(batches.first_sent[events.batch[at]], return_inverse=True)
    late = _one_below_follows(events.visitor[at], sent)
    by_part = np.argsort(parts.of_event[at], kind="stable")
    late[by_part] |= _one_below_follows(parts.of_event[at][by_part], events.index[at][by_part])
    found[at] = late
    return found


def _suspects(events: Events, parts: Parts, batches: Batches) -> Array:
    """The visitors of whom some event was not sent after the one before, or who have batches that interleave: hardly any,
    and nobody else has an event out of sequence."""
    sent, index, part = batches.first_sent[events.batch], events.index, parts.of_event
    odd = (sent[1:] < sent[:-1]) | (part[1:] < part[:-1])
    odd |= (part[1:] == part[:-1]) & (index[1:] < index[:-1])
    suspects: Array = np.unique(events.visitor[1:][odd & (events.visitor[1:] == events.visitor[:-1])])
    return suspects


def _one_below_follows(segment: Array, value: Array) -> Bools:
    """Whether a lower value stands after each one within its segment; segments do not fall."""
    turned = int(value.max()) - value.astype(np.int64)[::-1]
    return (highest_before(int(segment[-1]) - segment.astype(np.int64)[::-1], turned) > turned)[::-1]


def never_sent(events: Events) -> Ints:
    """Visitor: how many seqs below the highest that was sent no call ever carried."""
    first = np.flatnonzero(segment_starts(events.visitor))
    end = np.append(first[1:], len(events))
    gaps: Ints = events.seq[end - 1] + 1 - (end - first) if len(first) else np.zeros(0, np.int64)
    return gaps
