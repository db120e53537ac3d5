"""Buckets by visitor: which visitor falls into which, and the temporary files in which rows wait for their bucket."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = NDArray[Any]

ROWS = 2_000_000
"""Rows that a bucket is meant to hold: about 150 MB while it is judged."""


def bucket_of(visitor: str, buckets: int) -> int:
    """The bucket of a visitor: the same on every machine and in every Python."""
    return zlib.crc32(visitor.encode()) % buckets


class Names:
    """Visitor names as numbers, in the order in which they are met."""

    def __init__(self, buckets: int) -> None:
        self.buckets = buckets
        self.codes: dict[str, int] = {}
        self._listed: list[str] = []
        self._bucket: Array = np.zeros(1024, np.int32)

    def code(self, name: str) -> int:
        """The number of `name`; a new name gets the next one."""
        code = self.codes.get(name)
        if code is None:
            code = self.codes[name] = len(self._listed)
            self._listed.append(name)
            if code == len(self._bucket):
                self._bucket = np.resize(self._bucket, 2 * code)
            self._bucket[code] = bucket_of(name, self.buckets)
        return code

    def name(self, code: int) -> str:
        """The name behind a number."""
        return self._listed[code]

    def bucket(self, codes: Array) -> Array:
        """The bucket of each of `codes`."""
        buckets: Array = self._bucket[codes]
        return buckets

    def column(self, codes: Array, valid: Array | None = None) -> pa.DictionaryArray:
        """`codes` as a column of names whose dictionary holds only the names that occur; not `valid`: null."""
        local: Array
        present, local = np.unique(codes if valid is None else codes[valid], return_inverse=True)
        if valid is not None:
            spread: Array = np.zeros(len(codes), np.int32)
            spread[valid] = local
            local = spread
        dictionary = pa.array([self._listed[code] for code in present.tolist()], pa.string())
        indices = pa.array(local.astype(np.int32), mask=None if valid is None else ~valid)
        return pa.DictionaryArray.from_arrays(indices, dictionary)


class Spill:
    """Rows on their way into buckets: one Arrow stream a bucket, in the order added."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema, buckets: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.schema = schema
        self._paths = [folder / f"{name}-{bucket:04d}.arrow" for bucket in range(buckets)]
        self._files = [pa.OSFile(str(path), "wb") for path in self._paths]
        self._writers = [pa.ipc.new_stream(file, schema) for file in self._files]

    def add(self, bucket: Array, columns: Mapping[str, Array | pa.Array]) -> None:
        """Append rows; `bucket` says where each goes."""
        if not len(bucket):
            return
        rows = pa.record_batch([pa.array(columns[field.name], field.type) for field in self.schema], schema=self.schema)
        if len(self._writers) == 1:
            self._writers[0].write_batch(rows)
            return
        order = np.argsort(bucket, kind="stable")
        rows = rows.take(pa.array(order))
        bounds = np.searchsorted(bucket[order], np.arange(len(self._writers) + 1))
        for writer, start, end in zip(self._writers, bounds[:-1], bounds[1:], strict=True):
            if end > start:
                writer.write_batch(rows.slice(start, end - start))

    def close(self) -> None:
        """No more rows come."""
        for writer, file in zip(self._writers, self._files, strict=True):
            writer.close()
            file.close()

    def take(self, bucket: int) -> pa.Table:
        """The rows of a bucket; its temporary file is removed."""
        path = self._paths[bucket]
        with pa.ipc.open_stream(str(path)) as reader:
            table = reader.read_all().combine_chunks()
        path.unlink()
        return table


def composite(major: Array, minor: Array) -> Array:
    """One integer a row that sorts by `major`, then `minor`; both are ranked where they would not fit."""
    low = int(minor.min()) if len(minor) else 0
    span = (int(minor.max()) if len(minor) else 0) - low + 1
    if (int(major.max()) + 1 if len(major) else 1) * span >= 1 << 62:
        values, minor = np.unique(minor, return_inverse=True)
        low, span = 0, len(values)
    key: Array = major.astype(np.int64) * span + (minor - low)
    return key
