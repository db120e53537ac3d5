"""The read-back stream: its pages, who may read it, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest

from inorder.sandbox.store import StoreError
from tests.inorder.samples import views
from tests.inorder.sandboxes import Place, lines, near


def test_the_stream_is_paged_and_resumable(place: Place) -> None:
    """`after` is the last position seen, `limit` the rows; nothing newer is an empty answer."""
    with near(place, servers=1) as sandbox:
        sandbox.post("visitorEvents", views("ann", *range(5)))
        first = sandbox.get("/stored", params={"after": -1, "limit": 3})
        rest = sandbox.get("/stored", params={"after": 3})
        end = sandbox.get("/stored?after=5")
        sandbox.post("visitorEvents", views("bob", 9))
        newer = sandbox.get("/stored?after=5")
    assert first.headers["content-type"] == "application/x-ndjson"
    assert [row["position"] for row in lines(first.content)] == [1, 2, 3]
    assert [row["position"] for row in lines(rest.content)] == [4, 5]
    assert (end.status_code, end.content) == (200, b"")
    assert lines(newer.content)[0].keys() == {"position", "visitor", "name", "event", "server", "stored_at"}
    assert lines(newer.content)[0]["visitor"] == "bob"


def test_a_log_that_cannot_be_read_is_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not an empty page, which would be its end."""

    async def fail(*_: object) -> bytes:
        raise StoreError("gone")

    with near(tmp_path) as sandbox, monkeypatch.context() as patched:
        patched.setattr("inorder.sandbox.store_sqlite.SqliteStore.page", fail)
        answer = sandbox.get("/stored")
    assert (answer.status_code, answer.json()["error"]) == (503, "the log could not be read")


@pytest.mark.parametrize(
    "query",
    ["after=-2", "after=x", "after=", "after=1.5", f"after={1 << 63}", "limit=0", "limit=100001", "limit=-1", "limit=x"],
)
def test_a_bad_parameter_is_400(tmp_path: Path, query: str) -> None:
    """The answer names the parameter and its bounds."""
    with near(tmp_path) as sandbox:
        answer = sandbox.get(f"/stored?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"][0]["field"] == query.partition("=")[0]
    assert "whole number from" in answer.json()["detail"][0]["reason"]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({"Authorization": "Bearer sesame"}, 200),
        ({"Authorization": "bearer sesame"}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic sesame"}, 401),
        ({"Authorization": "sesame"}, 401),
        ({}, 401),
    ],
)
def test_where_a_token_is_set_it_is_needed(tmp_path: Path, header: dict[str, str], status: int) -> None:
    """Even on this machine; the token is in no answer."""
    with near(tmp_path, readback_token="sesame") as sandbox:
        answer = sandbox.get("/stored", headers=header)
    assert answer.status_code == status
    assert "sesame" not in answer.text
    assert (answer.headers.get("www-authenticate") == "Bearer") == (status == 401)


@pytest.mark.parametrize(
    ("peer", "settings", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.8.9.10", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("no-address", {}, 403),
        ("192.0.2.7", {"readback_token": "sesame"}, 200),
    ],
)
def test_without_a_token_only_this_machine_may_read(
    tmp_path: Path, peer: str, settings: dict[str, Any], status: int
) -> None:
    """From afar it is 403 until a token is set."""
    with near(tmp_path, peer=peer, **settings) as sandbox:
        answer = sandbox.get("/stored", headers={"Authorization": "Bearer sesame"})
    assert answer.status_code == status
