"""docs/your-system.md, from beginning to end: each of its target files is checked with one visitor, and then run.

The files are taken out of the page as they stand there; only the addresses are those of servers on this machine.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from inorder.run import RunFolder
from tests.crowd_runs import ROOT, inorder, scenario, verdict
from tests.inorder.sandboxes import far
from tests.own_systems import Log, Row, serving
from tests.segment_server import segment

PAGE = (ROOT / "docs" / "your-system.md").read_text(encoding="utf-8")
FILES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
KEY = "k3y-of-a-system"


def with_addresses(text: str, *, host: str, origin: str) -> str:
    """A target file of the page, for a server on this machine; what may be sent load there stays as it stands."""
    found, count = re.subn(rf"https://{re.escape(host)}", origin, text)
    assert count
    return found


@contextmanager
def shop(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The `visitorEvents` API, and its database with a table as the page names it."""
    with far(folder, api_key=KEY, partner_id="p", flush_ms=5) as sandbox:
        (file,) = folder.rglob("*.sqlite")
        with sqlite3.connect(file) as database:
            database.execute("CREATE VIEW events AS SELECT position AS id, visitor, name, event FROM event")
        origin = sandbox.base.removesuffix("/1.0")
        text = with_addresses(FILES[0], host="staging.shop.example", origin=origin)
        yield text, {"SHOP_API_KEY": KEY, "SHOP_PARTNER_ID": "p", "SHOP_DB": f"sqlite:///{file}"}


@dataclass
class Collected(Log):
    """A log that is a file, a line a message."""

    file: Path = Path()

    def add(self, rows: Sequence[Row]) -> None:
        """Store, and write."""
        first = len(self.rows)
        super().add(rows)
        with self.file.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({"seq": first + at, "message": row[2]}) + "\n" for at, row in enumerate(rows))


@contextmanager
def collector(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A Segment-compatible API that collects messages in a file."""
    (folder / "collected").mkdir()
    log = Collected(file=folder / "collected" / "part-1.jsonl")
    log.file.touch()
    with serving(segment(KEY), log=log) as (origin, _):
        yield with_addresses(FILES[1], host="collector.example", origin=origin), {"COLLECTOR_WRITE_KEY": KEY}


class Listed(Log):
    """A log that is listed in pages."""

    def read(self, path: str, asked: dict[str, list[str]], headers: Message) -> tuple[int, bytes]:
        """Those behind `after`, the oldest first."""
        if headers["X-Api-Key"] != KEY:
            return 403, b"{}"
        if path != "/api/log":
            return 405, b"{}"
        found = self.behind(int(asked["after"][0]), int(asked["limit"][0]))
        items = [{"number": at, "user": row[0], "kind": row[1], "ref": row[2][0], "data": row[2][1]} for at, row in found]
        return 200, json.dumps({"items": items}).encode()


def home_made(log: Log, path: str, headers: Message, body: bytes) -> tuple[int, Any]:
    """The API of the page's templates."""
    if headers["X-Api-Key"] != KEY or path not in ("/api/events/bulk", "/api/events"):
        return 403, {"status": "refused"}
    given = json.loads(body)
    items = given["items"] if path.endswith("bulk") else [given]
    log.add([(item["user"], item["kind"], (item["ref"], item["data"])) for item in items])
    return 201, {"status": "stored"}


@contextmanager
def events(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A home-made API with a listing of its own."""
    with serving(home_made, log=Listed()) as (origin, _):
        yield with_addresses(FILES[2], host="events.example", origin=origin), {"EVENTS_KEY": KEY}


SYSTEMS = {"the visitorEvents API": shop, "a Segment-compatible API": collector, "a home-made API": events}


def test_the_page_has_a_file_for_each() -> None:
    """And the commands that the tests below give."""
    assert len(FILES) == len(SYSTEMS)
    for command in ("inorder target check targets/", "inorder run scenarios/smoke.toml --target targets/"):
        assert PAGE.count(command) == len(SYSTEMS)


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_a_system_of_the_page_is_checked_and_run(tmp_path: Path, system: Any) -> None:
    """The check finds nothing wrong, and the run passes with every event read back; the key is in no file of it."""
    with system(tmp_path) as (text, secrets):
        target = tmp_path / "own.toml"
        target.write_text(text, encoding="utf-8")
        crowd = scenario(tmp_path, count=20, back=1.0)
        checked = inorder("target", "check", target, crowd, **secrets)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert KEY not in checked.stdout + checked.stderr
        out = tmp_path / "run"
        # A scenario may name the system too, in the place of --target.
        crowd.write_text(f'target = "own.toml"\n{crowd.read_text(encoding="utf-8")}', encoding="utf-8")
        done = inorder("run", crowd, "--out", out, **secrets)
        assert done.returncode == 0, done.stdout + done.stderr
    assert not RunFolder.open(out).info().sandbox
    found = verdict(out)
    assert found["verdict"] == "pass"
    assert found["events"]["confirmed"] == found["events"]["stored"] > 100
    for file in out.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file
