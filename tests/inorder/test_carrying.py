"""Events that name what a shop knows: the identity stands elsewhere, and what is read back is what was sent."""

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from inorder.behaviour import Synthetic
from inorder.carrying import Placed, carrying_of
from inorder.clicklog import Replay, Step
from inorder.errors import UnusableInput
from inorder.events import CARRIERS, ORDINARY_CALLS, Event, Namespace, canonical, decode_event
from inorder.plan import plan_of
from inorder.readback.row import StoredRow
from inorder.scenario import load
from inorder.targets.file import TargetFile
from inorder.targets.system import named
from inorder.templates import event_of, name_of
from tests.crowd_runs import scenario

SPACE = Namespace("qwertz")
ALL = (
    "kind,id\nproduct,11\nproduct,12\nproduct,13\ngroup,21\ncategory,31\npath,women/shoes\ncontact,Ann1\ncontact,Bob2\n"
    "content,banner\nmail,spring\nblock,home\nblock,cart\n"
)
KINDS = ("product", "group", "category", "path", "contact", "content", "mail", "block", "stock", "email")


def target(folder: Path, catalogue: str | None, identity: str = "") -> Path:
    """A target file with a catalogue beside it."""
    file = folder / "shop.toml"
    line = "" if catalogue is None else 'catalogue = "shop.csv"\n'
    file.write_text(f'bases = ["http://127.0.0.1:1/1.0"]\n{line}[identity]\n{identity}')
    if catalogue is not None:
        (folder / "shop.csv").write_text(catalogue, encoding="utf-8")
    return file


def placed(folder: Path, catalogue: str | None, identity: str = "", seed: int = 7) -> Placed:
    """The synthetic behaviour as such a system is sent it."""
    system = named([str(target(folder, catalogue, identity))])
    assert system.carrying is not None
    return Placed(Synthetic(seed, SPACE), SPACE, system.carrying, seed)


