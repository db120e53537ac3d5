"""The PostgreSQL store: many writers in one order, connections that are lost, and databases that are refused."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from inorder.errors import UnusableInput
from inorder.sandbox.address import Postgres
from inorder.sandbox.store import Store, StoreError, StoreUnsure
from inorder.sandbox.store_postgres import _INSERT, _TURN, PostgresStore
from tests.inorder.sandbox.conftest import execute
from tests.inorder.sandbox.stores import numbers, playing, rows
from tests.inorder.sandboxes import lines, selected

SAME = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


async def soon(store: PostgresStore) -> None:
    """Wait until the writer of the store waits for its turn."""
    query = "SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'advisory'"
    while not await selected(store._address, query, store._name):
        await asyncio.sleep(0.01)


def test_a_reader_misses_nothing_while_many_write(database: Postgres) -> None:
    """Pages read meanwhile, each behind the last, are the whole log; each commit is one piece of it, in its own order."""

    async def write(store: PostgresStore, visitor: str) -> None:
        for number in range(60):
            await store.commit(rows(1 + number * 7 % 40, visitor=visitor, begin=number * 100))

    async def play(*stores: PostgresStore) -> None:
        writing = asyncio.gather(*(write(store, f"v{number}") for number, store in enumerate(stores[1:])))
        seen, after, done = [], -1, False
        while not done:
            done = writing.done()
            page = lines(await stores[0].page(after, 1_000))
            after = page[-1]["position"] if page else after
            seen += page
        await writing
        assert seen == lines(await stores[0].page(-1, 100_000))
        pieces: list[tuple[str, int]] = []
        for row in seen:
            piece = row["visitor"], row["event"]["n"] // 100
            if not pieces or pieces[-1] != piece:
                pieces.append(piece)
        assert len(pieces) == 4 * 60
        for number in range(4):
            mine = [row["event"]["n"] for row in seen if row["visitor"] == f"v{number}"]
            assert mine == sorted(set(mine))

    playing(database, play, writers=5)


def test_a_commit_waits_for_the_one_whose_positions_are_drawn(database: Postgres) -> None:
    """Else it would be visible first, and a reader would step over the rows that come to be visible below it."""

    async def play(store: PostgresStore) -> list[int]:
        other = await asyncpg.connect(database.dsn)
        async with other.transaction():
            await other.fetch(_INSERT, ["bob"], ["view"], ['{"n":7}'], ["s9"], 1.0)
            later = asyncio.create_task(store.commit(rows(2)))
            await soon(store)
            assert await store.page(-1, 10) == b""
            assert not later.done()
        await later
        await other.close()
        return await numbers(store)

    assert playing(database, play) == [7, 0, 1]


def test_a_commit_is_on_disk_when_it_returns(server: str, database: Postgres) -> None:
    """Even where the database's own default is not to wait for it; and the embedded server does sync."""
    execute(str(database.dsn), "ALTER ROLE postgres SET synchronous_commit = off")
    try:

        async def play(store: PostgresStore) -> list[str]:
            assert store._writer is not None
            names = ("synchronous_commit", "fsync", "full_page_writes")
            return [await store._writer.fetchval(f"SHOW {name}") for name in names]

        assert playing(database, play) == ["on", "on", "on"]
    finally:
        execute(server, "ALTER ROLE postgres RESET synchronous_commit")


def test_a_lost_connection_is_made_again(database: Postgres) -> None:
    """For the next commit and for the next page, where nothing was under way."""

    async def play(store: PostgresStore) -> list[int]:
        await store.commit(rows(1))
        await numbers(store)
        await selected(database, SAME)
        await asyncio.sleep(0.1)
        assert await numbers(store) == [0]
        await store.commit(rows(1, begin=1))
        return await numbers(store)

    assert playing(database, play) == [0, 1]


