"""Events that were sent more than once: each is kept once, and what cannot be one batch sent again is refused."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inorder.errors import UnusableInput
from inorder.merge.batches import Shared
from inorder.merge.buckets import composite
from inorder.merge.calls import Places
from inorder.merge.sorted_runs import SortedRuns

Array = NDArray[Any]


@dataclass(frozen=True)
class _Copies:
    """The events that may have been sent more than once, the copies of each together, in the order of the history."""

    visitor: Array
    seq: Array
    call: Array
    batch: Array
    index: Array
    digest: Array
    known: Array
    """Whether the digest is."""
    first: Array
    """Whether it is the first of its event."""


def kept_events(runs: SortedRuns, digests: Array, known: Array, shared: Shared, places: Places) -> Array | None:
    """Which of the events of sorted runs to keep, by visitor and seq; None: all, as they are.

    `digests` and `known` (whether the digest is) are one an event. Raises UnusableInput where a seq is in two batches,
    twice in one, or a batch is sent again with other events.
    """
    group = _groups(runs)
    batch = shared.of_call[runs.call]
    alone = np.bincount(group)[group] == 1
    again = shared.batches["calls"].to_numpy()[batch] > 1
    chosen = ~alone
    chosen[np.isin(group, group[again])] = True
    if not chosen.any():
        return None
    rows = np.flatnonzero(np.repeat(chosen, runs.count))
    count = runs.count[chosen]

    def spread(of_run: Array) -> Array:
        return np.repeat(of_run[chosen], count)

    start = np.repeat(np.cumsum(count) - count, count)
    place = np.arange(len(rows)) - start
    seq, call, index = spread(runs.first) + place, spread(runs.call), spread(runs.index) + place
    key = composite(spread(group), seq)
    order = np.lexsort((index, call, key))
    first = np.ones(len(rows), bool)
    first[1:] = key[order[1:]] != key[order[:-1]]
    copies = _Copies(
        visitor=spread(runs.visitor)[order],
        seq=seq[order],
        call=call[order],
        batch=spread(batch)[order],
        index=index[order],
        digest=digests[rows][order],
        known=known[rows][order],
        first=first,
    )
    _refuse(copies, runs.names, shared, places)
    kept = np.arange(int(runs.count.sum()))
    kept[rows] = rows[order]
    keep = np.ones(len(kept), bool)
    keep[rows[~first]] = False
    return kept[keep]


def _groups(runs: SortedRuns) -> Array:
    """The same number for runs that overlap, directly or through others."""
    count = len(runs.first)
    if not count:
        return np.zeros(0, np.int64)
    keys = composite(np.tile(runs.visitor, 2), np.concatenate([runs.first, runs.first + runs.count]))
    begins, ends = keys[:count], np.maximum.accumulate(keys[count:])
    new = np.ones(count, bool)
    new[1:] = begins[1:] >= ends[:-1]
    group: Array = np.cumsum(new) - 1
    return group


def _refuse(copies: _Copies, names: Any, shared: Shared, places: Places) -> None:
    """Raise where the copies of one event (the first of them, and those that follow it) are not those of one batch."""
    call, batch, first = copies.call, copies.batch, copies.first
    starts = np.flatnonzero(first)
    number = np.diff(np.append(starts, len(call)))
    leader = np.repeat(starts, number)

    def refuse(place: int, row: int, reason: str) -> UnusableInput:
        """The error at the `sent` line of call `row`, about the event at `place`."""
        name = shared.batches["name"]
        own, other = name[int(shared.of_call[row])], name[int(batch[leader[place]])]
        visitor, seq = names[int(copies.visitor[place])], copies.seq[place]
        return UnusableInput(f"{places.where(row)}: {reason.format(visitor=visitor, seq=seq, own=own, other=other)}")

    other = np.flatnonzero(batch != batch[leader])
    if len(other):
        place = int(other[0])
        reason = "seq {seq} of visitor {visitor} is in batch {own}, and in batch {other} before"
        raise refuse(place, int(call[place]), reason)
    twice = np.flatnonzero((call[1:] == call[:-1]) & ~first[1:]) + 1
    if len(twice):
        place = int(twice[0])
        raise refuse(place, int(call[place]), "seq {seq} of visitor {visitor} is twice in batch {own}")
    index, digest, known = copies.index, copies.digest, copies.known
    changed = (index != index[leader]) | ((digest != digest[leader]) & known & known[leader])
    changed[starts[number != shared.batches["calls"].to_numpy()[batch[starts]]]] = True
    found = np.flatnonzero(changed)
    if len(found):
        place = int(found[0])
        reason = "batch {own} is sent again with other events (seq {seq} of visitor {visitor})"
        raise refuse(place, _deviating(call, leader, place, shared.of_call), reason)


def _deviating(call: Array, leader: Array, place: int, of_call: Array) -> int:
    """The call to name for the event at `place`: itself where it differs from the first, else the first call of the
    batch that has the event and its first call has not, or the other way round."""
    if leader[place] != place:
        return int(call[place])
    having = call[np.flatnonzero(leader == leader[place])]
    all_calls = np.flatnonzero(of_call == of_call[call[place]])
    has = np.isin(all_calls, having)
    return int(all_calls[np.flatnonzero(has != has[0])[0]])
