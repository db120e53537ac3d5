"""Tasks in processes of their own, or here: the same results, in the order asked for."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from inorder.processes import pool

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
    with pool(jobs, "inorder.merge", "merging") as processes:
        yield Tasks(processes)