def test_a_page_is_asked_for_again_where_its_connection_is_lost(database: Postgres) -> None:
    """Reading twice harms nothing."""

    async def play(store: PostgresStore) -> list[int]:
        await store.commit(rows(2))
        await numbers(store)
        other = await asyncpg.connect(database.dsn)
        async with other.transaction():
            await other.execute("LOCK TABLE event")
            page = asyncio.create_task(numbers(store))
            while not await selected(database, "SELECT 1 FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
            await selected(database, f"{SAME} AND application_name LIKE '%reads'")
        await other.close()
        return await page

    assert playing(database, play) == [0, 1]


@pytest.mark.parametrize("end", ["by the server", "by the client"])
def test_a_commit_without_an_answer_is_unsure_and_over(database: Postgres, end: str) -> None:
    """It is not told as not stored; and it is not stored behind the back of the next commit, whoever makes that."""

    async def play(store: PostgresStore) -> list[int]:
        other = await asyncpg.connect(database.dsn)
        await other.execute(f"SELECT pg_advisory_lock({_TURN})")
        first = asyncio.create_task(store.commit(rows(1)))
        await soon(store)
        if end == "by the server":
            await selected(database, f"{SAME} AND application_name = $1", store._name)
        else:
            assert store._writer is not None
            store._writer.terminate()
        with pytest.raises(StoreUnsure):
            await first
        second = asyncio.create_task(store.commit(rows(1, begin=1)))
        await soon(store)
        await asyncio.sleep(0.1)
        await other.close()
        await second
        return await numbers(store)

    assert playing(database, play) == [1]


def test_a_database_that_takes_nobody_is_certain(database: Postgres, server: str) -> None:
    """No connection, so nothing was sent: nothing is stored, and the next commit tries again."""
    name = urlsplit(str(database.dsn)).path[1:]

    async def play(store: PostgresStore) -> list[int]:
        await selected(Postgres(server), f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await selected(Postgres(server), SAME.replace("current_database()", f"'{name}'"))
        await asyncio.sleep(0.1)
        for call in (store.commit(rows(1)), store.page(-1, 1)):
            with pytest.raises(StoreError) as failed:
                await call
            assert not isinstance(failed.value, StoreUnsure)
        await selected(Postgres(server), f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await store.commit(rows(1, begin=1))
        return await numbers(store)

    assert playing(database, play) == [1]


def test_many_may_make_the_table_at_once(database: Postgres) -> None:
    """One makes it, the others find it."""

    async def play() -> int:
        stores = await asyncio.gather(*(PostgresStore.open(database, f"s{number}") for number in range(8)))
        await asyncio.gather(*(store.commit(rows(1)) for store in stores))
        count = len(await numbers(stores[0]))
        await asyncio.gather(*(store.close() for store in stores))
        return count

    assert asyncio.run(play()) == 8


def refusal(address: Postgres) -> str:
    """Why a database is refused."""

    async def play(_: Store) -> None:
        raise AssertionError("it was opened")

    with pytest.raises(UnusableInput) as refused:
        playing(address, play)
    return str(refused.value)


def test_a_database_of_something_else_is_refused(database: Postgres) -> None:
    """A table `event` that is not the sandbox's, whatever its columns; nothing is written."""
    execute(str(database.dsn), "CREATE TABLE event (position bigint, visitor text, name text, event text)")
    assert refusal(database) == f"store {database}: a database of something else, for its table event is not the sandbox's"


def test_a_database_in_another_encoding_is_refused(database: Postgres, server: str) -> None:
    """It could not keep every event."""
    name = "test_latin"
    execute(server, f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0")
    address = Postgres(str(database.dsn).replace(str(urlsplit(str(database.dsn)).path), f"/{name}"))
    try:
        assert refusal(address) == f"store {address}: expected a database in UTF8"
    finally:
        execute(server, f"DROP DATABASE {name}")


def test_what_cannot_be_reached_is_one_line(server: str) -> None:
    """It says where, and why; no database, no server."""
    folder = parse_qs(urlsplit(server).query)["host"][0]
    missing = Postgres(f"postgresql://postgres@/nothing?host={folder}")
    assert refusal(missing) == f'store postgresql://{folder}/nothing: database "nothing" does not exist'
    refused = refusal(Postgres("postgresql://me:s3cr3t@127.0.0.1:1/log"))
    assert refused.startswith("store postgresql://127.0.0.1:1/log: ")
    assert "refused" in refused or "Connect call failed" in refused
    for line in (refused, refusal(Postgres("postgresql://me:s3cr3t@127.0.0.1/log?sslmode=s3cr3t"))):
        assert "\n" not in line
        assert "s3cr3t" not in line


def test_a_wrong_password_is_one_line_without_it(server: str) -> None:
    """Neither the wrong one nor the right one."""
    folder = Path(parse_qs(urlsplit(server).query)["host"][0])
    rules = folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    execute(server, "CREATE ROLE locked LOGIN PASSWORD 'r1ghts3cr3t'")
    rules.write_text(f"local all locked scram-sha-256\n{before}")
    try:
        execute(server, "SELECT pg_reload_conf()", "SELECT pg_sleep(0.2)")
        line = refusal(Postgres(f"postgresql://locked:s3cr3t@/postgres?host={folder}"))
    finally:
        rules.write_text(before)
        execute(server, "SELECT pg_reload_conf()", "DROP ROLE locked")
    assert line == f'store postgresql://{folder}/postgres: password authentication failed for user "locked"'
