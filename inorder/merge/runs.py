"""The events of calls as runs of consecutive seqs: what waits in temporary files for its bucket."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.history import Sent
from inorder.merge.buckets import divide, ranges
from inorder.merge.rules import MAX_EVENTS, MAX_SEQ, Suspect, digest_number
from inorder.merge.spill import Divided, spill_divided

Array = NDArray[Any]

RUNS = pa.schema(
    [
        ("visitor", pa.dictionary(pa.int32(), pa.string())),
        ("first", pa.int64()),
        ("count", pa.int32()),
        ("call", pa.int32()),
        ("index", pa.int32()),
        ("digests", pa.list_(pa.int64())),
    ]
)
"""A run: its first seq and how many; `call` is the row of its call within the range, `index` the place of the first
event in the call; `digests` one an event, none at all where they are unknown."""


@dataclass(frozen=True)
class Runs:
    """Runs in the order read."""

    visitor: pa.Array
    first: Array
    count: Array
    call: Array
    index: Array
    digested: Array
    """How many digests each has: `count` or 0."""
    digests: pa.Array


def of_calls(sents: list[Sent], first_call: int) -> tuple[Runs, Array]:
    """The runs of calls, and how many events each call has; raises Suspect where they cannot be."""
    lists = [line.events for line in sents]
    number = np.fromiter(map(len, lists), np.int64, len(lists))
    visitors, firsts, lengths = tuple(zip(*chain.from_iterable(lists), strict=True)) or ((), (), ())
    first, count = np.array(firsts, np.int64), np.array(lengths, np.int64)
    if len(count) and (int(count.max()) > MAX_EVENTS or int(first.max()) > MAX_SEQ):
        raise Suspect
    ends = np.cumsum(number)
    before = np.concatenate([[0], np.cumsum(count)])
    counts = before[ends] - before[ends - number]
    ordinary = np.array([line.kind == "ordinary" for line in sents])
    if np.any(counts > MAX_EVENTS) or np.any(counts[ordinary] != 1):
        raise Suspect
    call = np.repeat(np.arange(len(sents)), number)
    known, digests = _digests(sents, counts)
    runs = Runs(
        visitor=pa.array(visitors, pa.string()),
        first=first,
        count=count,
        call=call + first_call,
        index=before[:-1] - np.repeat(before[ends - number], number),
        digested=np.where(known[call], count, 0),
        digests=digests,
    )
    return runs, counts


def _digests(sents: list[Sent], counts: Array) -> tuple[Array, pa.Array]:
    """Which calls have digests, and these, one an event."""
    lists = [line.digests for line in sents]
    given = [digests for digests in lists if digests is not None]
    if len(given) == len(lists):
        known = np.ones(len(lists), bool)
    else:
        known = np.array([digests is not None for digests in lists])
    if not np.array_equal(np.fromiter(map(len, given), np.int64, len(given)), counts[known]):
        raise Suspect
    flat = list(chain.from_iterable(given))
    try:
        # Takes no text for a number, as numpy would.
        return known, pa.array(flat, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return known, pa.array([digest_number(digest) for digest in flat], pa.int64())


def spill_runs(chunks: list[Runs], buckets: int, path: Path) -> Divided:
    """Write runs into a file, bucket by bucket."""

    def joined(name: str) -> Array:
        return np.concatenate([np.zeros(0, np.int64), *(getattr(chunk, name) for chunk in chunks)])

    visitor = pa.chunked_array([chunk.visitor for chunk in chunks], pa.string()).combine_chunks().dictionary_encode()
    division = divide(visitor.indices.to_numpy(), visitor.dictionary, buckets)
    columns = [joined(name) for name in ("first", "count", "call", "index")]
    digested, digests = joined("digested"), joined("digests")
    if division.order is not None:
        columns = [column[division.order] for column in columns]
        starts = (np.cumsum(digested) - digested)[division.order]
        digested = digested[division.order]
        digests = digests[ranges(starts, digested)]
    offsets = pa.array(np.concatenate([[0], np.cumsum(digested)]), pa.int32())
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, list(RUNS)[1:5], strict=True)]
    lists = pa.ListArray.from_arrays(offsets, pa.array(digests))
    return spill_divided(path, division, [*arrays, lists], RUNS)
