"""A quota: at most so many calls in any second, whatever is due. What is held back waits in the order in which it came."""

from collections import deque

WINDOW_S = 1.05
"""A second, and what the network may press together."""


class Quota:
    """The part of one process of a quota that all share."""

    def __init__(self, calls_per_s: float, processes: int) -> None:
        """`calls_per_s`: of all processes together; each takes its whole part of it, and at least one call."""
        self.most = max(1, int(calls_per_s / processes))
        self._sent: deque[float] = deque(maxlen=self.most)
        self.held = 0
        """Calls that had to wait."""

    def instant(self, now: float) -> float:
        """When a call that is ready at `now` may leave; it then counts as sent."""
        sent = self._sent
        at = now
        if len(sent) == self.most and sent[0] + WINDOW_S > now:
            at = sent[0] + WINDOW_S
            self.held += 1
        sent.append(at)
        return at
