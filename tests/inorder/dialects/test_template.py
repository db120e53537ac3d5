"""Templates: what may stand in a text, and each text that cannot be filled in."""

import json
from typing import Any

import msgspec
import pytest

from inorder.dialects import dialect_of
from inorder.dialects.template import Templates
from inorder.errors import UnusableInput
from inorder.targets.file import TargetFile, Template
from tests.inorder.dialects.ways import NAMESPACE, ONE, SAMPLES
from tests.inorder.samples import NOW

EVERY = '{"v":"$visitor","i":$identity,"n":${seq},"e":"$name","t":"$timestamp","s":$epoch_s,"m":$epoch_ms,"d":$event}'
GOOD = Template("events", '{"$$set":[$events]}', EVERY, "event/$name")


def dialect(**changes: Any) -> Templates:
    """The dialect of these texts."""
    given = msgspec.structs.replace(GOOD, **changes)
    found = dialect_of(TargetFile(bases=[ONE], dialect="template", template=given))
    assert isinstance(found, Templates)
    return found


def test_every_place_is_filled_in() -> None:
    """Each with what the event says; a doubled dollar is one."""
    identity = NAMESPACE.base(7) + 3
    body = json.loads(dialect().batch([SAMPLES["view"], SAMPLES["search"]]))
    assert [told["e"] for told in body["$set"]] == ["view", "search"]
    told = body["$set"][0]
    assert (told["v"], told["i"], told["n"], told["t"]) == (NAMESPACE.name(7), identity, 3, NOW)
    assert (told["s"], told["m"]) == (1_537_026_780, 1_537_026_780_000)
    assert told["d"]["productId"] == identity
    path, single = dialect().ordinary(SAMPLES["view"])
    assert (path, json.loads(single)) == ("event/view", told)


def test_an_ordinary_call_may_have_a_text_of_its_own() -> None:
    """In the place of the event's."""
    path, body = dialect(ordinary='{"one":"$identity"}', ordinary_path="/one").ordinary(SAMPLES["view"])
    assert (path, json.loads(body)) == ("one", {"one": str(NAMESPACE.base(7) + 3)})


def test_a_key_may_stand_in_a_body_or_in_the_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for only where a text has a place for it."""
    monkeypatch.setenv("INORDER_API_KEY", 'a"b$name')
    monkeypatch.setenv("SHOP", "shop 7")
    assert dialect().keys == ()
    given = dialect(batch='{"key":"$api_key","list":[$events]}', query={"shop": "${SHOP}", "v": "1"})
    assert given.keys == ("api_key",)
    assert json.loads(given.batch([SAMPLES["view"]]))["key"] == 'a"b$name'
    assert given.head({}) == ({"shop": "shop 7", "v": "1"}, {})
    monkeypatch.delenv("SHOP")
    with pytest.raises(UnusableInput, match=r"^template\.query\.shop: the environment variable SHOP is not set$"):
        given.head({})


BAD: list[tuple[dict[str, Any], str]] = [
    ({"event": '{"i":$identity'}, "template.event: expected JSON once it is filled in: Input data was truncated"),
    ({"event": '{"v":$visitor,"i":$identity}'}, "template.event: expected JSON once it is filled in: "),
    ({"event": '{"i":"$event"}'}, "template.event: expected JSON once it is filled in: "),
    ({"event": '{"v":"$visitor"}'}, "template.event: expected $identity (or $event, which holds it), got "),
    ({"event": '{"i":$id}'}, "template.event: expected $visitor, $identity, $seq, "),
    ({"event": '{"i":"$identity","p":"5 $"}'}, "template.event: expected a name behind each $ ($$ for a $ itself), got "),
    ({"event": '{"i":$identity,"$set":1}'}, "template.event: expected $visitor, "),
    ({"event": ""}, "template.event: expected JSON once it is filled in: "),
    ({"ordinary": '{"v":"$visitor"}'}, "template.ordinary: expected $identity (or $event, which holds it), got "),
    ({"ordinary": "{'i':$identity}"}, "template.ordinary: expected JSON once it is filled in: "),
    ({"batch": '{"list":[]}'}, "template.batch: expected $events, where the events stand, got "),
    ({"batch": '{"list":["$$events"]}'}, "template.batch: expected $events, where the events stand, got "),
    ({"batch": '{"list":$events}'}, "template.batch: expected JSON once it is filled in: "),
    ({"batch": '{"list":["$events"]}'}, "template.batch: expected JSON once it is filled in: "),
    ({"batch": '{"who":"$visitor","list":[$events]}'}, "template.batch: expected $events, $api_key ($$ for a $ itself), "),
    ({"batch_path": "events?key=1"}, "template.batch_path: expected a path such as 'v1/batch', without a query, got "),
    ({"ordinary_path": "/"}, "template.ordinary_path: expected a path"),
    ({"ordinary_path": "$visitor/event"}, "template.ordinary_path: expected $name ($$ for a $ itself), got $visitor"),
]


@pytest.mark.parametrize(("changes", "said"), BAD, ids=range(len(BAD)))
def test_a_text_that_cannot_be_filled_in_is_refused_in_one_line(changes: dict[str, Any], said: str) -> None:
    """With its place and what was expected there, before anything is sent."""
    with pytest.raises(UnusableInput) as caught:
        dialect(**changes)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_template_is_asked_for() -> None:
    """Where the dialect needs one."""
    with pytest.raises(
        UnusableInput, match=r"^template: expected a table \[template\] with dialect = 'template', got none$"
    ):
        dialect_of(TargetFile(bases=[ONE], dialect="template"))
