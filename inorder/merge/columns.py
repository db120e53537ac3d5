"""The columns of `sent` and `done` lines."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.history import Done, Sent
from inorder.merge.rules import INT16_MAX, INT32_MAX, KINDS, OUTCOMES

Array = NDArray[Any]

SENTS = pa.schema(
    [
        ("call", pa.string()),
        ("batch", pa.string()),
        ("kind", pa.int8()),
        ("attempt", pa.int16()),
        ("intended", pa.float64()),
        ("ready", pa.float64()),
        ("sent", pa.float64()),
        ("events", pa.int32()),
        ("bytes", pa.int32()),
        ("place", pa.int64()),
    ]
)
"""A `sent` line; `place` grows from line to line of a file."""

DONES = pa.schema(
    [
        ("call", pa.string()),
        ("done", pa.float64()),
        ("outcome", pa.int8()),
        ("status", pa.int16()),
        ("error", pa.string()),
        ("place", pa.int64()),
    ]
)
"""A `done` line."""


def sent_columns(sents: list[Sent], counts: Array, places: Array) -> pa.RecordBatch:
    """What `sent` lines say of their calls; `counts` are the events of each."""
    columns = [
        [line.call for line in sents],
        [line.batch for line in sents],
        np.array([KINDS[line.kind] for line in sents], np.int8),
        _capped([line.attempt for line in sents], INT16_MAX),
        np.array([line.intended for line in sents], np.float64),
        np.array([line.ready for line in sents], np.float64),
        np.array([line.sent for line in sents], np.float64),
        counts,
        _capped([line.bytes or 0 for line in sents], INT32_MAX),
        places,
    ]
    return _batch(columns, SENTS)


def done_columns(dones: list[Done], places: Array) -> pa.RecordBatch:
    """What `done` lines say."""
    columns = [
        [line.call for line in dones],
        np.array([line.done for line in dones], np.float64),
        np.array([OUTCOMES[line.outcome] for line in dones], np.int8),
        _capped([line.status or 0 for line in dones], INT16_MAX),
        [line.error for line in dones],
        places,
    ]
    return _batch(columns, DONES)


def _batch(columns: list[Any], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _capped(values: list[int], most: int) -> Array:
    """Whole numbers from 0 to `most`; those outside are taken as the nearest."""
    try:
        return np.clip(np.array(values, np.int64), 0, most)
    except OverflowError:
        return np.array([min(max(value, 0), most) for value in values], np.int64)
