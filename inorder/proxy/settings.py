"""All settings of the proxy, checked before anything is opened."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from inorder.errors import UnusableInput
from inorder.faults.fault import Fault, parse


class Settings(Struct, frozen=True, kw_only=True):
    """How one proxy is run; docs/network.md says what for."""

    to: str
    """Address of the server, as it was given."""
    server: tuple[str, int]
    """Its host and port."""
    host: str = "127.0.0.1"
    port: int = 9000
    """0: any free one, which the start line names."""
    control_port: int | None = None
    """None: no control endpoints; 0: any free port."""
    faults: list[Fault] = []
    seed: int = 1
    wait_for_start: bool = False
    """The windows count from `POST /control/start`, and not from the proxy's own start."""

    @classmethod
    def from_options(
        cls,
        *,
        to: str,
        host: str = "127.0.0.1",
        port: int = 9000,
        control_port: int | None = None,
        faults: Sequence[str] = (),
        seed: int = 1,
        wait_for_start: bool = False,
    ) -> "Settings":
        """Check what the command line gave; raises UnusableInput with one line."""
        return cls(
            to=to,
            server=_host_and_port(to),
            host=host,
            port=port,
            control_port=control_port,
            faults=[parse(text, "network") for text in faults],
            seed=seed,
            wait_for_start=wait_for_start,
        )


def _host_and_port(to: str) -> tuple[str, int]:
    """Of `http://host:port`, with or without a path, which belongs to the requests and is not used."""
    expected = f"to: expected http://HOST:PORT, got {to!r}"
    try:
        parts: SplitResult = urlsplit(to)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UnusableInput(expected) from None
    if parts.scheme == "https":
        raise UnusableInput(f"to: expected http, for the proxy has to read the requests, got {to!r}")
    if parts.scheme != "http" or not host or port == 0 or parts.username is not None or parts.query or parts.fragment:
        raise UnusableInput(expected)
    return host, port or 80
