"""The store in PostgreSQL: many writers, readers meanwhile, connections that are lost, and what is refused."""

import asyncio
import itertools
from typing import Any

import asyncpg
import pytest

from inorder.errors import UnusableInput
from inorder.sandbox.ingest import GroupCommit
from inorder.sandbox.store import Row, StoreError, StoreUnsure
from inorder.sandbox.store_postgres import PostgresStore
from tests.inorder.databases import Databases
from tests.inorder.sandboxes import lines


def rows(visitor: str, first: int, count: int = 3) -> list[Row]:
    """A batch whose events tell their number."""
    return [(visitor, "view", b'{"seq":%d}' % (first + at), "s1") for at in range(count)]


async def log(store: PostgresStore) -> list[dict[str, Any]]:
    """The whole log."""
    return lines(await store.page(-1, 1_000_000))


def test_many_writers_keep_each_visitors_order_and_a_reader_misses_nothing(databases: Databases) -> None:
    """Positions are given in the order of the commits: a reader that pages on meanwhile sees each row, once."""
    dsn = databases.fresh()

    async def visitor(servers: list[GroupCommit], name: str) -> None:
        for number in range(40):
            await servers[number % len(servers)].put(rows(name, 3 * number))  # each batch to the next server

    async def play() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        stores = [await PostgresStore.open(dsn) for _ in range(4)]
        reader = await PostgresStore.open(dsn)
        servers = [GroupCommit(store) for store in stores]
        writing = asyncio.gather(*(visitor(servers[at:] + servers[:at], f"v{at}") for at in range(4)))
        seen: list[dict[str, Any]] = []
        while not writing.done():
            page = lines(await reader.page(seen[-1]["position"] if seen else -1, 7))
            seen += page
            await asyncio.sleep(0)
        await writing
        while page := lines(await reader.page(seen[-1]["position"], 1000)):
            seen += page
        whole = await log(reader)
        for store in (*stores, reader):
            await store.close()
        return seen, whole

    seen, whole = asyncio.run(play())
    assert seen == whole
    assert [row["position"] for row in seen] == sorted(row["position"] for row in seen)
    for name in ("v0", "v1", "v2", "v3"):
        assert [row["event"]["seq"] for row in seen if row["visitor"] == name] == list(range(120))


def test_the_rows_of_a_commit_stand_together(databases: Databases) -> None:
    """However many servers commit at once."""
    dsn = databases.fresh()

    async def play() -> list[dict[str, Any]]:
        stores = [await PostgresStore.open(dsn) for _ in range(3)]
        for _ in range(20):
            await asyncio.gather(*(store.commit(rows(f"v{at}", 0, 10)) for at, store in enumerate(stores)))
        found = await log(stores[0])
        for store in stores:
            await store.close()
        return found

    runs = [len(list(own)) for _, own in itertools.groupby(asyncio.run(play()), lambda row: row["visitor"])]
    assert sum(runs) == 600
    assert all(run % 10 == 0 for run in runs)


def test_several_servers_may_make_the_table_at_once(databases: Databases) -> None:
    """The first makes it, the others find it."""
    dsn = databases.fresh()

    async def play() -> None:
        stores = await asyncio.gather(*(PostgresStore.open(dsn) for _ in range(8)))
        await asyncio.gather(*(store.close() for store in stores))

    asyncio.run(play())


_KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'inorder sandbox'"
)


def test_after_a_lost_connection_the_next_commit_connects_again(databases: Databases) -> None:
    """Reading, too."""
    dsn = databases.fresh()

    async def play() -> list[dict[str, Any]]:
        store = await PostgresStore.open(dsn)
        await store.commit(rows("ann", 0))
        await log(store)
        killer = await asyncpg.connect(dsn)
        await killer.execute(_KILL)
        await killer.close()
        await asyncio.sleep(0.1)
        await store.commit(rows("ann", 3))
        found = await log(store)
        await store.close()
        return found

    assert [row["event"]["seq"] for row in asyncio.run(play())] == list(range(6))


