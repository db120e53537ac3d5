"""The tracking API's events: typed, validated, encoded once and decoded once, with their identity and digest.

Source: the contract of the API (docs/contract.md). An *event* is the object of one ordinary call; an *envelope* is
`{name: event}`, an element of a `visitorEvents` batch. The canonical bytes of an envelope (fields in the order of the
types below, absent fields left out, the time in UTC) are what the driver sends and what a digest is taken of, so a
store may change white space, key order or the offset of a time without being called corrupt.
"""

import contextlib
import re
import zlib
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from inorder.errors import InorderError
from inorder.nesting import MAX_DEPTH, deeper_than

MAX_INT = 9_007_199_254_740_991
"""Largest integer of the API: 2^53 - 1, what a JavaScript number holds exactly."""

Id = Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)]
Text50 = Annotated[str, Meta(max_length=50)]
ExternalId = Annotated[str, Meta(min_length=1, max_length=50, pattern="^[A-Za-z0-9]+$")]
Timestamp = Annotated[str, Meta(min_length=1, max_length=40, examples=["2018-09-15T15:53:00+00:00"])]
Phone = Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{1,14}$")]
Amount = Annotated[float, Meta(ge=0)]


class Event(Struct, kw_only=True, omit_defaults=True):
    """What every event has: the visitor, and when it happened (ISO 8601 with offset, one-second resolution)."""

    sessionExternalId: ExternalId
    timestamp: Timestamp | UnsetType = UNSET


class ViewEvent(Event):
    """A product was looked at."""

    productId: Id
    stockId: Text50 | UnsetType = UNSET


class GroupViewEvent(Event):
    """A group of product variants was looked at."""

    groupId: Id
    productIds: list[Id]
    stockId: Text50 | UnsetType = UNSET


class AddToBasketEvent(Event):
    """A product was put into the basket."""

    productId: Id
    stockId: Text50 | UnsetType = UNSET


class OrderEvent(Event):
    """One line of an order: lines share a transaction and a second. `price` is per unit, after discount."""

    productId: Id
    price: Amount
    quantity: Amount
    transaction: Text50
    stockId: Text50 | UnsetType = UNSET


class CategoryViewEvent(Event):
    """A category was looked at."""

    categoryId: Id


class SearchViewEvent(Event):
    """A search was made; the phrase is in any script."""

    searchPhrase: Text50
    stockId: Text50 | UnsetType = UNSET


class ImpressionContentViewedEvent(Event):
    """A piece of content was seen."""

    impressionContentId: str


class ImpressionContentClickedEvent(Event):
    """A piece of content was clicked."""

    impressionContentId: str


class EmailClickEvent(Event):
    """A link in an e-mail was clicked."""

    mailTrackingId: str
    customData: dict[str, Any] | UnsetType = UNSET


class WelcomeSequenceEvent(Event):
    """The visitor signed up; a duplicate sends a second e-mail."""

    email: str


class SetContactEvent(Event):
    """The visitor was tied to a contact; `phone` in E.164."""

    contactExternalId: ExternalId
    email: str | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    stockId: Text50 | UnsetType = UNSET
    customData: dict[str, Any] | UnsetType = UNSET


class RecomBlockViewedEvent(Event):
    """A block of recommendations was seen."""

    recomBlockId: Text50


class RecomTapEvent(Event):
    """A recommended product was tapped."""

    productId: Id
    recomBlockId: Text50
    stockId: Text50 | UnsetType = UNSET


class RecomAddToBasketEvent(Event):
    """A recommended product was put into the basket."""

    productId: Id
    recomBlockId: Text50
    stockId: Text50 | UnsetType = UNSET


class CategoryPathViewEvent(Event):
    """A category was looked at, named by its path; exists as an ordinary call only."""

    categoryPath: str


ORDINARY_CALLS: dict[str, type[Event]] = {
    "view": ViewEvent,
    "groupView": GroupViewEvent,
    "addToBasket": AddToBasketEvent,
    "order": OrderEvent,
    "categoryView": CategoryViewEvent,
    "search": SearchViewEvent,
    "impressionContentViewed": ImpressionContentViewedEvent,
    "impressionContentClicked": ImpressionContentClickedEvent,
    "emailClick": EmailClickEvent,
    "welcomeSequence": WelcomeSequenceEvent,
    "setContact": SetContactEvent,
    "recomBlockViewed": RecomBlockViewedEvent,
    "recomTap": RecomTapEvent,
    "recomAddToBasket": RecomAddToBasketEvent,
    "categoryViewByCategoryPath": CategoryPathViewEvent,
}
"""The fifteen ordinary calls: path (and event name) to the type of the body."""

