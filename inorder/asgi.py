"""What an ASGI scope tells of a request: a header, its authorization, and whether it comes from this machine."""

import binascii
import ipaddress
from base64 import b64decode

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> bytes:
    """The value of a header (`name` in lower case), empty where it is absent."""
    value: bytes
    for key, value in scope["headers"]:
        if key == name:
            return value
    return b""


def bearer(scope: Scope) -> bytes:
    """The token of `Authorization: Bearer TOKEN`, empty where there is none."""
    kind, _, token = header(scope, b"authorization").partition(b" ")
    return token.strip() if kind.lower() == b"bearer" else b""


def user(scope: Scope) -> bytes:
    """The user of `Authorization: Basic …`, empty where there is none."""
    kind, _, encoded = header(scope, b"authorization").partition(b" ")
    if kind.lower() != b"basic":
        return b""
    try:
        return b64decode(encoded.strip(), validate=True).partition(b":")[0]
    except binascii.Error:
        return b""


def is_local(scope: Scope) -> bool:
    """Whether the peer is on the loopback interface."""
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
