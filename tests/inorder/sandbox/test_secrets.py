"""The secrets of a sandbox: compared in constant time, and never said, answered or stored, whatever comes in."""

import contextlib
import hmac
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from inorder.sandbox import gate
from inorder.sandbox.gate import Gate, Secret
from inorder.sandbox.settings import Settings
from tests.inorder.samples import event, views
from tests.inorder.sandboxes import far

KEY, TOKEN = "k3y-sesame-k3y", "t0ken-sesame-t0ken"
EVENT = b'{"sessionExternalId":"ann","productId":1}'


def raw(port: int, sent: bytes) -> bytes:
    """What comes back within a moment."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), 0.3) as client:
        client.settimeout(0.3)
        with contextlib.suppress(OSError):
            client.sendall(sent)
            while part := client.recv(65_536):
                answer += part
    return answer


def calls(base: str) -> Iterator[bytes]:
    """The bodies of the answers to good and bad calls with right and wrong secrets."""
    with httpx.Client(trust_env=False) as client:
        for key in (KEY, KEY + "x", KEY[:-1], KEY.upper(), "wrong"):
            for partner in ("p", "other", KEY, TOKEN, ""):
                query = {"apiKey": key, "partnerId": partner}
                for name, body in (("view", event()), ("visitorEvents", views("ann", 1)), ("view", {}), (KEY, {})):
                    yield client.post(f"{base}/1.0/{name}", params=query, json=body).content
        for header in (f"Bearer {TOKEN}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"bearer  {TOKEN}", "Bearer"):
            for query in ({}, {"after": "x"}, {"after": TOKEN}, {"limit": KEY}):
                yield client.get(f"{base}/stored", params=query, headers={"Authorization": header}).content
        for path in ("/health", "/openapi.json", f"/{KEY}", f"/health?apiKey={KEY}"):
            yield client.get(f"{base}{path}").content


def garbage() -> Iterator[bytes]:
    """Requests with the secrets in them, broken in many ways."""
    key = KEY.encode()
    line = b"POST /1.0/view?apiKey=%b&partnerId=p HTTP/1.1\r\n" % key
    head = line + b"Host: x\r\nContent-Type: application/json\r\n"
    token = b"Authorization: Bearer %b\r\n" % TOKEN.encode()
    yield line + b"\x00\r\n\r\n"
    yield line.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n"
    yield line.replace(b"POST", b"BREW") + b"\r\n"
    yield head + token + b"Content-Length: x\r\n\r\n"
    yield head + token + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield head + token + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
    yield head + token + b"X: " + b"x" * 100_000
    yield head + token + b"Content-Length: 9\r\n\r\n" + EVENT
    yield head + b"Content-Length: 41\r\n\r\n" + EVENT[:10]
    yield head + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000
    yield head + token + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    yield b"GET http://%b@x:99999999/stored HTTP/1.1\r\n" % key + token + b"\r\n"
    yield b"GET /%b%%00?%b HTTP/1.1\r\n" % (key, key) + token + b"\r\n"
    yield key
    yield b"Authorization: " + TOKEN.encode()


def test_secrets_are_never_said_answered_or_stored(tmp_path: Path) -> None:
    """Not at the start, not in an error, not in the files of the store, while it runs and after its end."""
    environment = {"INORDER_API_KEY": KEY, "INORDER_READBACK_TOKEN": TOKEN, "PYTHONASYNCIODEBUG": "1"}
    secrets = (KEY.encode(), TOKEN.encode())
    with far(tmp_path, environment, partner_id="p", flush_ms=1) as sandbox:
        base = f"http://127.0.0.1:{sandbox.port}"
        seen = [*calls(base), *(raw(sandbox.port, sent) for sent in garbage())]
        assert seen.count(b"{}") == 2
        files = [file.read_bytes() for file in tmp_path.iterdir()]
        code, said = sandbox.end()
    seen += [sandbox.line.encode(), said.encode(), *files, *(file.read_bytes() for file in tmp_path.iterdir())]
    assert (code, said) == (0, "")
    assert len(files) == 3
    assert [text[:200] for text in seen if any(secret in text for secret in secrets)] == []


def test_a_failing_store_says_no_secret(tmp_path: Path) -> None:
    """A real failure under calls that carry the key: 503, and one line at the end."""
    with far(tmp_path, {"INORDER_API_KEY": KEY}, flush_ms=1) as sandbox:
        base, query = f"http://127.0.0.1:{sandbox.port}", {"apiKey": KEY, "partnerId": "p"}
        with httpx.Client(params=query, trust_env=False) as client:
            assert client.post(f"{base}/1.0/visitorEvents", json=views("ann", *range(99))).status_code == 200
            for file in tmp_path.iterdir():
                file.write_bytes(b"broken" * 10_000)
            answers = [client.post(f"{base}/1.0/visitorEvents", json=views("ann", 1)), client.get(f"{base}/stored")]
        code, said = sandbox.end()
    assert [answer.status_code for answer in answers] == [503, 503]
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("store: what the servers still kept at the end is lost: the store failed: ")
    assert KEY not in said + "".join(answer.text for answer in answers)


def test_every_secret_is_compared_in_constant_time_whatever_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is compared are digests of one length, by the function that is made for it."""
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def watched(given: bytes, expected: bytes) -> bool:
        compared.append((len(given), len(expected)))
        return compare(given, expected)

    monkeypatch.setattr(gate.hmac, "compare_digest", watched)
    checked = Gate(Settings(store=tmp_path / "log.db", api_key=KEY, readback_token=TOKEN))
    for key in ("", "k", KEY, KEY * 100):
        with contextlib.suppress(gate.Refused):
            checked.call(b"partnerId=p&apiKey=" + key.encode())
        with contextlib.suppress(gate.Refused):
            checked.readback({"type": "http", "headers": [(b"authorization", b"Bearer " + key.encode())]})
    assert len(compared) == 7  # without a key there is nothing to compare
    assert set(compared) == {(32, 32)}


@pytest.mark.parametrize("given", ["", "sesam", "sesame ", "Sesame", "sesamesesame"])
def test_only_the_secret_itself_is_the_secret(given: str) -> None:
    """To the last character; and what holds it does not show it."""
    secret = Secret("sesame")
    assert secret.is_(b"sesame")
    assert not secret.is_(given.encode())
    assert "sesame" not in f"{secret!r} {vars(secret)}"
