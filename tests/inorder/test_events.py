"""The events: each type there and back, what is refused and where, the digest, the identity."""

import string
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inorder.events import (
    CARRIERS,
    ENVELOPES,
    MAX_INT,
    MAX_SEQ,
    MAX_VISITOR,
    ORDINARY_CALLS,
    BadEvent,
    Namespace,
    canonical,
    decode_batch,
    decode_event,
    digest,
)
from tests.inorder.samples import event, one_of_each, views

NAMES = st.sampled_from(sorted(ORDINARY_CALLS))


def decoded(name: str, **changes: Any) -> Any:
    """The sample event of a name with changes, encoded and decoded again."""
    return decode_event(name, msgspec.json.encode(event(name, **changes)))


def canon(name: str, body: bytes) -> bytes:
    """The canonical envelope of the bytes of an event."""
    return canonical(name, decode_event(name, body))


def test_the_calls_are_those_of_the_contract() -> None:
    """Fifteen ordinary calls, fourteen envelopes: all but the one that exists as an ordinary call only."""
    assert (len(ORDINARY_CALLS), len(ENVELOPES)) == (15, 14)
    assert ORDINARY_CALLS.keys() - ENVELOPES.keys() == {"categoryViewByCategoryPath"}
    assert CARRIERS.keys() == ORDINARY_CALLS.keys()


@pytest.mark.parametrize("name", ORDINARY_CALLS)
def test_every_type_goes_there_and_back(name: str) -> None:
    """With all of its fields, and without those that may be left out."""
    whole = event(name)
    assert msgspec.to_builtins(decoded(name)) == whole
    envelope = canon(name, msgspec.json.encode(whole))
    assert msgspec.json.decode(envelope) == {name: whole}
    bare = event(name, timestamp=None, stockId=None, customData=None)
    if name == "setContact":
        bare = {key: bare[key] for key in ("sessionExternalId", "contactExternalId")}
    assert msgspec.json.decode(canon(name, msgspec.json.encode(bare))) == {name: bare}


@pytest.mark.parametrize("name", ORDINARY_CALLS)
def test_every_required_field_is_asked_for(name: str) -> None:
    """By its name."""
    optional = {"timestamp", "stockId", "customData"}
    if name == "setContact":
        optional |= {"email", "phone"}
    for field in event(name).keys() - optional:
        with pytest.raises(BadEvent) as bad:
            decoded(name, **{field: None})
        assert (bad.value.index, bad.value.field) == (None, field)


BAD_FIELDS: list[tuple[str, str, Any]] = [
    ("view", "sessionExternalId", ""),
    ("view", "sessionExternalId", "a" * 51),
    ("view", "sessionExternalId", "ann-1"),
    ("view", "sessionExternalId", "ann\n"),
    ("view", "sessionExternalId", "änn"),
    ("view", "sessionExternalId", 7),
    ("view", "productId", MAX_INT + 1),
    ("view", "productId", 1.5),
    ("view", "productId", True),
    ("view", "stockId", "x" * 51),
    ("view", "timestamp", "yesterday"),
    ("view", "timestamp", "2018-09-15T15:53:00"),
    ("view", "timestamp", "2018-13-15T15:53:00+00:00"),
    ("view", "timestamp", ""),
    ("groupView", "productIds", 5),
    ("groupView", "productIds", ["1"]),
    ("order", "price", -0.01),
    ("order", "quantity", "2"),
    ("order", "transaction", "x" * 51),
    ("search", "searchPhrase", "雪" * 51),
    ("emailClick", "customData", []),
    ("setContact", "contactExternalId", "c 7"),
    ("setContact", "contactExternalId", "c7\n"),
    ("setContact", "phone", "0048123"),
    ("setContact", "phone", "+048123"),
    ("recomTap", "recomBlockId", "x" * 51),
]


@pytest.mark.parametrize(("name", "field", "value"), BAD_FIELDS)
def test_a_bad_value_names_its_field_and_in_a_batch_its_element(name: str, field: str, value: Any) -> None:
    """The same value is refused in an ordinary call and at its place in a batch."""
    with pytest.raises(BadEvent) as alone:
        decoded(name, **{field: value})
    assert alone.value.index is None
    assert alone.value.field.startswith(field)
    assert alone.value.reason
    with pytest.raises(BadEvent) as placed:
        decode_batch(msgspec.json.encode([*views("ann", 1, 2), {name: event(name, **{field: value})}]))
    assert placed.value.index == 2
    assert placed.value.field.startswith(f"{name}.{field}")
    assert str(placed.value) == f"element 2, {placed.value.field}: {placed.value.reason}"


