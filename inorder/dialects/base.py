"""What a dialect is: it puts canonical envelopes on the wire, and finds identity and digest in what was stored."""

from collections.abc import Sequence
from typing import Protocol

from inorder.events import CARRIERS, BadEvent, Namespace, canonical, decode_event, digest
from inorder.readback.row import StoredRow

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


def found_in(name: str, event: bytes, namespace: Namespace, carriers: dict[str, str] = CARRIERS) -> Found:
    """Of a stored event in the form of the `visitorEvents` API."""
    try:
        decoded = decode_event(name, event)
    except (BadEvent, KeyError):
        return None, None
    return namespace.carried(getattr(decoded, carriers[name])), digest(canonical(name, decoded))
