"""A sandbox of a run's own: started as a process on a free port, and ended with the run."""

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Thread

from inorder.errors import TargetUnavailable
from inorder.scenario import Sandbox

_START_S = 30.0


class SandboxProcess:
    """A running sandbox with keys of its own, its store in a temporary folder that goes with it."""

    def __init__(self, settings: Sandbox) -> None:
        """Start it and wait until it listens; raises TargetUnavailable with what it said."""
        self._folder = tempfile.TemporaryDirectory(prefix="inorder-sandbox-")
        self.partner_id = "sandbox"
        self.secrets = {
            "INORDER_PARTNER_ID": self.partner_id,
            "INORDER_API_KEY": secrets.token_urlsafe(24),
            "INORDER_READBACK_TOKEN": secrets.token_urlsafe(24),
        }
        options = {
            "--port": 0,
            "--servers": settings.servers,
            "--store": f"sqlite:{Path(self._folder.name) / 'store.sqlite'}",
            "--flush-ms": settings.flush_ms,
            "--replication-delay-ms": settings.replication_delay_ms,
            "--quota-per-s": settings.quota_per_s,
            "--max-events": settings.max_events,
            "--max-bytes": settings.max_bytes,
        }
        command = [sys.executable, "-m", "inorder", "sandbox", "--with-parent"]
        for option, value in options.items():
            command += [option, str(value)]
        # A session of its own: a Ctrl-C is for the run, which still has to read the log back from here.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.secrets},
            start_new_session=True,
        )
        self.base = self._listening()

    def _listening(self) -> str:
        """The address that it announces."""
        said: list[str] = []

        def listen() -> None:
            assert self._process.stdout is not None
            for line in self._process.stdout:
                said.append(line.strip())
                if "http://" in line:
                    return

        listener = Thread(target=listen, daemon=True)
        listener.start()
        listener.join(_START_S)
        for line in said:
            for word in line.split():
                if word.startswith("http://"):
                    return word.rstrip(",;.")
        self.stop()
        raise TargetUnavailable(f"sandbox: did not start: {' '.join(said) or 'it said nothing'}")

    def stop(self) -> None:
        """End it, and drop its store."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._folder.cleanup()