ENVELOPES: dict[str, type[Event]] = {
    name: kind for name, kind in ORDINARY_CALLS.items() if name != "categoryViewByCategoryPath"
}
"""The fourteen envelopes that a batch may hold."""

BATCH_CALL = "visitorEvents"

_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in ORDINARY_CALLS.items()}
_BATCH = msgspec.json.Decoder(list[dict[str, Raw]])
_ENCODER = msgspec.json.Encoder(order="deterministic")
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `([^`]*)`")


class BadEvent(InorderError):
    """A body that breaks the contract: `index` of the element in a batch (None: the body itself), `field`, `reason`."""

    def __init__(self, index: int | None, field: str, reason: str) -> None:
        super().__init__(f"element {index}, {field}: {reason}" if index is not None else f"{field}: {reason}")
        self.index = index
        self.field = field
        self.reason = reason


def refusal(error: Exception, index: int | None, field: str) -> BadEvent:
    """A decoder's error as the element of a batch (None: the body itself) and the field that it is about."""
    text = str(error)
    path = _PATH.search(text)
    where = path[1] if path else ""
    missing = _MISSING.search(text)
    if missing:
        where = f"{where}.{missing[1]}" if where else missing[1]
    reason = _PATH.sub("", text) or type(error).__name__
    if where:
        field = f"{field}.{where}" if index is not None else where
    return BadEvent(index, field, reason)


def has_offset(time: str) -> bool:
    """Whether a text is a time of ISO 8601 with an offset."""
    try:
        return datetime.fromisoformat(time).tzinfo is not None
    except ValueError:
        return False


def _decode(name: str, body: bytes, index: int | None) -> Event:
    try:
        event: Event = _DECODERS[name].decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refusal(error, index, name) from None
    if len(body) > 2 * MAX_DEPTH and deeper_than(body, MAX_DEPTH):
        raise BadEvent(index, name, f"Expected at most {MAX_DEPTH} levels of nesting")
    where = f"{name}." if index is not None else ""
    # A pattern's `$` also matches before a final line break; the contract says letters and digits only.
    if not event.sessionExternalId.isalnum():
        raise BadEvent(index, f"{where}sessionExternalId", "Expected letters and digits only")
    if isinstance(event, SetContactEvent) and not event.contactExternalId.isalnum():
        raise BadEvent(index, f"{where}contactExternalId", "Expected letters and digits only")
    if event.timestamp is not UNSET and not has_offset(event.timestamp):
        raise BadEvent(index, f"{where}timestamp", "Expected ISO 8601 with an offset")
    return event


def decode_event(name: str, body: bytes) -> Event:
    """Decode and validate the body of the ordinary call `name`; raises BadEvent (KeyError: no such call)."""
    try:
        body.decode()  # fields that no type knows are passed on as they came, so the whole must be UTF-8
    except UnicodeDecodeError as error:
        raise BadEvent(None, "body", str(error)) from None
    return _decode(name, body, None)


def decode_batch(body: bytes) -> list[tuple[str, Event, bytes]]:
    """Decode and validate a `visitorEvents` body: (name, event, the event's own bytes) in the order passed.

    Raises BadEvent with the index of the first bad element; an empty array is one.
    """
    try:
        body.decode()  # raw parts are passed on as they came, so the whole must be UTF-8
        envelopes = _BATCH.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        path = re.search(r"at `\$\[(\d+)\]", str(error))
        raise BadEvent(int(path[1]) if path else None, "body" if not path else "envelope", str(error)) from None
    if not envelopes:
        raise BadEvent(None, "body", "Expected at least one event, got an empty array")
    decoded = []
    for index, envelope in enumerate(envelopes):
        if len(envelope) != 1:
            raise BadEvent(index, "envelope", f"Expected exactly one key, got {len(envelope)}")
        ((name, raw),) = envelope.items()
        if name not in ENVELOPES:
            raise BadEvent(index, name[:50] or "envelope", "Expected the name of a batch event")
        part = bytes(raw)
        decoded.append((name, _decode(name, part, index), part))
    return decoded


