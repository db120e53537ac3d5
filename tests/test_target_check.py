"""`inorder target check`: what one visitor shows of a system, sound or wrong in one way, and which exit code it gives."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from inorder.cli.target import check
from inorder.errors import UnusableInput
from tests.crowd_runs import inorder, scenario
from tests.inorder.driver.scripted import Scripted
from tests.inorder.sandboxes import far
from tests.shop_server import Shop, altered, tied, without_event, without_identity

Told = tuple[int, dict[str, Any]]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """(exit code, what --json tells) of a check of a shop."""
    for name in ("INORDER_API_KEY", "INORDER_PARTNER_ID", "INORDER_READBACK_TOKEN"):
        monkeypatch.setenv(name, "secret")

    def run(shop: Shop, *scenarios: Path) -> Told:
        with Scripted(shop) as server, pytest.raises(typer.Exit) as ended:
            check(server.base, *scenarios, as_json=True)
        return ended.value.exit_code, json.loads(capsys.readouterr().out)

    return run


def marks(told: dict[str, Any]) -> dict[str, bool | None]:
    """Each part, and whether it works."""
    return {finding["name"]: finding["ok"] for finding in told["findings"]}


def sentence(told: dict[str, Any], name: str) -> str:
    """What is said of a part."""
    return str(next(finding["told"] for finding in told["findings"] if finding["name"] == name))


def test_a_sound_system_works_and_its_run_has_a_price(checked: Callable[..., Told], tmp_path: Path) -> None:
    """All parts; costs, and how the events are found again: the visitor that was sent and no other is there."""
    shop = Shop()
    code, told = checked(shop, scenario(tmp_path))
    assert code == 0
    assert told["works"]
    names = "reach batch;ordinary calls;read back;identity;position;payload;server names"
    assert set(marks(told)) == set(names.replace("reach ", "reach;").split(";"))
    assert set(marks(told).values()) == {True}
    assert {row["visitor"] for row in shop.rows} == {told["visitor"]}
    assert told["costs"]["batches"] > 10
    assert told["prefix"]
    assert told["unsupported"] == []


def test_each_check_sends_a_visitor_of_its_own(checked: Callable[..., Told]) -> None:
    """So that what an earlier one left behind says nothing; a batch of a few events and a few ordinary calls."""
    shop = Shop()
    names = {checked(shop)[1]["visitor"] for _ in range(2)}
    assert len(names) == 2
    assert 16 <= len(shop.rows) <= 24


WRONG: dict[str, tuple[Shop, str, str]] = {
    "no read-back": (Shop(readable=False), "read back", "no read-back there (404)"),
    "no batches": (
        Shop(refuses=lambda name, event: "no batches here" if event["timestamp"] else None),
        "batch",
        '1 rejected; answer 400: {"error": "no batches here"}',
    ),
    "no identity": (Shop(shows=without_identity), "identity", "found in 0 of "),
    "ties": (Shop(shows=tied), "position", "rows share a position with the row before: no order can be judged by it"),
    "altered": (Shop(shows=altered), "payload", "events are stored otherwise than they were sent"),
    "swapped": (Shop(shows=lambda rows: _swapped(rows)), "order within a batch", "broken "),
    "elsewhere": (
        Shop(shows=lambda rows: [row | {"visitor": "x", "event": {}} for row in rows]),
        "read back",
        "0 rows of this visitor were read",
    ),
}


def _swapped(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The log of a system that turns things round."""
    return [row | {"position": place} for place, row in enumerate(reversed(rows))]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_work_is_named(checked: Callable[..., Told], wrong: str) -> None:
    """By the part that it is of, with what was seen; exit code 1."""
    shop, name, said = WRONG[wrong]
    code, told = checked(shop)
    assert (code, told["works"], marks(told)[name]) == (1, False, False)
    assert said in sentence(told, name)


def test_what_will_be_unsupported_is_said_with_its_reason(checked: Callable[..., Told]) -> None:
    """As a run would say it."""
    assert any("the positions are no total order" in own for own in checked(Shop(shows=tied))[1]["unsupported"])
    assert any("carry no readable identity" in own for own in checked(Shop(shows=without_identity))[1]["unsupported"])


