"""Messages of Segment's API: the fields that the public reference asks for, and where the write key goes."""

import json
from base64 import b64decode
from datetime import datetime

import pytest
from msgspec import Raw

from inorder.dialects import dialect_of
from inorder.errors import UnusableInput
from inorder.events import ORDINARY_CALLS, Namespace
from inorder.readback.row import StoredRow
from inorder.targets.file import Segment, TargetFile
from tests.inorder.dialects.ways import NAMESPACE, ONE, SAMPLES, envelope
from tests.inorder.samples import FIELDS, NOW

POSTHOG = {
    "key_in": "body:api_key",
    "batch_path": "batch/",
    "track_path": "i/v0/e/",
    "visitor": "distinct_id",
    "time": "timestamp",
}
SEGMENT = dialect_of(TargetFile(bases=[ONE], dialect="segment"))


def speaking(**given: str) -> TargetFile:
    """A target that differs from Segment's own API."""
    return TargetFile(bases=[ONE], dialect="segment", segment=Segment(**given))


@pytest.mark.parametrize("name", ORDINARY_CALLS)
def test_a_message_has_the_fields_of_the_reference(name: str) -> None:
    """What the event has beside visitor and time are its properties."""
    path, body = SEGMENT.ordinary(SAMPLES[name])
    message = json.loads(body)
    sent_at = message.pop("sentAt")
    properties = message.pop("properties")
    assert path == "v1/track"
    assert message == {
        "type": "track",
        "event": name,
        "messageId": f"{NAMESPACE.name(7)}-{NAMESPACE.base(7) + 3}",
        "anonymousId": NAMESPACE.name(7),
        "originalTimestamp": NOW,
    }
    assert properties.keys() == FIELDS[name].keys()
    assert sent_at.endswith("Z")
    assert datetime.fromisoformat(sent_at).tzinfo is not None


def test_a_batch_is_one_object_with_the_messages_in_order() -> None:
    """`sentAt` is the batch's; an empty one asks whether the system is there."""
    body = json.loads(SEGMENT.batch([SAMPLES["view"], SAMPLES["order"]]))
    assert body.keys() == {"batch", "sentAt"}
    assert [message["event"] for message in body["batch"]] == ["view", "order"]
    assert all("sentAt" not in message for message in body["batch"])
    assert SEGMENT.empty_batch is not None
    assert json.loads(SEGMENT.empty_batch) == {"batch": []}


def test_a_messages_id_is_short_and_its_own() -> None:
    """At most 100 characters, however long the prefix and whatever text carries the identity."""
    long = Namespace("z" * 40)
    path = envelope("categoryViewByCategoryPath", categoryPath="women/" * 50 + str(long.base(1) + 1))
    ids = [json.loads(SEGMENT.ordinary(sent)[1])["messageId"] for sent in (*SAMPLES.values(), path)]
    assert max(map(len, ids)) <= len(f"{long.name((1 << 25) - 1)}-{(1 << 53) - 1}") <= 100
    assert ids[-1] == f"{NAMESPACE.name(7)}-{long.base(1) + 1}"
    different = [json.loads(SEGMENT.ordinary(envelope("view", 7, seq))[1])["messageId"] for seq in range(9)]
    assert len(set(different)) == 9


def test_the_key_is_the_user_of_a_basic_authorization() -> None:
    """With no password; nothing of it is in the query or in a body."""
    query, headers = SEGMENT.head({"api_key": "wríte"})
    assert query == {}
    assert headers.keys() == {"Authorization"}
    assert b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == "wríte:"


def test_the_key_may_go_into_a_header_or_into_each_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the paths and the visitor's field may be others, as PostHog has them."""
    header = dialect_of(speaking(key_in="header:X-Write-Key", track_path="/api/s/s2s/track"))
    assert header.head({"api_key": "k"}) == ({}, {"X-Write-Key": "k"})
    assert header.ordinary(SAMPLES["view"])[0] == "api/s/s2s/track"
    body = dialect_of(speaking(**POSTHOG))
    assert body.head({"api_key": "k"}) == ({}, {})
    assert (body.batch_path, body.empty_batch) == ("batch/", None)
    monkeypatch.setenv("INORDER_API_KEY", 'k"k')
    path, single = body.ordinary(SAMPLES["view"])
    assert path == "i/v0/e/"
    assert [json.loads(told)["api_key"] for told in (single, body.batch([SAMPLES["view"]]))] == ['k"k', 'k"k']
    assert (json.loads(single)["distinct_id"], json.loads(single)["timestamp"]) == (NAMESPACE.name(7), NOW)
    assert not {"anonymousId", "originalTimestamp"} & json.loads(single).keys()


def test_a_clock_that_a_system_corrects_is_no_corruption() -> None:
    """`timestamp` is then the system's; where it keeps no `originalTimestamp`, `timestamp` is what was sent."""
    message = json.loads(SEGMENT.ordinary(SAMPLES["view"])[1])
    digests = set()
    for stored in (
        message,
        message | {"timestamp": "2020-01-01T00:00:00.123Z", "receivedAt": "2020-01-01T00:00:00.123Z"},
        {("timestamp" if key == "originalTimestamp" else key): value for key, value in message.items()},
        message | {"originalTimestamp": "2018-09-15T15:53:00.000Z"},
    ):
        identity, told = SEGMENT.read(StoredRow(1, "v", "view", Raw(json.dumps(stored).encode())), NAMESPACE)
        assert identity == (7, 3)
        digests.add(told)
    assert len(digests) == 1
    assert None not in digests


@pytest.mark.parametrize("properties", [{}, {"productId": 5}, 7, None])
def test_a_messages_id_tells_of_an_event_that_is_broken(properties: object) -> None:
    """Whatever became of its properties, or of its name."""
    message = json.loads(SEGMENT.ordinary(SAMPLES["view"])[1]) | {"properties": properties}
    for name in ("view", "Product Viewed"):
        row = StoredRow(1, "v", name, Raw(json.dumps(message).encode()))
        assert SEGMENT.read(row, NAMESPACE)[0] == (7, 3)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch_path": ""}, "segment.batch_path: expected a path such as 'v1/batch', without a query, got ''"),
        ({"track_path": "track?a=b"}, "segment.track_path: expected a path"),
        ({"batch_path": "a b"}, "segment.batch_path: expected a path"),
    ],
)
def test_what_is_no_path_is_refused(given: dict[str, str], said: str) -> None:
    """With the place."""
    with pytest.raises(UnusableInput) as caught:
        dialect_of(speaking(**given))
    assert str(caught.value).startswith(said)
