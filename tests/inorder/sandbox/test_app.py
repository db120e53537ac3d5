"""The answers of the sandbox, each with its body."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from inorder import __version__
from inorder.events import ENVELOPES, ORDINARY_CALLS
from tests.inorder.samples import event, one_of_each, views
from tests.inorder.sandboxes import KEYS, Place, near


def spaced(value: Any) -> bytes:
    """JSON with white space that no encoder would write, to see that the bytes are kept."""
    return msgspec.json.encode(value).replace(b'":', b'" \t:  ')


@pytest.mark.parametrize("name", ORDINARY_CALLS)
def test_every_ordinary_call_is_stored_as_it_was_passed(place: Place, name: str) -> None:
    """All fifteen are taken with 200 and `{}`, and come back byte for byte under their visitor and name."""
    body = spaced(event(name, "ann"))
    with near(place, flush_ms=1) as sandbox:
        answer = sandbox.post(name, body)
        page = sandbox.stored_after(0.05)
        raw = sandbox.get("/stored").content
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert answer.headers["content-type"] == "application/json"
    assert [(row["position"], row["visitor"], row["name"]) for row in page] == [(1, "ann", name)]
    assert b'"event":' + body + b"," in raw


def test_a_batch_of_all_envelopes_is_stored_in_the_order_passed(place: Place) -> None:
    """All fourteen, each event's own bytes, under one server and one time."""
    batch = one_of_each("ann")
    body = spaced(batch)
    with near(place) as sandbox:
        answer = sandbox.post("visitorEvents", body)
        rows = sandbox.stored()
        raw = sandbox.get("/stored").content
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert [row["name"] for row in rows] == list(ENVELOPES)
    assert [{row["name"]: row["event"]} for row in rows] == batch
    assert len({(row["server"], row["stored_at"]) for row in rows}) == 1
    for envelope in batch:
        ((_, passed),) = envelope.items()
        assert b'"event":' + spaced(passed) + b"," in raw


def test_a_line_break_inside_an_event_does_not_break_the_stream(place: Place) -> None:
    """JSON allows line breaks between tokens only: they come back as spaces, for a row is a line."""
    body = b'{\r\n "sessionExternalId": "ann",\n "productId": 7\n}'
    with near(place) as sandbox:
        assert sandbox.post("visitorEvents", b'[{"view":' + body + b"}]").status_code == 200
        raw = sandbox.get("/stored").content
    assert raw.count(b"\n") == 1
    assert body.replace(b"\n", b" ").replace(b"\r", b" ") in raw


BAD_BATCHES: list[tuple[Any, int | None, str]] = [
    ([], None, "body"),
    ({"view": event()}, None, "body"),
    (b"[{", None, "body"),
    (b"", None, "body"),
    (b'[{"view":{"sessionExternalId":"ann","productId":1,"x":"\xff"}}]', None, "body"),
    (b'[{"view":' + b"[" * 100_000, None, "body"),
    ([*views("ann", 1, 2), 7], 2, "envelope"),
    ([*views("ann", 1, 2), {}], 2, "envelope"),
    ([{"view": event(), "order": event("order")}], 0, "envelope"),
    ([*views("ann", 1), {"peek": event()}], 1, "peek"),
    ([{"categoryViewByCategoryPath": event("categoryViewByCategoryPath")}], 0, "categoryViewByCategoryPath"),
    ([*views("ann", 1, 2, 3), {"view": event(productId=None)}], 3, "view.productId"),
    ([*views("ann", 1, 2, 3), {"view": event(productId="1")}], 3, "view.productId"),
    ([{"view": event(productId=9_007_199_254_740_992)}], 0, "view.productId"),
    ([{"view": event(sessionExternalId="an-n")}], 0, "view.sessionExternalId"),
    ([{"groupView": event("groupView", productIds=[1, None])}], 0, "groupView.productIds[1]"),
    ([{"view": event(timestamp="2018-09-15T15:53:00")}], 0, "view.timestamp"),
]


