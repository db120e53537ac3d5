"""A piece of an OpenSLO document with the place where it stands, so that what is wrong with it can be told there."""

from dataclasses import dataclass
from math import isfinite
from reprlib import Repr
from typing import Any
from unicodedata import category

from inorder.errors import UnusableInput

_SHOWN = Repr()
_SHOWN.maxstring = _SHOWN.maxother = _SHOWN.maxlong = 60
_SHOWN.maxlevel = 2


@dataclass(frozen=True)
class Part:
    """What stands at a place; a key without a value is taken as absent."""

    value: Any
    whole: str
    """The file and the document in it."""
    path: str = ""
    """The keys from the document's top to here."""

    @property
    def place(self) -> str:
        """Where it stands, for errors."""
        return f"{self.whole}: {self.path}" if self.path else self.whole

    def wrong(self, expected: str) -> UnusableInput:
        """The error that something else was expected here."""
        try:
            shown = _SHOWN.repr(self.value)
        except ValueError:  # a number with more digits than Python writes
            shown = "a number of thousands of digits"
        return UnusableInput(f"{self.place}: expected {expected}, got {shown}")

    def table(self) -> dict[str, Any]:
        """The mapping that stands here, without the keys that have no value."""
        if not isinstance(self.value, dict):
            raise self.wrong("a mapping")
        return {key: value for key, value in self.value.items() if value is not None}

    def get(self, key: str) -> "Part | None":
        """What stands under a key, None where nothing does."""
        found = self.table().get(key)
        return None if found is None else Part(found, self.whole, f"{self.path}.{key}" if self.path else key)

    def need(self, key: str) -> "Part":
        """What stands under a key that must be there."""
        found = self.get(key)
        if found is None:
            raise UnusableInput(f"{self.place}: the key '{key}' is missing")
        return found

    def one_of(self, *keys: str) -> "Part":
        """What stands under the only one of these keys that is there."""
        found = [part for part in map(self.get, keys) if part is not None]
        if len(found) != 1:
            raise UnusableInput(f"{self.place}: expected exactly one of {' and '.join(keys)}, got {len(found)}")
        return found[0]

    def items(self) -> "list[Part]":
        """The entries of the list that stands here, of which there is at least one."""
        if not isinstance(self.value, list) or not self.value:
            raise self.wrong("a list with at least one entry")
        return [Part(value, self.whole, f"{self.path}[{number}]") for number, value in enumerate(self.value)]

    def text(self) -> str:
        """The text that stands here, in one line."""
        found = " ".join(self.value.split()) if isinstance(self.value, str) else ""
        if not found or any(category(sign) in ("Cc", "Cs") for sign in found):
            raise self.wrong("text")
        return found

    def word(self, *known: str) -> str:
        """The one of these words that stands here."""
        if self.value not in known:
            raise self.wrong(f"{'one of ' if len(known) > 1 else ''}{', '.join(known)}")
        return str(self.value)

    def number(self, expected: str = "a number") -> float:
        """The finite number that stands here."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong(expected)
        try:
            found = float(self.value)
        except OverflowError:
            raise self.wrong(expected) from None
        if not isfinite(found):
            raise self.wrong(expected)
        return found

    def share(self, whole: int = 1) -> float:
        """The share of `whole` that stands here: above 0, at most 1."""
        expected = f"a number above 0 and at most {whole}"
        found = round(self.number(expected) / whole, 12)
        if not 0 < found <= 1:
            raise self.wrong(expected)
        return found
