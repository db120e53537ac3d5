"""Plain visitors: those of whom nothing can be found, told apart in a few passes and counted as a whole.

Most visitors of most runs are plain, and the checks need some thirty passes over their events to find nothing. A
visitor is *plain* iff all of this holds; then no check finds anything, and what each would count follows:

- each of its batches is a `visitorEvents` call, sent once and confirmed, and sent after the one before was (its seqs
  run through the batches one after another, in the order passed);
- the rows that carry its identity are its events one by one, in that order, each under it, with the payload sent.
"""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import Array, Bools, Ints
from analysis.measures.reordering import in_order
from analysis.tables import BATCH, CONFIRMED, Batches, Bucket, Events, Rows
from analysis.tally import Tally


@dataclass(frozen=True)
class Spans:
    """Where the events and the rows of each visitor stand; a visitor more than there are, for the ends."""

    events: Ints
    rows: Ints

    @classmethod
    def of(cls, bucket: Bucket, rows: Rows) -> "Spans":
        """Of all visitors of a bucket."""
        return cls(_bounds(bucket.events.visitor, len(bucket.names)), _bounds(rows.owner, len(bucket.names)))


@dataclass(frozen=True)
class Runs:
    """Stretches of events of one visitor and one batch, one after another as the seqs run."""

    start: Ints
    """The first event."""
    visitor: Array
    batch: Array


def plain(bucket: Bucket, rows: Rows, spans: Spans, runs: Runs) -> Bools:
    """Visitor: whether it is plain."""
    count = np.diff(spans.events)
    good: Bools = (count > 0) & (count == np.diff(spans.rows))
    good[_unkept(bucket.batches, runs)] = False
    _refuse_rows(good, bucket.events, rows, spans)
    inside = bucket.events.index[1:] <= bucket.events.index[:-1]
    inside[runs.start[1:] - 1] = False  # from one batch to the next the index starts again
    good[bucket.events.visitor[1:][inside]] = False
    return good


def _bounds(ordered: Array, visitors: int) -> Ints:
    """Where each visitor's stretch of a sorted array begins."""
    bounds: Ints = np.searchsorted(ordered, np.arange(visitors + 1, dtype=ordered.dtype))
    return bounds


def runs(events: Events) -> Runs:
    """The stretches of a bucket's events."""
    if not len(events):
        return Runs(np.zeros(0, np.int64), events.visitor, events.batch)
    change = events.batch[1:] != events.batch[:-1]
    change |= events.visitor[1:] != events.visitor[:-1]
    start = np.concatenate([[0], np.flatnonzero(change) + 1])
    return Runs(start, events.visitor[start], events.batch[start])


def _unkept(batches: Batches, found: Runs) -> Array:
    """The visitors with a batch that is no simple one, or that was not sent after the one before was confirmed."""
    batch, visitor = found.batch, found.visitor
    simple = (batches.kind == BATCH) & (batches.outcome == CONFIRMED) & (batches.calls == 1)
    late = batches.first_sent[batch[1:]] > batches.ack[batch[:-1]]
    together = (visitor[1:] == visitor[:-1]) & ~late
    return np.concatenate([visitor[~simple[batch]], visitor[1:][together]])


def _refuse_rows(good: Bools, events: Events, rows: Rows, spans: Spans) -> None:
    """Take out the visitors whose rows are not their events one by one."""
    good[rows.owner[rows.visitor != rows.owner]] = False
    good[rows.owner[~(rows.identified & rows.digest_known)]] = False
    good[events.visitor[~events.digest_known]] = False
    shift = spans.rows[:-1] - spans.events[:-1]
    row = np.arange(len(events)) + np.repeat(shift, np.diff(spans.events))
    # Of visitors with other numbers of rows the places mean nothing, and need not: they are out already.
    np.minimum(row, len(rows) - 1, out=row)
    if len(rows):
        differs = (rows.seq[row] != events.seq) | (rows.digest[row] != events.digest)
        good[events.visitor[differs]] = False


def count(tally: Tally, bucket: Bucket, rows: Rows, spans: Spans, found: Runs, good: Bools, watched: bool) -> None:
    """Count what the checks would count of plain visitors."""
    length = np.diff(spans.events)[good]
    events, visitors = int(length.sum()), len(length)
    numbers = tally.numbers
    for name in ("batch/sent", "batch/confirmed", "batch/stored", "rows", "uncorrupted/asked"):
        numbers[name] += events
    numbers["visitors"] += visitors
    numbers["never-sent"] += int((bucket.events.seq[spans.events[1:][good] - 1] + 1 - length).sum())
    for promise in ("nothing-lost", "no-duplicates", "no-phantom", "right-visitor", "uncorrupted"):
        numbers[f"{promise}/checked"] += events
        numbers[f"{promise}/visitors"] += visitors
    tally.reordering["batch"].add(in_order(length))
    mine = good[found.visitor]
    size = np.diff(np.append(found.start, len(bucket.events)))[mine]
    visitor, batch = found.visitor[mine], found.batch[mine]
    several = size > 1
    for promise in ("order-within-batch", "contiguous-batches"):
        numbers[f"{promise}/checked"] += int(size[several].sum())
        numbers[f"{promise}/visitors"] += len(np.unique(visitor[several]))
    if not len(visitor):
        return
    first = np.flatnonzero(np.concatenate([[True], visitor[1:] != visitor[:-1]]))
    last = np.append(first[1:], len(visitor)) - 1
    follows = first < last
    numbers["order-across-batches/checked"] += int(length[follows].sum())
    numbers["order-across-batches/visitors"] += int(follows.sum())
    intended = np.minimum.reduceat(bucket.batches.first_intended[batch], first)
    tally.mark("drain/intended", intended)
    tally.mark("drain/s", bucket.batches.ack[batch[last]] - intended)
    if watched:
        # Of these visitors each reading has the same rows; the first one saw them first.
        _visible(tally, bucket, bucket.earlier[0] if bucket.earlier else rows, spans, good)


def _visible(tally: Tally, bucket: Bucket, rows: Rows, spans: Spans, good: Bools) -> None:
    """Visibility lag of the events of plain visitors, one a row."""
    event, row = places(spans.events, good), places(_bounds(rows.owner, len(bucket.names)), good)
    batch = bucket.events.batch[event]
    lag = rows.seen_at[row] - bucket.batches.ack[batch]
    known = np.isfinite(lag)
    tally.mark("visibility/batch", bucket.batches.number[batch[known]])
    tally.mark("visibility/ms", 1000 * lag[known])


def places(bounds: Ints, which: Bools) -> Ints:
    """The places of the stretches of some visitors, in order."""
    start, length = bounds[:-1][which], np.diff(bounds)[which]
    offset = np.cumsum(length) - length
    found: Ints = np.arange(int(length.sum())) + np.repeat(start - offset, length)
    return found


def without(bucket: Bucket, rows: Rows, spans: Spans, good: Bools) -> Bucket:
    """The bucket without its plain visitors; names, batches and calls keep their numbers."""
    return Bucket(
        names=bucket.names,
        batches=bucket.batches,
        calls=bucket.calls,
        events=bucket.events.at(places(spans.events, ~good)),
        rows=rows.at(places(spans.rows, ~good)),
        earlier=tuple(reading.at(places(_bounds(reading.owner, len(bucket.names)), ~good)) for reading in bucket.earlier),
    )