@pytest.mark.parametrize(("batch", "index", "field"), BAD_BATCHES, ids=range(len(BAD_BATCHES)))
def test_a_bad_batch_is_400_and_nothing_of_it_is_stored(tmp_path: Path, batch: Any, index: int | None, field: str) -> None:
    """The answer names the element and the field; a batch is all or nothing."""
    with near(tmp_path) as sandbox:
        answer = sandbox.post("visitorEvents", batch)
        rows = sandbox.stored()
    (detail,) = answer.json()["detail"]
    assert (answer.status_code, answer.json()["error"]) == (400, "bad request")
    assert (detail.get("index"), detail["field"]) == (index, field)
    assert detail["reason"]
    assert rows == []


def test_a_bad_ordinary_call_is_400_and_not_stored(tmp_path: Path) -> None:
    """The answer names the field; there is no element to name. Broken UTF-8 is refused even in an unknown field."""
    with near(tmp_path, flush_ms=1) as sandbox:
        answer = sandbox.post("order", event("order", price=-1))
        broken = sandbox.post("view", b'{"sessionExternalId":"ann","productId":1,"x":"\xff"}')
        rows = sandbox.stored_after(0.05)
    assert (answer.status_code, broken.status_code) == (400, 400)
    assert answer.json()["detail"] == [{"field": "price", "reason": "Expected `float` >= 0.0"}]
    assert broken.json()["detail"][0]["field"] == "body"
    assert rows == []


REFUSED: list[tuple[dict[str, str], int, str]] = [
    ({"partnerId": "p"}, 401, "apiKey"),
    ({"partnerId": "p", "apiKey": ""}, 401, "apiKey"),
    ({"partnerId": "p", "apiKey": "wrong"}, 401, "apiKey"),
    ({"partnerId": "p", "apiKey": "s3cr3t "}, 401, "apiKey"),
    ({"partnerId": "other", "apiKey": "wrong"}, 401, "apiKey"),
    ({"apiKey": "s3cr3t"}, 401, "partnerId"),
    ({"partnerId": "", "apiKey": "s3cr3t"}, 401, "partnerId"),
    ({"partnerId": "other", "apiKey": "s3cr3t"}, 403, "partnerId"),
]


@pytest.mark.parametrize("name", ["visitorEvents", "view"])
@pytest.mark.parametrize(("query", "status", "field"), REFUSED)
def test_a_call_without_the_right_keys_is_refused(
    tmp_path: Path, name: str, query: dict[str, str], status: int, field: str
) -> None:
    """401 for the key or for a parameter that is not there, 403 for the wrong partner; the secret is in no answer."""
    body = views("ann", 1) if name == "visitorEvents" else event()
    with near(tmp_path, api_key="s3cr3t", partner_id="p", flush_ms=1) as sandbox:
        answer = sandbox.post(name, body, query)
        rows = sandbox.stored_after(0.02)
    assert answer.status_code == status
    assert answer.json()["detail"][0]["field"] == field
    assert "s3cr3t" not in answer.text
    assert rows == []


@pytest.mark.parametrize("key", ["s3cr3t", "a b+c%d&e=ü"])
def test_the_right_keys_are_taken_in_any_spelling(tmp_path: Path, key: str) -> None:
    """The query string is decoded before it is compared."""
    with near(tmp_path, api_key=key, partner_id="p") as sandbox:
        assert sandbox.post("visitorEvents", views("ann", 1), {"partnerId": "p", "apiKey": key}).status_code == 200


def test_without_keys_in_the_settings_any_will_do_but_none(tmp_path: Path) -> None:
    """A sandbox to play with asks for the parameters all the same, as the real one does."""
    with near(tmp_path) as sandbox:
        assert sandbox.post("view", event(), {"apiKey": "x", "partnerId": "y"}).status_code == 200
        assert sandbox.post("view", event(), {"apiKey": "x"}).status_code == 401


