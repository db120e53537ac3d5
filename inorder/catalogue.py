"""What a shop knows, from a CSV: the products, categories and contacts that its API takes, where it checks them.

The file has a header with the columns `kind` and `id`, and others that are not read; a row names one thing that is there.
Docs: docs/catalogues.md.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inorder.errors import UnusableInput
from inorder.events import MAX_INT
from inorder.text_file import readable

Value = int | str

FIELDS: dict[str, tuple[str, ...]] = {
    "product": ("productId", "productIds"),
    "group": ("groupId",),
    "category": ("categoryId",),
    "path": ("categoryPath",),
    "contact": ("contactExternalId",),
    "content": ("impressionContentId",),
    "mail": ("mailTrackingId",),
    "block": ("recomBlockId",),
    "stock": ("stockId",),
    "email": ("email",),
}
"""Kind to the fields of events that name a thing of it."""
_WHOLE = ("product", "group", "category")
_LONGEST = {"contact": 50, "block": 50, "stock": 50}


@dataclass(frozen=True)
class Catalogue:
    """The ids by the field that they may stand in; a field that is not there is not checked."""

    by_field: dict[str, list[Value]]


def read(path: Path) -> Catalogue:
    """Read a catalogue; raises UnusableInput that names the line, and says what was expected."""
    kinds: dict[str, list[Value]] = {}
    with readable(path), path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            for kind, value in _rows(rows, path):
                kinds.setdefault(kind, []).append(value)
        except csv.Error as error:
            raise UnusableInput(f"{path}:{rows.line_num}: no CSV: {error}") from None
    if not kinds:
        raise UnusableInput(f"{path}: expected at least one row, got none")
    return Catalogue({field: values for kind, values in kinds.items() for field in FIELDS[kind]})


def _rows(rows: Iterator[list[str]], path: Path) -> Iterator[tuple[str, Value]]:
    header = [name.strip() for name in next(rows, [])]
    if not {"kind", "id"} <= {*header}:
        raise UnusableInput(f"{path}:1: expected a header with the columns kind and id, got {','.join(header)!r}")
    kind_at, id_at = header.index("kind"), header.index("id")
    for number, row in enumerate(rows, 2):
        if not row:
            continue
        if len(row) != len(header):
            raise UnusableInput(f"{path}:{number}: expected {len(header)} columns, got {len(row)}")
        kind, text = row[kind_at].strip(), row[id_at].strip()
        if kind not in FIELDS:
            raise UnusableInput(f"{path}:{number}: kind: expected {', '.join(FIELDS)}, got {kind!r}")
        yield kind, _value(kind, text, f"{path}:{number}: id")


def _value(kind: str, text: str, place: str) -> Value:
    if kind in _WHOLE:
        if not re.fullmatch(r"-?[0-9]{1,16}", text) or abs(int(text)) > MAX_INT:
            raise UnusableInput(f"{place}: expected a whole number up to 2^53 - 1 for a {kind}, got {text[:80]!r}")
        return int(text)
    most = _LONGEST.get(kind)
    if not text or (most and len(text) > most):
        wanted = f"1 to {most} characters" if most else "a text"
        raise UnusableInput(f"{place}: expected {wanted} for a {kind}, got {text[:80]!r}")
    if kind == "contact" and not re.fullmatch(r"[A-Za-z0-9]+", text):
        raise UnusableInput(f"{place}: expected letters and digits only for a contact, got {text!r}")
    return text
