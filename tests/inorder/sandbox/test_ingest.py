"""How events get into the store: what keeps its order, what loses it, and what shares a transaction."""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from inorder.sandbox.ingest import GroupCommit, Ingest, Taken
from inorder.sandbox.settings import Settings
from inorder.sandbox.store import Row, StoreError, StoreUnsure
from tests.inorder.samples import event, views
from tests.inorder.sandboxes import Place, near


class Slow:
    """A store that takes a moment for each transaction, fails while `broken`, and remembers what it was given."""

    def __init__(self, broken: bool = False, failure: StoreError | None = None) -> None:
        self.groups: list[list[bytes]] = []
        self.broken = broken
        self.failure = failure or StoreError("disk full")
        self.under_way = 0

    async def commit(self, rows: Sequence[Row]) -> None:
        self.under_way += 1
        assert self.under_way == 1, "two transactions at once"
        await asyncio.sleep(0.01)
        self.under_way -= 1
        if self.broken:
            raise self.failure
        self.groups.append([body for _, _, body, _ in rows])

    async def page(self, after: int, limit: int) -> bytes:
        raise AssertionError("taking in reads nothing")

    async def close(self) -> None:
        raise AssertionError("the store is closed by who opened it")


def row(body: bytes) -> Row:
    """A row of which only the body matters."""
    return ("ann", "view", body, "s1")


def settings(**more: Any) -> Settings:
    """Settings with one server."""
    return Settings(**{"store": Path("unused"), "servers": 1, **more})


def taken(*bodies: bytes) -> list[Taken]:
    """A batch as the routes hand it over."""
    return [("view", "ann", body) for body in bodies]


def test_a_batch_waits_for_its_commit() -> None:
    """Its answer comes after the store has it, and waiting batches share a transaction in the order of their calls."""
    store = Slow()

    async def play() -> list[int]:
        ingest = Ingest(settings(), store)
        first = asyncio.create_task(ingest.batch(taken(b"0")))
        await asyncio.sleep(0.005)
        others = [asyncio.create_task(ingest.batch(taken(b"%d" % n, b"%d'" % n))) for n in range(1, 6)]
        await first
        seen = [len(store.groups)]
        await asyncio.gather(*others)
        return [*seen, len(store.groups)]

    assert asyncio.run(play()) == [1, 2]
    assert store.groups == [[b"0"], [b"1", b"1'", b"2", b"2'", b"3", b"3'", b"4", b"4'", b"5", b"5'"]]


def test_a_group_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that has its fill goes, and what still waits is the next one; no batch is cut in two."""
    monkeypatch.setattr("inorder.sandbox.ingest.GROUP_ROWS", 3)
    store = Slow()

    async def play() -> None:
        commit = GroupCommit(store)
        await asyncio.gather(*(commit.put([row(b"%d" % n), row(b"%d'" % n)]) for n in range(3)))

    asyncio.run(play())
    assert store.groups == [[b"0", b"0'", b"1", b"1'"], [b"2", b"2'"]]


def test_who_waits_hears_that_the_store_failed() -> None:
    """Each of the waiting batches, and the next one is tried again."""
    store = Slow(broken=True)

    async def play() -> list[str]:
        commit = GroupCommit(store)
        failed = await asyncio.gather(commit.put([row(b"a")]), commit.put([row(b"b")]), return_exceptions=True)
        store.broken = False
        await commit.put([row(b"c")])
        return [str(error) for error in failed]

    assert asyncio.run(play()) == ["disk full", "disk full"]
    assert store.groups == [[b"c"]]


def test_an_ordinary_event_is_kept_while_the_store_fails() -> None:
    """It was accepted: the server tries again, in the old order."""
    store = Slow(broken=True)

    async def play() -> None:
        ingest = Ingest(settings(flush_ms=1), store)
        for body in (b"a", b"b"):
            ingest.ordinary(("view", "ann", body))
        await asyncio.sleep(0.03)
        store.broken = False
        ingest.ordinary(("view", "ann", b"c"))
        await asyncio.sleep(0.05)
        await ingest.close()

    asyncio.run(play())
    assert [body for group in store.groups for body in group] == [b"a", b"b", b"c"]


def test_an_ordinary_event_that_may_be_stored_is_not_stored_again() -> None:
    """It was accepted, so it may be lost, but one call never becomes two events; what comes later is kept."""
    store = Slow(broken=True, failure=StoreUnsure("connection lost"))

    async def play() -> None:
        ingest = Ingest(settings(flush_ms=1), store)
        for body in (b"a", b"b"):
            ingest.ordinary(("view", "ann", body))
        await asyncio.sleep(0.03)
        store.broken = False
        ingest.ordinary(("view", "ann", b"c"))
        await ingest.close()

    asyncio.run(play())
    assert store.groups == [[b"c"]]


def test_a_server_that_keeps_too_much_flushes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before its timer."""
    monkeypatch.setattr("inorder.sandbox.ingest.KEEP_ROWS", 3)
    store = Slow()

    async def play() -> None:
        ingest = Ingest(settings(flush_ms=60_000, seed=3), store)
        for body in (b"a", b"b", b"c", b"d"):
            ingest.ordinary(("view", "ann", body))
        await asyncio.sleep(0.03)
        assert store.groups == [[b"a", b"b", b"c"]]
        await ingest.close()

    asyncio.run(play())
    assert store.groups == [[b"a", b"b", b"c"], [b"d"]]


