"""Whether the client kept its rules, from the history alone: no call of a visitor while a batch of it is in flight, each
batch after the earlier one's success. An ordinary call need not be waited for, so what is sent during one is no breach."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import Array, Bools, Floats, Ints, highest_before, keyed
from analysis.tables import CONFIRMED, REJECTED, Batches, Calls, Parts


@dataclass(frozen=True)
class Times:
    """What a client knew and when; seconds."""

    settled: Floats
    """Batch: when the client may send the visitor's next: its success; where each of its calls was definitely
    rejected, the last rejection; else never (inf)."""
    ended: Floats
    """Call: when it was in flight no longer. No answer on file: when the same batch was sent again, else inf."""


def times(batches: Batches, calls: Calls) -> Times:
    """Work out `Times`."""
    order = calls.by_batch
    sent, batch = calls.sent[order], calls.batch[order]
    again = np.full(len(order), np.inf)
    again[:-1] = np.where(batch[1:] == batch[:-1], sent[1:], np.inf)
    ended = np.empty(len(order))
    ended[order] = again
    ended = np.where(np.isnan(calls.done), ended, calls.done)
    settled = np.where(batches.outcome == CONFIRMED, batches.ack, np.inf)
    if len(order):
        last = np.maximum.reduceat(ended[order], calls.starts[:-1])
        settled = np.where(batches.outcome == REJECTED, last, settled)
    return Times(settled, ended)


@dataclass(frozen=True)
class Breaches:
    """The breaches of the visitors of a bucket."""

    part: Bools
    """Part: whether it had a share in a breach."""
    parallel: Ints
    """Calls, ordinary ones too, sent while a call of a batch of one of their visitors was in flight."""
    unacknowledged: Ints
    """Batches sent before the success of an earlier batch of one of their visitors."""
    pairs: int
    """Pairs of batches of one visitor of which the second was sent before the first one's success."""


def breaches(parts: Parts, promised: Bools, batches: Batches, calls: Calls) -> Breaches:
    """Find the breaches; `promised` says which parts are a batch's."""
    known = times(batches, calls)
    mine = np.flatnonzero(promised)
    guilty = np.zeros(len(promised), bool)
    batch = parts.batch[mine]
    number = batches.number[batch]
    visitor, place, sent, settled = _ranked(parts.visitor[mine], batches.first_sent[batch], number, known.settled[batch])
    early, spoiled = _overlaps(visitor, sent, settled)
    guilty[mine[place[early | spoiled]]] = True
    unacknowledged = np.unique(batch[place[early]])
    key = keyed(visitor, sent)
    after = np.searchsorted(key, key - sent + settled)
    pairs = int(np.maximum(after - np.arange(len(key)) - 1, 0).sum())
    concerned = np.zeros(int(parts.visitor.max(initial=-1)) + 1, bool)
    concerned[parts.visitor[mine]] = True
    theirs = np.flatnonzero(concerned[parts.visitor])
    batch_of = parts.batch[theirs]
    count = calls.starts[batch_of + 1] - calls.starts[batch_of]
    of_part = np.repeat(theirs, count)
    offset = np.arange(len(of_part)) - np.repeat(np.cumsum(count) - count, count)
    call = calls.by_batch[np.repeat(calls.starts[batch_of], count) + offset]
    # Of calls sent at one instant the one that ended first counts as the first.
    order = np.lexsort((calls.number(batches)[call], known.ended[call]))
    call, of_part = call[order], of_part[order]
    held = np.where(promised[of_part], known.ended[call], -np.inf)  # an ordinary call holds nobody up
    visitor, place, sent, ended = _ranked(parts.visitor[of_part], calls.sent[call], np.arange(len(call)), held)
    early, spoiled = _overlaps(visitor, sent, ended)
    guilty[of_part[place[early | spoiled]]] = True
    return Breaches(guilty, np.unique(call[place[early]]), unacknowledged, pairs)


def _ranked(visitor: Array, sent: Floats, number: Array, until: Floats) -> tuple[Array, Ints, Ints, Ints]:
    """Sorted by visitor, sent and number: the visitor, the place before sorting, the rank of `sent`, and how many
    instants of sending lie before `until`."""
    instants = np.unique(sent)
    place = np.lexsort((number, sent, visitor))
    return (
        visitor[place],
        place,
        np.searchsorted(instants, sent[place]),
        np.searchsorted(instants, until[place], side="left"),
    )


def _overlaps(visitor: Array, sent: Ints, until: Ints) -> tuple[Bools, Bools]:
    """Which begin before an earlier one of the visitor is over, and which are not over when a later one begins."""
    early = highest_before(visitor, until) > sent
    spoiled = np.zeros(len(sent), bool)
    spoiled[:-1] = (visitor[1:] == visitor[:-1]) & (sent[1:] < until[:-1])
    return early, spoiled
