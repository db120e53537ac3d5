"""Opening the way that a target file names: what is sent where, and what a scenario may not ask of it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.readback.live import Live
from inorder.readback.opening import check_way, reader_of
from inorder.scenario import Scenario, parse
from inorder.targets.system import Named, named
from tests.certificates import certified
from tests.inorder.readback.shops import ListingServer, Shop, given, listing_server, positions
from tests.inorder.readback.test_live import BASE, LINE, looks

SQL = """
way = "sql"
uri = "{uri}"
query = "SELECT * FROM log WHERE at > :after ORDER BY at"
fields = {{position = "at", visitor = "who", name = "", event = ""}}
"""
LISTING = """
way = "listing"
url = "{url}"
records = "data.items"
paging = {{by = "{by}", parameter = "after", next = "next"}}
headers = {{X-Own = "${{INORDER_OWN}}"}}
fields = {{position = "n", visitor = "user.id", name = "", event = "data"}}
"""


def system(folder: Path, readback: str, base: str = "http://127.0.0.1:9/1.0", more: str = "") -> Named:
    """A system whose target file reads its log back so."""
    file = folder / "system.toml"
    file.write_text(f'bases = ["{base}"]\n{more}\n[readback]\n{readback}')
    return named([str(file)])


@pytest.mark.parametrize(("base", "shared"), [("{origin}/1.0", True), ("http://127.0.0.1:9/1.0", False)])
def test_the_headers_of_the_calls_go_only_to_their_own_origin(
    server: ListingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str, shared: bool
) -> None:
    """A listing elsewhere gets its own alone."""
    monkeypatch.setenv("INORDER_OWN", "o1")
    server.add(1)
    way = LISTING.format(url=f"{server.base}/position", by="position")
    where = system(tmp_path, way, base.format(origin=server.base), 'headers = {X-Calls = "c1"}')
    with closing(reader_of(where, 100)) as reader:
        assert positions(reader, -1) == [1]
    assert server.headers[0]["X-Own"] == "o1"
    assert ("X-Calls" in server.headers[0]) is shared


@pytest.mark.parametrize("shown", [True, False])
def test_a_listing_is_asked_with_the_certificates_of_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: bool
) -> None:
    """Its own authority is trusted, and our certificate shown; without it nobody is let in."""
    monkeypatch.setenv("INORDER_OWN", "o1")
    monkeypatch.setattr("inorder.readback.asking.BACKOFF_S", 0.0)
    with listing_server(certified(tmp_path, "127.0.0.1")) as server:
        server.add(1, 2)
        more = '[tls]\nca_file = "ca.pem"\n' + ('certificate = "own.pem"\n' if shown else "")
        where = system(tmp_path, LISTING.format(url=f"{server.base}/position", by="position"), more=more)
        with closing(reader_of(where, 100)) as reader:
            if shown:
                assert positions(reader, -1) == [1, 2]
            else:
                with pytest.raises(TargetUnavailable, match="not there: "):
                    positions(reader, -1)


def test_an_error_names_the_target_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the variable that is not set, without a value."""
    monkeypatch.delenv("INORDER_OWN", raising=False)
    way = LISTING.format(url="http://h/x", by="page")
    with pytest.raises(UnusableInput) as refused:
        reader_of(system(tmp_path, way), 100)
    expected = f"{tmp_path}/system.toml: readback.headers.X-Own: the environment variable INORDER_OWN is not set"
    assert str(refused.value) == expected


@pytest.mark.parametrize(
    "ask", [lambda reader: reader.check(), lambda reader: reader.last_position(), lambda reader: given(reader, -1)]
)
def test_an_error_at_reading_names_the_target_file(
    server: ListingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Any], object]
) -> None:
    """As one at opening does."""
    monkeypatch.setenv("INORDER_OWN", "o1")
    monkeypatch.setattr("inorder.readback.asking.BACKOFF_S", 0.0)
    server.failures = [500] * 5
    where = system(tmp_path, LISTING.format(url=f"{server.base}/page", by="page"))
    with closing(reader_of(where, 100)) as reader, pytest.raises(TargetUnavailable) as refused:
        ask(reader)
    assert str(refused.value) == f"{where.path}: {server.base}/page: answers 500"


