"""Records of a system's own shape made into stored rows: each part taken from its column, and checked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

from inorder.errors import UnusableInput
from inorder.fields import MISSING, FieldPath, path_of
from inorder.readback.columns import Column, WrongValue, typed
from inorder.readback.row import StoredRow
from inorder.readback.ways import Fields

_NONE = Raw(b"")
_TEXTS = ("visitor", "name", "server")
_SHOWN = 200


def parts_of(fields: Fields) -> dict[str, str]:
    """Part of a stored row to its place in a record, of those that it has."""
    places = {name: getattr(fields, name) for name in fields.__struct_fields__}
    return {part: place for part, place in places.items() if place}


class Picked:
    """The parts of records that are JSON, each found by its path."""

    def __init__(self, fields: Fields) -> None:
        self._paths: dict[str, FieldPath] = {part: path_of(place) for part, place in parts_of(fields).items()}
        self._checked = False

    def columns(self, records: Sequence[Any]) -> dict[str, Column]:
        """The parts as columns. Raises UnusableInput where a path finds nothing in any of the first records."""
        found = {part: [path.get(record) for record in records] for part, path in self._paths.items()}
        if not self._checked and records:
            for part, values in found.items():
                if all(value is MISSING for value in values):
                    raise UnusableInput(
                        f"readback.fields.{part}: nothing is at {self._paths[part].text!r} in {excerpt(records[0])}"
                    )
            self._checked = True
        return {part: [None if value is MISSING else value for value in values] for part, values in found.items()}


def excerpt(value: Any) -> str:
    """The beginning of some JSON, to be shown."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def check_columns(fields: Fields, there: Iterable[str], place: str) -> None:
    """Raise UnusableInput where a part has no column: names those that are there."""
    known = list(there)
    for part, column in parts_of(fields).items():
        if column not in known:
            raise UnusableInput(f"readback.fields.{part}: {place} has no column {column!r}, but {', '.join(known)}")
        if known.count(column) > 1:
            raise UnusableInput(
                f"readback.fields.{part}: {place}: expected each column once, got {column!r} {known.count(column)} times"
            )


def rows_of(parts: Mapping[str, Column], count: int) -> list[StoredRow]:
    """Stored rows of `count` records; raises WrongValue with the first one that is none."""
    if not count:
        return []
    given = {part: _plain(values) for part, values in parts.items()}
    if "stored_at" in given:
        given["stored_at"] = _seconds(given["stored_at"])
    known = {part: given[part] for part in ("position", *_TEXTS, "stored_at") if part in given}
    table = typed(known or {"position": pa.nulls(count)})
    position = pc.fill_null(table["position"], -1).to_pylist()
    visitor, name = (pc.fill_null(table[part], "").to_pylist() for part in ("visitor", "name"))
    server, stored_at = table["server"].to_pylist(), table["stored_at"].to_pylist()
    event = _events(given["event"]) if "event" in given else [_NONE] * count
    identity = _identities(given["identity"]) if "identity" in given else [None] * count
    return list(map(StoredRow, position, visitor, name, event, server, stored_at, identity))


def _plain(values: Column) -> Column:
    """Without what a database says of a type: of JSON and of long numbers the texts are left."""
    if isinstance(values, pa.Array) and isinstance(values.type, pa.BaseExtensionType):
        return values.storage
    return values


def _events(values: Column) -> list[Raw]:
    """The JSON of events: texts and bytes hold it, objects are written."""
    if isinstance(values, pa.Array):
        kind = values.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            values = pc.cast(values, pa.large_binary())
        values = values.to_pylist()
    return [_event(value) for value in values]


def _event(value: Any) -> Raw:
    if isinstance(value, bytes):
        return Raw(value)
    if value is None:
        return _NONE
    if isinstance(value, str):
        return Raw(value.encode())
    return Raw(value if isinstance(value, memoryview) else msgspec.json.encode(value))


def _identities(values: Column) -> list[str | int | None]:
    found: list[Any] = values.to_pylist() if isinstance(values, pa.Array) else list(values)
    for row, value in enumerate(found):
        if value is not None and (not isinstance(value, str | int) or isinstance(value, bool)):
            raise WrongValue(row, f"identity: expected a whole number or a text, got {value!r}")
    return found


def _seconds(values: Column) -> Column:
    """Times as seconds since 1970; what is none is left as it is, and refused as any other value."""
    if isinstance(values, pa.Array):
        if pa.types.is_timestamp(values.type):
            moments = pc.cast(pc.cast(values, pa.timestamp("us", tz=values.type.tz)), pa.int64())
            return pc.divide(pc.cast(moments, pa.float64()), 1e6)
        if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
            return values
        values = values.to_pylist()
    return [_moment(value) for value in values]


def _moment(value: Any) -> Any:
    """Without an offset: UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return value
