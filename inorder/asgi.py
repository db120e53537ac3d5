"""What an ASGI scope tells of a request: a header, a bearer token, and whether it comes from this machine."""

import ipaddress

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


def is_local(scope: Scope) -> bool:
    """Whether the peer is on the loopback interface."""
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
