"""Faults that store the events of a visitor in another order than the one that was promised."""

import asyncio
from collections.abc import Callable

from inorder.sandbox.faults.step import Given, Step, identities, overtaken, time_of
from inorder.sandbox.store import Row

_SKEWS_S = (0.0, 0.013, 0.007)
"""How far the clocks of the partitions are apart."""


def worker_pool_per_event(given: Given) -> Step:
    """The workers end in an order of their own."""

    async def store(rows: list[Row]) -> None:
        if given.injection.strikes():
            stored = sorted(rows, key=lambda _: given.injection.chance.random())
            given.injection.count(identities(overtaken(rows, stored)))
            rows = stored
        await given.inner(rows)

    return store


def async_by_shard(given: Given) -> Step:
    """A later batch of the visitor may be applied first. Counted are the events of batches that were overtaken."""
    accepted: dict[str, int] = {}
    applied: dict[str, int] = {}

    async def apply(rows: list[Row], numbers: dict[str, int], wait_s: float) -> None:
        if wait_s:
            await asyncio.sleep(wait_s)
        late = {visitor for visitor, number in numbers.items() if number < applied.get(visitor, 0)}
        given.injection.count(identities(row for row in rows if row[0] in late))
        for visitor, number in numbers.items():
            applied[visitor] = max(number, applied.get(visitor, 0))
        await given.inner(rows)

    async def store(rows: list[Row]) -> None:
        for visitor in {row[0] for row in rows}:
            accepted[visitor] = accepted.get(visitor, 0) + 1
        numbers = {row[0]: accepted[row[0]] for row in rows}
        if given.injection.strikes():
            wait_s = given.injection.chance.random() * given.injection.seconds("delay_ms")
            given.background.start(apply(rows, numbers, wait_s))
        else:
            await apply(rows, numbers, 0.0)

    return store


def merged_by_time(given: Given) -> Step:
    """The clocks of the partitions differ, so the parts of a batch are merged in another order, and others between."""
    chance = given.injection.chance

    def keys(rows: list[Row], at: float) -> list[float]:
        struck = given.injection.strikes()
        return [at + _SKEWS_S[int(chance.random() * len(_SKEWS_S))] if struck else at for _ in rows]

    return _merging(given, keys)


def sorted_by_timestamp(given: Given) -> Step:
    """Events of one second come in any order."""
    chance = given.injection.chance

    def keys(rows: list[Row], at: float) -> list[tuple[str, float]]:
        struck = given.injection.strikes()
        return [(time_of(row), chance.random() if struck else 0.0) for row in rows]

    return _merging(given, keys)


def _merging(given: Given, keys: Callable[[list[Row], float], list[float] | list[tuple[str, float]]]) -> Step:
    """Stores what arrives within a while in the order of its keys; each batch is answered when that is on disk."""
    injection = given.injection
    waiting: list[tuple[object, int, Row]] = []
    batches: list[list[Row]] = []
    merging: asyncio.Task[None] | None = None

    async def merge() -> None:
        nonlocal merging
        await asyncio.sleep(injection.seconds("delay_ms"))
        stored = [row for _, _, row in sorted(waiting, key=lambda one: (one[0], one[1]))]
        for rows in batches:
            injection.count(identities(overtaken(rows, stored)))
        waiting.clear()
        batches.clear()
        merging = None
        await given.inner(stored)

    async def store(rows: list[Row]) -> None:
        nonlocal merging
        if not injection.active() and merging is None:
            await given.inner(rows)
            return
        at = asyncio.get_running_loop().time()
        for key, row in zip(keys(rows, at), rows, strict=True):
            waiting.append((key, len(waiting), row))
        batches.append(rows)
        if merging is None:
            merging = asyncio.create_task(merge())
        await asyncio.shield(merging)

    return store
