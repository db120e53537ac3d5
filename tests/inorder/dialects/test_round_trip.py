"""From the envelope to the wire, into a store and back: identity and digest are those of what was sent."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from inorder.events import CARRIERS, ORDINARY_CALLS, digest
from inorder.readback.row import StoredRow
from tests.inorder.dialects.ways import BEHAVIOURS, NAMESPACE, OTHER_FIELDS, SAMPLES, WAYS, Way, envelope
from tests.inorder.samples import FIELDS


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INORDER_API_KEY", "s3cr3t")


def digests_of(way: Way, envelopes: list[bytes]) -> list[int | None]:
    """What the digests of stored events must be; None where the system keeps no event to take them of."""
    return [None if way is WAYS["apart"] else digest(envelope) for envelope in envelopes]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_event_is_found_again_from_a_batch(way: Way) -> None:
    """All fifteen in one body, in the order passed, under their visitor and name."""
    rows = way.stored(way.dialect.batch_path, way.dialect.batch(list(SAMPLES.values())))
    assert [row.name for row in rows] == list(SAMPLES)
    assert {row.visitor for row in rows} == {NAMESPACE.name(7)}
    found = [way.dialect.read(row, NAMESPACE) for row in rows]
    assert [identity for identity, _ in found] == [(7, 3)] * len(SAMPLES)
    assert [told for _, told in found] == digests_of(way, list(SAMPLES.values()))


@pytest.mark.parametrize("name", ORDINARY_CALLS)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_event_is_found_again_from_an_ordinary_call(way: Way, name: str) -> None:
    """The same, one event a call."""
    (row,) = way.stored(*way.dialect.ordinary(SAMPLES[name]))
    assert (row.visitor, row.name) == (NAMESPACE.name(7), name)
    assert way.dialect.read(row, NAMESPACE) == ((7, 3), *digests_of(way, [SAMPLES[name]]))


@pytest.mark.parametrize("ordinary", [False, True], ids=["batch", "ordinary"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_session_is_found_again(way: Way, behaviour: str, ordinary: bool) -> None:
    """Whichever the behaviour, and whichever the call; no event is taken for another one."""
    model = BEHAVIOURS[behaviour]()
    for number in range(1, 10):
        envelopes = model.cursor(number).take(model.size(number), ordinary)
        if ordinary:
            rows = [way.stored(*way.dialect.ordinary(envelope))[0] for envelope in envelopes]
        else:
            rows = way.stored(way.dialect.batch_path, way.dialect.batch(envelopes))
        found = [way.dialect.read(row, NAMESPACE) for row in rows]
        assert [identity for identity, _ in found] == [(number, seq) for seq in range(len(envelopes))]
        assert [told for _, told in found] == digests_of(way, envelopes)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="0123456789"), max_size=20)
CHANGES = st.fixed_dictionaries(
    {
        "number": st.integers(1, (1 << 25) - 1),
        "seq": st.integers(0, (1 << 18) - 1),
        "stockId": TEXTS,
        "customData": st.dictionaries(TEXTS, TEXTS | st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    }
)


@given(name=st.sampled_from(list(ORDINARY_CALLS)), changes=CHANGES, way=st.sampled_from(list(WAYS)))
def test_texts_of_any_kind_survive(name: str, changes: dict[str, Any], way: str) -> None:
    """Quotes, dollars, line breaks and emoji; and any visitor and place in a session."""
    number, seq = changes.pop("number"), changes.pop("seq")
    own = {field: value for field, value in changes.items() if field in FIELDS[name]}
    sent = envelope(name, number, seq, **own)
    dialect = WAYS[way].dialect
    for path, body in ((dialect.batch_path, dialect.batch([sent, sent])), dialect.ordinary(sent)):
        for row in WAYS[way].stored(path, body):
            assert row.visitor == NAMESPACE.name(number)
            assert dialect.read(row, NAMESPACE) == ((number, seq), *digests_of(WAYS[way], [sent]))


@pytest.mark.parametrize("way", ["visitorEvents", "segment", "posthog", "whole"])
def test_what_was_changed_has_another_digest_and_what_was_only_moved_has_not(way: str) -> None:
    """Another price is corruption; the same instant in another zone, and another order of keys, are none."""
    dialect = WAYS[way].dialect
    (row,) = WAYS[way].stored(*dialect.ordinary(SAMPLES["order"]))
    moved = json.loads(bytes(row.event))
    text = json.dumps(dict(reversed(moved.items()))).replace("15:53:00+00:00", "17:53:00+02:00")
    assert text.count("17:53") == 1
    assert dialect.read(StoredRow(1, "v", "order", Raw(text.encode())), NAMESPACE) == dialect.read(row, NAMESPACE)
    altered = Raw(text.replace("19.9", "19.8").encode())
    identity, told = dialect.read(StoredRow(1, "v", "order", altered), NAMESPACE)
    assert identity == (7, 3)
    assert told not in (None, digest(SAMPLES["order"]))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stored", [b"", b"{}", b"null", b"[1]", b"{", b"\xff", b"[" * 100_000, b'{"properties":7}'])
def test_what_is_no_event_tells_nothing(way: str, stored: bytes) -> None:
    """Of somebody else, or broken: no identity, no digest, no error; under an unknown name too."""
    for name in ("view", "Order Completed", ""):
        assert WAYS[way].dialect.read(StoredRow(1, "bob", name, Raw(stored)), NAMESPACE) == (None, None)


@pytest.mark.parametrize("way", WAYS)
def test_a_place_of_its_own_tells_the_identity_of_what_is_broken(way: str) -> None:
    """A store that keeps a column for it, as a number or at the end of a text."""
    identity = NAMESPACE.base(4) + 2
    for given_identity in (identity, str(identity), f"abc-{identity}"):
        row = StoredRow(1, "bob", "view", Raw(b"{"), identity=given_identity)
        assert WAYS[way].dialect.read(row, NAMESPACE) == ((4, 2), None)


@pytest.mark.parametrize("way", ["visitorEvents", "segment", "whole"])
def test_the_identity_may_be_in_another_field(way: str) -> None:
    """Where the system checks the usual one against its catalogue."""
    usual = WAYS[way]
    other = Way(msgspec.structs.replace(usual.target, identity=OTHER_FIELDS), usual.keep)
    identity = NAMESPACE.base(9) + 5
    for name, field in OTHER_FIELDS.items():
        sent = envelope(name, 1, 1, **{CARRIERS[name]: 17, field: f"t{identity}"})
        (row,) = other.stored(*other.dialect.ordinary(sent))
        assert other.dialect.read(row, NAMESPACE) == ((9, 5), digest(sent))
        assert usual.dialect.read(row, NAMESPACE)[0] in (None, (9, 5))
