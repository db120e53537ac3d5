"""Certificates of a target file: what fits makes a connection, and what does not is one line with the file."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from inorder.errors import UnusableInput
from inorder.targets.file import Tls
from inorder.targets.tls import context_of

CA = trustme.CA()
OURS, OTHERS = CA.issue_cert("client@shop.invalid"), CA.issue_cert("other@shop.invalid")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of certificates, keys, and files that are neither."""
    CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    OURS.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    OURS.private_key_pem.write_to_path(tmp_path / "client.key")
    OTHERS.private_key_pem.write_to_path(tmp_path / "other.key")
    OURS.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    key = serialization.load_pem_private_key(OURS.private_key_pem.bytes(), None)
    for name, form in (("locked.key", "PKCS8"), ("locked-old.key", "TraditionalOpenSSL")):
        kind = getattr(serialization.PrivateFormat, form)
        locked = key.private_bytes(
            serialization.Encoding.PEM, kind, serialization.BestAvailableEncryption(b"open sesame")
        )  # fmt: skip
        (tmp_path / name).write_bytes(locked)
    (tmp_path / "not.pem").write_text("no certificate")
    (tmp_path / "empty.pem").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    "given",
    [
        Tls(ca_file="ca.pem", certificate="client.pem", key="client.key"),
        Tls(ca_file="ca.pem", certificate="both.pem"),
        Tls(ca_file="ca.pem", certificate="client.pem", key="locked.key", key_password_env="KEY_PASSWORD"),
        Tls(ca_file="ca.pem", certificate="client.pem", key="locked-old.key", key_password_env="KEY_PASSWORD"),
    ],
)
def test_a_server_that_asks_for_a_certificate_gets_ours(folder: Path, given: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one file or two, its key open or locked."""
    monkeypatch.setenv("KEY_PASSWORD", "open sesame")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("localhost").configure_cert(serving)
    CA.configure_trust(serving)
    serving.verify_mode = ssl.CERT_REQUIRED
    ours, theirs = socket.socketpair()
    seen: list[object] = []

    def serve() -> None:
        with serving.wrap_socket(theirs, server_side=True) as connection:
            seen.append(connection.getpeercert())
            connection.sendall(b"x")

    thread = threading.Thread(target=serve)
    thread.start()
    with context_of(given, folder).wrap_socket(ours, server_hostname="localhost") as connection:
        assert connection.recv(1) == b"x"
    thread.join(10)
    (certificate,) = seen
    assert "client@shop.invalid" in str(certificate)


def test_without_a_table_the_machines_own_are_trusted() -> None:
    """And the host's name is checked."""
    context = context_of(Tls())
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


BAD: list[tuple[Tls, str]] = [
    (Tls(ca_file="none.pem"), "tls.ca_file: {}/none.pem: there is no such file"),
    (Tls(ca_file="not.pem"), "tls.ca_file: {}/not.pem: expected certificates as PEM"),
    (Tls(ca_file="empty.pem"), "tls.ca_file: {}/empty.pem: expected certificates as PEM"),
    (Tls(ca_file="client.key"), "tls.ca_file: {}/client.key: expected certificates as PEM"),
    (Tls(key="client.key"), "tls.key: expected a certificate beside it"),
    (Tls(key_password_env="KEY_PASSWORD"), "tls.key_password_env: expected a certificate beside it"),
    (Tls(certificate="none.pem"), "tls.certificate: {}/none.pem: there is no such file"),
    (Tls(certificate="."), "tls.certificate: {}: there is no such file"),
    (Tls(certificate="client.pem", key="none.key"), "tls.key: {}/none.key: there is no such file"),
    (
        Tls(certificate="client.pem", key="other.key"),
        "tls: {}/other.key: the key does not fit {}/client.pem",
    ),
    (Tls(certificate="client.pem"), "tls: {}/client.pem: expected certificate and key as PEM"),
    (
        Tls(certificate="not.pem", key="client.key"),
        "tls: {}/not.pem, {}/client.key: expected certificate and key as PEM",
    ),
    (
        Tls(certificate="client.pem", key="not.pem"),
        "tls: {}/client.pem, {}/not.pem: expected certificate and key as PEM",
    ),
    (
        Tls(certificate="client.pem", key="locked.key", key_password_env="NOT_SET"),
        "tls.key_password_env: the environment variable NOT_SET is not set",
    ),
    *(
        (Tls(certificate="client.pem", key=key, key_password_env=name), f"tls: {{}}/{key}: the password in {name} is wrong")
        for key in ("locked.key", "locked-old.key")
        for name in ("KEY_PASSWORD", "LONG")
    ),
    (
        Tls(certificate="client.pem", key="locked.key"),
        "tls: {}/locked.key: the key is locked, and key_password_env missing",
    ),
]


@pytest.mark.parametrize(("given", "said"), BAD, ids=range(len(BAD)))
def test_what_does_not_fit_is_one_line(folder: Path, given: Tls, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the file. The password is in none, and OpenSSL asks nobody for it on the terminal."""
    monkeypatch.setenv("KEY_PASSWORD", "hush")
    monkeypatch.setenv("LONG", "hush" * 1000)
    with pytest.raises(UnusableInput) as caught:
        context_of(given, folder)
    assert str(caught.value) == said.replace("{}", str(folder))
