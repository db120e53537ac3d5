"""Where the calls go: the address, the secrets in the query, TLS, and the ready-made heads of requests."""

import ssl
from dataclasses import dataclass, field
from socket import SOCK_STREAM, getaddrinfo
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from inorder.errors import TargetUnavailable, UnusableInput


@dataclass(frozen=True)
class Target:
    """A resolved target; made once before the clock starts, since resolving and loading certificates take long."""

    base: str
    """Base address as given, without secrets, e.g. `http://127.0.0.1:8099/1.0`."""
    family: int
    address: tuple[Any, ...]
    hostname: str
    tls: ssl.SSLContext | None
    partner_id: str
    api_key: str = field(repr=False)

    @classmethod
    def resolve(cls, base: str, partner_id: str, api_key: str, ca_file: str | None = None) -> "Target":
        """Resolve `base`; `ca_file`: certificates to trust instead of the system's."""
        parts = urlsplit(base)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.fragment:
            raise UnusableInput(f"target: expected http(s)://host[:port]/path, got {base!r}")
        if parts.username or parts.password:
            raise UnusableInput("target: expected no user or password in the address")
        port = port or (443 if parts.scheme == "https" else 80)
        try:
            found = getaddrinfo(parts.hostname, port, type=SOCK_STREAM)
        except OSError as error:
            raise TargetUnavailable(f"target: {parts.hostname}: cannot be resolved: {error.strerror}") from None
        family, _, _, _, address = found[0]
        tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        return cls(base.rstrip("/"), family, address, parts.hostname, tls, partner_id, api_key)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}"

    def head(self, path: str) -> bytes:
        """A request's head up to the value of Content-Length."""
        parts = urlsplit(self.base)
        query = urlencode({"apiKey": self.api_key, "partnerId": self.partner_id})
        head = (
            f"POST {parts.path}/{quote(path)}?{query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: "
        )
        return head.encode("ascii")
