"""The process of the command line: it hears each Ctrl-C, and its exit code is the command's, whatever libraries leave."""

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

from inorder.cli import INTERRUPTED, main

_AGAIN_S = 0.01


def program() -> NoReturn:
    """Do what the command line asks, and end the process with its exit code: what `inorder` and `python -m inorder` run."""
    code = INTERRUPTED

    def leave() -> None:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(OSError):
                stream.flush()
        # Not by taking the interpreter apart: a thread of Arrow that still holds a Python file then aborts the process
        # (arrow#34314), and the exit code would be no verdict.
        os._exit(code)

    atexit.register(leave)  # the first registered is the last to run: threads are joined and finalizers done by then
    sys.unraisablehook = _unraisable
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
        raise
    finally:
        sys.unraisablehook = sys.__unraisablehook__


def _unraisable(lost: Any) -> None:
    """Send an interrupt again that fell into a finalizer, where Python drops it: nobody should have to press twice."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    # To the main thread, which may be about to wait in a call that only a signal ends.
    again = threading.Timer(_AGAIN_S, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    again.daemon = True
    with suppress(RuntimeError):  # no thread begins any more
        again.start()
