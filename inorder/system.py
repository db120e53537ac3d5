"""What a run sends its load to: a system that is named, or a sandbox of its own; with what is wrong on purpose."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.faults.fault import Fault
from inorder.faults.injection import Report, added, report_of
from inorder.faults.remote import Remote
from inorder.proxy_process import ProxyProcess
from inorder.sandbox_process import SandboxProcess
from inorder.scenario import Scenario

Progress = Callable[[dict[str, Any]], None]
"""Told how far the load is."""


class System:
    """The system of one run; `stop` ends what was started for it."""

    def __init__(self, written: Scenario, named: Sequence[str] = ()) -> None:
        """`named`: base addresses of a system that is there; none: a sandbox is started.

        Raises UnusableInput where the scenario asks for faults that only the sandbox has, TargetUnavailable where
        something does not start.
        """
        server = [fault for fault in written.faults if fault.kind.side == "server"]
        network = [fault for fault in written.faults if fault.kind.side == "network"]
        if named and server:
            raise UnusableInput(f"faults: only the sandbox has {server[0].name}; leave --target out, or the fault")
        for base in named if network else ():
            if urlsplit(base).scheme != "http":
                raise UnusableInput(
                    f"faults: {network[0].name} needs a target of plain http, to read the requests, got {base!r}"
                )
        self._stack = ExitStack()
        self._controls: list[tuple[Remote, list[Fault]]] = []
        self.secrets: dict[str, str] = {}
        """Of the sandbox of the run's own, by the names of environment variables."""
        self.direct = list(named)
        """Base addresses of the system itself: where its stored log is read."""
        self.bases = self.direct
        """Base addresses that the load goes to."""
        try:
            if not named:
                self._start_sandbox(written, server)
            if network:
                self._start_proxies(written, network)
        except BaseException:
            self.stop()
            raise

    def _start_sandbox(self, written: Scenario, faults: list[Fault]) -> None:
        sandbox = SandboxProcess(written.sandbox, faults, written.seed)
        self._stack.callback(sandbox.stop)
        self.secrets = sandbox.secrets
        self.direct = self.bases = sandbox.bases
        if faults:
            for base in sandbox.bases:
                self._control(_origin(base), sandbox.secrets["INORDER_CONTROL_TOKEN"], faults)

    def _start_proxies(self, written: Scenario, faults: list[Fault]) -> None:
        token = secrets.token_urlsafe(24)
        self.bases = []
        for number, base in enumerate(self.direct):
            proxy = ProxyProcess(base, faults, written.seed + number, token)
            self._stack.callback(proxy.stop)
            self.bases.append(proxy.base)
            self._control(proxy.control, token, faults)

    def _control(self, origin: str, token: str, faults: list[Fault]) -> None:
        control = Remote(origin, token)
        self._stack.callback(control.close)
        self._controls.append((control, faults))

    def start(self, monotonic: float) -> None:
        """The load begins, or began, at this instant of CLOCK_MONOTONIC: the windows of the faults count from it."""
        for control, _ in self._controls:
            control.start(monotonic)

    def told(self, progress: Progress) -> Progress:
        """`progress`, which starts the clock of the faults as soon as it is told the start of the load (`origin`)."""

        started = not self._controls

        def told(said: dict[str, Any]) -> None:
            nonlocal started
            if not started and "origin" in said:
                started = True
                self.start(said["origin"])
            progress(said)

        return told

    def report(self) -> list[Report]:
        """What was wrong on purpose, and how often it did harm, over all servers."""
        each: list[Report] = []
        for control, faults in self._controls:
            try:
                each += control.report()
            except TargetUnavailable:
                # It was killed, say. What was wrong must be told all the same, though not how often.
                each += [report_of(fault, None, None) for fault in faults]
        return added(each)

    def stop(self) -> None:
        """End what was started."""
        self._stack.close()


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Secrets in the environment, for as long as they are needed."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _origin(base: str) -> str:
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}"
