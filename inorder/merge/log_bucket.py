"""One bucket's rows of a stored log, sorted by the visitor of the identity and by position."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.merge.bucket import write
from inorder.merge.buckets import by_code, composite
from inorder.merge.runs import RUNS
from inorder.merge.sorted_runs import named
from inorder.merge.spill import Share, joined, numbers, unspill_shares
from inorder.merge.stored import SPILLED
from inorder.merge.typed import NAME, taken

Array = NDArray[Any]


def write_log_bucket(path: Path, shares: Sequence[Share], history: Sequence[Share]) -> int:
    """Write a bucket of a log; returns how many of its rows are of a visitor of the history.

    `history` are the bucket's shares of the runs, for the visitors: they come first, in their order.
    """
    visitors = pa.schema([RUNS.field("visitor")])
    names, _ = named(joined([table.select(["visitor"]) for table in unspill_shares(history, RUNS)], visitors)["visitor"])
    known = len(names)
    table = joined(unspill_shares(shares, SPILLED), SPILLED)
    names, owner = _with_names(names, table["owner"])
    order = _order(owner, numbers(table["position"]))
    columns = taken({name: table[name].combine_chunks() for name in SPILLED.names[1:]}, order)
    owner = owner if order is None else owner[order]
    under = columns.pop("under")
    position = columns.pop("position")
    visitor, origin = _stored_under(owner, names, under)
    write(pa.table({"position": position, "visitor": visitor, "origin": origin, **columns}), path)
    return int(np.count_nonzero(owner < known))


def _with_names(names: pa.Array, column: pa.ChunkedArray) -> tuple[pa.Array, Array]:
    """`names` and those of a column that are none of them, and the place of each row's name in these."""
    first = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), names)
    return named(pa.chunked_array([first, *column.chunks]).unify_dictionaries())


def _order(owner: Array, position: Array) -> Array | None:
    """The rows by `owner` and position; None: as they are."""
    if np.all(position[1:] >= position[:-1]):
        return by_code(owner)
    return np.argsort(composite(owner, position), kind="stable")


def _stored_under(owner: Array, names: pa.Array, under: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The columns visitor and origin; `owner` are places in `names`, `under` is null where the visitor is the owner."""
    if under.null_count == len(under):
        return _compact(owner, names, None), pa.nulls(len(owner), NAME)
    foreign = under.is_valid().to_numpy(zero_copy_only=False)
    all_names, places = _with_names(names, pa.chunked_array([under.drop_null().dictionary_encode()]))
    visitor = owner.copy()
    visitor[foreign] = places
    return _compact(visitor, all_names, None), _compact(owner, names, foreign)


def _compact(codes: Array, names: pa.Array, valid: Array | None) -> pa.DictionaryArray:
    """`codes` as a column whose dictionary holds only the names that occur; not `valid`: null."""
    occurs = np.bincount(codes if valid is None else codes[valid], minlength=len(names)) > 0
    if not occurs.all():
        place = np.cumsum(occurs) - 1
        codes, names = place[codes], names.filter(pa.array(occurs))
    indices = pa.array(codes.astype(np.int32), mask=None if valid is None else ~valid)
    return pa.DictionaryArray.from_arrays(indices, names)
