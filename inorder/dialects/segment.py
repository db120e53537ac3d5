"""The dialect of Segment's HTTP API, which others offer too: messages of type `track` (docs/dialects.md).

A message is `{type, event, messageId, anonymousId, originalTimestamp, properties}`; a batch is `{"batch": [messages],
"sentAt": …}` and a single message has its own `sentAt`. Source: the public reference of that API. `messageId` carries the
identity, so a system that drops what it has seen (by `messageId`) may promise `exactly_once`. Where another system
differs, `[segment]` of the target file says how.
"""

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

import msgspec
from msgspec import Raw

from inorder.dialects.base import Found, carriers_of, found_in, path_at
from inorder.events import Namespace, number_in
from inorder.readback.row import StoredRow
from inorder.targets.environment import value_of
from inorder.targets.file import Segment as Given
from inorder.targets.file import TargetFile
from inorder.templates import event_of, name_of

_PARTS = msgspec.json.Decoder(dict[str, Raw])
_TEXT = msgspec.json.Decoder(str)
_ENCODER = msgspec.json.Encoder()
_VISITOR, _TIME = "sessionExternalId", "timestamp"
_ORIGINAL = "originalTimestamp"
_WRONG = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Segment:
    """Envelopes as messages of type `track`."""

    keys: tuple[str, ...] = ("api_key",)

    def __init__(self, target: TargetFile) -> None:
        given = target.segment or Given()
        self.batch_path = path_at("segment.batch_path", given.batch_path)
        self._track_path = path_at("segment.track_path", given.track_path)
        self._key_in, _, self._key_name = given.key_in.partition(":")
        self._key_env = target.auth.api_key_env
        self.empty_batch: bytes | None = None if self._key_in == "body" else b'{"batch":[]}'
        self._visitor, self._time = given.visitor, given.time
        self._carriers = carriers_of(target)

    def head(self, keys: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The write key is the user, with no password, or a header of its own, or in each body."""
        key = keys["api_key"]
        if self._key_in == "basic":
            return {}, {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}
        return {}, {self._key_name: key} if self._key_in == "header" else {}

    @cached_property
    def _key_field(self) -> dict[str, str]:
        """What each body has of the key; read at the first call, for who only reads back needs no key."""
        return {self._key_name: value_of(self._key_env, "auth.api_key_env")} if self._key_in == "body" else {}

    def batch(self, envelopes: Sequence[bytes]) -> bytes:
        """All messages, in the order passed."""
        messages = [self._message(envelope) for envelope in envelopes]
        return _ENCODER.encode({"batch": messages, "sentAt": _now(), **self._key_field})

    def ordinary(self, envelope: bytes) -> tuple[str, bytes]:
        """One message."""
        return self._track_path, _ENCODER.encode({**self._message(envelope), "sentAt": _now(), **self._key_field})

    def _message(self, envelope: bytes) -> dict[str, object]:
        name = name_of(envelope).decode()
        properties = _PARTS.decode(event_of(envelope))
        visitor, time = properties.pop(_VISITOR), properties.pop(_TIME)
        # Digits alone, for a message's id has at most 100 characters, and a carrier's text may have more.
        identity = number_in(msgspec.json.decode(properties[self._carriers[name]]))
        return {
            "type": "track",
            "event": name,
            "messageId": f"{_TEXT.decode(visitor)}-{identity}",
            self._visitor: visitor,
            self._time: time,
            "properties": properties,
        }

    def read(self, row: StoredRow, namespace: Namespace) -> Found:
        """The message as stored; the digest is of the event that it was made of.

        A system that reckons `timestamp` anew (by its own clock and `sentAt`) keeps what was sent as `originalTimestamp`,
        whatever it was sent as.
        """
        event, message = b"", None
        try:
            stored = _PARTS.decode(row.event)
            message = _TEXT.decode(stored["messageId"]) if "messageId" in stored else None
            times = [stored[field] for field in (_ORIGINAL, self._time, _TIME) if field in stored]
            parts = {_VISITOR: stored.get(self._visitor), **({_TIME: times[0]} if times else {})}
            properties = _PARTS.decode(stored["properties"]) if "properties" in stored else {}
            event = _ENCODER.encode(parts | properties)
        except _WRONG:
            pass  # what cannot be read of it is not known
        carried, digest = found_in(row, event, namespace, self._carriers)
        return namespace.carried(message) or carried, digest


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
