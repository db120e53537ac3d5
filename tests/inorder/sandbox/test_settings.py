"""The settings of the sandbox: bad ones are refused in one line before anything is opened."""

from pathlib import Path
from typing import Any

import pytest

from inorder.errors import UnusableInput
from inorder.sandbox.address import shown
from inorder.sandbox.settings import Settings

KINDS = "store: expected sqlite:PATH, postgresql or postgresql://…"
DATABASE = "store: expected postgresql or postgresql://USER@HOST:PORT/DATABASE"

BAD: list[tuple[dict[str, Any], str]] = [
    ({"port": -1}, "port: expected 0 to 65535, got -1"),
    ({"port": 65_536}, "port: expected 0 to 65535, got 65536"),
    ({"servers": 0}, "servers: expected 1 to 64, got 0"),
    ({"servers": 65}, "servers: expected 1 to 64, got 65"),
    ({"flush_ms": 0}, "flush-ms: expected 1 to 60000, got 0"),
    ({"flush_ms": float("nan")}, "flush-ms: expected 1 to 60000, got nan"),
    ({"replication_delay_ms": -1.0}, "replication-delay-ms: expected 0 to 600000, got -1"),
    ({"commit_ms": -1.0}, "commit-ms: expected 0 to 60000, got -1"),
    ({"row_us": 2e6}, "row-us: expected 0 to 1000000, got 2e+06"),
    ({"quota_per_s": -1.0}, "quota-per-s: expected 0 to 1000000000, got -1"),
    ({"max_events": 0}, "max-events: expected 1 to 1000000, got 0"),
    ({"max_bytes": 0}, "max-bytes: expected 1 to 1073741824, got 0"),
    ({"keep_alive_s": 0}, "keep-alive-s: expected 1 to 86400, got 0"),
    ({"request_timeout_s": 0.5}, "request-timeout-s: expected 1 to 86400, got 0.5"),
    ({"max_connections": 0}, "max-connections: expected 1 to 1000000, got 0"),
    ({"api_key": ""}, "api-key: expected at least one character"),
    ({"partner_id": ""}, "partner-id: expected at least one character"),
    ({"store": "events.sqlite"}, f"{KINDS}, got 'events.sqlite'"),
    ({"store": "sqlite:"}, f"{KINDS}, got 'sqlite:'"),
    ({"store": "mysql://u:s3cr3t@localhost/x"}, f"{KINDS}, got 'mysql:…'"),
    ({"store": "postgresql:"}, DATABASE),
    ({"store": "postgresql:x"}, DATABASE),
    ({"store": "postgresql://u:s3cr3t@localhost:port/x"}, DATABASE),
    ({"store": "postgresql://localhost:0/x"}, DATABASE),
    ({"store": "postgresql://localhost/x/y"}, DATABASE),
    ({"store": "postgresql", "port": 65_534, "servers": 3}, "port: expected at most 65533 for 3 servers, got 65534"),
    ({"store": "sqlite::memory:"}, "store: expected a file, for a store in memory is not durable: sqlite:PATH"),
    ({"store": "sqlite:/nowhere/at/all/log.db"}, "store: the folder /nowhere/at/all does not exist"),
    ({"store": "sqlite:/"}, "store: expected a file, / is a folder"),
]


@pytest.mark.parametrize(("option", "line"), BAD)
def test_a_bad_option_is_refused_in_one_line(tmp_path: Path, option: dict[str, Any], line: str) -> None:
    """The line names the option, what was expected and what came."""
    options = {"store": f"sqlite:{tmp_path / 'log.db'}", "environment": {}, **option}
    with pytest.raises(UnusableInput) as refused:
        Settings.from_options(**options)
    assert str(refused.value) == line


def test_the_ends_of_each_range_are_taken(tmp_path: Path) -> None:
    """A bound itself is good."""
    store = f"sqlite:{tmp_path / 'log.db'}"
    low = Settings.from_options(store=store, port=0, servers=1, flush_ms=1, max_events=1, environment={})
    high = Settings.from_options(store=store, port=65_535, servers=64, environment={})
    assert (low.names, high.names[-1]) == (["s1"], "s64")


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    """Where no option names them; an option outranks the environment."""
    store = f"sqlite:{tmp_path / 'log.db'}"
    environment = {"INORDER_API_KEY": "from-env", "INORDER_READBACK_TOKEN": "token"}
    settings = Settings.from_options(store=store, environment=environment)
    assert (settings.api_key, settings.readback_token) == ("from-env", "token")
    assert Settings.from_options(store=store, api_key="given", environment=environment).api_key == "given"
    assert Settings.from_options(store=store, environment={"INORDER_API_KEY": ""}).api_key is None


def test_secrets_are_not_in_the_text_of_settings(tmp_path: Path) -> None:
    """Whatever prints settings prints no secret."""
    settings = Settings(store=tmp_path / "log.db", api_key="sesame", readback_token="opensesame")
    assert "sesame" not in f"{settings} {settings!r}"


@pytest.mark.parametrize(
    ("store", "name"),
    [
        ("postgresql", "postgresql"),
        ("postgres://u:sesame@[::1]:5433/log", "postgresql://[::1]:5433/log"),
        ("postgresql://u:sesame@db/log?password=sesame&sslmode=require", "postgresql://db/log"),
        ("postgresql:///log?host=%2Frun%2Fpg&user=sesame", "postgresql:///run/pg/log"),
    ],
)
def test_an_address_is_shown_without_its_secrets(store: str, name: str) -> None:
    """Host, port and database are enough to know it by."""
    settings = Settings.from_options(store=store, environment={})
    assert shown(settings.store) == name
    assert "sesame" not in f"{settings} {settings!r} {settings.store!r}"


def test_with_postgresql_each_server_is_a_process(tmp_path: Path) -> None:
    """Each with one name and its part of the quota; with SQLite, which has one writer, all are in one."""
    several = Settings.from_options(store="postgresql", servers=3, quota_per_s=90, environment={})
    assert [(share.names, share.quota_per_s) for share in several.shares()] == [(["s1"], 30), (["s2"], 30), (["s3"], 30)]
    one = Settings.from_options(store=f"sqlite:{tmp_path / 'log.db'}", servers=3, environment={})
    assert one.shares() == [one]
