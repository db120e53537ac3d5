"""The documents of an OpenSLO file, read from YAML so that no key is lost and no alias makes them large."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from inorder.errors import UnusableInput
from inorder.text_file import text_of

_MOST_CHARACTERS = 1 << 20
_MOST_NODES = 100_000
"""Of a document with its aliases written out: a file of a few lines can hold more than any memory."""


def documents(path: Path) -> list[Any]:
    """The documents of the file that are not empty; raises UnusableInput that says the line and what was expected."""
    text = text_of(path)
    if len(text) > _MOST_CHARACTERS:
        raise UnusableInput(f"{path}: expected at most {_MOST_CHARACTERS:,} characters, got {len(text):,}")
    try:
        return [document for document in _documents(text, path) if document is not None]
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f"line {error.problem_mark.line + 1}: "
        raise UnusableInput(f"{path}: {line}no valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that is none, a number of thousands of digits
        raise UnusableInput(f"{path}: no valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise UnusableInput(f"{path}: no valid YAML: nested too deep") from None


def _documents(text: str, path: Path) -> Iterator[Any]:
    loader = yaml.SafeLoader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None
            _size(node, {}, path)
            yield loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, int], path: Path) -> int:
    """Nodes under `node`, those behind an alias each time; `known`: of those that were counted, 0 while they are."""
    if id(node) in known:
        if not known[id(node)]:
            raise UnusableInput(f"{path}: {_line(node)}: an alias stands inside its own anchor")
        return known[id(node)]
    known[id(node)] = 0
    size = 1
    if isinstance(node, yaml.MappingNode):
        _check_keys(node, path)
        size += sum(_size(part, known, path) for pair in node.value for part in pair)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_size(part, known, path) for part in node.value)
    if size > _MOST_NODES:
        raise UnusableInput(f"{path}: {_line(node)}: expected at most {_MOST_NODES:,} values, aliases written out")
    known[id(node)] = size
    return size


def _check_keys(node: yaml.MappingNode, path: Path) -> None:
    """YAML keeps the last of two equal keys without a word."""
    seen = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                raise UnusableInput(f"{path}: {_line(key)}: expected each key once, got {key.value!r} again")
            seen.add(key.value)


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"
