"""A proxy of a run's own before one address of its target: started as a process, and ended with the run."""

from collections.abc import Sequence

from inorder.child import Child
from inorder.faults.fault import Fault, text_of


class ProxyProcess:
    """A running proxy; the windows of its faults open when the start is told (inorder/faults/remote.py)."""

    def __init__(self, to: str, faults: Sequence[Fault], seed: int, control_token: str) -> None:
        """Start it before `to` and wait until it listens; raises TargetUnavailable with what it said."""
        command = ["proxy", "--port", "0", "--to", to, "--control-port", "0", "--seed", str(seed), "--wait-for-start"]
        for fault in faults:
            command += ["--fault", text_of(fault)]
        self._child = Child(command, {"INORDER_CONTROL_TOKEN": control_token})
        self.base, _, self.control = self._child.addresses
        """Where calls go instead of `to`, and where its control endpoints are."""

    def stop(self) -> None:
        """End it."""
        self._child.stop()
