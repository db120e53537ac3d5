"""A pool of processes for merging and judging: safe to start here, quiet at a Ctrl-C, gone when this process is."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection
from typing import Any

from inorder.errors import InorderError


@contextmanager
def pool(jobs: int, preload: str, doing: str) -> Iterator[ProcessPoolExecutor]:
    """`jobs` processes that have imported the module `preload`; at an error what has not begun is dropped.

    Raises InorderError, which says what they were `doing`, where one of them is killed.
    """
    # Not forked from here, where Arrow may have threads, but from a fresh process that has only imported what it needs.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload([preload])
    made = ProcessPoolExecutor(jobs, context, _ready)
    try:
        yield made
    except BrokenProcessPool:
        raise InorderError(f"{doing}: one of its processes was killed: out of memory? Fewer jobs need less") from None
    finally:
        try:
            made.shutdown(cancel_futures=True)
        except KeyboardInterrupt:
            # At a second one nobody waits any more; without their executor's thread the processes would wait for ever.
            for process in multiprocessing.active_children():
                process.kill()
            raise


def _ready() -> None:
    """Leave Ctrl-C to the process that waits, and end when that one does, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: Any) -> None:
    connection.wait([sentinel])
    os._exit(1)