def taken(behaviour: Placed, numbers: range = range(1, 80)) -> dict[tuple[int, int], bytes]:
    """(visitor, seq) to the envelope: the first half of each session as ordinary calls."""
    found = {}
    for number in numbers:
        size = behaviour.size(number)
        cursor = behaviour.cursor(number)
        envelopes = cursor.take(size // 2, True) + cursor.take(size - size // 2, False)
        assert cursor.seq == size
        found |= {(number, seq): envelope for seq, envelope in enumerate(envelopes)}
    return found


def event(envelope: bytes) -> tuple[str, dict[str, Any]]:
    """Name and fields."""
    ((name, fields),) = json.loads(envelope).items()
    return name, fields


def test_every_event_that_is_sent_is_read_back_as_it_was_sent(tmp_path: Path) -> None:
    """Of all kinds checked at once: identity and digest as the dialect finds them, canonical bytes, fields of the API."""
    system = named([str(target(tmp_path, ALL))])
    names = set()
    for who, envelope in taken(placed(tmp_path, ALL)).items():
        name, body = name_of(envelope).decode(), event_of(envelope)
        names.add(name)
        assert canonical(name, decode_event(name, body)) == envelope
        row = StoredRow(position=0, visitor=SPACE.name(who[0]), name=name, event=Raw(body))
        assert system.dialect.read(row, SPACE) == (who, crc32(envelope))
    sent = "view groupView addToBasket order search setContact recomTap recomAddToBasket welcomeSequence"
    assert names == set(sent.split())


def test_what_is_checked_is_of_the_catalogue(tmp_path: Path) -> None:
    """In every field of every event, and each thing is drawn now and then."""
    known = {"productId": {11, 12, 13}, "groupId": {21}, "contactExternalId": {"Ann1", "Bob2"}, "productIds": {11, 12, 13}}
    seen: dict[str, set[Any]] = {own: set() for own in known}
    for envelope in taken(placed(tmp_path, ALL), range(1, 300)).values():
        _, fields = event(envelope)
        for own in seen.keys() & fields.keys():
            seen[own] |= {*fields[own]} if isinstance(fields[own], list) else {fields[own]}
    assert seen == known


def test_the_identity_moves_as_little_as_it_must(tmp_path: Path) -> None:
    """Products alone are checked: what names none is sent as ever, and each event has its own place for it."""
    usual = Synthetic(7, SPACE)
    moved = {"view": "stockId", "addToBasket": "stockId", "order": "transaction"}
    moved |= {"recomTap": "recomBlockId", "recomAddToBasket": "recomBlockId"}
    for (number, seq), envelope in taken(placed(tmp_path, "kind,id\nproduct,5\n")).items():
        name, fields = event(envelope)
        identity = str(SPACE.base(number) + seq)
        assert identity in str(fields[moved.get(name, CARRIERS[name])])
        if name in moved:
            assert fields["productId"] == 5
        elif name != "groupView":
            cursor = usual.cursor(number)
            cursor.take(seq, True)
            if seq < usual.size(number) // 2:
                assert cursor.take(1, True) == [envelope]


def test_an_event_without_a_free_field_is_replaced_and_that_is_said_once(tmp_path: Path) -> None:
    """By a search of the same visitor at the same time, so that sizes and times stay."""
    made = placed(tmp_path, "kind,id\ncategory,1\npath,p\nemail,a@b\n")
    assert made.carrying.sentences() == [
        "no field is left for the identity of categoryView (categoryId), welcomeSequence (email), "
        "categoryViewByCategoryPath (categoryPath), which the catalogue names: search is sent in their place"
    ]
    plain = Placed(made.inner, SPACE, carrying_of(TargetFile(bases=[""]), tmp_path / "t.toml"), 7)
    replaced = 0
    for before, after in zip(taken(plain).values(), taken(made).values(), strict=True):
        (name, old), (now, new) = event(before), event(after)
        assert (old["timestamp"], old["sessionExternalId"]) == (new["timestamp"], new["sessionExternalId"])
        replaced += name != now
        assert now == ("search" if name in ("categoryView", "welcomeSequence", "categoryViewByCategoryPath") else name)
    assert replaced > 20


def test_a_field_may_be_chosen(tmp_path: Path) -> None:
    """With a catalogue or without; then it is read there too."""
    for catalogue in (None, "kind,id\nproduct,5\n"):
        made = placed(tmp_path, catalogue, 'order = "stockId"\nsearch = "stockId"\n')
        for (number, seq), envelope in taken(made).items():
            name, fields = event(envelope)
            if name in ("order", "search"):
                assert fields["stockId"] == f"stock{SPACE.base(number) + seq}"
            if name == "order" and catalogue:
                assert fields["productId"] == 5


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ('vieww = "stockId"', "identity: expected names of events (view, groupView, "),
        ('view = "stock"', "identity.view: expected {} (productId, stockId), got 'stock'"),
        ('order = "price"', "identity.order: expected {} (productId, transaction, stockId)"),
        ('setContact = "phone"', "identity.setContact: expected {} (contactExternalId, "),
        ('setContact = "customData"', "identity.setContact: expected {} ("),
        ('groupView = "productIds"', "identity.groupView: expected {} (groupId, stockId)"),
        ('view = "timestamp"', "identity.view: expected {} (productId, stockId)"),
        ('view = "productId"', "identity.view: expected a field that the catalogue does not name, got 'productId'"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_carry_is_refused(tmp_path: Path, identity: str, said: str) -> None:
    """One line with the place."""
    file = target(tmp_path, ALL, identity)
    with pytest.raises(UnusableInput) as refused:
        named([str(file)])
    able = "a whole number or a free text of the event"
    assert str(refused.value).startswith(f"{file}: {said.format(able)}")


def test_a_bad_catalogue_is_refused_with_its_line(tmp_path: Path) -> None:
    """When the target is named, before anything is sent."""
    file = target(tmp_path, "kind,id\nproduct,x\n")
    with pytest.raises(UnusableInput, match=r"shop.csv:2: id: expected a whole number"):
        named([str(file)])


@given(st.sets(st.sampled_from(KINDS), min_size=1), st.integers(0, 2**62))
def test_no_choice_of_kinds_loses_an_identity(tmp_path_factory: pytest.TempPathFactory, kinds: set[str], seed: int) -> None:
    """Whatever is checked: of each event sent, the field that is said to carry it does."""
    folder = tmp_path_factory.mktemp("shop")
    rows = "".join(f"{kind},{'7' if kind in ('product', 'group', 'category') else 'A7'}\n" for kind in sorted(kinds))
    made = placed(folder, f"kind,id\n{rows}", seed=seed)
    for who, envelope in taken(made, range(1, 6)).items():
        name, _ = event(envelope)
        carrier = made.carrying.carriers[name]
        assert carrier not in made.carrying.checked
        decoded: Event = decode_event(name, event_of(envelope))
        assert SPACE.carried(getattr(decoded, carrier)) == who


def test_a_replayed_click_log_is_placed_too(tmp_path: Path) -> None:
    """The lines of an order whose products are checked have transactions of their own."""
    system = named([str(target(tmp_path, "kind,id\nproduct,5\n"))])
    assert system.carrying is not None
    steps = [Step(0, 0, 0), Step(1, 5, 0), Step(2, 9, 3), Step(2, 9, 3)]
    made = Placed(Replay([steps], SPACE), SPACE, system.carrying, 1)
    *_, first, second = made.cursor(1).take(4, False)
    assert event(first)[1]["transaction"] == f"t{SPACE.base(1) + 2}"
    assert event(second)[1]["transaction"] == f"t{SPACE.base(1) + 3}"


def test_the_plan_of_a_system_places_and_one_without_does_not(tmp_path: Path) -> None:
    """Sizes are the same; a target file that says nothing of it costs nothing."""
    written = load(scenario(tmp_path))
    with_it = plan_of(written, system=named([str(target(tmp_path, ALL))]))
    assert isinstance(with_it.behaviour, Placed)
    without = plan_of(written, system=named([str(target(tmp_path, None))]))
    assert isinstance(without.behaviour, Synthetic)
    assert [with_it.behaviour.size(number) for number in range(1, 50)] == [
        without.behaviour.size(number) for number in range(1, 50)
    ]
    assert set(ORDINARY_CALLS) == set(CARRIERS)
