"""Which field of each event carries the identity, and what stands in the fields that a system checks.

An event whose usual carrier is checked against a catalogue takes its id from there, and its identity moves into a field
that is free. One that has no free field is not sent: a search is sent in its place, whose phrase nobody checks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from inorder import catalogue
from inorder.behaviour import Behaviour, Cursor
from inorder.errors import UnusableInput
from inorder.events import CARRIERS, ORDINARY_CALLS, Event, Namespace, SearchViewEvent, canonical
from inorder.randomness import draws
from inorder.targets.file import TargetFile
from inorder.templates import event_of, name_of

_OTHERS: dict[str, tuple[str, ...]] = {
    "view": ("stockId",),
    "groupView": ("stockId",),
    "addToBasket": ("stockId",),
    "order": ("transaction", "stockId"),
    "recomTap": ("recomBlockId", "stockId"),
    "recomAddToBasket": ("recomBlockId", "stockId"),
    "setContact": ("email", "stockId"),
}
"""Event name to the fields that its identity moves to, the first that is free."""
_NUMBERS = ("productId", "groupId", "categoryId")
_TEXTS = {
    "stockId": "stock{}",
    "transaction": "t{}",
    "email": "v{}@shop.invalid",
    "searchPhrase": "phrase {}",
    "impressionContentId": "ic{}",
    "mailTrackingId": "mt{}",
    "contactExternalId": "c{}",
    "recomBlockId": "rb{}",
    "categoryPath": "path/{}",
}
"""How the identity stands in each text that is long enough for it: 16 digits at most."""
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in ORDINARY_CALLS.items()}


@dataclass(frozen=True)
class Carrying:
    """What a target file says of identities and of what its system checks."""

    carriers: Mapping[str, str]
    """Event name to the field that carries its identity, of each event that can."""
    checked: Mapping[str, list[catalogue.Value]] = field(default_factory=dict, repr=False)
    """Field to the ids that may stand in it."""

    @property
    def usual(self) -> bool:
        """Whether events are sent as they are made."""
        return self.carriers == CARRIERS and not self.checked

    def sentences(self) -> list[str]:
        """What is sent otherwise than the scenario's behaviour makes it."""
        replaced = [name for name in ORDINARY_CALLS if name not in self.carriers]
        if not replaced:
            return []
        names = ", ".join(f"{name} ({CARRIERS[name]})" for name in replaced)
        return [f"no field is left for the identity of {names}, which the catalogue names: search is sent in their place"]


def carrying_of(given: TargetFile, path: Path) -> Carrying:
    """What the target file at `path` says; raises UnusableInput with the place, or `file:line` of its catalogue."""
    checked = catalogue.read(path.parent / given.catalogue).by_field if given.catalogue else {}
    carriers = {}
    for name, usual in CARRIERS.items():
        free = [own for own in (usual, *_OTHERS.get(name, ())) if own not in checked]
        if free and name not in given.identity:
            carriers[name] = free[0]
    for name, chosen in given.identity.items():
        _check(name, chosen, checked, path)
        carriers[name] = chosen
    return Carrying(carriers, checked)


def _check(name: str, chosen: str, checked: Mapping[str, object], path: Path) -> None:
    """Refuse a field that cannot carry the identity of an event."""
    if name not in ORDINARY_CALLS:
        raise UnusableInput(f"{path}: identity: expected names of events ({', '.join(ORDINARY_CALLS)}), got {name!r}")
    able = [own for own in ORDINARY_CALLS[name].__struct_fields__ if own in _NUMBERS or own in _TEXTS]
    if chosen not in able:
        wanted = f"a whole number or a free text of the event ({', '.join(able)})"
        raise UnusableInput(f"{path}: identity.{name}: expected {wanted}, got {chosen!r}")
    if chosen in checked:
        raise UnusableInput(f"{path}: identity.{name}: expected a field that the catalogue does not name, got {chosen!r}")


class Placed:
    """A behaviour whose events carry their identities elsewhere, and name what the system knows."""

    def __init__(self, inner: Behaviour, namespace: Namespace, carrying: Carrying, seed: int) -> None:
        self.inner = inner
        self.namespace = namespace
        self.carrying = carrying
        self.seed = seed
        self.fields = {
            name: [own for own in kind.__struct_fields__ if own in carrying.checked]
            for name, kind in ORDINARY_CALLS.items()
        }
        """Event name to its fields that the catalogue fills."""

    def size(self, number: int) -> int:
        """How many events visitor `number` makes."""
        return self.inner.size(number)

    def cursor(self, number: int) -> "PlacedCursor":
        """The start of the session of visitor `number`."""
        return PlacedCursor(self, number)

    def placed(self, envelope: bytes, number: int, seq: int) -> bytes:
        """An event of the inner behaviour as it is sent."""
        name = name_of(envelope).decode()
        event: Event = _DECODERS[name].decode(event_of(envelope))
        identity = self.namespace.base(number) + seq
        carrier = self.carrying.carriers.get(name)
        if carrier is None:
            name, carrier = "search", self.carrying.carriers["search"]
            event = SearchViewEvent(
                sessionExternalId=event.sessionExternalId,
                timestamp=event.timestamp,
                searchPhrase=_TEXTS["searchPhrase"].format(identity),
            )
        self._fill(event, self.fields[name], number, seq)
        if carrier != CARRIERS[name]:  # the usual one has it already
            setattr(event, carrier, identity if carrier in _NUMBERS else _TEXTS[carrier].format(identity))
        return canonical(name, event)

    def _fill(self, event: Event, fields: list[str], number: int, seq: int) -> None:
        """Put ids of the catalogue where the event has such a field, drawn by the event's own number."""
        if not fields:
            return
        for own, draw in zip(fields, draws(self.seed, "catalogue", number, len(fields), index=seq), strict=True):
            ids, now = self.carrying.checked[own], getattr(event, own)
            if isinstance(now, list):
                setattr(event, own, [ids[(draw + place) % len(ids)] for place in range(min(len(now), len(ids)))])
            elif now is not msgspec.UNSET:
                setattr(event, own, ids[draw % len(ids)])


class PlacedCursor:
    """A place in a session of the inner behaviour."""

    __slots__ = ("_inner", "_number", "_placed")

    def __init__(self, placed: Placed, number: int) -> None:
        self._placed = placed
        self._number = number
        self._inner: Cursor = placed.inner.cursor(number)

    @property
    def seq(self) -> int:
        """The next event's seq."""
        return self._inner.seq

    def take(self, count: int, ordinary: bool) -> list[bytes]:
        """The next `count` events as canonical envelopes."""
        first = self._inner.seq
        envelopes = self._inner.take(count, ordinary)
        return [self._placed.placed(envelope, self._number, first + place) for place, envelope in enumerate(envelopes)]
