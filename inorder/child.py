"""A process of inorder that serves: started, waited for until it says where it listens, ended, never left behind."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from threading import Thread

from inorder.errors import TargetUnavailable

_START_S = 30.0
_END_S = 10.0


class Child:
    """`python -m inorder COMMAND --with-parent …`, which ends when this process does."""

    def __init__(self, command: str, options: Sequence[str], secrets: Mapping[str, str]) -> None:
        """Start it and wait until it listens; `secrets` are environment variables of its own.

        Raises TargetUnavailable with what it said.
        """
        self._command = command
        # A session of its own: a Ctrl-C is for the run, which still has to read from here.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "inorder", command, "--with-parent", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **secrets},
            start_new_session=True,
        )
        self.line = ""
        """What it said when it listened."""
        self.addresses: list[str] = []
        """The addresses in that line, in its order."""
        try:
            self._wait()
        except BaseException:  # a Ctrl-C, say: it would outlive what it was started for
            self.stop()
            raise

    def _wait(self) -> None:
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
        if said and "http://" in said[-1]:
            self.line = said[-1]
            self.addresses = [word.rstrip(",;.)") for word in self.line.split() if word.startswith("http://")]
            return
        self.stop()
        listener.join()
        raise TargetUnavailable(f"{self._command}: did not start: {' '.join(said) or 'it said nothing'}")

    def stop(self) -> None:
        """End it; again does nothing."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
