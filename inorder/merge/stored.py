"""The stored log as it was read back, sorted into buckets by the visitor whose identity each row carries."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inorder.errors import UnusableInput
from inorder.merge.buckets import Names, Spill, composite
from inorder.merge.marker import StoredLog
from inorder.merge.rules import digest_number

Array = NDArray[Any]

_CHUNK = 1 << 19
_COLUMNS = {
    "position": pa.int64(),
    "visitor": pa.string(),
    "origin": pa.string(),
    "seq": pa.int64(),
    "digest": pa.int64(),
    "name": pa.string(),
    "server": pa.string(),
    "stored_at": pa.float64(),
    "seen_at": pa.float64(),
}
_NEEDED = ("position", "visitor", "seq")

SPILLED = pa.schema(
    [
        ("owner", pa.int32()),
        ("visitor", pa.int32()),
        ("foreign", pa.bool_()),
        *((name, kind) for name, kind in _COLUMNS.items() if name not in ("visitor", "origin")),
    ]
)
"""A row in the spill: `owner` the visitor of the identity, `visitor` the one that it is stored under, as numbers;
`foreign` where these differ."""


def open_stored(path: Path) -> pq.ParquetFile:
    """Open the stored log; raises OSError or pyarrow's ArrowException where the file is cut off."""
    return pq.ParquetFile(path)


def spill_stored(file: pq.ParquetFile, path: Path, names: Names, spill: Spill) -> StoredLog:
    """Send the rows of the stored log to their buckets, and take the account that only the log's own order gives."""
    columns = [name for name in _COLUMNS if name in file.schema_arrow.names]
    for name in _NEEDED:
        if name not in columns:
            raise UnusableInput(f"{path}: no stored log: column '{name}' is missing")
    log = StoredLog()
    before: int | None = None
    for batch in file.iter_batches(_CHUNK, columns=columns):
        rows = _typed(batch, path, log.rows)
        log.missing += rows["position"].null_count
        position = rows["position"].fill_null(-1).to_numpy(zero_copy_only=False)
        steps = np.diff(position if before is None else np.concatenate([[before], position]))
        log.ties += int((steps == 0).sum())
        log.descents += int((steps < 0).sum())
        seen = pc.min(rows["seen_at"]).as_py()
        if seen is not None and (log.first_seen_s is None or seen < log.first_seen_s):
            log.first_seen_s = seen
        if len(position):
            before = int(position[-1])
        log.rows += len(position)
        _spill_rows(rows, position, names, spill)
    return log


def _spill_rows(rows: dict[str, pa.Array], position: Array, names: Names, spill: Spill) -> None:
    visitor = _codes(rows["visitor"], names)
    origin = rows["origin"].is_valid().to_numpy(zero_copy_only=False)
    owner = visitor.copy()
    if origin.any():
        owner[origin] = _codes(rows["origin"].drop_null(), names)
    given = {name: rows[name] for name in _COLUMNS if name not in ("visitor", "origin", "position")}
    spill.add(
        names.bucket(owner),
        {"owner": owner, "visitor": visitor, "foreign": owner != visitor, "position": position, **given},
    )


def _codes(column: pa.Array, names: Names) -> Array:
    """Names as numbers; each distinct name is looked up once."""
    encoded = column.dictionary_encode()
    codes = np.array([names.code(name) for name in encoded.dictionary.to_pylist()], np.int32)
    return codes[encoded.indices.to_numpy(zero_copy_only=False)] if len(codes) else np.zeros(0, np.int32)


def _typed(batch: pa.RecordBatch, path: Path, first: int) -> dict[str, pa.Array]:
    """The columns in their types, absent ones null; raises UnusableInput where a value is of another type."""
    rows = {}
    for name, kind in _COLUMNS.items():
        index = batch.schema.get_field_index(name)
        if index < 0:
            rows[name] = pa.nulls(len(batch), kind)
            continue
        column = batch.column(index)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if name == "digest" and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            column = pa.array([None if v is None else digest_number(v) for v in column.to_pylist()], kind)
        if name in ("position", "seq") and not pa.types.is_integer(column.type) and column.null_count < len(column):
            raise UnusableInput(f"{path}: row {first}: {name}: expected a whole number, got {column.type}")
        try:
            rows[name] = pc.cast(column, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise UnusableInput(f"{path}: from row {first}: {name}: expected {kind}: {error}") from None
    missing = np.flatnonzero(rows["visitor"].is_null().to_numpy(zero_copy_only=False))
    if len(missing):
        raise UnusableInput(f"{path}: row {first + int(missing[0])}: visitor: expected a name, got null")
    return rows


def bucket_stored(rows: pa.Table, names: Names) -> pa.Table:
    """The rows of a bucket sorted by the visitor of the identity and by position."""
    owner, position = rows["owner"].to_numpy(), rows["position"].to_numpy()
    key = composite(owner, position)
    if np.any(key[1:] < key[:-1]):
        rows = rows.take(pa.array(np.argsort(key, kind="stable")))
        owner = rows["owner"].to_numpy()
    foreign = rows["foreign"].to_numpy()
    columns: dict[str, Any] = {
        "position": rows["position"],
        "visitor": names.column(rows["visitor"].to_numpy()),
        "origin": names.column(owner, foreign),
    }
    for name in ("seq", "digest", "name", "server", "stored_at", "seen_at"):
        column = rows[name]
        columns[name] = column.dictionary_encode() if name in ("name", "server") else column
    return pa.table(columns)
