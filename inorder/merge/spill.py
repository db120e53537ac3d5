"""Temporary files between two steps of a merge: Arrow streams, one after another in one file, read memory-mapped."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.merge.buckets import Division

Array = NDArray[Any]
Stream = tuple[Path, int]
"""A file, and where in it a stream begins."""


@dataclass(frozen=True)
class Spilled:
    """A file of several streams."""

    path: Path
    starts: tuple[int, ...]

    def stream(self, number: int) -> Stream:
        """Where one of them is."""
        return self.path, self.starts[number]

    def streams(self) -> list[Stream]:
        """Where each of them is."""
        return [(self.path, start) for start in self.starts]


def spill(path: Path, batches: Iterable[pa.RecordBatch]) -> Spilled:
    """Write each of `batches` as a stream of its own: they are of different columns."""
    starts = []
    with pa.OSFile(str(path), "wb") as file:
        for batch in batches:
            starts.append(file.tell())
            with pa.ipc.new_stream(file, batch.schema) as writer:
                writer.write_batch(batch)
    return Spilled(path, tuple(starts))


def empty(schema: pa.Schema) -> pa.RecordBatch:
    """No row."""
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def unspill(streams: Iterable[Stream]) -> list[pa.Table]:
    """The rows of each of `streams`."""
    tables = []
    for path, start in streams:
        source = pa.memory_map(str(path))
        source.seek(start)
        tables.append(pa.ipc.open_stream(source).read_all())
    return tables


@dataclass(frozen=True)
class Divided:
    """A file of rows in the order of their buckets, and of the names of these."""

    spilled: Spilled
    bounds: tuple[int, ...]
    name_bounds: tuple[int, ...]

    def share(self, bucket: int) -> "Share":
        """Where the rows of a bucket are."""
        rows, names = (slice(*bounds[bucket : bucket + 2]) for bounds in (self.bounds, self.name_bounds))
        return Share(self.spilled, rows, names)


@dataclass(frozen=True)
class Share:
    """Where the rows of a bucket are in a file, and the names that occur there."""

    spilled: Spilled
    rows: slice
    names: slice


def spill_divided(path: Path, division: Division, columns: list[pa.Array], schema: pa.Schema) -> Divided:
    """Write rows bucket by bucket; the first column of `schema` are their names, `columns` the others in that order."""
    codes = pa.field(schema.names[0], pa.int32())
    batch = pa.RecordBatch.from_arrays([pa.array(division.codes), *columns], schema=schema.set(0, codes))
    spilled = spill(path, [batch, pa.record_batch({"name": division.names})])
    return Divided(spilled, tuple(division.bounds.tolist()), tuple(division.name_bounds.tolist()))


def unspill_shares(shares: Iterable[Share], schema: pa.Schema) -> list[pa.Table]:
    """The rows of each of `shares`, which are those of one bucket."""
    tables = []
    for share in shares:
        rows, names = unspill(share.spilled.streams())
        rows = rows.slice(share.rows.start, share.rows.stop - share.rows.start)
        # There is a chunk at most: each stream was written as one batch.
        codes = [chunk for chunk in rows.column(0).chunks if len(chunk)]
        name = [pa.DictionaryArray.from_arrays(chunk, names["name"].chunk(0)[share.names]) for chunk in codes]
        tables.append(rows.set_column(0, schema[0], pa.chunked_array(name, schema[0].type)))
    return tables


def joined(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    """One table after another; names that are kept as dictionaries are so by one dictionary."""
    return pa.concat_tables([schema.empty_table(), *tables]).unify_dictionaries()


def numbers(column: pa.ChunkedArray) -> Array:
    """A column without nulls as one array; of a single chunk it is no copy."""
    chunks = [chunk.to_numpy(zero_copy_only=False) for chunk in column.chunks if len(chunk)]
    if len(chunks) == 1:
        only: Array = chunks[0]
        return only
    return np.concatenate(chunks) if chunks else np.zeros(0, column.type.to_pandas_dtype())
