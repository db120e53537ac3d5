"""What a fault of the server is made of: a step that takes a batch's rows, and what it is given to work with."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from inorder.errors import InorderError
from inorder.faults.injection import Injection
from inorder.sandbox.store import Row, Store

Step = Callable[[list[Row]], Awaitable[None]]
"""Takes the rows of one batch; they are on disk when it returns. Raises what the routes answer: Refused, StoreError,
NoAnswer."""


class NoAnswer(InorderError):
    """A call whose connection is closed without an answer."""


@dataclass
class Background:
    """What goes on after its call was answered."""

    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let it go on by itself."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self.tasks.discard(task)
        if not task.cancelled():
            task.exception()  # a store that fails has nobody left to tell

    async def finish(self) -> None:
        """Wait until all has been done."""
        while self.tasks:
            await asyncio.wait(self.tasks)


@dataclass(frozen=True)
class Given:
    """What a fault works with."""

    injection: Injection
    inner: Step
    """The way on to the store."""
    store: Store
    background: Background


Maker = Callable[[Given], Step]
"""Makes a fault's step."""


def identities(rows: Iterable[Row]) -> list[tuple[str, bytes]]:
    """What tells an event from all others, however often it is sent: its visitor and its bytes."""
    return [(row[0], row[2]) for row in rows]


class _Timed(msgspec.Struct):
    """What is read of an event, or of a message, here."""

    originalTimestamp: str | None = None
    timestamp: str | None = None


_TIMED = msgspec.json.Decoder(_Timed)


def time_of(row: Row) -> str:
    """The time that an event carries, in whole seconds, as it is written; empty where it carries none."""
    timed = _TIMED.decode(row[2])
    return timed.originalTimestamp or timed.timestamp or ""


def overtaken(rows: list[Row], stored: list[Row]) -> list[Row]:
    """The rows of a batch that one of the same visitor passed behind them is stored before."""
    place = {id(row): number for number, row in enumerate(rows)}
    highest: dict[str, int] = {}
    late = []
    for row in stored:
        number = place.get(id(row))
        if number is None:
            continue
        if number < highest.get(row[0], -1):
            late.append(row)
        highest[row[0]] = max(number, highest.get(row[0], -1))
    return late
