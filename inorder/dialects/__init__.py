"""Dialects: how calls look on the wire, and where a stored event carries its identity. One file each, one line here."""

from collections.abc import Callable

from inorder.dialects import segment, template, visitor_events
from inorder.dialects.base import Dialect
from inorder.targets.file import TargetFile

VISITOR_EVENTS: Dialect = visitor_events.VisitorEvents()
"""What a sandbox is spoken to in."""
DIALECTS: dict[str, Callable[[TargetFile], Dialect]] = {
    "visitorEvents": visitor_events.of,
    "segment": segment.of,
    "template": template.of,
}
"""Name in a target file to what makes the dialect of it."""


def dialect_of(target: TargetFile) -> Dialect:
    """The dialect that a target file names."""
    return DIALECTS[target.dialect](target)