def test_replication_delay_comes_after_the_commit() -> None:
    """The batch is in the store at once, its answer waits."""
    store = Slow()

    async def play() -> None:
        batch = asyncio.create_task(Ingest(settings(replication_delay_ms=80), store).batch(taken(b"a")))
        await asyncio.sleep(0.04)
        assert store.groups == [[b"a"]]
        assert not batch.done()
        await batch

    asyncio.run(play())


@pytest.mark.parametrize("slower", [{"commit_ms": 80.0}, {"row_us": 40_000.0}])
def test_a_slower_disk_holds_the_answers_back_and_the_commits_behind(slower: dict[str, float]) -> None:
    """A group's answers wait, by commit and by row, and so does the group that gathers meanwhile."""
    store = Slow()

    async def play() -> None:
        ingest = Ingest(settings(**slower), store)
        first = asyncio.create_task(ingest.batch(taken(b"a", b"b")))
        await asyncio.sleep(0.02)
        second = asyncio.create_task(ingest.batch(taken(b"c")))
        await asyncio.sleep(0.02)
        assert store.groups == [[b"a", b"b"]]
        assert not first.done()
        await asyncio.gather(first, second)
        assert store.groups == [[b"a", b"b"], [b"c"]]

    asyncio.run(play())


def products(rows: list[dict[str, Any]], visitor: str = "ann") -> list[int]:
    """What a visitor looked at, in stored order."""
    return [stored["event"]["productId"] for stored in rows if stored["visitor"] == visitor]


def test_ordinary_calls_lose_their_order_on_four_servers(place: Place) -> None:
    """Sent one after another, each answered before the next: all are stored, not in order, by all four."""
    with near(place, servers=4, flush_ms=20) as sandbox:

        async def play() -> None:
            for number in range(200):
                answer = await sandbox.send("view", event(productId=number))
                assert answer.status_code == 200

        sandbox.run(play())
        rows = sandbox.stored_after(0.1)
    assert sorted(products(rows)) == list(range(200))
    assert products(rows) != list(range(200))
    assert {stored["server"] for stored in rows} == {"s1", "s2", "s3", "s4"}


def test_one_server_keeps_the_order_of_ordinary_calls(place: Place) -> None:
    """The twin: it is the servers that lose the order, nothing else."""
    with near(place, servers=1, flush_ms=20) as sandbox:
        for number in range(100):
            sandbox.post("view", event(productId=number))
        assert products(sandbox.stored_after(0.1)) == list(range(100))


def test_an_ordinary_call_is_answered_before_it_is_stored(place: Place) -> None:
    """Accepted means accepted: right after the answer the log may still be empty; at the end nothing is missing."""
    with near(place, flush_ms=10_000) as sandbox:
        sandbox.post("view", event())
        assert sandbox.stored() == []
    with near(place) as sandbox:
        assert len(sandbox.stored()) == 1


def test_batches_that_were_awaited_keep_their_order(place: Place) -> None:
    """Twenty visitors at once, each sending its next batch after the answer: every visitor's log is in order."""
    with near(place, servers=4) as sandbox:

        async def visitor(name: str) -> None:
            chance = random.Random(name)
            sent = 0
            while sent < 100:
                batch = views(name, *range(sent, sent + chance.randint(1, 30)))
                assert (await sandbox.send("visitorEvents", batch)).status_code == 200
                sent += len(batch)

        async def play() -> None:
            await asyncio.gather(*(visitor(f"v{number}") for number in range(20)))

        sandbox.run(play())
        rows = sandbox.stored()
    assert [stored["position"] for stored in rows] == list(range(1, len(rows) + 1))
    for number in range(20):
        seen = products(rows, f"v{number}")
        assert seen == list(range(len(seen)))
        assert len(seen) >= 100


@pytest.mark.parametrize(
    ("failure", "status", "error"),
    [
        (StoreError("disk full"), 503, "the batch could not be stored"),
        (StoreUnsure("connection lost"), 500, "it is not known whether the batch is stored"),
    ],
)
def test_a_store_that_fails_is_told_as_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: StoreError, status: int, error: str
) -> None:
    """The batch is not confirmed: 503 says that nothing of it is stored, 500 that nobody knows."""

    async def fail(*_: object) -> None:
        raise failure

    with near(tmp_path) as sandbox:
        with monkeypatch.context() as patched:
            patched.setattr("inorder.sandbox.store_sqlite.SqliteStore.commit", fail)
            answer = sandbox.post("visitorEvents", views("ann", 1))
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert sandbox.stored() == []


def gathered(*work: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
    """All at once."""

    async def play() -> list[Any]:
        return list(await asyncio.gather(*work))

    return play()


def test_the_real_store_shares_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty batches at once need far fewer than fifty transactions."""
    from inorder.sandbox.store_sqlite import SqliteStore

    commits = 0
    commit = SqliteStore.commit

    async def counted(self: SqliteStore, rows: Sequence[Row]) -> None:
        nonlocal commits
        commits += 1
        await commit(self, rows)

    monkeypatch.setattr(SqliteStore, "commit", counted)
    with near(tmp_path) as sandbox:
        sandbox.run(gathered(*(sandbox.send("visitorEvents", views(f"v{n}", 1, 2)) for n in range(50))))
        assert len(sandbox.stored()) == 100
        assert 1 <= commits <= 10
