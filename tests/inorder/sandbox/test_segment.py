"""Segment's calls on the sandbox: what is taken, how it is stored, and each refusal with its place."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from inorder.faults.fault import Fault
from inorder.sandbox.segment import MAX_BATCH_BYTES, MAX_MESSAGE_BYTES
from tests.inorder.sandboxes import Near, Place, near

NOW = "2018-09-15T15:53:00+00:00"


def message(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A message as a client would write it; `changes` replace or add fields, None leaves one out."""
    usual = {
        "type": "track",
        "event": "view",
        "messageId": f"ann-{number}",
        "anonymousId": "ann",
        "originalTimestamp": NOW,
        "properties": {"productId": number},
    }
    return {key: value for key, value in (usual | changes).items() if value is not None}


def post(sandbox: Near, name: str, body: Any, key: str | None = "k", **headers: str) -> httpx.Response:
    """Make a call; bytes are sent as they are, anything else as JSON."""
    given = {"Content-Type": "application/json", **headers}
    if key is not None:
        given["Authorization"] = "Basic " + b64encode(f"{key}:".encode()).decode()
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return sandbox.run(sandbox.client.post(f"/v1/{name}", content=content, headers=given))


def test_a_batch_is_stored_in_the_order_passed(place: Place) -> None:
    """Each message as it was passed, under its anonymousId and its event, by one transaction."""
    messages = [message(number, event=f"event {number}") for number in range(30)]
    with near(place) as sandbox:
        answer = post(sandbox, "batch", {"batch": messages, "sentAt": "2018-09-15T16:00:00.000Z"})
        rows = sandbox.stored()
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [row["event"] for row in rows] == messages
    assert {row["visitor"] for row in rows} == {"ann"}
    assert [row["name"] for row in rows] == [f"event {number}" for number in range(30)]
    assert len({(row["server"], row["stored_at"]) for row in rows}) == 1


def test_a_single_message_is_kept_by_one_of_the_servers(place: Place) -> None:
    """As an ordinary call is: answered at once, stored when its server flushes. `userId` will do for the visitor."""
    with near(place, flush_ms=1) as sandbox:
        assert post(sandbox, "track", message(1, type=None, anonymousId=None, userId="bob")).status_code == 200
        (row,) = sandbox.stored_after(0.05)
    assert (row["visitor"], row["name"], row["event"]["properties"]) == ("bob", "view", {"productId": 1})


def test_names_of_any_text_come_back(place: Place) -> None:
    """Quotes and all: a row stays a line of JSON."""
    odd = 'Ann "the\\first"\n\t\x7f\u2028é😀'
    with near(place) as sandbox:
        assert post(sandbox, "batch", {"batch": [message(anonymousId=odd, event=odd)]}).status_code == 200
        (row,) = sandbox.stored()
    assert (row["visitor"], row["name"]) == (odd, odd)


def test_a_batch_of_nothing_is_taken(tmp_path: Path) -> None:
    """By it a client asks whether the system is there and knows its key."""
    with near(tmp_path) as sandbox:
        assert post(sandbox, "batch", {"batch": []}).status_code == 200
        assert sandbox.stored() == []


BAD: list[tuple[Any, int | None, str]] = [
    (b"", None, "body"),
    (b"[{", None, "body"),
    ([message()], None, "body"),
    ({"messages": []}, None, "batch"),
    ({"batch": {}}, None, "batch"),
    (b'{"batch":[{"type":"track","event":"\xff","anonymousId":"ann"}]}', None, "body"),
    ({"batch": [message(), 7]}, 1, "message"),
    ({"batch": [message(), message(type=None)]}, 1, "message.type"),
    ({"batch": [message(), message(), message(type="identify")]}, 2, "message.type"),
    ({"batch": [message(event=None)]}, 0, "message.event"),
    ({"batch": [message(event="")]}, 0, "message.event"),
    ({"batch": [message(event="a\0b")]}, 0, "message.event"),
    ({"batch": [message(anonymousId=None)]}, 0, "message.anonymousId"),
    ({"batch": [message(anonymousId="")]}, 0, "message.anonymousId"),
    ({"batch": [message(messageId="m" * 101)]}, 0, "message.messageId"),
    ({"batch": [message(), message(originalTimestamp="yesterday")]}, 1, "message.originalTimestamp"),
    ({"batch": [message(timestamp="2018-09-15T15:53:00")]}, 0, "message.timestamp"),
    ({"batch": [message(sentAt="")]}, 0, "message.sentAt"),
    ({"batch": [message(properties=[1])]}, 0, "message.properties"),
    ({"batch": [message(), message(properties={"x": "x" * MAX_MESSAGE_BYTES})]}, 1, "message"),
    (b'{"batch":[{"type":"track","event":"e","anonymousId":"a","properties":{"x":%b%b}}]}' % (b"[" * 150, b"]" * 150), 0,
     "message"),
    ({"batch": [message(number) for number in range(1001)]}, None, "body"),
    ({"batch": [message(x="x" * 30_000)] * (MAX_BATCH_BYTES // 30_000 + 1)}, None, "body"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "index", "field"), BAD, ids=range(len(BAD)))
def test_a_bad_batch_is_400_and_nothing_of_it_is_stored(tmp_path: Path, body: Any, index: int | None, field: str) -> None:
    """The answer names the message and the field, for what is too large too."""
    with near(tmp_path) as sandbox:
        answer = post(sandbox, "batch", body)
        rows = sandbox.stored()
    assert answer.status_code == 400, answer.content
    (detail,) = answer.json()["detail"]
    assert (detail.get("index"), detail["field"]) == (index, field)
    assert detail["reason"]
    assert rows == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"type": "page"}, "type"), ({"anonymousId": None}, "anonymousId"), ({"timestamp": "x"}, "timestamp")],
)
def test_a_bad_single_message_is_400_and_not_stored(tmp_path: Path, changes: dict[str, Any], field: str) -> None:
    """There is no place in a batch to name."""
    with near(tmp_path, flush_ms=1) as sandbox:
        answer = post(sandbox, "track", message(**changes))
        rows = sandbox.stored_after(0.05)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["detail"]] == [field]
    assert "index" not in answer.json()["detail"][0]
    assert rows == []


