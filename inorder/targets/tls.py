"""TLS to a system: whom to trust, and the certificate that we show."""

import ssl
from pathlib import Path

from inorder.errors import UnusableInput
from inorder.targets.environment import value_of
from inorder.targets.file import Tls


def context_of(tls: Tls, beside: Path = Path()) -> ssl.SSLContext:
    """The context of `[tls]`, whose paths are relative to `beside`; raises UnusableInput with what does not fit."""
    for place in ("key", "key_password_env"):
        if getattr(tls, place) and not tls.certificate:
            raise UnusableInput(f"tls.{place}: expected a certificate beside it")
    context = _trusting(tls, beside)
    if tls.certificate:
        certificate = _there(beside / tls.certificate, "tls.certificate")
        key = _there(beside / tls.key, "tls.key") if tls.key else None
        # Always one: OpenSSL would ask for it on the terminal.
        password = value_of(tls.key_password_env, "tls.key_password_env") if tls.key_password_env else ""
        try:
            context.load_cert_chain(certificate, key, password)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise UnusableInput(f"tls: {_misfit(error, certificate, key, tls.key_password_env)}") from None
    return context


def _misfit(error: Exception, certificate: Path, key: Path | None, password_env: str | None) -> str:
    """Why a certificate and a key were not taken; OpenSSL's own words tell little of it."""
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return f"{key or certificate}: the key does not fit {certificate}"
    if b"ENCRYPTED" in (key or certificate).read_bytes():
        wrong = (
            f"the password in {password_env} is wrong"
            if password_env
            else "the key is locked, and key_password_env missing"
        )
        return f"{key or certificate}: {wrong}"
    both = f"{certificate}, {key}" if key else certificate
    return f"{both}: expected certificate and key as PEM"


def _trusting(tls: Tls, beside: Path) -> ssl.SSLContext:
    if not tls.ca_file:
        return ssl.create_default_context()
    file = _there(beside / tls.ca_file, "tls.ca_file")
    try:
        return ssl.create_default_context(cafile=str(file))
    except OSError:
        raise UnusableInput(f"tls.ca_file: {file}: expected certificates as PEM") from None


def _there(path: Path, place: str) -> Path:
    if not path.is_file():
        raise UnusableInput(f"{place}: {path}: there is no such file")
    return path