@pytest.mark.parametrize("value", ["s3cr3t\n", "s3cr3t\xdc", " s3cr3t"])
@pytest.mark.parametrize("way", ["stream", "listing", "shared"])
def test_a_secret_that_no_header_can_carry_is_one_line_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, value: str
) -> None:
    """Before anything is asked for."""
    monkeypatch.setenv("INORDER_OWN", "o1" if way == "shared" else value)
    for name, own_value in (("INORDER_TOKEN", value), ("INORDER_API_KEY", "k"), ("INORDER_PARTNER_ID", "p")):
        monkeypatch.setenv(name, own_value)
    listing = LISTING.format(url="http://127.0.0.1:9/log", by="page")
    text = {"stream": 'way = "stream"\ntoken_env = "INORDER_TOKEN"\n'}.get(way, listing)
    where = system(tmp_path, text, more='headers = {X-Calls = "${INORDER_TOKEN}"}' if way == "shared" else "")
    own = {"stream": "readback.token_env: INORDER_TOKEN", "listing": "readback.headers.X-Own"}
    expected = "no space at its ends" if value.startswith(" ") else "one line of ASCII"
    with pytest.raises(UnusableInput) as refused:
        reader_of(where, 100)
    assert str(refused.value) == f"{where.path}: {own.get(way, 'headers.X-Calls')}: expected {expected}"


def test_a_sqlite_file_is_found_beside_the_target_file(tmp_path: Path) -> None:
    """As other paths in it are."""
    shop = Shop(f"sqlite:///{tmp_path / 'shop.sqlite'}")
    shop.execute("CREATE TABLE log (at INTEGER, who TEXT, what TEXT, body TEXT, server TEXT, stored TEXT, odd INTEGER)")
    shop.store(1, 2)
    with closing(reader_of(system(tmp_path, SQL.format(uri="sqlite:///shop.sqlite")), 100)) as reader:
        assert positions(reader, -1) == [1, 2]


def test_the_end_of_a_log_is_looked_at_by_sql(shop: Shop, tmp_path: Path) -> None:
    """As it is by the stream: what `visibility_ms` is measured by."""
    now = [100.0]
    live = Live(reader_of(system(tmp_path, SQL.format(uri=shop.uri)), 100), 0.5, -1, lambda: now[0])
    for stored in ([1, 2], [], [5]):
        shop.store(*stored)
        now[0] += 1.0
        live.look()
    assert looks(live, tmp_path) == [(2, 1.0), (5, 3.0)]
    live.close()


def written(more: str) -> Scenario:
    """A scenario."""
    return parse(BASE + more, Path("crowd.toml"))


WALK = "F reads the log in a way that cannot tell its end alone"
SEEN = f"crowd.toml: sla[0].metric: visibility_ms.p95 cannot be measured: {WALK}"
FILES = 'way = "files"\npaths = ["log.jsonl"]\n'


@pytest.mark.parametrize(
    ("readback", "more", "line"),
    [
        (FILES, LINE, SEEN),
        (LISTING.format(url="http://h/x", by="cursor"), LINE, SEEN),
        (LISTING.format(url="http://h/x", by="page"), "[readback]\nlive_s = 1.0\n", f"crowd.toml: readback.live_s: {WALK}"),
        (LISTING.format(url="http://h/x", by="page"), "[readback]\nlive_s = 0\n", None),
        (LISTING.format(url="http://h/x", by="position"), LINE, None),
        (SQL.format(uri="sqlite:///x"), LINE, None),
        ('way = "stream"\n', LINE, None),
        (
            FILES + "wait_s = 120.0\n",
            "",
            "F: readback.wait_s: expected less than the scenario's readback.limit_s = 120, got 120",
        ),
        (FILES + "wait_s = 119.0\n", "", None),
    ],
)
def test_a_scenario_may_not_ask_for_what_a_way_cannot_tell(
    tmp_path: Path, readback: str, more: str, line: str | None
) -> None:
    """Refused before anything is started."""
    where: Any = system(tmp_path, readback)
    if line is None:
        check_way(where, written(more), Path("crowd.toml"))
        return
    with pytest.raises(UnusableInput) as refused:
        check_way(where, written(more), Path("crowd.toml"))
    assert str(refused.value).replace(str(where.path), "F") == line
