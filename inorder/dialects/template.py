"""The dialect of a target file that says itself, in templates, how calls look: for an API that has no dialect here."""

from collections.abc import Sequence
from string import Template as Text

import msgspec
from msgspec import Raw

from inorder.dialects.base import Found, found_in
from inorder.errors import UnusableInput
from inorder.events import CARRIERS, Namespace, number_in
from inorder.readback.row import StoredRow
from inorder.targets.file import TargetFile, Template
from inorder.templates import event_of, name_of

_PARTS = msgspec.json.Decoder(dict[str, Raw])
_PLACES = {
    "visitor": "abc1",
    "identity": "1234567890123",
    "name": "view",
    "timestamp": "2018-09-15T15:53:00+00:00",
    "event": '{"productId":1}',
}


class Templates:
    """Envelopes put into texts."""

    keys: tuple[str, ...] = ()
    empty_batch: bytes | None = None

    def __init__(self, given: Template) -> None:
        self.batch_path = given.batch_path
        self._batch, self._event = Text(given.batch), Text(given.event)
        self._path, self._ordinary = Text(given.ordinary_path), Text(given.ordinary or given.event)

    def head(self, keys: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Nothing but the headers of the target file."""
        return {}, {}

    def batch(self, envelopes: Sequence[bytes]) -> bytes:
        """The events with commas between them, in the text of the batch."""
        events = ",".join(self._event.substitute(_places(envelope)) for envelope in envelopes)
        return self._batch.substitute(events=events).encode()

    def ordinary(self, envelope: bytes) -> tuple[str, bytes]:
        """Path and body, both from their texts."""
        places = _places(envelope)
        return self._path.substitute(name=places["name"]), self._ordinary.substitute(places).encode()

    def read(self, row: StoredRow, namespace: Namespace) -> Found:
        """The identity from its own place, else from the event; the digest where `$event` was stored."""
        carried, digest = found_in(row.name, bytes(row.event), namespace)
        return namespace.carried(row.identity) or carried, digest


def _places(envelope: bytes) -> dict[str, str]:
    """What an event gives to a text; all but `event` are safe between the quotes of a JSON text."""
    name, event = name_of(envelope).decode(), event_of(envelope)
    parts = _PARTS.decode(event)
    return {
        "visitor": msgspec.json.decode(parts["sessionExternalId"]),
        "identity": str(number_in(msgspec.json.decode(parts[CARRIERS[name]]))),
        "name": name,
        "timestamp": msgspec.json.decode(parts["timestamp"]),
        "event": event.decode(),
    }


def of(target: TargetFile) -> Templates:
    """The dialect of a target file; raises UnusableInput where a text is no JSON or holds no identity."""
    assert target.template is not None
    given = target.template
    single = given.ordinary or given.event
    _check("batch", given.batch.replace("$events", given.event).replace("${events}", given.event), given.batch)
    for place, text in (("event", given.event), ("ordinary", single)):
        _check(place, text, text)
        if "identity" not in Text(text).get_identifiers() and "event" not in Text(text).get_identifiers():
            raise UnusableInput(f"template.{place}: expected $identity (or $event, which holds it), got {text!r}")
    if "events" not in Text(given.batch).get_identifiers():
        raise UnusableInput(f"template.batch: expected $events, where the events stand, got {given.batch!r}")
    if set(Text(given.ordinary_path).get_identifiers()) - {"name"}:
        raise UnusableInput(f"template.ordinary_path: expected no place but $name, got {given.ordinary_path!r}")
    return Templates(given)


def _check(place: str, text: str, shown: str) -> None:
    """Refuse a text that is not JSON once it is filled in."""
    try:
        filled = Text(text).substitute(_PLACES)
    except KeyError as error:
        raise UnusableInput(f"template.{place}: no such place: ${error.args[0]}; known: {_known()}") from None
    except ValueError:
        raise UnusableInput(f"template.{place}: expected $name or ${{name}} behind each $, or $$; got {shown!r}") from None
    try:
        msgspec.json.decode(filled)
    except msgspec.DecodeError as error:
        raise UnusableInput(f"template.{place}: expected JSON once it is filled in: {error}: {filled!r}") from None


def _known() -> str:
    return ", ".join(f"${name}" for name in _PLACES)
