"""The runs of one bucket from all ranges of the history, sorted by visitor and seq."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.merge.buckets import composite, ranges
from inorder.merge.runs import RUNS
from inorder.merge.spill import Share, joined, numbers, unspill_shares

Array = NDArray[Any]


@dataclass(frozen=True)
class SortedRuns:
    """Runs by visitor and first seq, those of the same first seq in the order of the history."""

    names: pa.Array
    """The visitors, in the order of the history."""
    visitor: Array
    """Place in `names`."""
    first: Array
    count: Array
    call: Array
    """Row of the call in the run's calls."""
    index: Array
    digest_start: Array
    """Where its digests begin in `digests`."""
    digested: Array
    """How many it has: `count`, or 0 where they are unknown."""
    digests: Array


def sorted_runs(shares: Sequence[Share], first_rows: Sequence[int]) -> SortedRuns:
    """Read the runs of a bucket; `first_rows` are the rows of the first call of each share."""
    tables = unspill_shares(shares, RUNS)
    table = joined(tables, RUNS)
    names, visitor = named(table["visitor"])
    first, count, call, index = (numbers(table[name]) for name in ("first", "count", "call", "index"))
    call = call + np.repeat(np.array(first_rows, np.int64), [part.num_rows for part in tables])
    lists = table["digests"]
    digested = np.concatenate([np.diff(chunk.offsets.to_numpy()) for chunk in lists.chunks])
    digests = np.concatenate([chunk.flatten().to_numpy() for chunk in lists.chunks])
    starts = np.cumsum(digested, dtype=np.int64) - digested
    order = np.argsort(composite(visitor, first), kind="stable")
    return SortedRuns(
        names=names,
        visitor=visitor[order],
        first=first[order],
        count=count[order],
        call=call[order],
        index=index[order],
        digest_start=starts[order],
        digested=digested[order],
        digests=digests,
    )


def named(column: pa.ChunkedArray) -> tuple[pa.Array, Array]:
    """The names of a column whose dictionaries are one, and the place of each row's name in them."""
    whole = column.combine_chunks()
    return whole.dictionary, whole.indices.to_numpy(zero_copy_only=False)


def digests_of(runs: SortedRuns) -> tuple[Array, Array]:
    """The digest of each event, and whether it is known (else it means nothing)."""
    values = runs.digests[ranges(runs.digest_start, runs.digested)]
    known = np.repeat(runs.digested > 0, runs.count)
    if len(values) == len(known):
        return values, known
    spread = np.zeros(len(known), np.int64)
    spread[known] = values
    return spread, known
