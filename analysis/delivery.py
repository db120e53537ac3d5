"""What became of each event: stored once, not at all, too often, elsewhere, changed, or without having been sent."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import Bools, Ints, highest, segment_starts
from analysis.facts import Facts
from analysis.matching import Matched
from analysis.tables import CONFIRMED, INDETERMINATE, REJECTED, Parts, Rows


@dataclass(frozen=True)
class Fates:
    """Masks over the events of a bucket, batches' and ordinary ones alike."""

    present: Bools
    """Some stored row carries its identity."""
    missing: Bools
    """Not present, nor seen before; decided, for each row under its visitor has an identity."""
    undecided: Bools
    """Not present, but it may be one of the rows under its visitor that have no identity."""
    unconfirmed_absence: Bools
    """Confirmed and not present, neither lost for sure nor decided by a settled log: `unseen`."""
    lost: Bools
    ghost: Bools
    recovered: Bools
    explained: Bools
    """Stored more than once, at most as often as calls that were not rejected carried it."""
    unexplained: Bools


def fates(facts: Facts, matched: Matched, gone: Bools, settled: bool) -> Fates:
    """Decide each event's fate; `gone`: those that an earlier reading of the log held and the last does not.

    A rejected call did not take effect: of a batch with rejected and indeterminate calls only the latter count.
    """
    events, outcome, part = facts.bucket.events, facts.outcome, facts.parts.of_event
    present = (matched.copies > 0) | matched.elsewhere
    unread = matched.unread[events.visitor] > 0
    missing, undecided = ~present & ~unread & ~gone, ~present & unread & ~gone
    confirmed = outcome[part] == CONFIRMED
    lost = missing & confirmed
    unseen = np.zeros(len(events), bool)
    if not settled and lost.any():
        unseen = lost & ~_later_stored(facts, matched)
        lost &= ~unseen
    allowed = facts.not_rejected[part]
    repeated = matched.copies > 1
    return Fates(
        present=present,
        missing=missing,
        undecided=undecided,
        unconfirmed_absence=unseen,
        lost=lost,
        ghost=present & (outcome[part] == REJECTED),
        recovered=present & (outcome[part] == INDETERMINATE),
        explained=repeated & (matched.copies <= allowed),
        unexplained=repeated & (matched.copies > allowed),
    )


def _later_stored(facts: Facts, matched: Matched) -> Bools:
    """Whether an event that must come later is stored: then the log has been read past the place of this one."""
    events, ranks, promised, part = facts.bucket.events, facts.ranks, facts.promised, facts.parts.of_event
    stored = (matched.copies > 0) & promised[part]
    last_index = np.full(len(facts.parts.size), -1)
    np.maximum.at(last_index, part[stored], events.index[stored])
    last_sent = highest(events.visitor, np.where(stored, ranks.sent[part], -1))
    return promised[part] & ((last_index[part] > events.index) | (last_sent >= ranks.acked[part]))


def phantoms(rows: Rows, matched: Matched) -> Ints:
    """The first row of each identity that no call carried."""
    strange = np.flatnonzero(rows.identified & (matched.event < 0))
    order = strange[np.lexsort((strange, rows.seq[strange], rows.owner[strange]))]
    owner, seq = rows.owner[order], rows.seq[order]
    first = segment_starts(owner)
    first[1:] |= seq[1:] != seq[:-1]
    return np.sort(order[first])


def split(parts: Parts, matched: Matched, promised: Bools) -> Bools:
    """Parts inside which, between first copies, a row of another call of the visitor is stored.

    Further copies of the part's own events are not another call's, wherever they lie.
    """
    places = np.flatnonzero(matched.copy)  # sorted by visitor and position
    part = parts.of_event[matched.event[places]]
    start: Ints = np.full(len(parts.size), len(places))
    end: Ints = np.full(len(parts.size), -1)
    first = np.flatnonzero(matched.first[places])
    np.minimum.at(start, part[first], first)
    np.maximum.at(end, part[first], first)
    own = np.bincount(part[np.arange(len(places)) <= end[part]], minlength=len(parts.size))
    return promised & (end - start + 1 > own)
