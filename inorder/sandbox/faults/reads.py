"""Faults of a later reading of the log: it is served from a replica that holds something else."""

import random
import re
from collections.abc import Awaitable, Callable

from inorder.faults.injection import Injection
from inorder.sandbox.store import Store

Page = Callable[[int, int], Awaitable[bytes]]
"""`Store.page`: JSON Lines of the first rows behind a position, at most so many."""

_POSITION = re.compile(rb'\{"position":(\d+),')
_LAG = 0.1
"""Share of the rows that the lagging replica lacks."""


class Replica:
    """Serves readings from the second on; a reading begins where `after` goes back."""

    def __init__(self, injection: Injection, inner: Page, store: Store) -> None:
        self._injection = injection
        self._inner = inner
        self._store = store
        self._highest = -1
        self._later = False
        self._ends = 0
        self._change = {
            "replica-lags": self._lag,
            "replica-loses": self._lose,
            "replica-reorders": self._reorder,
        }[injection.fault.name]

    async def page(self, after: int, limit: int) -> bytes:
        """A page of the log, or of the replica."""
        page = await self._inner(after, limit)
        if after < self._highest:
            if not self._later:
                self._injection.struck += 1
            self._later = True
            if after < self._ends or not self._ends:
                self._ends = int((await self._store.last_position()) * (1 - _LAG))
        lines = page.splitlines(keepends=True)
        if lines:
            self._highest = max(self._highest, _position(lines[-1]))
        if not self._later or not self._injection.active() or not lines:
            return page
        kept = self._change(lines)
        if kept or self._injection.fault.name == "replica-lags":
            return b"".join(kept)
        return await self.page(_position(lines[-1]), limit)  # only an empty log has an empty page

    def _drawn(self, position: int) -> bool:
        """Whether the row at a position is struck: the same in each reading."""
        chance = random.Random(f"{self._injection.fault.name} {position}").random()
        return chance < self._injection.fault.share

    def _lag(self, lines: list[bytes]) -> list[bytes]:
        kept = [line for line in lines if _position(line) <= self._ends]
        self._injection.count(_position(line) for line in lines[len(kept) :])
        return kept

    def _lose(self, lines: list[bytes]) -> list[bytes]:
        lost = {_position(line) for line in lines if self._drawn(_position(line))}
        self._injection.count(lost)
        return [line for line in lines if _position(line) not in lost]

    def _reorder(self, lines: list[bytes]) -> list[bytes]:
        changed = lines.copy()
        for at in range(0, len(lines) - 1, 2):
            first, second = lines[at : at + 2]
            # Of one visitor they would also be out of order, and that is another fault.
            if self._drawn(_position(first)) and _visitor(first) != _visitor(second):
                changed[at] = _moved(second, first)
                changed[at + 1] = _moved(first, second)
                self._injection.count([_position(first), _position(second)])
        return changed


def _position(line: bytes) -> int:
    found = _POSITION.match(line)
    assert found is not None
    return int(found[1])


def _visitor(line: bytes) -> bytes:
    return line.split(b'"', 6)[5]


def _moved(line: bytes, to: bytes) -> bytes:
    """The row of `line` at the position of `to`."""
    return _POSITION.sub(b'{"position":%d,' % _position(to), line, count=1)
