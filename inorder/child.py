"""A server of inorder's own in another process: started, waited for until it listens, and ended with the run."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from threading import Thread

from inorder.errors import TargetUnavailable

_START_S = 30.0


class Child:
    """`inorder COMMAND …` as a process; `addresses` are those that its start line names, in their order."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it and wait until it listens; raises TargetUnavailable with what it said."""
        self._name = command[0]
        # A session of its own: a Ctrl-C is for the run, which still has to read the log back from here.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "inorder", *command, "--with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self.addresses = self._listening()

    def _listening(self) -> list[str]:
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
        found = [word.strip("(,;.)") for line in said for word in line.split() if "http://" in word]
        if not found:
            self.stop()
            raise TargetUnavailable(f"{self._name}: did not start: {' '.join(said) or 'it said nothing'}")
        return found

    def stop(self) -> None:
        """End it."""
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
