"""The dialect of the `visitorEvents` API: a batch is an array of envelopes, an ordinary call one event at its own path."""

from collections.abc import Sequence

from inorder.dialects.base import Found, carriers_of, found_in
from inorder.events import BATCH_CALL, Namespace
from inorder.readback.row import StoredRow
from inorder.targets.file import TargetFile
from inorder.templates import event_of, name_of


class VisitorEvents:
    """The envelopes as they are."""

    batch_path = BATCH_CALL
    keys: tuple[str, ...] = ("api_key", "partner_id")
    empty_batch: bytes | None = b"[]"

    def __init__(self, target: TargetFile) -> None:
        self._carriers = carriers_of(target)

    def head(self, keys: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Key and partner are in the query."""
        return {"apiKey": keys["api_key"], "partnerId": keys["partner_id"]}, {}

    def batch(self, envelopes: Sequence[bytes]) -> bytes:
        """A bare array."""
        return b"[%b]" % b",".join(envelopes)

    def ordinary(self, envelope: bytes) -> tuple[str, bytes]:
        """The event's name is the path."""
        return name_of(envelope).decode(), event_of(envelope)

    def read(self, row: StoredRow, namespace: Namespace) -> Found:
        """The event is stored as it was sent."""
        return found_in(row, bytes(row.event), namespace, self._carriers)
