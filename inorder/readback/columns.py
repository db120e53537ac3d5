"""The columns of a stored log, each made into its one type; and what is wrong with a value that is not of it."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from inorder.merge.rules import digest_number
from inorder.readback.identities import SCHEMA

COLUMNS = pa.schema([field.with_nullable(True) for field in SCHEMA])
"""The columns of a stored log from elsewhere: none of them must have a value in every row."""

Column: TypeAlias = pa.Array | Sequence[Any]

_INT64_MAX = (1 << 63) - 1
_EXACT = 1 << 53
"""From here on a float is no longer one whole number only."""
_WHOLE = re.compile(r"-?[0-9]+(\.0*)?")
_DIGITS = r"^-?[0-9]+$"
_SHOWN = 60


_SHORT_NUMBER = r"^(0|-?[1-9][0-9]{0,17})$"
"""A digest that is a number of 64 bits, though written as a text."""


class WrongValue(Exception):
    """A value that its column cannot hold: `row` counts within the rows given, the text says what was expected."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row


@dataclass(frozen=True)
class _Kind:
    """How values of a column are taken: `fast` a whole array (None: not in this way), `slow` a single value."""

    expected: str
    fast: Callable[[pa.Array], pa.Array | None]
    slow: Callable[[Any], Any]
    """Raises ValueError; None: no value."""


def typed(columns: Mapping[str, Column]) -> pa.Table:
    """`columns` as a table of COLUMNS, those that are not there null. Raises WrongValue at the first column with one."""
    rows = len(next(iter(columns.values())))
    arrays = [
        _typed(field.name, columns[field.name]) if field.name in columns else pa.nulls(rows, field.type)
        for field in COLUMNS
    ]
    return pa.Table.from_arrays(arrays, schema=COLUMNS)


def _typed(name: str, values: Column) -> pa.Array:
    kind = _KINDS[name]
    try:
        array = values if isinstance(values, pa.Array) else pa.array(values)
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        fast = pa.nulls(len(array), COLUMNS.field(name).type) if array.null_count == len(array) else kind.fast(array)
    except (pa.ArrowException, OverflowError):
        fast = None
    return fast if fast is not None else _one_by_one(name, values, kind)


def _one_by_one(name: str, values: Column, kind: _Kind) -> pa.Array:
    """The way for values of mixed or unusual types, and the one that finds the first wrong one."""
    if isinstance(values, pa.Array):
        if not _plain(values.type):
            first = pc.index(values.is_valid(), True).as_py()
            raise WrongValue(first, f"{name}: expected {kind.expected}, got {values.type}")
        values = values.to_pylist()
    taken = []
    for row, value in enumerate(values):
        try:
            taken.append(None if value is None else kind.slow(value))
        except ValueError:
            raise WrongValue(row, f"{name}: expected {kind.expected}, got {_shown(value)}") from None
    return pa.array(taken, COLUMNS.field(name).type)


def _plain(kind: pa.DataType) -> bool:
    """Whether values of an Arrow type are numbers, texts or truth values in Python."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(numbers or _is_text(kind) or pa.types.is_boolean(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _all_digits(array: pa.Array) -> bool:
    return bool(pc.all(pc.match_substring_regex(array, _DIGITS)).as_py())


def _whole_array(array: pa.Array) -> pa.Array | None:
    if not pa.types.is_integer(array.type) and not (_is_text(array.type) and _all_digits(array)):
        return None
    numbers = pc.cast(array, pa.int64())
    return numbers if pc.min(numbers).as_py() >= 0 else None


def _whole(value: Any) -> int | None:
    """Of a float only what is certain: pandas makes floats of whole numbers where one of a column is missing."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        number = int(value.partition(".")[0])
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if value % 1 or (isinstance(value, float) and abs(value) >= _EXACT):
            raise ValueError
        number = int(value)
    else:
        raise ValueError
    if not 0 <= number <= _INT64_MAX:
        raise ValueError
    return number


def _text_array(array: pa.Array) -> pa.Array | None:
    return pc.cast(array, pa.string()) if _is_text(array.type) else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _digest_array(array: pa.Array) -> pa.Array | None:
    if _is_text(array.type) and pc.all(pc.match_substring_regex(array, _SHORT_NUMBER)).as_py():
        return pc.cast(array, pa.int64())
    # Not safe: of an unsigned number the same 64 bits are taken, as `digest_number` does.
    return pc.cast(array, pa.int64(), safe=False) if pa.types.is_integer(array.type) else None


def _digest(value: Any) -> int:
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise ValueError
    return digest_number(value)


def _seconds_array(array: pa.Array) -> pa.Array | None:
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or _is_text(array.type)):
        return None
    numbers = pc.cast(array, pa.float64(), safe=False)
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    return numbers if pc.all(pc.is_finite(numbers)).as_py() is not False else None


def _seconds(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError
    try:
        number = float(value)
    except (TypeError, OverflowError):
        raise ValueError from None
    if math.isinf(number):
        raise ValueError
    return number


_TEXT = _Kind("a text", _text_array, _text)
_SECONDS = _Kind("seconds as a number", _seconds_array, _seconds)
_KINDS = {
    "position": _Kind(
        "a whole number from 0 in the system's own order (no time; leave the column out if there is none)",
        _whole_array,
        _whole,
    ),
    "visitor": _TEXT,
    "origin": _TEXT,
    "seq": _Kind("a whole number from 0", _whole_array, _whole),
    "digest": _Kind("a whole number or a text", _digest_array, _digest),
    "name": _TEXT,
    "server": _TEXT,
    "stored_at": _SECONDS,
    "seen_at": _SECONDS,
}
