"""All faults of one process, put in and taken out while it runs."""

from collections.abc import Callable, Sequence

from inorder.faults.fault import Fault
from inorder.faults.injection import Clock, Injection, Report


class Switch:
    """The faults that are in, in the order in which they act; the last one is nearest to the store."""

    def __init__(self, faults: Sequence[Fault], seed: int, started: bool) -> None:
        """`started`: the windows count from now on; else from when `start` is told."""
        self.clock = Clock(started)
        self.seed = seed
        self.injections: list[Injection] = []
        self._listeners: list[Callable[[list[Injection]], None]] = []
        self.replace(faults)

    def listen(self, changed: Callable[[list[Injection]], None]) -> None:
        """Have `changed` told which faults are in: now, and at each change."""
        self._listeners.append(changed)
        changed(self.injections)

    def replace(self, faults: Sequence[Fault]) -> None:
        """Take out all that are in, with their counts, and put these in."""
        self.injections = [Injection(fault, self.clock, self.seed) for fault in faults]
        for changed in self._listeners:
            changed(self.injections)

    def report(self) -> list[Report]:
        """What each has done so far."""
        return [injection.report() for injection in self.injections]
