"""Buckets by visitor: which visitor falls into which, and the order of rows by bucket and by visitor."""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[Any]

ROWS = 500_000
"""Rows that a bucket is meant to hold: some 100 MB while it is judged, however large the run is."""


def bucket_of(visitor: str, buckets: int) -> int:
    """The bucket of a visitor: the same on every machine and in every Python."""
    return zlib.crc32(visitor.encode()) % buckets


@dataclass(frozen=True)
class Division:
    """Rows divided into buckets, each with names of its own."""

    order: Array | None
    """The rows, bucket by bucket, in the order given; None: as they are, there is one bucket."""
    bounds: Array
    """Where each bucket begins among the rows in that order; one more at the end."""
    codes: Array
    """For each row in that order its name, as a number within its bucket."""
    names: pa.Array
    """The names, bucket by bucket, in the order given."""
    name_bounds: Array
    """Where those of each bucket begin; one more at the end."""


def divide(codes: Array, names: pa.Array, buckets: int) -> Division:
    """Divide rows into buckets; `codes` are the place of each row's name in `names`, int32."""
    if buckets == 1:
        return Division(None, np.array([0, len(codes)]), codes, names, np.array([0, len(names)]))
    # Sixteen bits are sorted by radix, in a time that the number of rows alone decides.
    kind = np.uint16 if buckets <= 1 << 16 else np.int64
    bucket_of_name = np.array([zlib.crc32(name.encode()) % buckets for name in names.to_pylist()], kind)
    grouped = np.argsort(bucket_of_name, kind="stable")
    name_bounds = np.searchsorted(bucket_of_name[grouped], np.arange(buckets + 1))
    local = np.empty(len(names), np.int32)
    local[grouped] = np.arange(len(names)) - name_bounds[bucket_of_name[grouped]]
    bucket = bucket_of_name[codes]
    order = np.argsort(bucket, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(bucket, minlength=buckets))])
    return Division(order, bounds, local[codes[order]], names.take(pa.array(grouped)), name_bounds)


def by_code(codes: Array) -> Array:
    """The rows sorted by `codes` (at least 0), in the order given where these are equal."""
    low = np.argsort(codes.astype(np.uint16), kind="stable")
    if not len(codes) or int(codes.max()) < 1 << 16:
        return low
    order: Array = low[by_code((codes >> 16)[low])]
    return order


def composite(major: Array, minor: Array) -> Array:
    """One integer a row that sorts by `major`, then `minor`; both are ranked where they would not fit."""
    low = int(minor.min()) if len(minor) else 0
    span = (int(minor.max()) if len(minor) else 0) - low + 1
    if (int(major.max()) + 1 if len(major) else 1) * span >= 1 << 62:
        values, minor = np.unique(minor, return_inverse=True)
        low, span = 0, len(values)
    key: Array = major.astype(np.int64) * span + (minor - low)
    return key


def ranges(starts: Array, lengths: Array) -> Array:
    """The integers of all ranges, one range after another."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    places: Array = np.repeat(starts - ends + lengths, lengths)
    places += np.arange(total, dtype=places.dtype)
    return places
