"""From calls to batches: which calls are one batch, when it was sent and acknowledged, and which events it holds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.errors import UnusableInput
from inorder.merge.buckets import Names, composite
from inorder.merge.calls import Calls
from inorder.merge.rules import OUTCOMES

Array = NDArray[Any]


@dataclass(frozen=True)
class Batches:
    """One row a batch or ordinary event, numbered in the order first sent in the files."""

    table: pa.Table
    """The content of batches.parquet."""
    of_call: Array
    """The batch of each call."""
    calls: Array
    """How many calls each batch has."""


def _distinct(column: pa.ChunkedArray) -> tuple[Array, pa.Array]:
    """Each value as a number, in the order of first appearance, and the values."""
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary


def _first_rows(codes: Array, count: int) -> Array:
    """The first row that holds each code."""
    first = np.zeros(count, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first


def group(calls: Calls) -> Batches:
    """Group the calls into batches. Raises UnusableInput where one call is sent twice or a batch changes its kind."""
    table = calls.table
    codes, names = _distinct(table["call"])
    repeated = np.flatnonzero(_first_rows(codes, len(names))[codes] != np.arange(len(codes)))
    if len(repeated):
        row = int(repeated[0])
        raise UnusableInput(f"{calls.where(row)}: a second 'sent' of call {table['call'][row]}")
    batch, names = _distinct(table["batch"])
    count = len(names)
    first = _first_rows(batch, count)
    kind, events = table["kind"].to_numpy(), table["events"].to_numpy()
    changed = np.flatnonzero((kind[first][batch] != kind) | (events[first][batch] != events))
    if len(changed):
        row = int(changed[0])
        what = "as another kind of call" if kind[first[batch[row]]] != kind[row] else "with other events"
        raise UnusableInput(f"{calls.where(row)}: batch {table['batch'][row]} is sent again {what}")
    outcome = table["outcome"].to_numpy()
    confirmed = outcome == OUTCOMES["confirmed"]
    not_rejected = np.bincount(batch, weights=outcome != OUTCOMES["rejected"], minlength=count).astype(np.int16)
    number = np.bincount(batch, minlength=count)
    ack = _lowest(batch, np.where(confirmed, table["done"].to_numpy(), np.inf), count)
    best = np.where(
        np.isfinite(ack),
        OUTCOMES["confirmed"],
        np.where(not_rejected > 0, OUTCOMES["indeterminate"], OUTCOMES["rejected"]),
    )
    columns: dict[str, Any] = {
        "batch": np.arange(count, dtype=np.int32),
        "name": names,
        "kind": kind[first],
        "events": events[first],
        "first_intended": _lowest(batch, table["intended"].to_numpy(), count),
        "first_sent": _lowest(batch, table["sent"].to_numpy(), count),
        "ack": ack,
        "calls": number.astype(np.int16),
        "calls_not_rejected": not_rejected,
        "outcome": best.astype(np.int8),
    }
    return Batches(pa.table(columns), batch, number)


def _lowest(group_of: Array, values: Array, count: int) -> Array:
    """The lowest value of each group."""
    if not count:
        return np.zeros(0)
    order = np.argsort(group_of, kind="stable")
    starts = np.searchsorted(group_of[order], np.arange(count))
    lowest: Array = np.minimum.reduceat(values[order], starts)
    return lowest


def bucket_events(rows: pa.Table, calls: Calls, batches: Batches, names: Names) -> pa.Table:
    """The events of a bucket, each once, sorted by visitor and seq.

    Raises UnusableInput where a seq is in two batches, twice in one, or a batch is sent again with other events.
    """
    visitor, seq, call, index = (rows[name].to_numpy() for name in ("visitor", "seq", "call", "index"))
    key = composite(visitor, seq)
    order = np.argsort(key, kind="stable")
    first = _firsts(key[order])
    _refuse_overlaps(order, first, rows, calls, batches, names)
    kept = order[first]
    digest = rows["digest"].combine_chunks().take(pa.array(kept))
    return pa.table(
        {
            "visitor": names.column(visitor[kept]),
            "seq": seq[kept],
            "batch": batches.of_call[call[kept]].astype(np.int32),
            "index": index[kept],
            "digest": digest,
        }
    )


def _firsts(ordered: Array) -> Array:
    """Whether each value differs from the one before."""
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return first


def _refuse_overlaps(order: Array, first: Array, rows: pa.Table, calls: Calls, batches: Batches, names: Names) -> None:
    """Raise where the rows of one event (the first of them, and those that follow it) are not those of one batch."""
    call = rows["call"].to_numpy()[order]
    batch = batches.of_call[call]
    if first.all() and np.all(batches.calls[batch] == 1):
        return  # nothing was sent twice
    starts = np.flatnonzero(first)
    copies = np.diff(np.append(starts, len(order)))
    leader = np.repeat(starts, copies)

    def refuse(place: int, row: int, reason: str) -> UnusableInput:
        """The error at the `sent` line of call `row`, about the event at `place`."""
        visitor = names.name(int(rows["visitor"][int(order[place])].as_py()))
        seq = rows["seq"][int(order[place])].as_py()
        own, other = calls.table["batch"][row], calls.table["batch"][int(call[leader[place]])]
        return UnusableInput(f"{calls.where(row)}: {reason.format(visitor=visitor, seq=seq, own=own, other=other)}")

    other = np.flatnonzero(batch != batch[leader])
    if len(other):
        place = int(other[0])
        reason = "seq {seq} of visitor {visitor} is in batch {own}, and in batch {other} before"
        raise refuse(place, int(call[place]), reason)
    twice = np.flatnonzero((call[1:] == call[:-1]) & ~first[1:]) + 1
    if len(twice):
        place = int(twice[0])
        raise refuse(place, int(call[place]), "seq {seq} of visitor {visitor} is twice in batch {own}")
    index, digest = (rows[name].fill_null(0).to_numpy()[order] for name in ("index", "digest"))
    known = rows["digest"].is_valid().to_numpy()[order]
    changed = (index != index[leader]) | ((digest != digest[leader]) & known & known[leader])
    changed[starts[copies != batches.calls[batch[starts]]]] = True
    places = np.flatnonzero(changed)
    if len(places):
        place = int(places[0])
        reason = "batch {own} is sent again with other events (seq {seq} of visitor {visitor})"
        raise refuse(place, _deviating(call, leader, place, batches.of_call), reason)


def _deviating(call: Array, leader: Array, place: int, of_call: Array) -> int:
    """The call to name for the event at `place`: itself where it differs from the first, else the first call of the
    batch that has the event and its first call has not, or the other way round."""
    if leader[place] != place:
        return int(call[place])
    having = call[np.flatnonzero(leader == leader[place])]
    all_calls = np.flatnonzero(of_call == of_call[call[place]])
    has = np.isin(all_calls, having)
    return int(all_calls[np.flatnonzero(has != has[0])[0]])
