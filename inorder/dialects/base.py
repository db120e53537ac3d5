"""What a dialect is: it puts canonical envelopes on the wire, and finds identity and digest in what was stored."""

from collections.abc import Sequence
from typing import Protocol

from inorder.errors import UnusableInput
from inorder.events import CARRIERS, BadEvent, Namespace, canonical, decode_event, digest
from inorder.readback.row import StoredRow
from inorder.targets.file import TargetFile

Found = tuple[tuple[int, int] | None, int | None]
"""(visitor number, seq) of the run, if an identity of it could be read; digest, if the event could be decoded."""


class Dialect(Protocol):
    """One way to speak to a system."""

    batch_path: str
    """Where batches go, relative to a base address."""
    keys: tuple[str, ...]
    """Which of `[auth]` it needs: `api_key`, `partner_id`."""
    empty_batch: bytes | None
    """A batch without events, which a system answers without storing anything; None: there is no such body."""

    def head(self, keys: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """(query, headers) that let a call in, from the values of `keys`."""

    def batch(self, envelopes: Sequence[bytes]) -> bytes:
        """The body of a batch of canonical envelopes, in the order passed."""

    def ordinary(self, envelope: bytes) -> tuple[str, bytes]:
        """Path and body of the ordinary call of one canonical envelope."""

    def read(self, row: StoredRow, namespace: Namespace) -> Found:
        """What a stored row tells of the event that was sent."""


def path_at(place: str, path: str) -> str:
    """A path of a target file, relative to a base address; raises UnusableInput where it is more than a path."""
    relative = path.lstrip("/")
    if not relative or set(relative) & set("?# \r\n"):
        raise UnusableInput(f"{place}: expected a path such as 'v1/batch', without a query, got {path!r}")
    return relative


def carriers_of(target: TargetFile) -> dict[str, str]:
    """Event name to the field that carries its identity, as a target file says (carrying.py checks it)."""
    return CARRIERS | target.identity


def found_in(row: StoredRow, event: bytes, namespace: Namespace, carriers: dict[str, str]) -> Found:
    """Of a row, and its event in the form of the `visitorEvents` API; the row's own identity, where it is, goes first."""
    own = None if row.identity is None else namespace.carried(row.identity)
    try:
        decoded = decode_event(row.name, event)
    except (BadEvent, KeyError):
        return own, None
    return own or namespace.carried(getattr(decoded, carriers[row.name])), digest(canonical(row.name, decoded))