GOOD_FIELDS: list[tuple[str, str, Any]] = [
    ("view", "sessionExternalId", "a" * 50),
    ("view", "productId", MAX_INT),
    ("view", "productId", -MAX_INT),
    ("view", "timestamp", "2018-09-15T15:53:00Z"),
    ("view", "timestamp", "2018-09-15T17:53:00.123456+02:00"),
    ("view", "timestamp", None),
    ("order", "price", 0),
    ("search", "searchPhrase", "雪" * 50),
    ("setContact", "phone", "+123456789012345"),
    ("groupView", "productIds", []),
]


@pytest.mark.parametrize(("name", "field", "value"), GOOD_FIELDS)
def test_the_ends_of_the_rules_are_taken(name: str, field: str, value: Any) -> None:
    """The good twin of what is refused."""
    decoded(name, **{field: value})


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"7", b'{"x":"\xff"}', b"\xef\xbb\xbf{}", b'{"a":' * 100_000])
def test_a_body_that_is_no_event_is_refused(body: bytes) -> None:
    """Whatever it is, as a BadEvent; also inside a batch."""
    with pytest.raises(BadEvent):
        decode_event("view", body)
    with pytest.raises(BadEvent):
        decode_batch(b'[{"view":' + body + b"}]")


def test_broken_text_in_an_unknown_field_is_refused() -> None:
    """It would be passed on as it came, and break whoever reads it."""
    with pytest.raises(BadEvent) as bad:
        decode_event("view", b'{"sessionExternalId":"ann","productId":1,"x":"\xff"}')
    assert bad.value.field == "body"


def test_an_unknown_call_has_no_decoder() -> None:
    """The caller checks the name first."""
    with pytest.raises(KeyError):
        decode_event("peek", b"{}")


@pytest.mark.parametrize(
    ("batch", "index", "field"),
    [
        (b"[]", None, "body"),
        (b"{}", None, "body"),
        (b"[1]", 0, "envelope"),
        (b"[{}]", 0, "envelope"),
        (b'[{"view":{},"order":{}}]', 0, "envelope"),
        (b'[{"peek":{}}]', 0, "peek"),
        (b'[{"categoryViewByCategoryPath":{}}]', 0, "categoryViewByCategoryPath"),
        (b'[{"view":{"sessionExternalId":"a","productId":1}},[]]', 1, "envelope"),
    ],
)
def test_a_bad_envelope_names_its_element(batch: bytes, index: int | None, field: str) -> None:
    """An empty array is bad as a whole."""
    with pytest.raises(BadEvent) as bad:
        decode_batch(batch)
    assert (bad.value.index, bad.value.field) == (index, field)


def test_a_batch_keeps_order_and_bytes() -> None:
    """Name, event and the event's own bytes, in the order passed."""
    batch = one_of_each()
    found = decode_batch(msgspec.json.encode(batch))
    assert [name for name, _, _ in found] == list(ENVELOPES)
    assert [{name: msgspec.json.decode(body)} for name, _, body in found] == batch
    assert all(decode_event(name, body) == decoded_event for name, decoded_event, body in found)


@given(NAMES, st.randoms(use_true_random=False), st.integers(-14 * 60, 14 * 60), st.integers(0, 4))
def test_the_digest_sees_neither_spelling_nor_order_nor_offset(name: str, chance: Any, offset: int, indent: int) -> None:
    """White space, the order of keys and the offset of the time may change on the way."""
    there = event(name)
    moment = datetime.fromisoformat(there["timestamp"]).astimezone(timezone(timedelta(minutes=offset)))
    items = list({**there, "timestamp": moment.isoformat()}.items())
    chance.shuffle(items)
    back = msgspec.json.format(msgspec.json.encode(dict(items)), indent=indent)
    assert digest(canon(name, back)) == digest(canon(name, msgspec.json.encode(there)))


