"""A free port on loopback, for processes that must be told theirs before they start."""

import socket


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
