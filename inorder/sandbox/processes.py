"""Server processes under a supervisor: forked after the imports, restarted when they die, gone when it is gone."""

import contextlib
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from inorder.errors import InorderError, UnusableInput

Work = Callable[[Callable[[], None]], None]
"""What a process does till it is told to end by SIGTERM; it calls what it gets once it listens."""

MAX_FAILURES = 5
"""A process that ended so often in a row before it listened is given up."""
FIRST_PAUSE_S = 0.1
"""Before a process that did not get to listen is started again; doubled each time."""
END_S = 30.0
"""A process that was told to end is killed after so long."""

_LISTENING = b"\0"
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def end_with(fd: int) -> None:
    """Send this process SIGTERM when the other end of a pipe is gone, and end it if it does not."""
    with contextlib.suppress(OSError):
        while os.read(fd, 4096):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_S)
    os._exit(1)


@dataclass
class _Process:
    """One of the processes, over all its lives."""

    work: Work
    pid: int = 0
    status: int = -1
    """Reading end of a pipe that tells: a zero byte (it listens), why it failed, and by its end that it is dead."""
    said: bytes = b""
    failures: int = 0
    due: float | None = 0.0
    """When it is to be started, on the monotonic clock; None: it runs."""


@dataclass
class _Crew:
    """The processes and what they share."""

    processes: dict[str, _Process]
    announce: Callable[[], None]
    life: tuple[int, int] = field(default_factory=os.pipe)
    """A pipe that only the supervisor holds open: its end tells the processes that the supervisor is gone."""
    announced: bool = False

    def start(self, name: str, wakeup: tuple[int, int]) -> None:
        """Fork a process."""
        process = self.processes[name]
        status, tell = os.pipe()
        # A signal between the fork and the child's own handlers would be taken by a handler of the supervisor's.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process.pid, process.status, process.said, process.due = os.fork(), status, b"", None
        if process.pid == 0:
            self._live(process.work, tell, wakeup)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(tell)

    def _live(self, work: Work, tell: int, wakeup: tuple[int, int]) -> NoReturn:
        """Be the child: never comes back."""
        code = 70
        try:
            os.setpgid(0, 0)  # a Ctrl-C is for the supervisor, which ends all in order
            signal.set_wakeup_fd(-1)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            for fd in (self.life[1], *wakeup, *(other.status for other in self.processes.values() if other.status >= 0)):
                os.close(fd)
            threading.Thread(target=end_with, args=(self.life[0],), daemon=True).start()
            work(lambda: _tell(tell, _LISTENING))
            code = 0
        except InorderError as error:
            code = 2
            _tell(tell, str(error).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)  # what the supervisor has open is not this process's to close

    def heard(self, name: str) -> None:
        """Take what a process tells; at the end of it the process is dead, and due again."""
        process = self.processes[name]
        said = os.read(process.status, 4096)
        if said:
            process.said += said
            if process.said.startswith(_LISTENING):
                process.failures = 0
                self._announce()
            return
        reason = self.buried(process)
        if process.said.startswith(_LISTENING):
            process.due = time.monotonic()
            return
        process.failures += 1
        if not self.announced:
            raise UnusableInput(process.said.decode() or f"server {name}: {reason or 'ended'} before it listened")
        if process.failures == MAX_FAILURES:
            raise UnusableInput(f"server {name}: ended {MAX_FAILURES} times before it listened: {reason}")
        process.due = time.monotonic() + FIRST_PAUSE_S * 2 ** (process.failures - 1)

    def _announce(self) -> None:
        if not self.announced and all(process.said.startswith(_LISTENING) for process in self.processes.values()):
            self.announced = True
            self.announce()

    def buried(self, process: _Process) -> str:
        """Why a dead process ended, empty where it ended well."""
        os.close(process.status)
        process.status = -1
        _, status = os.waitpid(process.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGTERM:
            return ""  # told to end before it could take a signal, so it had taken no call either
        said = process.said.lstrip(_LISTENING).decode(errors="replace")
        return said or (f"killed by signal {-code}" if code < 0 else f"exit code {code}" if code else "")

    def end(self) -> list[str]:
        """End all that run, and return why some did not end well."""
        running = {process.status: (name, process) for name, process in self.processes.items() if process.status >= 0}
        for _, process in running.values():
            os.kill(process.pid, signal.SIGTERM)
        until = time.monotonic() + END_S
        failed = []
        while running:
            left_s = until - time.monotonic()
            ready, _, _ = select.select(list(running), [], [], max(0.0, left_s))
            if not ready and left_s <= 0:
                for _, process in running.values():
                    os.kill(process.pid, signal.SIGKILL)
                until = float("inf")
            for fd in ready:
                name, process = running[fd]
                if said := os.read(fd, 4096):
                    process.said += said
                    continue
                del running[fd]
                if reason := self.buried(process):
                    failed.append(f"server {name}: {reason}")
        for fd in self.life:
            os.close(fd)
        return failed


def _tell(fd: int, said: bytes) -> None:
    """Tell the supervisor, which may be gone."""
    with contextlib.suppress(BrokenPipeError):
        os.write(fd, said)


@contextlib.contextmanager
def _wakeup() -> Iterator[tuple[int, int]]:
    """A pipe that gets the number of each signal to end, which otherwise does nothing meanwhile."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    signal.set_wakeup_fd(write)
    try:
        yield read, write
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read)
        os.close(write)


def supervise(work: Mapping[str, Work], announce: Callable[[], None], life_line: int | None = None) -> None:
    """Run each work in a process under its name until SIGTERM or SIGINT, or until `life_line` (a pipe) ends.

    `announce` is called once, when all listen. A process that ends is started anew. Raises UnusableInput where one does
    not get to listen, and InorderError where one does not end well; all have ended then.
    """
    crew = _Crew({name: _Process(do) for name, do in work.items()}, announce)
    failed: list[str] = []
    with _wakeup() as wakeup:
        try:
            _watch(crew, wakeup, life_line)
        finally:
            failed = crew.end()
    if failed:
        raise InorderError(failed[0])


def _watch(crew: _Crew, wakeup: tuple[int, int], life_line: int | None) -> None:
    """Start what is due and hear what they tell, until a signal or the end of the life line."""
    while True:
        now = time.monotonic()
        for name, process in crew.processes.items():
            if process.due is not None and process.due <= now:
                crew.start(name, wakeup)
        pauses = [process.due - now for process in crew.processes.values() if process.due is not None]
        lines = {process.status: name for name, process in crew.processes.items() if process.status >= 0}
        ends = [wakeup[0]] if life_line is None else [wakeup[0], life_line]
        ready, _, _ = select.select([*ends, *lines], [], [], max(0.0, min(pauses)) if pauses else None)
        # Other signals that somebody handles are written there too.
        if wakeup[0] in ready and set(os.read(wakeup[0], 4096)) & set(_SIGNALS):
            return
        if life_line is not None and life_line in ready and not os.read(life_line, 4096):
            return
        for fd in ready:
            if fd in lines:
                crew.heard(lines[fd])
