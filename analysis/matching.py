"""Which stored row is a copy of which event: the join that all checks of the stored log stand on."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import Bools, Ints
from analysis.tables import Bucket, Rows


@dataclass(frozen=True)
class Matched:
    """Rows against events. Where both lie is the bucket's numbering; -1: none.

    A *copy* is a row that carries the event's identity and is stored under its visitor. A row under another visitor is
    misrouted, and nothing else: neither a copy nor part of the visitor's order.
    """

    event: Ints
    """Row to the event whose identity it carries; -1: no call carried that identity, or none could be read."""
    copy: Bools
    """Row: whether it is a copy."""
    first: Bools
    """Row: whether it is the first copy of its event."""
    last: Bools
    copies: Ints
    """Event: how many copies."""
    first_row: Ints
    """Event: the row of its first copy; -1: none."""
    last_row: Ints
    elsewhere: Bools
    """Event: whether a row under another visitor carries its identity."""
    corrupt: Bools
    """Event: whether the digest of a copy differs from the digest sent."""
    unread: Ints
    """Visitor: rows under it whose identity could not be read."""


def match(bucket: Bucket, rows: Rows) -> Matched:
    """Join the rows of a reading with the events of their bucket."""
    events, visitors = bucket.events, len(bucket.names)
    event = event_of(bucket, rows)
    known = event >= 0
    copy = known & (rows.owner == rows.visitor)
    places = np.flatnonzero(copy)
    mine = event[places]
    copies = np.bincount(mine, minlength=len(events))
    first_row = np.full(len(events), -1)
    last_row = np.full(len(events), -1)
    last_row[mine] = places
    first_row[mine[::-1]] = places[::-1]
    first, last = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    first[first_row[first_row >= 0]] = True
    last[last_row[last_row >= 0]] = True
    elsewhere, corrupt = np.zeros(len(events), bool), np.zeros(len(events), bool)
    elsewhere[event[known & ~copy]] = True
    differs = (rows.digest[places] != events.digest[mine]) & rows.digest_known[places] & events.digest_known[mine]
    corrupt[mine[differs]] = True
    unread = np.bincount(rows.owner[~rows.identified], minlength=visitors)
    return Matched(event, copy, first, last, copies, first_row, last_row, elsewhere, corrupt, unread)


def event_of(bucket: Bucket, rows: Rows) -> Ints:
    """The event whose identity each row carries, -1: none.

    By offset where each visitor's seqs have no gap, else by binary search.
    """
    events, visitors = bucket.events, len(bucket.names)
    if not len(events):
        return np.full(len(rows), -1)
    start = np.searchsorted(events.visitor, np.arange(visitors + 1))
    count = np.diff(start)
    first_seq = np.zeros(visitors, np.int64)
    some = count > 0
    first_seq[some] = events.seq[start[:-1][some]]
    place = np.arange(len(events)) - start[:-1][events.visitor]
    owner = rows.owner
    if np.array_equal(events.seq, first_seq[events.visitor] + place):
        # Compared before it is subtracted: a foreign seq may be any 64-bit number.
        inside = rows.seq >= first_seq[owner]
        offset = np.where(inside, rows.seq, 0) - np.where(inside, first_seq[owner], 0)
        inside &= rows.identified & (offset < count[owner])
        return np.where(inside, start[:-1][owner] + offset, -1)
    values = np.unique(events.seq)
    rank = np.minimum(np.searchsorted(values, rows.seq), len(values) - 1)
    key = events.visitor.astype(np.int64) * len(values) + np.searchsorted(values, events.seq)
    wanted = owner.astype(np.int64) * len(values) + rank
    found = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    hit = rows.identified & (values[rank] == rows.seq) & (key[found] == wanted)
    return np.where(hit, found, -1)
