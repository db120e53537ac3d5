"""A quota: at most so many calls in any second, whatever is due. What is held back stays in the schedule, in its order."""

from collections import deque
from math import inf

from inorder.errors import UnusableInput

WINDOW_S = 1.05
"""A second, and what the network may press together."""


class Quota:
    """The part of one process of a quota that all share: each call takes a place, which is free a second after it left.

    A call counts as leaving from when it is let go until its last byte is handed over: a connection that takes long to
    open cannot bring two seconds' calls together.
    """

    def __init__(self, calls_per_s: float, processes: int) -> None:
        """`calls_per_s`: of all processes together; each takes its whole part of it. Refused where that is none."""
        check(calls_per_s, processes)
        self._unused = int(calls_per_s / processes)
        self._left: deque[float] = deque()
        self.held = 0
        """Calls that had to wait."""

    def free_at(self) -> float | None:
        """From when on a call may leave; None: not before one has left that was let go."""
        if self._unused:
            return -inf
        return self._left[0] + WINDOW_S if self._left else None

    def take(self, due: float, now: float) -> float:
        """Let a call go that was due at `due`, at an instant at which it may leave; returns from when on it might have."""
        if self._left and self._left[0] + WINDOW_S <= now:
            freed = self._left.popleft() + WINDOW_S
        else:
            freed, self._unused = -inf, self._unused - 1
        if self._unused:  # there was another place all the time
            freed = -inf
        self.held += freed > due
        return freed

    def left(self, now: float) -> None:
        """A call that was let go has left, or never will."""
        self._left.append(now)


def check(calls_per_s: float, processes: int) -> None:
    """Raise UnusableInput where not each of the processes could make a call a second."""
    if calls_per_s < processes:
        most = f"{calls_per_s:g} call{'' if calls_per_s == 1 else 's'} a second"
        raise UnusableInput(f"--processes: expected at most {int(calls_per_s)}, for the quota is {most}, got {processes}")
