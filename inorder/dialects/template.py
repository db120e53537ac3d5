"""The dialect of a target file that says itself, in templates, how calls look: for an API that has no dialect here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from string import Template as Text

import msgspec
from msgspec import Raw

from inorder.dialects.base import Found, carriers_of, found_in, path_at
from inorder.errors import UnusableInput
from inorder.events import MAX_SEQ, Namespace, number_in
from inorder.readback.row import StoredRow
from inorder.targets.environment import all_filled, value_of
from inorder.targets.file import TargetFile, Template
from inorder.templates import event_of, name_of

_PARTS = msgspec.json.Decoder(dict[str, Raw])
_KEY = "api_key"
_EXAMPLES = {
    "visitor": "abc1",
    "identity": "1234567890123",
    "seq": "7",
    "name": "view",
    "timestamp": "2018-09-15T15:53:00+00:00",
    "epoch_s": "1537026780",
    "epoch_ms": "1537026780000",
    "event": '{"productId":1}',
    _KEY: "key",
}
"""The places of a text, each with what may stand there; all but `event` are safe between the quotes of a JSON text."""


class Templates:
    """Envelopes put into texts."""

    empty_batch: bytes | None = None

    def __init__(self, target: TargetFile, given: Template) -> None:
        """The texts of `given`, which `of` has checked."""
        self.batch_path = path_at("template.batch_path", given.batch_path)
        single = given.ordinary or given.event
        self._batch, self._event, self._ordinary = Text(given.batch), Text(given.event), Text(single)
        self._path = Text(path_at("template.ordinary_path", given.ordinary_path))
        self._query = given.query
        self._key_env = target.auth.api_key_env
        self._carriers = carriers_of(target)
        self._used = {place for text in (self._batch, self._event, self._ordinary) for place in text.get_identifiers()}
        self.keys: tuple[str, ...] = (_KEY,) if _KEY in self._used else ()

    def head(self, keys: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The query of the templates; headers are the target file's own."""
        return all_filled(self._query, "template.query"), {}

    def batch(self, envelopes: Sequence[bytes]) -> bytes:
        """The events with commas between them, in the text of the batch."""
        events = ",".join(self._event.substitute(self._places(envelope)) for envelope in envelopes)
        return self._batch.substitute(self._secret, events=events).encode()

    def ordinary(self, envelope: bytes) -> tuple[str, bytes]:
        """Path and body, both from their texts."""
        places = self._places(envelope)
        path = self._path.substitute(name=name_of(envelope).decode())
        return path, self._ordinary.substitute(places).encode()

    @cached_property
    def _secret(self) -> dict[str, str]:
        """The key, where a text has a place for it; read at the first call, for who only reads back needs none."""
        if not self.keys:
            return {}
        return {_KEY: msgspec.json.encode(value_of(self._key_env, "auth.api_key_env")).decode()[1:-1]}

    def _places(self, envelope: bytes) -> Mapping[str, str]:
        """What an envelope gives to the texts."""
        name, event = name_of(envelope).decode(), event_of(envelope)
        parts = _PARTS.decode(event)
        identity = number_in(msgspec.json.decode(parts[self._carriers[name]])) or 0
        time: str = msgspec.json.decode(parts["timestamp"])
        seconds = int(datetime.fromisoformat(time).timestamp()) if self._used & {"epoch_s", "epoch_ms"} else 0
        return {
            "visitor": msgspec.json.decode(parts["sessionExternalId"]),
            "identity": str(identity),
            "seq": str(identity & MAX_SEQ),
            "name": name,
            "timestamp": time,
            "epoch_s": str(seconds),
            "epoch_ms": str(seconds * 1000),
            "event": event.decode(),
            **self._secret,
        }

    def read(self, row: StoredRow, namespace: Namespace) -> Found:
        """The identity from its own place, else from the event; the digest where `$event` was stored."""
        return found_in(row, bytes(row.event), namespace, self._carriers)


def of(target: TargetFile) -> Templates:
    """The dialect of a target file; raises UnusableInput where a text is no JSON or holds no identity."""
    given = target.template
    if given is None:
        raise UnusableInput("template: expected a table [template] with dialect = 'template', got none")
    event = _filled("event", given.event, _EXAMPLES)
    _filled("ordinary", given.ordinary or given.event, _EXAMPLES)
    # Of two events, so that a text which forgets the brackets around them is seen.
    _filled("batch", given.batch, {"events": f"{event},{event}", _KEY: _EXAMPLES[_KEY]})
    if "events" not in Text(given.batch).get_identifiers():
        raise UnusableInput(f"template.batch: expected $events, where the events stand, got {given.batch!r}")
    for place, text in (("event", given.event), ("ordinary", given.ordinary or given.event)):
        if not {"identity", "event"} & set(Text(text).get_identifiers()):
            raise UnusableInput(f"template.{place}: expected $identity (or $event, which holds it), got {text!r}")
    _substituted("ordinary_path", given.ordinary_path, {"name": "view"})
    return Templates(target, given)


def _filled(place: str, text: str, places: Mapping[str, str]) -> str:
    """A text with its places filled in; refuses one that is not JSON then."""
    filled = _substituted(place, text, places)
    try:
        msgspec.json.decode(filled)
    except msgspec.DecodeError as error:
        raise UnusableInput(f"template.{place}: expected JSON once it is filled in: {error}: {filled!r}") from None
    return filled


def _substituted(place: str, text: str, places: Mapping[str, str]) -> str:
    try:
        return Text(text).substitute(places)
    except KeyError as error:
        known = ", ".join(f"${name}" for name in places)
        raise UnusableInput(f"template.{place}: expected {known} ($$ for a $ itself), got ${error.args[0]}") from None
    except ValueError:
        raise UnusableInput(f"template.{place}: expected a name behind each $ ($$ for a $ itself), got {text!r}") from None
