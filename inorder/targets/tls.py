"""TLS to a system: whom to trust, and the certificate that we show."""

import ssl
from pathlib import Path

from inorder.errors import UnusableInput
from inorder.targets.environment import value_of
from inorder.targets.file import Tls


def context_of(tls: Tls, beside: Path = Path()) -> ssl.SSLContext:
    """The context of `[tls]`, whose paths are relative to `beside`; raises UnusableInput with what does not fit."""
    if tls.key and not tls.certificate:
        raise UnusableInput("tls.key: expected a certificate beside it")
    context = _trusting(tls, beside)
    if tls.certificate:
        certificate = _there(beside / tls.certificate, "tls.certificate")
        key = _there(beside / tls.key, "tls.key") if tls.key else None
        # Always one: OpenSSL would ask for it on the terminal.
        password = value_of(tls.key_password_env, "tls.key_password_env") if tls.key_password_env else ""
        try:
            context.load_cert_chain(certificate, key, password)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            reason = getattr(error, "reason", None) or str(error)
            said = {"KEY_VALUES_MISMATCH": "the key does not fit the certificate", "BAD_DECRYPT": "the password is wrong"}
            reason = said.get(reason, f"expected a certificate and its key as PEM ({reason})")
            raise UnusableInput(f"tls: {key or certificate}: {reason}") from None
    return context


def _trusting(tls: Tls, beside: Path) -> ssl.SSLContext:
    if not tls.ca_file:
        return ssl.create_default_context()
    file = _there(beside / tls.ca_file, "tls.ca_file")
    try:
        return ssl.create_default_context(cafile=str(file))
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise UnusableInput(f"tls.ca_file: {file}: expected certificates as PEM ({reason})") from None


def _there(path: Path, place: str) -> Path:
    if not path.is_file():
        raise UnusableInput(f"{place}: {path}: there is no such file")
    return path
