"""Tasks in processes of their own, or here: the same results, in the order asked for."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import connection
from typing import Any, ParamSpec, Protocol, TypeVar

from inorder.errors import InorderError

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Result(Protocol[T_co]):
    """What a task will have given."""

    def result(self) -> T_co:
        """Wait for it; raises what the task raised."""


class Later(Result[T]):
    """A task that is done here, when its result is asked for."""

    def __init__(self, task: Callable[[], T]) -> None:
        self._task = task

    def result(self) -> T:
        """Do it."""
        return self._task()


class Tasks:
    """Takes tasks; their arguments and results are small, as what is large lies in files."""

    def __init__(self, pool: ProcessPoolExecutor | None = None) -> None:
        self._pool = pool

    def submit(self, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> Result[T]:
        """Have a task done."""
        task = partial(function, *arguments, **keywords)
        return Later(task) if self._pool is None else self._pool.submit(task)


@contextmanager
def tasks(jobs: int) -> Iterator[Tasks]:
    """Tasks in `jobs` processes; 1: in this one. At an error those that have not begun are dropped."""
    if jobs == 1:
        yield Tasks()
        return
    # Not forked from here, where Arrow may have threads, but from a fresh process that has only imported what it needs.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload(["inorder.merge"])
    pool = ProcessPoolExecutor(jobs, context, _ready)
    try:
        yield Tasks(pool)
    except BrokenProcessPool:
        raise InorderError("merging: one of its processes was killed: out of memory? Fewer jobs need less") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _ready() -> None:
    """Leave Ctrl-C to the process that waits, and end when that one does, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: Any) -> None:
    connection.wait([sentinel])
    os._exit(1)