def test_a_connection_that_dies_under_a_commit_leaves_it_unsure(databases: Databases) -> None:
    """Nothing says whether it is stored; the next commit goes on."""
    dsn = databases.fresh()

    async def play() -> str:
        store = await PostgresStore.open(dsn)
        holder = await asyncpg.connect(dsn)
        await holder.execute("SELECT pg_advisory_lock(1768845170)")  # the lock of the positions: the commit waits
        waiting = asyncio.create_task(store.commit(rows("ann", 0)))
        await asyncio.sleep(0.2)
        await holder.execute(_KILL)
        with pytest.raises(StoreUnsure) as unsure:
            await waiting
        await holder.close()
        await store.commit(rows("ann", 3))
        await store.close()
        return str(unsure.value)

    assert asyncio.run(play()).startswith("the connection to the store was lost: ")


def test_what_the_database_refuses_is_not_stored(databases: Databases) -> None:
    """A certain failure is no doubt: nothing of the batch is there, and the next one works."""
    dsn = databases.fresh()

    async def play() -> list[dict[str, Any]]:
        store = await PostgresStore.open(dsn)
        databases_owner = await asyncpg.connect(dsn)
        await databases_owner.execute("ALTER TABLE inorder_sandbox.event ADD CHECK (visitor <> 'eve')")
        await databases_owner.close()
        with pytest.raises(StoreError) as failed:
            await store.commit([*rows("ann", 0), *rows("eve", 0)])
        assert not isinstance(failed.value, StoreUnsure)
        await store.commit(rows("ann", 0))
        found = await log(store)
        await store.close()
        return found

    assert [row["visitor"] for row in asyncio.run(play())] == ["ann"] * 3


def refused(dsn: str) -> str:
    """What opening says."""

    async def play() -> None:
        await (await PostgresStore.open(dsn)).close()

    with pytest.raises(UnusableInput) as error:
        asyncio.run(play())
    return str(error.value)


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("postgresql://ann:s3cr3t@127.0.0.1:1/none", "store postgresql: "),
        ("postgresql://ann:s3cr3t@nowhere.invalid/none", "store postgresql: "),
        ("postgresql://ann:s3cr3t@127.0.0.1:no/none", "store postgresql: "),
    ],
)
def test_a_database_that_cannot_be_reached_is_one_line_without_the_password(dsn: str, told: str) -> None:
    """Whatever is wrong with the address."""
    line = refused(dsn)
    assert line.startswith(told)
    assert "\n" not in line
    assert "s3cr3t" not in line


def test_a_database_that_is_not_there_is_one_line(databases: Databases) -> None:
    """It names the database."""
    dsn = databases.fresh()
    assert refused(dsn.replace("/test", "/nothing")).startswith('store postgresql: database "nothing')


def test_a_table_of_something_else_is_refused_and_kept(databases: Databases) -> None:
    """It is not touched."""
    dsn = databases.fresh()
    databases.run("CREATE SCHEMA inorder_sandbox", "CREATE TABLE inorder_sandbox.event (a int)", dsn=dsn)
    assert refused(dsn) == "store postgresql: inorder_sandbox.event is a table of something else"


def test_discard_takes_the_rows_behind_a_position(databases: Databases) -> None:
    """And tells which; positions go on where they stood."""
    dsn = databases.fresh()

    async def play() -> tuple[Any, ...]:
        store = await PostgresStore.open(dsn)
        empty = await store.last_position()
        await store.commit(rows("ann", 0))
        gone = await store.discard(await store.last_position() - 1)
        await store.commit(rows("ann", 3))
        found = await log(store)
        await store.reset()
        left = await log(store)
        await store.close()
        return empty, gone, [row["event"]["seq"] for row in found], left

    empty, gone, seqs, left = asyncio.run(play())
    assert (empty, gone, seqs, left) == (-1, [("ann", b'{"seq":2}')], [0, 1, 3, 4, 5], [])
