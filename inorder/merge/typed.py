"""The columns of a stored log in their types, whatever the file has: what is absent is null, what cannot be is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.errors import UnusableInput
from inorder.merge.rules import digest_number

NAME = pa.dictionary(pa.int32(), pa.string())
"""Names that repeat, as numbers."""

COLUMNS = {
    "position": pa.int64(),
    "visitor": NAME,
    "origin": NAME,
    "seq": pa.int64(),
    "digest": pa.int64(),
    "name": NAME,
    "server": NAME,
    "stored_at": pa.float64(),
    "seen_at": pa.float64(),
}
TEXTS = frozenset(name for name, kind in COLUMNS.items() if kind == NAME)


def typed(rows: pa.Table, path: Path, first: int) -> dict[str, pa.Array]:
    """The columns of COLUMNS; `first` is the number of the first row.

    A log without `visitor` is one whose rows are stored under their `origin`. Raises UnusableInput where a value is of
    another type, or a row has no visitor though the log tells visitors.
    """
    columns = {name: _column(rows, name, path, first) for name in COLUMNS}
    told = next((name for name in ("visitor", "origin") if name in rows.column_names), None)
    if told is not None and columns[told].null_count:
        row = first + int(np.flatnonzero(columns[told].is_null())[0])
        raise UnusableInput(f"{path}: row {row}: {told}: expected a name, got null")
    if told == "origin":
        columns["visitor"], columns["origin"] = columns["origin"], columns["visitor"]
    return columns


def _column(rows: pa.Table, name: str, path: Path, first: int) -> pa.Array:
    kind = COLUMNS[name]
    if name not in rows.column_names:
        return pa.nulls(len(rows), kind)
    column = rows[name]
    if column.type == kind:
        return column.unify_dictionaries().combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if name == "digest" and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return pa.array([None if value is None else digest_number(value) for value in column.to_pylist()], kind)
    if name in ("position", "seq") and not pa.types.is_integer(column.type) and column.null_count < len(column):
        raise UnusableInput(f"{path}: row {first}: {name}: expected a whole number, got {column.type}")
    try:
        if name in TEXTS:
            return column.cast(pa.string()).combine_chunks().dictionary_encode()
        return column.cast(kind).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        expected = pa.string() if name in TEXTS else kind
        raise UnusableInput(f"{path}: from row {first}: {name}: expected {expected}: {error}") from None


def taken(columns: dict[str, pa.Array], order: "NDArray[Any] | None") -> dict[str, pa.Array]:
    """The columns in another order; None: as they are."""
    if order is None:
        return columns
    rows = pa.array(order)
    return {name: _taken(column, order, rows) for name, column in columns.items()}


def _taken(column: pa.Array, order: "NDArray[Any]", rows: pa.Array) -> pa.Array:
    if column.null_count == len(column):
        return pa.nulls(len(order), column.type)
    if column.null_count or not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return column.take(rows)
    return pa.array(column.to_numpy()[order])
