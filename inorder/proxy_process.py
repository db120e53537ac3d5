"""A proxy of a run's own: started as a process on free ports in front of a server, and ended with the run."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from inorder.child import Child
from inorder.faults.fault import Fault, text_of


class ProxyProcess:
    """A running proxy whose windows are closed until `POST /control/start` (inorder.faults.remote)."""

    def __init__(self, to: str, faults: Sequence[Fault], seed: int, control_token: str) -> None:
        """Start it in front of `to` and wait until it listens; raises TargetUnavailable with what it said."""
        options = ["--port", "0", "--control-port", "0", "--to", to, "--seed", str(seed), "--wait-for-start"]
        for fault in faults:
            options += ["--fault", text_of(fault)]
        self._child = Child("proxy", options, {"INORDER_CONTROL_TOKEN": control_token})
        self.base = self._child.addresses[0] + urlsplit(to).path
        """Where calls go instead of `to`: with the path of `to`."""
        self.control = self._child.addresses[-1]
        """Origin of its control endpoints."""

    def stop(self) -> None:
        """End it."""
        self._child.stop()