def test_what_is_not_needed_is_told_and_fails_nothing(checked: Callable[..., Told]) -> None:
    """Names of servers only help a witness."""
    code, told = checked(Shop(shows=without_event))
    assert (code, marks(told)["server names"]) == (0, None)


def test_a_shop_that_checks_its_products_needs_its_catalogue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], checked: Callable[..., Told]
) -> None:
    """Without it events are refused, and the check says so; with it all works, identity and payload too."""
    known = {"productId": {7, 8}, "categoryId": {31}, "contactExternalId": {"Ann1"}}

    def refuses(name: str, event: dict[str, Any]) -> str | None:
        return next((f"unknown {field}" for field, ids in known.items() if event.get(field, min(ids)) not in ids), None)

    code, told = checked(Shop(refuses))
    assert (code, marks(told)["batch"]) == (1, False)
    assert 'answer 400: {"error": "unknown productId"}' in sentence(told, "ordinary calls") + sentence(told, "batch")
    file = tmp_path / "shop.toml"
    (tmp_path / "shop.csv").write_text("kind,id\nproduct,7\nproduct,8\ncategory,31\ncontact,Ann1\n")
    with Scripted(Shop(refuses)) as server:
        file.write_text(f'bases = ["{server.base}"]\ncatalogue = "shop.csv"\n')
        with pytest.raises(typer.Exit) as ended:
            check(str(file), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (ended.value.exit_code, set(marks(told).values())) == (0, {True}), told
    assert [note.split(",")[0] for note in told["notes"]] == [
        "no field is left for the identity of categoryView (categoryId)"
    ]


def test_a_system_that_cannot_be_tried_is_one_line(tmp_path: Path) -> None:
    """Exit code 2: nobody there, a key that is refused, a variable that is not set."""
    done = inorder("target", "check", "http://127.0.0.1:1/1.0")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("inorder: target http://127.0.0.1:1/1.0: no answer: ")
    file = tmp_path / "shop.toml"
    file.write_text('bases = ["http://127.0.0.1:1/1.0"]\n[auth]\napi_key_env = "NOT_SET_HERE"\n')
    done = inorder("target", "check", file)
    assert (done.returncode, done.stderr) == (
        2,
        f"inorder: {file}: auth.api_key_env: the environment variable NOT_SET_HERE is not set\n",
    )
    with far(tmp_path, api_key="right") as sandbox:
        done = inorder("target", "check", sandbox.base, INORDER_API_KEY="wrong")
    assert done.returncode == 2
    assert "answers 401, refuses the key" in done.stderr


def test_nothing_is_sent_where_the_file_alone_is_wrong(tmp_path: Path) -> None:
    """A header of the read-back that is none, say."""
    file = tmp_path / "shop.toml"
    with Scripted(Shop(lambda *_: None)) as server:
        way = f'way = "listing"\nurl = "{server.base}/log"\nrecords = ""\npaging = {{by = "page", parameter = "p"}}\n'
        way += 'fields = {visitor = "v", name = "n", event = "e"}\nheaders = {"Bad Name" = "a"}\n'
        file.write_text(f'bases = ["{server.base}"]\n[readback]\n{way}')
        done = inorder("target", "check", file, INORDER_API_KEY="k", INORDER_PARTNER_ID="p")
        said = f"inorder: {file}: readback.headers: expected the name of a header, got 'Bad Name'\n"
        assert (done.returncode, done.stderr, server.requests) == (2, said, [])


def test_it_speaks_in_plain_words(tmp_path: Path) -> None:
    """Marks and sentences, what a run would cost, and how to find and delete its events."""
    with far(tmp_path, readback_token="t") as sandbox:
        done = inorder("target", "check", sandbox.base, scenario(tmp_path), INORDER_READBACK_TOKEN="t")
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("✓ batch: ", "✓ position: increases", "The run costs:", "DELETE FROM events WHERE visitor LIKE '"):
        assert part in done.stdout
    assert done.stdout.endswith("all that a verdict needs works\n")


def test_a_host_beyond_this_machine_is_not_sent_a_visitor_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its being named."""
    from inorder.driver import target

    monkeypatch.setattr(target, "getaddrinfo", lambda host, port, **_: [(2, 1, 6, "", ("203.0.113.7", port))])
    with pytest.raises(UnusableInput, match=r"^target: shop.example is not this machine \(203.0.113.7\)"):
        check("http://shop.example/1.0")
