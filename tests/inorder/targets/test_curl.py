"""The commands of a dry run, run as they are: what arrives is what the driver would have sent, and no secret is told."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from inorder import conduct
from inorder.cli.dry_run import dry_run
from inorder.visitor import Call
from tests.crowd_runs import inorder, scenario
from tests.inorder.sandboxes import far

SECRET = "p a$s'w\"o`r\\d&+=%41{}"


class Seen(HTTPServer):
    """Takes any request and remembers it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Seen)
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def seen() -> Iterator[Seen]:
    """A server on loopback."""
    with Seen() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def commands(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """The commands that --json tells."""
    assert done.returncode == 0, done.stdout + done.stderr
    return [call["command"] for call in json.loads(done.stdout)["calls"]]


def target(folder: Path, seen: Seen, more: str = "") -> Path:
    """A target file of the server."""
    file = folder / "shop.toml"
    file.write_text(f'bases = ["http://127.0.0.1:{seen.server_address[1]}/1.0"]\n{more}')
    return file


@pytest.mark.parametrize("dialect", ["visitorEvents", "segment"])
def test_the_commands_send_what_the_driver_would(tmp_path: Path, seen: Seen, dialect: str) -> None:
    """With secrets of odd characters, in a query, a header of one's own, or as the user; and none of them printed."""
    more = f'dialect = "{dialect}"\nheaders = {{ X-Note = "it\'s `me` $HOME ${{SHOP_NOTE}}" }}\n'
    file = target(tmp_path, seen, more)
    secrets = {"INORDER_API_KEY": SECRET, "INORDER_PARTNER_ID": "p&q", "SHOP_NOTE": "no te$"}
    done = inorder("run", scenario(tmp_path), "--target", file, "--dry-run", "--calls", 2, "--json", **secrets)
    assert SECRET not in done.stdout
    assert "no te$" not in done.stdout
    for command in commands(done):
        run = subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **secrets}
        )
        assert run.returncode == 0, run.stderr
    assert len(seen.requests) == 4
    for path, headers, body in seen.requests:
        assert headers["x-note"] == "it's `me` $HOME no te$"
        assert headers["content-type"] == "application/json"
        assert json.loads(body)
        query = dict(parse_qsl(urlsplit(path).query))
        if dialect == "visitorEvents":
            assert query == {"apiKey": SECRET, "partnerId": "p&q"}
        else:
            assert query == {}
            assert httpx.BasicAuth(SECRET, "")._auth_header == headers["authorization"]
    assert {urlsplit(path).path for path, _, _ in seen.requests} > {
        "/1.0/" + ("visitorEvents", "v1/batch")[dialect == "segment"]
    }


def test_a_body_comes_through_a_shell_as_it_is(tmp_path: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes, backslashes, other scripts, and what looks like a reference and is none."""
    from inorder.targets import curl
    from inorder.targets.system import named

    system = named([str(target(tmp_path, seen))])
    body = '{"a": "it\'s `x` $HOME ${HOME} \\\\ \\" ${INORDER_OTHER} зима \\n"}'.encode()
    call = Call("b", "ordinary", "a b/c", body, "[]", "[]", 1)
    with curl.references(system):
        command = curl.command(system, call, system.bases[0])
    environment = {"PATH": "/usr/bin:/bin", "INORDER_API_KEY": "k", "INORDER_PARTNER_ID": "p"}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    ((path, _, received),) = seen.requests
    assert received == body
    assert urlsplit(path).path == "/1.0/a%20b/c"


def test_the_sandbox_takes_the_commands(tmp_path: Path) -> None:
    """And has stored what they hold."""
    environment = {"INORDER_API_KEY": "k", "INORDER_PARTNER_ID": "p"}
    with far(tmp_path, api_key="k", partner_id="p", readback_token="t") as sandbox:
        options = ("--target", sandbox.base, "--dry-run", "--calls", 2, "--json")
        for command in commands(inorder("run", scenario(tmp_path), *options, **environment)):
            done = subprocess.run(
                ["sh", "-c", command], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **environment}
            )
            assert " 200 " in done.stdout, done.stdout + done.stderr
        address = sandbox.base.removesuffix("/1.0") + "/stored"
        rows = httpx.get(address, headers={"Authorization": "Bearer t"}, params={"limit": 100}, trust_env=False).text
    assert rows.count('"visitor"') >= 2


def test_a_dry_run_sends_nothing_and_makes_nothing(tmp_path: Path, seen: Seen) -> None:
    """No folder, no secret needed; the costs are told, and why the run itself would be refused."""
    file = target(tmp_path, seen, '[tls]\nca_file = "ca.pem"\n')
    out = tmp_path / "run"
    done = inorder("run", scenario(tmp_path), "--target", file, "--dry-run", "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("curl ") == 6
    assert '"${INORDER_API_KEY}"' in done.stdout
    assert "calls (" in done.stdout
    assert (
        f"# the run itself would be refused: {file}: auth.api_key_env: the environment variable INORDER_API_KEY"
        in done.stdout
    )
    assert not out.exists()
    assert seen.requests == []


def test_a_run_of_steps_has_no_costs_beforehand(tmp_path: Path) -> None:
    """One line, exit code 2."""
    done = inorder("run", "scenarios/capacity.toml", "--dry-run")
    assert done.returncode == 2
    assert done.stderr == (
        "inorder: scenarios/capacity.toml: capacity: its load is found step by step, so nothing can be told beforehand\n"
    )


def test_certificates_are_named_as_curl_names_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Relative to the target file, as there; the password by its variable."""
    file = tmp_path / "shop.toml"
    file.write_text(
        'bases = ["https://127.0.0.1:1/1.0"]\n[tls]\nca_file = "my ca.pem"\ncertificate = "c.pem"\nkey = "k.pem"\n'
        'key_password_env = "SHOP_PASSWORD"\n'
    )
    dry_run(conduct.Run(file=scenario(tmp_path), targets=[str(file)]), 1)
    told = capsys.readouterr().out
    assert f"--cacert '{tmp_path}/my ca.pem'" in told
    assert f"--cert {tmp_path}/c.pem" in told
    assert f"--key {tmp_path}/k.pem" in told
    assert '--pass "${SHOP_PASSWORD}"' in told
