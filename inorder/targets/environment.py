"""Values that a target file leaves to the environment: secrets are named in files, and stand in none."""

import os
import re
from collections.abc import Callable, Mapping

from inorder.errors import UnusableInput

_OWN = ("content-length", "transfer-encoding")
_HEADER, _VALUE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"), re.compile(r"[\t\x20-\x7e]*")
_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def value_of(name: str, place: str) -> str:
    """The value of an environment variable; raises UnusableInput with its name, and where it is asked for."""
    value = os.environ.get(name)
    if not value:
        raise UnusableInput(f"{place}: the environment variable {name} is not set")
    return value


def names_in(text: str) -> list[str]:
    """The names of the variables that a text refers to."""
    return _NAME.findall(text)


def filled(text: str, place: str, written: Callable[[str], str] = str) -> str:
    """`text` with each `${NAME}` replaced by the value of that environment variable, as `written` writes it."""
    return _NAME.sub(lambda found: written(value_of(found[1], place)), text)


def all_filled(texts: Mapping[str, str], place: str) -> dict[str, str]:
    """The texts of a table, each filled."""
    return {key: filled(text, f"{place}.{key}") for key, text in texts.items()}


def check_headers(headers: Mapping[str, str], place: str = "headers") -> None:
    """Refuse what would break a request's head; a value is never told, for it may be a secret."""
    for name, value in headers.items():
        if not _HEADER.fullmatch(name):
            raise UnusableInput(f"{place}: expected the name of a header, got {name!r}")
        if name.lower() in _OWN:
            raise UnusableInput(f"{place}.{name}: expected none, for each call has its own")
        check_value(value, f"{place}.{name}")


def check_value(value: str, place: str) -> None:
    """Refuse what cannot be a header's value, without telling it."""
    if not _VALUE.fullmatch(value):
        raise UnusableInput(f"{place}: expected one line of ASCII")
    if value != value.strip():
        raise UnusableInput(f"{place}: expected no space at its ends")