def test_the_digest_does_not_see_the_order_of_free_data() -> None:
    """Objects inside `customData` have no types to give them an order."""
    one = b'{"sessionExternalId":"ann","mailTrackingId":"m","customData":{"a":1,"b":{"c":2,"d":3}}}'
    two = b'{"sessionExternalId":"ann","mailTrackingId":"m","customData":{"b":{"d":3,"c":2},"a":1}}'
    assert digest(canon("emailClick", one)) == digest(canon("emailClick", two))


@given(NAMES, st.data())
def test_the_digest_sees_a_changed_value(name: str, data: st.DataObject) -> None:
    """Any field of any type."""
    there = event(name, phone="+48123456789" if name == "setContact" else None)
    field = data.draw(st.sampled_from(sorted(there)))
    value = there[field]
    changed: Any
    match value:
        case int() | float():
            changed = value + 1
        case list():
            changed = value[::-1]
        case dict():
            changed = {**value, "new": 1}
        case _:
            changed = {"timestamp": "2018-09-15T15:53:01+00:00", "phone": "+48123456788"}.get(field, f"{value}x")
    other = msgspec.json.encode({**there, field: changed})
    assert digest(canon(name, other)) != digest(canon(name, msgspec.json.encode(there)))


def test_a_time_at_the_edge_of_the_calendar_has_a_digest() -> None:
    """It cannot be told in UTC, and is no reason to fall over."""
    canonical("view", decoded("view", timestamp="0001-01-01T00:00:00+14:00"))


PREFIXES = st.text(string.ascii_lowercase, min_size=1, max_size=40)


@given(NAMES, PREFIXES, st.integers(1, MAX_VISITOR), st.integers(0, MAX_SEQ), st.sampled_from(["", "c", "1234567890123x"]))
def test_an_identity_is_found_again_in_every_type(name: str, prefix: str, number: int, seq: int, text: str) -> None:
    """As a number, or as the last long run of digits of a text, which may begin with others."""
    ours = Namespace(prefix)
    identity = ours.base(number) + seq
    assert 0 < identity <= MAX_INT
    carrier = CARRIERS[name]
    value: Any = identity if isinstance(event(name)[carrier], int) else f"{text}{identity}"
    found = decoded(name, **{carrier: value})
    assert ours.identity(name, found) == (number, seq)


@given(NAMES, st.integers(1, MAX_VISITOR), st.integers(0, MAX_SEQ))
def test_an_identity_of_another_prefix_is_none_of_ours(name: str, number: int, seq: int) -> None:
    """The tag keeps the runs apart."""
    theirs, ours = Namespace("theirs"), Namespace("ours")
    assert theirs.tag != ours.tag
    carrier = CARRIERS[name]
    identity = theirs.base(number) + seq
    value: Any = identity if isinstance(event(name)[carrier], int) else f"c{identity}"
    found = decoded(name, **{carrier: value})
    assert ours.identity(name, found) is None
    assert theirs.identity(name, found) == (number, seq)


@pytest.mark.parametrize("name", ORDINARY_CALLS)
def test_an_event_of_somebody_else_carries_no_identity(name: str) -> None:
    """An ordinary number or text is none."""
    assert Namespace("ours").identity(name, decoded(name)) is None


def test_visitor_zero_is_no_identity() -> None:
    """Visitors are numbered from one, so that a bare tag is not taken for the first."""
    ours = Namespace("ours")
    assert ours.identity("view", decoded("view", productId=ours.base(0) + 3)) is None


@given(PREFIXES, st.integers(1, MAX_VISITOR))
def test_a_namespace_owns_the_names_that_it_gives(prefix: str, number: int) -> None:
    """And they are names that the API takes."""
    ours = Namespace(prefix)
    name = ours.name(number)
    assert ours.owns(name)
    assert not ours.owns(f"{prefix}x{number}")
    if len(name) <= 50:
        assert decoded("view", sessionExternalId=name).sessionExternalId == name


@pytest.mark.parametrize("name", ["run", "run01", "run0", "run-1", "run1x", "other1", "1", "", "run١"])
def test_a_namespace_does_not_own_other_names(name: str) -> None:
    """No leading zero, no other prefix, nothing behind the number."""
    assert not Namespace("run").owns(name)


@pytest.mark.parametrize("prefix", ["", "Run", "run1", "run-", "ü", "a" * 41])
def test_a_prefix_is_lower_case_letters(prefix: str) -> None:
    """So that the number can be read back from the name."""
    with pytest.raises(ValueError, match="prefix"):
        Namespace(prefix)
