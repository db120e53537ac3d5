"""Dialects: how calls look on the wire, and where a stored event carries its identity. One file each, one line here."""

from collections.abc import Callable

from inorder.dialects import segment, template, visitor_events
from inorder.dialects.base import Dialect
from inorder.errors import UnusableInput
from inorder.targets.file import TargetFile

DIALECTS: dict[str, Callable[[TargetFile], Dialect]] = {
    "visitorEvents": visitor_events.VisitorEvents,
    "segment": segment.Segment,
    "template": template.of,
}
"""Name in a target file to what makes the dialect of it."""


def dialect_of(target: TargetFile) -> Dialect:
    """The dialect that a target file names; raises UnusableInput with the place and what was expected there."""
    if target.dialect not in DIALECTS:
        raise UnusableInput(f"dialect: expected one of {', '.join(DIALECTS)}, got {target.dialect!r}")
    return DIALECTS[target.dialect](target)


VISITOR_EVENTS = dialect_of(TargetFile(bases=[]))
"""What a sandbox is spoken to in."""
