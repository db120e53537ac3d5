"""Ports: one that is free, and a socket that listens, or one line that says why it cannot."""

import errno
import socket

from inorder.errors import UnusableInput

BACKLOG = 8192
"""Connections that may wait to be accepted: thousands come at once in a storm (the system may allow fewer)."""


def free_port() -> int:
    """A port on loopback that is free at this moment, for processes that must be told theirs before they start."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; raises UnusableInput with one line."""
    check_host(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise refused(error, host, port) from None


def check_host(host: str) -> None:
    """Refuse an empty host, which would be every address of the machine without a word."""
    if not host:
        raise UnusableInput("host: expected an address, got ''; every address of this machine is 0.0.0.0")


def refused(error: OSError, host: str, port: int) -> UnusableInput:
    """Why an address cannot be listened on, in one line."""
    reasons = {errno.EADDRINUSE: "in use", errno.EACCES: "not allowed"}
    if error.errno in reasons:
        return UnusableInput(f"port {port}: {reasons[error.errno]}")
    return UnusableInput(f"host {host}: {error.strerror}")
