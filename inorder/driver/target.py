"""Where the calls go: the addresses of the system's servers, the secrets, TLS, and the heads of requests."""

import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from socket import SOCK_STREAM, getaddrinfo
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit
from zlib import crc32

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.targets.hiding import Hiding
from inorder.targets.outcomes import Meaning

_GOLDEN = 0x9E3779B1
"""2**32 over the golden ratio: a product with it has mixed upper bits."""


@dataclass(frozen=True)
class Server:
    """One resolved base address."""

    base: str
    """As given, without secrets, e.g. `http://127.0.0.1:8099/1.0`."""
    family: int
    address: tuple[Any, ...]
    hostname: str
    tls: ssl.SSLContext | None
    meaning: Meaning
    """What its answers mean."""
    addresses: tuple[str, ...] = ()
    """All that the host resolves to."""
    hide: Hiding = field(default_factory=Hiding, repr=False, compare=False)
    """Takes our secrets out of what it says."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Target:
    """A system of one or several servers; made once before the clock starts, since resolving takes long."""

    servers: tuple[Server, ...]
    query: Mapping[str, str] = field(repr=False)
    """Of each call; secret, as the headers are."""
    headers: Mapping[str, str] = field(repr=False)
    calls_per_s: float | None = None
    """Never more than so many in any second."""

    @classmethod
    def resolve(
        cls,
        bases: str | Iterable[str],
        query: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        meaning: Meaning | None = None,
        calls_per_s: float | None = None,
        hide: Hiding | None = None,
    ) -> "Target":
        """Resolve the base addresses (bases_of); `tls`: for those of https, None: as the machine trusts;
        `hide`: takes secrets out of answers.

        Raises UnusableInput, or TargetUnavailable where a host is not known, with a line that names the address.
        """
        split = [(base, *_split(base)) for base in bases_of(bases)]
        secure = any(parts.scheme == "https" for _, parts, _ in split)
        tls = (tls or ssl.create_default_context()) if secure else None
        meaning = meaning or Meaning()
        servers = []
        for base, parts, port in split:
            hostname = parts.hostname or ""
            try:
                found = getaddrinfo(hostname, port, type=SOCK_STREAM)
            except OSError as error:
                raise TargetUnavailable(f"target: {hostname}: cannot be resolved: {error.strerror}") from None
            family, _, _, _, address = found[0]
            known = tuple(dict.fromkeys(str(place[0]) for *_, place in found))
            secured = tls if parts.scheme == "https" else None
            servers.append(Server(base, family, address, hostname, secured, meaning, known, hide or Hiding()))
        return cls(tuple(servers), query, headers or {}, calls_per_s)

    @property
    def base(self) -> str:
        """All base addresses in a line, which `resolve` takes again."""
        return ", ".join(server.base for server in self.servers)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the first server: where the stored log is read back."""
        return self.servers[0].origin

    def head(self, path: str, server: int = 0) -> bytes:
        """A request's head up to the value of Content-Length, for the server of that place in `servers`."""
        return self.head_at(self.servers[server].base, path)

    def head_at(self, base: str, path: str) -> bytes:
        """The same for a base address, which need not be one of `servers`."""
        parts = urlsplit(base)
        query = f"?{urlencode(self.query)}" if self.query else ""
        usual = {"Host": parts.netloc, "Content-Type": "application/json", "Accept": "application/json"}
        own = {name.lower() for name in self.headers}
        headers = {name: value for name, value in usual.items() if name.lower() not in own} | dict(self.headers)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {parts.path}/{quote(path)}{query} HTTP/1.1\r\n{lines}Content-Length: ".encode("latin-1")


def bases_of(given: str | Iterable[str]) -> list[str]:
    """The base addresses in texts that each hold one or, between commas, several; an address given twice is refused."""
    texts = [given] if isinstance(given, str) else given
    bases = [base.strip().rstrip("/") for text in texts for base in text.split(",")]
    for place, base in enumerate(bases):
        if base in bases[:place]:
            raise UnusableInput(f"target: expected each address once, got {_shown(base)} twice")
    return bases


def server_of(batch: str, attempt: int, servers: int) -> int:
    """Which of `servers` takes an attempt of a call: drawn by the batch's name, then one server further each attempt.

    So a visitor's batches come to servers that do not follow from each other, and a re-send never to the server that
    has just failed it, whichever process sends.
    """
    # crc32 alone would not do: names that differ in their last digit have checksums that differ alike.
    mixed = crc32(batch.encode()) * _GOLDEN & 0xFFFFFFFF
    return ((mixed * servers >> 32) + attempt - 1) % servers


def _split(base: str) -> tuple[SplitResult, int]:
    """The parts of a base address, and its port."""
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError:
        raise _no_address(base) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise _no_address(base)
    if parts.username or parts.password:
        raise UnusableInput(f"target: expected no user or password in the address of {parts.hostname}")
    return parts, port or (443 if parts.scheme == "https" else 80)


def _no_address(base: str) -> UnusableInput:
    return UnusableInput(f"target: expected http(s)://host[:port]/path, got {_shown(base)}")


def _shown(base: str) -> str:
    """The address without what may be a key or a password."""
    address, mark, _ = re.sub(r"//[^/?]*@", "//***@", base).partition("?")
    return f"{address!r} with a query" if mark else repr(address)
