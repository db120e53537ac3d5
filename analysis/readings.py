"""Two readings of one log, the later judged against the earlier: what is gone, and what stands elsewhere.

A log only grows, so an earlier reading is the beginning of a later one. A row of the earlier reading that is not as it
was in the later one, at its position and with its visitor, identity and digest, has *vanished* where the later one has
fewer rows of that identity, and is *rewritten* where it has one that was not there before. A new row is rewriting,
too, where it stands below the end of the earlier reading: who had read up to there would never see it.
"""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import Bools, Ints, segment_starts
from analysis.tables import Rows


@dataclass(frozen=True)
class Changes:
    """What a later reading says otherwise than an earlier one."""

    vanished: Ints
    """Rows of the earlier reading."""
    rewritten: Ints
    """Rows of the later reading; for those that have moved or changed:"""
    before: Ints
    """the row of the earlier reading, -1: the row is new, below the earlier reading's end."""


def changes(earlier: Rows, later: Rows, end: int, placed: bool) -> Changes:
    """Compare two readings of a bucket, both sorted by owner and position.

    `end`: the highest position of the whole earlier reading; `placed`: whether positions are a total order, else only
    what has vanished can be told.
    """
    gone, new = unmatched(earlier, later)
    if not len(gone) and not len(new):
        return Changes(gone, new, new)
    moved_from, moved_to, gone, new = _pair(earlier, later, gone, new)
    if not placed:
        nothing = np.zeros(0, np.int64)
        return Changes(np.sort(gone), nothing, nothing)
    inserted = new[later.position[new] <= end]
    rewritten = np.concatenate([moved_to, inserted])
    before = np.concatenate([moved_from, np.full(len(inserted), -1)])
    order = np.argsort(rewritten)
    return Changes(np.sort(gone), rewritten[order], before[order])


def unmatched(earlier: Rows, later: Rows) -> tuple[Ints, Ints]:
    """The rows of each that the other has not at the same position with the same content."""
    common = min(len(earlier), len(later))
    if len(earlier) == len(later) and bool(_same(earlier, slice(None), later, slice(None)).all()):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if not common:
        return np.arange(len(earlier)), np.arange(len(later))
    # Owner and position tell a row of an ordered log; of several the last earlier and the first later one meet.
    owner = np.concatenate([earlier.owner, later.owner])
    position = np.concatenate([earlier.position, later.position])
    which = np.repeat([0, 1], [len(earlier), len(later)])
    order = np.lexsort((which, position, owner))
    pair = (which[order[:-1]] == 0) & (which[order[1:]] == 1)
    one, other = order[:-1][pair], order[1:][pair] - len(earlier)
    same = _same(earlier, one, later, other)
    left, right = np.ones(len(earlier), bool), np.ones(len(later), bool)
    left[one[same]] = False
    right[other[same]] = False
    return np.flatnonzero(left), np.flatnonzero(right)


def _same(earlier: Rows, one: Ints | slice, later: Rows, other: Ints | slice) -> Bools:
    """Whether rows are the same, each by all that is known of it."""
    same = np.ones(len(earlier.position[one]), bool)
    for name in ("owner", "position", "visitor", "identified", "digest_known"):
        same &= getattr(earlier, name)[one] == getattr(later, name)[other]
    same &= (earlier.seq[one] == later.seq[other]) | ~earlier.identified[one]
    same &= (earlier.digest[one] == later.digest[other]) | ~earlier.digest_known[one]
    return same


def _pair(earlier: Rows, later: Rows, gone: Ints, new: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Rows of one identity, the k-th gone with the k-th new: (from, to), and what is left of both."""
    count = len(gone)
    owner = np.concatenate([earlier.owner[gone], later.owner[new]])
    known = np.concatenate([earlier.identified[gone], later.identified[new]])
    seq = np.where(known, np.concatenate([earlier.seq[gone], later.seq[new]]), 0)
    which = np.repeat([0, 1], [count, len(new)])
    order = np.lexsort((np.arange(len(owner)), which, seq, known, owner))
    start = segment_starts(owner[order]) | segment_starts(seq[order]) | segment_starts(known[order])
    identity = np.empty(len(order), np.int64)
    identity[order] = np.cumsum(start)
    first = np.flatnonzero(start | segment_starts(which[order]))
    length = np.diff(np.append(first, len(order)))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(first, length)
    key = identity * len(order) + place
    _, one, other = np.intersect1d(key[:count], key[count:], assume_unique=True, return_indices=True)
    left, right = np.ones(count, bool), np.ones(len(new), bool)
    left[one], right[other] = False, False
    return gone[one], new[other], gone[left], new[right]
