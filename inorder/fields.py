"""Paths into JSON, such as `data.items.0.id`: keys and places, with dots between them."""

from dataclasses import dataclass
from typing import Any


class _Missing:
    """Nothing is there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


@dataclass(frozen=True)
class FieldPath:
    """A path; empty: the whole."""

    text: str
    steps: tuple[str, ...]

    def get(self, value: Any) -> Any:
        """What is there, `MISSING` where nothing is. A key that holds dots is found as a whole, too."""
        for number, step in enumerate(self.steps):
            if isinstance(value, dict):
                if step not in value:
                    rest = ".".join(self.steps[number:])
                    return value.get(rest, MISSING)
                value = value[step]
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return MISSING
        return value


def path_of(text: str) -> FieldPath:
    """The path of a text."""
    return FieldPath(text, tuple(text.split(".")) if text else ())
