"""A system as it is named: where its calls go, with which secrets, and what is wrong with it in one line."""

from pathlib import Path

import pytest

from inorder.dialects.segment import Segment
from inorder.errors import UnusableInput
from inorder.history import CONFIRMED, REJECTED
from inorder.targets.system import Named, named

BASE = "http://127.0.0.1:8099/1.0"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INORDER_API_KEY", "INORDER_PARTNER_ID", "STAGING_KEY", "TENANT"):
        monkeypatch.delenv(name, raising=False)


def system(folder: Path, text: str, bases: str = BASE) -> Named:
    """The system of a target file."""
    file = folder / "staging.toml"
    file.write_text(f'bases = ["{bases}"]\n{text}')
    return named([str(file)])


def test_an_address_alone_is_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes any key; those of the environment go before, and what the command line says before them."""
    assert named([BASE]).resolve().query == {"apiKey": "none", "partnerId": "inorder"}
    monkeypatch.setenv("INORDER_API_KEY", "k")
    monkeypatch.setenv("INORDER_PARTNER_ID", "p")
    assert named([BASE]).resolve().query == {"apiKey": "k", "partnerId": "p"}
    assert named([BASE], "own").resolve().query == {"apiKey": "k", "partnerId": "own"}


def test_a_target_file_says_how_its_calls_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and headers from the environment, the meaning of answers, the quota."""
    monkeypatch.setenv("STAGING_KEY", "s3cr3t")
    monkeypatch.setenv("TENANT", "7")
    text = 'dialect = "segment"\nauth.api_key_env = "STAGING_KEY"\nheaders.X-Tenant = "t${TENANT}"\n'
    found = system(tmp_path, text + 'outcomes.confirmed = ["202"]\nsafety.calls_per_s = 9')
    target = found.resolve()
    assert isinstance(found.dialect, Segment)
    assert target.query == {}
    assert target.headers.keys() == {"Authorization", "X-Tenant"}
    assert target.headers["X-Tenant"] == "t7"
    assert target.calls_per_s == 9
    meaning = target.servers[0].meaning
    assert (meaning.of(202)[0], meaning.of(200)[0]) == (CONFIRMED, REJECTED)
    head = target.head(found.dialect.batch_path)
    assert head.startswith(b"POST /1.0/v1/batch HTTP/1.1\r\nHost: 127.0.0.1:8099\r\n")
    assert "s3cr3t" not in repr(target) + repr(found)


def test_secrets_are_taken_out_of_what_a_server_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key, a header and the authorization made of it, raw and encoded, one at the cut too; a content type is none."""
    monkeypatch.setenv("STAGING_KEY", "k/3 \"&'x")
    monkeypatch.setenv("TENANT", "shop7")
    text = 'dialect = "segment"\nauth.api_key_env = "STAGING_KEY"\nheaders.X-Tenant = "t-${TENANT}"\n'
    target = system(tmp_path, text + 'headers.Content-Type = "text/json"').resolve()
    hide = target.servers[0].hide
    for told in ("k/3 \"&'x", "k%2F3%20%22%26%27x", "k%2f3+%22%26%27X", "k/3 \\\"&'x", "k/3 &quot;&amp;&#x27;x"):
        assert hide(f"no {told}, text/json") == "no ***, text/json"
    basic = target.headers["Authorization"].removeprefix("Basic ")
    assert hide(f"no {basic} of t-shop7 and SHOP7") == "no *** of *** and ***"
    assert hide("not k%2F3%20") == "not ***"
    assert "shop7" not in repr(target)


def test_it_is_the_same_system_at_other_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind proxies, say."""
    monkeypatch.setenv("INORDER_API_KEY", "k")
    found = system(tmp_path, 'dialect = "segment"').at(["http://127.0.0.1:1", "http://127.0.0.1:2"])
    assert found.bases == ["http://127.0.0.1:1", "http://127.0.0.1:2"]
    assert isinstance(found.dialect, Segment)
    assert [server.base for server in found.resolve().servers] == found.bases


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "auth.api_key_env: the environment variable INORDER_API_KEY is not set"),
        ('auth.api_key_env = "STAGING_KEY"', "auth.api_key_env: the environment variable STAGING_KEY is not set"),
        ('dialect = "segment"', "auth.api_key_env: the environment variable INORDER_API_KEY is not set"),
        (
            'dialect = "segment"\nsegment.key_in = "body:api_key"',
            "auth.api_key_env: the environment variable INORDER_API_KEY is not set",
        ),
        (
            'dialect = "template"\n[template]\nbatch_path = "b"\nbatch = "[$events]"\nevent = "$event"\n'
            'ordinary_path = "o"\n[headers]\nX-Tenant = "${TENANT}"',
            "headers.X-Tenant: the environment variable TENANT is not set",
        ),
        (
            'dialect = "template"\n[template]\nbatch_path = "b"\nbatch = \'["$api_key",$events]\'\nevent = "$event"\n'
            'ordinary_path = "o"',
            "auth.api_key_env: the environment variable INORDER_API_KEY is not set",
        ),
        (
            'dialect = "template"\n[template]\nbatch_path = "b"\nbatch = "[$events]"\nevent = "$event"\n'
            'ordinary_path = "o"\n[headers]\nX-Key = "a\\nb"',
            "headers.X-Key: expected one line of ASCII",
        ),
    ],
    ids=range(7),
)
def test_what_the_environment_lacks_is_named_with_the_file(tmp_path: Path, text: str, said: str) -> None:
    """The name of the variable, never a value, before any call."""
    with pytest.raises(UnusableInput) as caught:
        system(tmp_path, text).resolve()
    assert str(caught.value) == f"{tmp_path / 'staging.toml'}: {said}"


def test_certificates_are_looked_at_where_calls_are_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their paths are relative to the target file."""
    monkeypatch.setenv("INORDER_API_KEY", "k")
    text = 'dialect = "segment"\ntls.ca_file = "ca.pem"'
    with pytest.raises(UnusableInput) as caught:
        system(tmp_path, text, "https://127.0.0.1:1").resolve()
    assert str(caught.value).endswith(f"staging.toml: tls.ca_file: {tmp_path}/ca.pem: there is no such file")


def test_a_file_stands_alone(tmp_path: Path) -> None:
    """Not beside addresses, and not beside --ca-file, which it says itself."""
    file = tmp_path / "staging.toml"
    file.write_text(f'bases = ["{BASE}"]')
    with pytest.raises(UnusableInput, match=r"^--target: expected one target file or base addresses, got "):
        named([str(file), BASE])
    with pytest.raises(UnusableInput, match=r"^--ca-file: .* says in tls\.ca_file whom to trust$"):
        named([str(file)], None, "ca.pem")
