"""How events get into the store: servers that keep ordinary calls for a while, batches that wait for their commit."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from inorder.sandbox.settings import Settings
from inorder.sandbox.store import Row, Store, StoreUnsure

GROUP_ROWS = 5_000
"""A group stops growing at so many rows: one huge backlog must not delay every answer."""
KEEP_ROWS = 5_000
"""A server flushes at once when it keeps so many events: memory stays bounded."""

Taken = tuple[str, str, bytes]
"""An accepted event: its name, its visitor, and its bytes as they were passed."""


class Intake(Protocol):
    """What the routes hand accepted calls to."""

    def ordinary(self, event: Taken) -> None:
        """Take one event; it is stored some time later."""

    async def batch(self, events: Sequence[Taken]) -> None:
        """Take a batch; all of it is on disk when this returns.

        Raises StoreError: none of it is; StoreUnsure: all of it is or none.
        """


class GroupCommit:
    """Commits what waits in as few transactions as possible: while one is written, the next group gathers."""

    def __init__(self, store: Store, commit_s: float = 0.0, row_s: float = 0.0) -> None:
        """`store` is written by nobody else; a commit takes at least `commit_s` and `row_s` more for each row."""
        self._store = store
        self._commit_s = commit_s
        self._row_s = row_s
        self._waiting: deque[tuple[Sequence[Row], asyncio.Future[None]]] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, rows: Sequence[Row]) -> asyncio.Future[None]:
        """Queue the rows; the future is done when they are on disk, in the order in which they were put."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, future))
        if self._task is None:
            self._task = asyncio.create_task(self._write())
        return future

    async def _write(self) -> None:
        while self._waiting:
            rows: list[Row] = []
            futures = []
            while self._waiting and len(rows) < GROUP_ROWS:
                more, future = self._waiting.popleft()
                rows += more
                futures.append(future)
            failure: Exception | None = None
            until = time.monotonic() + self._commit_s + self._row_s * len(rows)
            try:
                await self._store.commit(rows)
            except Exception as error:  # whatever it is, those who wait must hear of it
                failure = error
            if (left := until - time.monotonic()) > 0:
                await asyncio.sleep(left)
            for future in futures:
                if future.cancelled():
                    continue
                if failure is None:
                    future.set_result(None)
                else:
                    future.set_exception(failure)
        self._task = None

    async def close(self) -> None:
        """Wait until nothing waits."""
        while self._task is not None:
            await self._task


class Server:
    """One server: answers an ordinary call at once, keeps its event, and stores what it keeps when its timer fires."""

    def __init__(self, name: str, commit: GroupCommit, flush_s: float, chance: random.Random) -> None:
        """`chance` draws each wait, so that no two servers flush in step."""
        self.name = name
        self._commit = commit
        self._flush_s = flush_s
        self._chance = chance
        self._kept: list[Row] = []
        self._timer: asyncio.TimerHandle | None = None

    def keep(self, row: Row) -> None:
        """Keep an event; the first one starts the timer."""
        self._kept.append(row)
        if self._timer is None:
            self._start()
        elif len(self._kept) >= KEEP_ROWS:
            self.flush()

    def _start(self) -> None:
        wait = self._chance.uniform(0, self._flush_s)
        self._timer = asyncio.get_running_loop().call_later(wait, self.flush)

    def flush(self) -> asyncio.Future[None]:
        """Hand what is kept to the store, in the order in which it came; what it did not take is kept on.

        What it may have taken is not: an ordinary event that was accepted may be lost, and is never made into two.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        rows, self._kept = self._kept, []

        def stored(future: asyncio.Future[None]) -> None:
            failure = future.exception()
            if failure is not None and not isinstance(failure, StoreUnsure):
                self._kept[:0] = rows
                if self._timer is None:
                    self._start()

        future = self._commit.put(rows)
        future.add_done_callback(stored)
        return future


class Ingest:
    """The servers of one process and their common store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """The servers are drawn from the seed, so that the same calls meet the same servers."""
        self._commit = GroupCommit(store, settings.commit_ms / 1e3, settings.row_us / 1e6)
        self._chance = random.Random(settings.seed)
        self._delay_s = settings.replication_delay_ms / 1000
        self._servers = [
            Server(name, self._commit, settings.flush_ms / 1000, random.Random(f"{settings.seed} {name}"))
            for name in settings.names
        ]

    def ordinary(self, event: Taken) -> None:
        """Let one of the servers keep the event of an ordinary call."""
        server = self._pick()
        name, visitor, body = event
        server.keep((visitor, name, body, server.name))

    async def batch(self, events: Sequence[Taken]) -> None:
        """Store a batch as a part of one transaction and return when that is on disk (and replicated)."""
        await self.commit(self.rows(events))

    def rows(self, events: Sequence[Taken]) -> list[Row]:
        """The rows of a batch, taken by one of the servers."""
        taken_by = self._pick().name
        return [(visitor, name, body, taken_by) for name, visitor, body in events]

    async def commit(self, rows: list[Row]) -> None:
        """Store rows as a part of one transaction; they stand in the log in the order of the calls of this."""
        await self._commit.put(rows)
        if self._delay_s:
            await asyncio.sleep(self._delay_s)

    def _pick(self) -> Server:
        return self._servers[int(self._chance.random() * len(self._servers))]

    async def close(self) -> None:
        """Store what is kept, and wait until it is on disk; raises StoreError where the store fails even now."""
        flushed = [server.flush() for server in self._servers]
        await self._commit.close()
        await asyncio.gather(*flushed)
