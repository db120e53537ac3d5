"""When each sender is due: a sorted array of first instants, drawn beforehand, and a heap of those that go on.

A place in it is one integer (due in microseconds << 32 | sender << 4 | lane), so a million waiting visitors are eight
megabytes, and a visitor is in it only while it has no call in flight: two calls of one lane can never overlap.
"""

from array import array
from collections.abc import Iterable
from heapq import heappop, heappush

from inorder.plan import Plan

_SCALE = 1_000_000
MAX_SENDERS = 1 << 28
"""Senders that a place can name; more than an identity can."""


class Schedule:
    """The places of one process's senders, earliest first."""

    def __init__(self, firsts: Iterable[tuple[float, int]]) -> None:
        """`firsts`: (first instant in seconds, sender)."""
        self._firsts = array("Q", sorted(int(due * _SCALE) << 32 | sender << 4 for due, sender in firsts))
        self._at = 0
        self._heap: list[int] = []

    def __len__(self) -> int:
        return len(self._firsts) - self._at + len(self._heap)

    def push(self, due: float, sender: int, lane: int) -> None:
        """Come to `lane` of `sender` at `due` (seconds of the run)."""
        heappush(self._heap, int(due * _SCALE) << 32 | sender << 4 | lane)

    def next_due(self) -> float | None:
        """The earliest instant, seconds; None if nothing is left."""
        place = self._heap[0] if self._heap else None
        if self._at < len(self._firsts) and (place is None or self._firsts[self._at] < place):
            place = self._firsts[self._at]
        return None if place is None else (place >> 32) / _SCALE

    def pop_due(self, now: float) -> tuple[float, int, int] | None:
        """Take the earliest place if it is due at `now`: (due, sender, lane)."""
        limit = round(now * _SCALE) + 1 << 32
        heap, firsts, at = self._heap, self._firsts, self._at
        if at < len(firsts) and (not heap or firsts[at] < heap[0]):
            place = firsts[at]
            if place >= limit:
                return None
            self._at = at + 1
        elif heap and heap[0] < limit:
            place = heappop(heap)
        else:
            return None
        return (place >> 32) / _SCALE, place >> 4 & MAX_SENDERS - 1, place & 15


def first_instants(plan: Plan, senders: Iterable[int]) -> tuple[list[tuple[float, int]], int, int]:
    """Of each sender that ever acts its first instant; and how many events they mean to send, of which backlog."""
    firsts, events, backlog = [], 0, 0
    for sender in senders:
        online = plan.online(sender)
        splits = [plan.split(number, online) for number in plan.numbers(sender)]
        times = plan.times(sender, sum(split.before for split in splits), online)
        events += sum(split.before for split in splits)
        if times.back is not None:
            backlog += sum(split.backlog for split in splits)
            events += sum(split.backlog + split.after for split in splits)
        if times.first is not None:
            firsts.append((times.first, sender))
    return firsts, events, backlog