def canonical(name: str, event: Event) -> bytes:
    """The canonical bytes of the envelope of `event`: what a digest is taken of."""
    if event.timestamp is not UNSET and not event.timestamp.endswith("+00:00"):
        # A time at the edge of the calendar has no form in UTC, and keeps its own.
        with contextlib.suppress(OverflowError):
            moment = datetime.fromisoformat(event.timestamp).astimezone(UTC)
            event = msgspec.structs.replace(event, timestamp=moment.isoformat())
    return b'{"%b":%b}' % (name.encode(), _ENCODER.encode(event))


def digest(envelope: bytes) -> int:
    """Digest of canonical envelope bytes, 32 bits: sees accidents (CRC-32), not forgery."""
    return zlib.crc32(envelope)


SEQ_BITS, VISITOR_BITS, TAG_BITS = 18, 25, 10
MAX_SEQ = (1 << SEQ_BITS) - 1
MAX_VISITOR = (1 << VISITOR_BITS) - 1

CARRIERS: dict[str, str] = {
    "view": "productId",
    "groupView": "groupId",
    "addToBasket": "productId",
    "order": "productId",
    "categoryView": "categoryId",
    "search": "searchPhrase",
    "impressionContentViewed": "impressionContentId",
    "impressionContentClicked": "impressionContentId",
    "emailClick": "mailTrackingId",
    "welcomeSequence": "email",
    "setContact": "contactExternalId",
    "recomBlockViewed": "recomBlockId",
    "recomTap": "productId",
    "recomAddToBasket": "productId",
    "categoryViewByCategoryPath": "categoryPath",
}
"""Event name to the field that carries the identity: a number as it is, a text as its last run of digits."""

_DIGITS = re.compile(r"\d{13,16}")


def number_in(value: Any) -> int | None:
    """The number that a carrier holds: itself, or the last long run of digits of a text; None: there is none."""
    if isinstance(value, str):
        runs = _DIGITS.findall(value)
        return int(runs[-1]) if runs else None
    return value if isinstance(value, int) else None


class Namespace:
    """The visitors of one run: their names on the wire, and the identities that their events carry.

    An identity is one integer below 2^53: tag (10 bits, never 0, from the prefix), visitor number (25 bits, from 1),
    seq (18 bits). The tag keeps numbers that another client stored from being taken for this run's.
    """

    def __init__(self, prefix: str) -> None:
        """`prefix`: lower-case letters only, so that the number that follows it can be read back."""
        if not re.fullmatch("[a-z]{1,40}", prefix):
            raise ValueError(f"a visitor prefix is 1 to 40 letters a-z, got {prefix!r}")
        self.prefix = prefix
        self.tag = 1 + zlib.crc32(prefix.encode()) % ((1 << TAG_BITS) - 1)

    def name(self, number: int) -> str:
        """The `sessionExternalId` of visitor `number`."""
        return f"{self.prefix}{number}"

    def owns(self, name: str) -> bool:
        """Whether `name` is one that this namespace gives."""
        rest = name[len(self.prefix) :]
        return name.startswith(self.prefix) and rest.isascii() and rest.isdigit() and rest[0] != "0"

    def base(self, number: int) -> int:
        """The identity of visitor `number` at seq 0; add seq for its events."""
        return self.tag << (VISITOR_BITS + SEQ_BITS) | number << SEQ_BITS

    def identity(self, name: str, event: Event) -> tuple[int, int] | None:
        """(visitor number, seq) that `event` carries, None where its carrier holds no identity of this namespace."""
        return self.carried(getattr(event, CARRIERS[name]))

    def carried(self, value: Any) -> tuple[int, int] | None:
        """(visitor number, seq) in a number, or in the last long run of digits of a text; None: it holds none of ours."""
        value = number_in(value)
        if value is None or value >> (VISITOR_BITS + SEQ_BITS) != self.tag:
            return None
        number = value >> SEQ_BITS & MAX_VISITOR
        return (number, value & MAX_SEQ) if number else None
