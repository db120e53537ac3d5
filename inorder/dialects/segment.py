"""The dialect of Segment's HTTP API, which RudderStack, PostHog and Jitsu also offer: messages of type `track`.

A message is `{type, event, messageId, anonymousId, originalTimestamp, sentAt, properties}`; `POST v1/batch` takes
`{"batch": [messages], "sentAt": …}` and `POST v1/track` one message. The write key is the user of a basic authorization.
Source: the public reference of that API. `messageId` carries the identity, so a system that drops what it has seen (by
`messageId`) may promise `exactly_once`.
"""

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Raw, Struct

from inorder.dialects.base import Found, found_in
from inorder.events import CARRIERS, Namespace
from inorder.readback.row import StoredRow
from inorder.targets.file import TargetFile
from inorder.templates import event_of, name_of

_PROPERTIES = msgspec.json.Decoder(dict[str, Raw])
_ENCODER = msgspec.json.Encoder()
_VISITOR, _TIME = "sessionExternalId", "timestamp"


class _Stored(Struct):
    """What is read of a message as it was stored."""

    messageId: str | None = None
    anonymousId: str | None = None
    originalTimestamp: str | None = None
    timestamp: str | None = None
    properties: dict[str, Raw] = {}


_STORED = msgspec.json.Decoder(_Stored)


class Segment:
    """Envelopes as messages of type `track`."""

    batch_path = "v1/batch"
    keys: tuple[str, ...] = ("api_key",)
    empty_batch: bytes | None = b'{"batch":[]}'

    def head(self, keys: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The write key is the user, with no password."""
        return {}, {"Authorization": "Basic " + b64encode(f"{keys['api_key']}:".encode()).decode()}

    def batch(self, envelopes: Sequence[bytes]) -> bytes:
        """All messages, in the order passed."""
        messages = b",".join(_ENCODER.encode(_message(envelope)) for envelope in envelopes)
        return b'{"batch":[%b],"sentAt":"%b"}' % (messages, _now().encode())

    def ordinary(self, envelope: bytes) -> tuple[str, bytes]:
        """One message."""
        return "v1/track", _ENCODER.encode(_message(envelope) | {"sentAt": _now()})

    def read(self, row: StoredRow, namespace: Namespace) -> Found:
        """The message as stored; the digest is of the event that it was made of."""
        try:
            stored = _STORED.decode(row.event)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return namespace.carried(row.identity), None
        event = {_VISITOR: stored.anonymousId, _TIME: stored.originalTimestamp or stored.timestamp, **stored.properties}
        carried, digest = found_in(row.name, _ENCODER.encode(event), namespace)
        return namespace.carried(row.identity or stored.messageId) or carried, digest


def _message(envelope: bytes) -> dict[str, object]:
    name = name_of(envelope).decode()
    properties = _PROPERTIES.decode(event_of(envelope))
    visitor, time = properties.pop(_VISITOR), properties.pop(_TIME)
    return {
        "type": "track",
        "event": name,
        "messageId": _identity(name, properties, visitor),
        "anonymousId": visitor,
        "originalTimestamp": time,
        "properties": properties,
    }


def _identity(name: str, properties: dict[str, Raw], visitor: Raw) -> str:
    """A text of its own for each event: the visitor, and the digits that carry the identity."""
    carrier = msgspec.json.decode(properties[CARRIERS[name]])
    return f"{msgspec.json.decode(visitor)}-{carrier}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of(_: TargetFile) -> Segment:
    """The dialect of a target file."""
    return Segment()
