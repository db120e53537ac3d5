"""A sandbox of a run's own: started as a process on a free port, and ended with the run."""

import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from inorder.child import Child
from inorder.faults.fault import Fault, text_of
from inorder.scenario import Sandbox


class SandboxProcess:
    """A running sandbox with keys of its own, its store in a temporary folder that goes with it."""

    def __init__(self, settings: Sandbox, faults: Sequence[Fault] = (), seed: int = 1) -> None:
        """Start it and wait until it listens; raises TargetUnavailable with what it said.

        `faults`: of the server's side; their windows open when the start is told (inorder/faults/remote.py).
        """
        self._folder = tempfile.TemporaryDirectory(prefix="inorder-sandbox-")
        self.secrets = {
            "INORDER_PARTNER_ID": "sandbox",
            "INORDER_API_KEY": secrets.token_urlsafe(24),
            "INORDER_READBACK_TOKEN": secrets.token_urlsafe(24),
            "INORDER_CONTROL_TOKEN": secrets.token_urlsafe(24),
        }
        options = {
            "--port": 0,
            "--servers": settings.servers,
            "--store": _store(settings, Path(self._folder.name)),
            "--flush-ms": settings.flush_ms,
            "--replication-delay-ms": settings.replication_delay_ms,
            "--commit-ms": settings.commit_ms,
            "--row-us": settings.row_us,
            "--quota-per-s": settings.quota_per_s,
            "--max-events": settings.max_events,
            "--max-bytes": settings.max_bytes,
            "--seed": seed,
        }
        given = ["--wait-for-start"]
        for option, value in options.items():
            given += [option, str(value)]
        for fault in faults:
            given += ["--fault", text_of(fault)]
        try:
            self._child = Child("sandbox", given, self.secrets)
        except BaseException:
            self._folder.cleanup()
            raise
        self.bases = self._child.addresses
        """Base addresses of its servers."""
        self.base = self.bases[0]

    def stop(self) -> None:
        """End it, and drop its store."""
        self._child.stop()
        self._folder.cleanup()


def _store(settings: Sandbox, folder: Path) -> str:
    """Where it stores: an embedded server makes a folder of its own."""
    return f"sqlite:{folder / 'store.sqlite'}" if settings.store == "sqlite" else settings.store
