"""Faults that lose what was confirmed."""

import asyncio
import time
from collections import deque

from inorder.sandbox.answers import Refused
from inorder.sandbox.faults.step import Given, NoAnswer, Step, identities, time_of
from inorder.sandbox.store import Row, StoreError


def acknowledge_before_persisting(given: Given) -> Step:
    """Answers at once; a queue persists in rounds, in the order of arrival, and a crash takes a whole round."""
    injection, inner = given.injection, given.inner
    queue: list[Row] = []
    working: asyncio.Task[None] | None = None

    async def persist() -> None:
        nonlocal working
        while queue:
            await asyncio.sleep(injection.seconds("delay_ms"))
            rows = queue.copy()
            queue.clear()
            if injection.strikes():
                injection.count(identities(rows))
                continue
            try:
                await inner(rows)
            except (Refused, NoAnswer):
                continue  # a fault behind this one: its answer has nobody left to be told
            except StoreError:
                injection.count(identities(rows))  # confirmed, and not stored
        working = None

    async def store(rows: list[Row]) -> None:
        nonlocal working
        if not injection.active() and working is None:
            await inner(rows)
            return
        queue.extend(rows)
        if working is None:
            working = asyncio.create_task(persist())
            given.background.tasks.add(working)
            working.add_done_callback(given.background.tasks.discard)
        if not injection.active():
            await asyncio.shield(working)  # its window has closed: what waits before these rows comes first

    return store


def failover_loses_tail(given: Given) -> Step:
    """The standby lacks the newest part of the log, ordinary calls too (those are not counted)."""
    injection = given.injection
    marks: deque[tuple[float, int]] = deque()
    recent: deque[tuple[float, list[Row]]] = deque()

    async def store(rows: list[Row]) -> None:
        if not injection.active():
            await given.inner(rows)
            return
        tail_s = injection.seconds("delay_ms")
        if not marks:
            marks.append((time.monotonic(), await given.store.last_position()))
        recent.append((time.monotonic(), rows))
        await given.inner(rows)
        now = time.monotonic()
        marks.append((now, await given.store.last_position()))
        # The oldest mark is the newest that is older than the tail: what is stored behind it is the tail.
        while len(marks) > 1 and marks[1][0] <= now - tail_s:
            marks.popleft()
        while recent[0][0] < now - 10 * tail_s - 1:
            recent.popleft()
        if injection.strikes():
            lost = set(await given.store.discard(marks[0][1]))
            marks.clear()
            injection.count(one for _, rows in recent for one in identities(rows) if one in lost)

    return store


def partial_commit_prefix(given: Given) -> Step:
    """The rest of the batch is gone, and nobody is told."""

    async def store(rows: list[Row]) -> None:
        keep = len(rows)
        if keep > 1 and given.injection.strikes():
            keep = given.injection.pick(range(1, len(rows)))
        await given.inner(rows[:keep])
        given.injection.count(identities(rows[keep:]))

    return store


def partial_commit_subset(given: Given) -> Step:
    """Some of the batch are gone, and what stands behind them is stored."""

    async def store(rows: list[Row]) -> None:
        gone: set[int] = set()
        if len(rows) > 1 and given.injection.strikes():
            gone = {at for at in range(len(rows) - 1) if given.injection.chance.random() < 0.3}
            gone = gone or {given.injection.pick(range(len(rows) - 1))}
        await given.inner([row for at, row in enumerate(rows) if at not in gone])
        given.injection.count(identities(rows[at] for at in gone))

    return store


def partial_commit_unanswered(given: Given) -> Step:
    """A client that gives up leaves a torn batch."""

    async def store(rows: list[Row]) -> None:
        if len(rows) < 2 or not given.injection.strikes():
            await given.inner(rows)
            return
        await given.inner(rows[: given.injection.pick(range(1, len(rows)))])
        given.injection.count([tuple(identities(rows))])
        raise NoAnswer("stored in part")

    return store


def drops_one_event(given: Given) -> Step:
    """One event of a batch never arrives."""

    async def store(rows: list[Row]) -> None:
        if given.injection.strikes():
            gone = given.injection.pick(range(len(rows)))
            given.injection.count(identities([rows[gone]]))
            rows = [*rows[:gone], *rows[gone + 1 :]]
        if rows:
            await given.inner(rows)

    return store


def drops_equal_payloads(given: Given) -> Step:
    """The lines of an order share all that it looks at. A batch that is sent again is a duplicate indeed, not counted."""
    seen: dict[tuple[str, str, str], bytes] = {}

    async def store(rows: list[Row]) -> None:
        kept = rows
        if given.injection.strikes():
            kept = []
            for row in rows:
                first = seen.setdefault((row[0], row[1], time_of(row)), row[2])
                if first is row[2]:
                    kept.append(row)
                elif first != row[2]:
                    given.injection.count(identities([row]))
        if kept:
            await given.inner(kept)

    return store
