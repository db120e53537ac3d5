"""Values that a target file leaves to the environment: secrets are named in files, and stand in none."""

import os
import re
from collections.abc import Mapping

from inorder.errors import UnusableInput

_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def value_of(name: str, place: str) -> str:
    """The value of an environment variable; raises UnusableInput with its name, and where it is asked for."""
    value = os.environ.get(name)
    if not value:
        raise UnusableInput(f"{place}: the environment variable {name} is not set")
    return value


def filled(text: str, place: str) -> str:
    """`text` with each `${NAME}` replaced by the value of that environment variable."""
    return _NAME.sub(lambda found: value_of(found[1], place), text)


def all_filled(texts: Mapping[str, str], place: str) -> dict[str, str]:
    """The texts of a table, each filled."""
    return {key: filled(text, f"{place}.{key}") for key, text in texts.items()}