def test_unknown_paths_and_methods_are_refused(tmp_path: Path) -> None:
    """404 and 405 with a body like every other error; a slash too many is another path."""
    with near(tmp_path) as sandbox:
        answers = [sandbox.post(name, event()) for name in ("views", "View", "view/", "visitorEvents/x", "")]
        answers.append(sandbox.get("/"))
        assert [answer.status_code for answer in answers] == [404] * 6
        assert {answer.json()["error"] for answer in answers} == {"not found"}
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            for path in ("/1.0/view", "/1.0/visitorEvents"):
                answer = sandbox.run(sandbox.client.request(method, path, params=KEYS))
                assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        answer = sandbox.run(sandbox.client.post("/stored"))
        assert (answer.status_code, answer.json()["error"]) == (405, "method not allowed")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON;charset=UTF-8", 200),
        ("text/plain", 415),
        ("application/json-seq", 415),
        ("", 415),
    ],
)
def test_the_content_type_must_be_json(tmp_path: Path, kind: str, status: int) -> None:
    """A parameter and capital letters are let pass."""
    with near(tmp_path) as sandbox:
        answer = sandbox.post("visitorEvents", views("ann", 1), headers={"Content-Type": kind})
        assert answer.status_code == status
        assert len(sandbox.stored()) == (status == 200)


def test_a_body_that_says_it_is_too_long_is_413(tmp_path: Path) -> None:
    """One byte above the limit is refused; the limit itself is taken."""
    body = msgspec.json.encode(views("ann", 1))
    with near(tmp_path, max_bytes=len(body)) as sandbox:
        assert sandbox.post("visitorEvents", body).status_code == 200
        answer = sandbox.post("visitorEvents", body + b" ")
        assert answer.status_code == 413
        assert answer.json()["detail"][0]["reason"] == f"Expected at most {len(body)} bytes, got {len(body) + 1}"
        assert len(sandbox.stored()) == 1


def test_a_body_of_unknown_length_is_413_once_it_is_too_long(tmp_path: Path) -> None:
    """It is not read any further: the sender never gets to its end."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1000:
            sent += 1
            yield b" " * 100

    with near(tmp_path, max_bytes=1000) as sandbox:
        headers = {"Content-Type": "application/json"}
        call = sandbox.client.post("/1.0/view", params=KEYS, content=endless(), headers=headers)
        assert sandbox.run(call).status_code == 413
    assert sent <= 12


def test_a_body_in_pieces_is_put_together(tmp_path: Path) -> None:
    """However it is cut."""

    async def pieces() -> AsyncIterator[bytes]:
        for byte in msgspec.json.encode(views("ann", 1, 2)):
            yield bytes([byte])

    with near(tmp_path) as sandbox:
        headers = {"Content-Type": "application/json"}
        call = sandbox.client.post("/1.0/visitorEvents", params=KEYS, content=pieces(), headers=headers)
        assert sandbox.run(call).status_code == 200
        assert len(sandbox.stored()) == 2


def test_too_many_events_are_413(tmp_path: Path) -> None:
    """One above the limit is refused as a whole."""
    with near(tmp_path, max_events=3) as sandbox:
        assert sandbox.post("visitorEvents", views("ann", 1, 2, 3)).status_code == 200
        answer = sandbox.post("visitorEvents", views("ann", 4, 5, 6, 7))
        assert answer.status_code == 413
        assert answer.json()["detail"][0]["reason"] == "Expected at most 3 events, got 4"
        assert len(sandbox.stored()) == 3


def test_above_the_quota_calls_are_429_with_retry_after(tmp_path: Path) -> None:
    """Two a second: the third at once is refused, and told when to come back. Bad keys use up nothing."""
    with near(tmp_path, quota_per_s=2, api_key="k", flush_ms=1) as sandbox:
        wrong = [sandbox.post("view", event(), {"apiKey": "x", "partnerId": "p"}).status_code for _ in range(5)]
        answers = [sandbox.post("view", event()) for _ in range(3)]
        assert len(sandbox.stored_after(0.05)) == 2
    assert wrong == [401] * 5
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "1"
    assert answers[2].json()["error"] == "too many requests"


def test_health_tells_the_servers_and_the_process(tmp_path: Path) -> None:
    """Without any key."""
    with near(tmp_path, servers=2) as sandbox:
        answer = sandbox.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": __version__, "servers": ["s1", "s2"], "pid": os.getpid()}
