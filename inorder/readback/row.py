"""A stored event as a system gives it back, before its identity is looked for."""

from msgspec import Raw, Struct


class StoredRow(Struct, gc=False):
    """One row of the stored log; a line of the stream of docs/formats.md."""

    position: int
    """-1: it has none."""
    visitor: str
    name: str
    event: Raw
    """The JSON as stored; empty: none was given."""
    server: str | None = None
    stored_at: float | None = None
    identity: str | int | None = None
    """Where it is in a place of its own."""