@pytest.mark.parametrize("name", ["batch", "track"])
def test_the_write_key_is_asked_for(tmp_path: Path, name: str) -> None:
    """401 without it, with another one, and with one that is in no form; it stands in no answer."""
    body = {"batch": [message()]} if name == "batch" else message()
    with near(tmp_path, api_key="s3cr3t") as sandbox:
        refused = [post(sandbox, name, body, key) for key in (None, "", "wrong")]
        refused += [
            post(sandbox, name, body, None, Authorization=text) for text in ("Basic %%%", "Bearer s3cr3t", "s3cr3t")
        ]
        taken = post(sandbox, name, body, "s3cr3t")
    assert {answer.status_code for answer in refused} == {401}
    assert {answer.headers["www-authenticate"] for answer in refused} == {"Basic"}
    assert all(b"s3cr3t" not in answer.content and b"wrong" not in answer.content for answer in refused)
    assert taken.status_code == 200


def test_without_a_key_in_the_settings_any_will_do_but_none(tmp_path: Path) -> None:
    """As with the sandbox's other calls."""
    with near(tmp_path) as sandbox:
        assert post(sandbox, "batch", {"batch": []}, "anything").status_code == 200
        assert post(sandbox, "batch", {"batch": []}, None).status_code == 401


def test_the_quota_is_of_all_calls_together(tmp_path: Path) -> None:
    """A call of one API leaves less to the other."""
    with near(tmp_path, quota_per_s=2) as sandbox:
        assert post(sandbox, "batch", {"batch": []}).status_code == 200
        assert sandbox.post("visitorEvents", []).status_code == 400
        assert post(sandbox, "track", message()).status_code == 429
        assert post(sandbox, "batch", {"batch": []}).headers["retry-after"] == "1"


def test_other_calls_and_methods_are_none(tmp_path: Path) -> None:
    """Only `track` is spoken, and only posted."""
    with near(tmp_path) as sandbox:
        for name in ("identify", "page", "screen", "group", "alias", "visitorEvents", "batch/"):
            assert post(sandbox, name, message()).status_code == 404
        answer = sandbox.get("/v1/batch")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert post(sandbox, "batch", {"batch": []}, **{"Content-Type": "text/plain"}).status_code == 415


def struck(tmp_path: Path, fault: str, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is stored of a batch that a fault strikes for certain."""
    with near(tmp_path, faults=(Fault(fault, rate=1.0),)) as sandbox:
        assert post(sandbox, "batch", {"batch": messages}).status_code == 200
        return sandbox.stored()


def test_faults_strike_messages_too(tmp_path: Path) -> None:
    """Those that lose and mix rows, and those that look at the time that a message carries."""
    late = [message(number, originalTimestamp=f"2018-09-15T15:53:{50 - number}+00:00") for number in range(8)]
    for name in ("lost", "mixed", "same", "other", "sorted"):
        (tmp_path / name).mkdir()
    assert len(struck(tmp_path / "lost", "drops-one-event", late)) == 7
    mixed = [row["event"] for row in struck(tmp_path / "mixed", "worker-pool-per-event", late)]
    assert mixed != late
    assert len(mixed) == 8
    assert len(struck(tmp_path / "same", "drops-equal-payloads", [*late, message(9), message(10)])) == 9
    altered = [row["event"]["originalTimestamp"] for row in struck(tmp_path / "other", "altered-payload", late)]
    assert sum(time.endswith("+02:00") for time in altered) == 1
    assert [row["event"] for row in struck(tmp_path / "sorted", "sorted-by-timestamp", late)] == late[::-1]
