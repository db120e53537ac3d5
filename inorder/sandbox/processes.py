"""Server processes under one parent, which starts again what is killed, and ends all with itself."""

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from inorder.errors import UnusableInput

_QUICK_S = 2.0
"""A process that ends by itself so soon after its start has a reason that will not go away."""
_QUICK_ENDS = 5
"""So many such ends in a row are enough."""
_END_S = 20.0
"""At the end the processes get so long to end by themselves."""


@dataclass
class _Child:
    """A running process."""

    pid: int
    started: float
    ended: int
    """End of a pipe that is at its end when the process is."""
    quick: int
    """Ends by itself soon after the start, in a row."""


def supervise(
    works: list[Callable[[int, Callable[[], None]], None]], announce: Callable[[], None], parent: int | None = None
) -> None:
    """Run each work in a process of its own until SIGTERM or SIGINT, or until `parent` (a descriptor) is at its end.

    A work gets a descriptor that is at its end when this process is gone, and a function to call once it is ready;
    `announce` is called once all are. A process that is killed is started again, in tens of milliseconds, since all is
    imported already. Raises UnusableInput where one ends by itself again and again.
    """
    alive, alive_end = os.pipe()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        os.write(wake, b"!")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    children: dict[int, _Child] = {}
    watched = selectors.DefaultSelector()
    watched.register(woken, selectors.EVENT_READ)
    if parent is not None:
        watched.register(parent, selectors.EVENT_READ)

    def start(at: int, quick: int) -> None:
        ready, ready_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            _run(works[at], alive, alive_end, ready_end)
        os.close(ready_end)
        os.read(ready, 1)  # empty where it has ended already, which the next look finds
        children[at] = _Child(pid, time.monotonic(), ready, quick)
        watched.register(ready, selectors.EVENT_READ, at)

    try:
        for at in range(len(works)):
            start(at, 0)
        announce()
        while not stopping:
            for key, _ in watched.select():
                if key.fd == parent:
                    stopping = True
                elif key.data is not None and not stopping:
                    _replace(children, key.data, watched, start)
    finally:
        _end(children)
        for number, handler in before.items():
            signal.signal(number, handler)
        watched.close()
        for end in (alive, alive_end, woken, wake, *(child.ended for child in children.values())):
            os.close(end)


def _replace(
    children: dict[int, _Child], at: int, watched: selectors.BaseSelector, start: Callable[[int, int], None]
) -> None:
    """Start a process that has ended again."""
    child = children.pop(at)
    watched.unregister(child.ended)
    os.close(child.ended)
    _, status = os.waitpid(child.pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    quick = 0 if killed or time.monotonic() - child.started > _QUICK_S else child.quick + 1
    if quick >= _QUICK_ENDS:
        raise UnusableInput(f"sandbox: server process {at + 1} ended {quick} times in a row, each soon after its start")
    start(at, quick)


def _run(work: Callable[[int, Callable[[], None]], None], alive: int, alive_end: int, ready_end: int) -> None:
    """What a new process does; it never returns."""
    code = 1
    try:
        os.close(alive_end)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

        def ready() -> None:
            os.write(ready_end, b"!")

        work(alive, ready)
        code = 0
    except UnusableInput as error:
        print(f"inorder: {error}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end(children: dict[int, _Child]) -> None:
    """Let all processes end by themselves, and kill those that do not."""
    for child in children.values():
        os.kill(child.pid, signal.SIGTERM)
    until = time.monotonic() + _END_S
    for child in children.values():
        while os.waitpid(child.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > until:
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
                break
            time.sleep(0.01)
