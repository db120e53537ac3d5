"""Reads the files that people write; what is wrong with one is a line that names it."""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inorder.errors import UnusableInput


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """While the file at `path` is read: one that is not there, or no UTF-8, is raised as UnusableInput."""
    try:
        yield
    except OSError as error:
        raise UnusableInput(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{path}: expected UTF-8 text, got a broken byte at {error.start}") from None


def text_of(path: Path) -> str:
    """The text of a file."""
    with readable(path):
        return path.read_text(encoding="utf-8")


def toml_of(text: str, path: Path) -> dict[str, Any]:
    """A TOML document; `path` is named in errors."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UnusableInput(f"{path}: no valid TOML: {error}") from None
