"""How fast a stored log is read back by SQL: a million events into a run folder, from SQLite and from PostgreSQL.

`python benchmarks/readback.py` fills a table of each with views of many visitors as the sandbox stores them (the same rows
every time; PostgreSQL is the embedded one), reads it into a run folder in a process of its own, once (`readings = 1`,
`settle_s` as short as it may be), and prints the seconds from the first query to the file, the CPU time and the peak memory
of that process. It asks for at most 15 s and 1 GiB, and its exit code tells whether that was held.
"""

import argparse
import asyncio
import contextlib
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import asyncpg

from inorder.dialects import VISITOR_EVENTS
from inorder.events import Namespace
from inorder.readback.identities import Identities
from inorder.readback.settle import read_log
from inorder.readback.sql import Query
from inorder.readback.ways import Query as Way
from inorder.run import RunFolder
from inorder.sandbox.embedded import embedded
from inorder.scenario import Readback
from inorder.templates import CLICKS, event_of, name_of, spread

PREFIX, VISITORS = "benchmark", 50_000
LIMIT_S, LIMIT_MB = 15.0, 1024
QUERY = "SELECT position, visitor, name, event FROM event WHERE position > :after ORDER BY position"
Row = tuple[int, str, str, str]


def rows(events: int) -> Iterator[Row]:
    """Events of visitors in turn: position, visitor, name, event."""
    own, table = Namespace(PREFIX), spread(CLICKS, 100)
    for position in range(events):
        visitor, seq = 1 + position % VISITORS, position // VISITORS
        name = own.name(visitor)
        filled = table[position % 100] % (own.base(visitor) + seq, name.encode(), b"2026-01-02", b"T03:04:05+00:00")
        yield position, name, name_of(filled).decode(), event_of(filled).decode()


@contextlib.contextmanager
def sqlite(events: int, folder: Path) -> Iterator[str]:
    """The address of a SQLite file with so many events."""
    with contextlib.closing(sqlite3.connect(folder / "log.sqlite")) as file, file:
        file.execute("CREATE TABLE event (position INTEGER PRIMARY KEY, visitor TEXT, name TEXT, event BLOB)")
        stored = ((position, visitor, name, event.encode()) for position, visitor, name, event in rows(events))
        file.executemany("INSERT INTO event VALUES (?,?,?,?)", stored)
    yield f"sqlite:///{folder / 'log.sqlite'}"


@contextlib.contextmanager
def postgresql(events: int, folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL server with so many events."""

    async def fill(dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute("CREATE TABLE event (position bigint PRIMARY KEY, visitor text, name text, event text)")
        await connection.copy_records_to_table("event", records=rows(events))
        await connection.close()

    with embedded() as dsn:
        asyncio.run(fill(dsn))
        yield dsn


def read(uri: str, folder: Path) -> None:
    """Read a log into a run folder, and print how long it took and the peak memory of this process."""
    run = RunFolder(folder)
    run.evidence.mkdir(parents=True)
    asked = Readback(settle_s=0.01, readings=1)
    began = time.monotonic()
    with contextlib.closing(Query(Way(uri=uri, query=QUERY), asked.page)) as reader:
        identities = Identities(Namespace(PREFIX), VISITOR_EVENTS)
        went = read_log(run, reader, identities, asked, time.monotonic, -1)
    seconds, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    peak = used.ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps({"rows": went.rows, "s": seconds, "cpu_s": cpu, "mb": peak, "error": went.error}))


def main() -> None:
    """Measure each database so often; exit code 1 where a limit was not held in the best repeat."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--read", nargs=2, metavar=("URI", "FOLDER"), help="only read: what the others are measured by")
    asked = parser.parse_args()
    if asked.read:
        read(asked.read[0], Path(asked.read[1]))
        return
    held = True
    for store in (sqlite, postgresql):
        with tempfile.TemporaryDirectory() as place, store(asked.events, Path(place)) as uri:
            found = []
            for repeat in range(asked.repeats):
                command = [sys.executable, __file__, "--read", uri, f"{place}/run{repeat}"]
                found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
                assert found[-1]["rows"] == asked.events, found[-1]
        seconds, mb = min(one["s"] for one in found), max(one["mb"] for one in found)
        held = held and seconds <= LIMIT_S and mb <= LIMIT_MB
        each = ", ".join(f"{one['s']:.1f} s with {one['cpu_s']:.1f} s of CPU" for one in found)
        print(f"{store.__name__}: {asked.events:,} events in {seconds:.1f} s ({each}), {mb:.0f} MB at most", flush=True)
    sys.exit(not held)


if __name__ == "__main__":
    main()
