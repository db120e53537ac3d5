"""Faults of the answer: what was stored, or will be, and what is said of it, do not agree."""

import asyncio
from dataclasses import dataclass

from inorder.sandbox.answers import Refused
from inorder.sandbox.faults.step import Given, Maker, NoAnswer, Step, identities
from inorder.sandbox.store import Row


def commit_then_drop_answer(given: Given) -> Step:
    """The client cannot know, and sends the batch again."""

    async def store(rows: list[Row]) -> None:
        await given.inner(rows)
        if given.injection.strikes():
            given.injection.count(identities(rows))
            raise NoAnswer("committed")

    return store


def gateway_timeout_then_commit(given: Given) -> Step:
    """A gateway has lost patience; the server behind it has not."""

    async def later(rows: list[Row]) -> None:
        await asyncio.sleep(given.injection.seconds("delay_ms"))
        await given.inner(rows)

    async def store(rows: list[Row]) -> None:
        if not given.injection.strikes():
            await given.inner(rows)
            return
        given.injection.count(identities(rows))
        given.background.start(later(rows))
        raise Refused(504, "gateway timeout")

    return store


@dataclass
class _Held:
    """A batch that waits for the visitor's next."""

    rows: list[Row]
    again: bool = False
    """It has been sent again, and stored."""


def commit_after_next_batch(given: Given) -> Step:
    """Of a visitor one call at a time is held; a batch that no other one follows is never stored by that call."""
    held: dict[str, _Held] = {}

    async def store(rows: list[Row]) -> None:
        visitor = rows[0][0]
        waiting = held.get(visitor)
        if waiting is None and given.injection.strikes():
            held[visitor] = _Held(rows)
            await asyncio.sleep(given.injection.seconds("delay_ms"))
            raise NoAnswer("held")
        await given.inner(rows)
        if waiting is None:
            return
        if identities(waiting.rows) == identities(rows):
            waiting.again = True
        elif waiting.again and visitor in held:
            del held[visitor]
            given.injection.count(identities(waiting.rows))
            given.background.start(_commit(given, waiting.rows))

    return store


async def _commit(given: Given, rows: list[Row]) -> None:
    await given.inner(rows)


def but_applied(status: int, error: str) -> Maker:
    """A step that commits, and answers with an error all the same."""
    headers = ((b"retry-after", b"1"),) if status == 429 else ()

    def make(given: Given) -> Step:
        async def store(rows: list[Row]) -> None:
            await given.inner(rows)
            if given.injection.strikes():
                given.injection.count(identities(rows))
                raise Refused(status, error, headers=headers)

        return store

    return make
