"""What is wrong with a TOML document, in a line: the place, what was expected there, and what was got."""

import re
from typing import Any

from msgspec import Struct, inspect

_STEP = re.compile(r"[^.\[\]]+")


def explain(error: str, document: dict[str, Any], kind: type[Struct]) -> str:
    """Put a validation error of msgspec, of `document` as `kind`, as `place: what was expected, got what`."""
    reason, _, place = error.partition(" - at `")
    place = place.rstrip("`").removeprefix("$").removeprefix(".")
    before = place + ": " if place else ""
    value, found = _at(place, document, kind)
    if unknown := re.search(r"unknown field `(.*)`", reason):
        return f"{before}unknown key '{unknown[1]}'; known here: {', '.join(_keys(_struct(found, value)))}"
    if missing := re.search(r"missing required field `(.*)`", reason):
        return f"{before}the key '{missing[1]}' is missing"
    if reason.startswith("Invalid value") and isinstance(found, inspect.UnionType):
        return f"{before}expected one of {', '.join(_tags(found))}, got {value!r}"
    if reason.startswith("Invalid enum value") and (words := _words(found)):
        reason = f"expected one of {', '.join(words)}"
    reason = reason.replace("`", "").replace(" | null", "")  # TOML has none
    return f"{before}{reason[0].lower()}{reason[1:]}, got {value!r}"


def _at(place: str, document: Any, kind: type[Struct]) -> tuple[Any, inspect.Type]:
    """The value at a place, and its type."""
    found: inspect.Type = inspect.type_info(kind)
    for step in _STEP.findall(place):
        found = _struct(found, document)
        if isinstance(found, inspect.StructType):
            fields = {field.encode_name: field.type for field in found.fields}
            if step == found.tag_field:
                return document.get(step), _union_of(kind, place)
            found = fields.get(step, inspect.AnyType())
        elif isinstance(found, inspect.ListType):
            found = found.item_type
        elif isinstance(found, inspect.DictType):
            found = found.value_type
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document, found


def _struct(found: inspect.Type, value: Any) -> inspect.Type:
    """Of a union the table that its tag names, else its one table."""
    if not isinstance(found, inspect.UnionType):
        return found
    tables = [own for own in found.types if isinstance(own, inspect.StructType)]
    named = [own for own in tables if own.tag_field and isinstance(value, dict) and value.get(own.tag_field) == own.tag]
    return next(iter(named or tables), found)


def _union_of(kind: type[Struct], place: str) -> inspect.Type:
    """The union whose tag stands at a place."""
    found: inspect.Type = inspect.type_info(kind)
    for step in _STEP.findall(place)[:-1]:
        assert isinstance(found, inspect.StructType)
        found = next(field.type for field in found.fields if field.encode_name == step)
    return found


def _keys(found: inspect.Type) -> list[str]:
    if not isinstance(found, inspect.StructType):
        return []
    own = [field.encode_name for field in found.fields]
    return [*([found.tag_field] if found.tag_field else []), *own]


def _tags(found: inspect.UnionType) -> list[str]:
    return [str(own.tag) for own in found.types if isinstance(own, inspect.StructType)]


def _words(found: inspect.Type) -> list[str]:
    kinds = found.types if isinstance(found, inspect.UnionType) else (found,)
    return [str(word) for own in kinds if isinstance(own, inspect.LiteralType) for word in own.values]
