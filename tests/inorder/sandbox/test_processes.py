"""Server processes: restarted when they are killed, ended together, and never left behind."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from inorder.sandbox.address import Postgres
from tests.inorder.samples import event, views
from tests.inorder.sandboxes import KEYS, ROOT, Far, Place, far, in_store, start

SUPERVISE = """
import os, signal, sys, time
from pathlib import Path
from inorder.errors import InorderError, UnusableInput
from inorder.sandbox.processes import supervise
told = Path(sys.argv[1])
def serve(listening):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    listening()
    time.sleep(60)
def once(listening):
    with told.open("a") as lives:
        lives.write("x")
    if len(told.read_text()) == 1:
        listening()
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    raise UnusableInput("no more")
def never(listening):
    raise UnusableInput("not even once")
def last(listening):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        listening()  # from here on it may be told to end
        time.sleep(60)
    finally:
        raise InorderError("it could not be stored")
try:
    supervise({"s1": serve, "s2": globals()[sys.argv[2]]}, lambda: print("all listen", flush=True))
except InorderError as error:
    print(error)
"""


def supervised(folder: Path, work: str) -> "subprocess.Popen[str]":
    """A supervisor of two processes; the second does `work`."""
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(folder / "lives"), work],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ("once", "all listen\nserver s2: ended 5 times before it listened: no more\n"),
        ("never", "not even once\n"),
    ],
)
def test_a_process_that_does_not_get_to_listen_ends_all(tmp_path: Path, work: str, said: str) -> None:
    """At once where it never did, and after some attempts where it did: in one line, with the last reason."""
    process = supervised(tmp_path, work)
    heard, _ = process.communicate(timeout=60)
    assert heard == said


def test_what_a_process_could_not_store_at_the_end_is_told(tmp_path: Path) -> None:
    """By the supervisor, which ends when it is told to."""
    process = supervised(tmp_path, "last")
    assert process.stdout is not None
    assert process.stdout.readline() == "all listen\n"
    process.terminate()
    assert process.communicate(timeout=60)[0] == "server s2: it could not be stored\n"


def health(base: str) -> dict[str, Any]:
    """What the process behind an address tells of itself."""
    answer = httpx.get(f"{base.removesuffix('/1.0')}/health", timeout=30)
    found: dict[str, Any] = answer.json()
    return found


def several(place: Place, **options: Any) -> dict[str, Any]:
    """Options of a sandbox whose processes are restarted, with either store."""
    return {"servers": 3, **options} if isinstance(place, Postgres) else {"restart": True, **options}


def test_each_server_is_a_process_of_its_own(database: Postgres) -> None:
    """On a port of its own, under a name of its own; the start line names all, in the order of their names."""
    with far(database, servers=3) as sandbox:
        told = [health(base) for base in sandbox.bases]
        for number, base in enumerate(sandbox.bases):
            answer = httpx.post(f"{base}/visitorEvents", params=KEYS, json=views("ann", number))
            assert answer.status_code == 200
        page = httpx.get(f"http://127.0.0.1:{sandbox.port}/stored").text.splitlines()
        assert sandbox.end() == (0, "")
    assert [one["servers"] for one in told] == [["s1"], ["s2"], ["s3"]]
    assert len({one["pid"] for one in told} | {sandbox.process.pid}) == 4
    assert sandbox.line.startswith(f"inorder sandbox: {' '.join(sandbox.bases)} (3 servers; postgresql://")
    assert [row.partition('"server":')[2][:4] for row in page] == ['"s1"', '"s2"', '"s3"']


def free_pair() -> int:
    """A free port whose next one is free too."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError), socket.create_server(("127.0.0.1", port + 1)):
                return port


def test_the_ports_follow_the_first(database: Postgres) -> None:
    """Where it is given; one that is in use is told before anything is started."""
    port = free_pair()
    with socket.create_server(("127.0.0.1", port + 1)):
        said, _ = start(database, port=port, servers=2).communicate(timeout=30)
    assert said == f"port {port + 1}: in use\n"
    with far(database, servers=2, port=port) as sandbox:
        assert sandbox.bases == [f"http://127.0.0.1:{port + number}/1.0" for number in range(2)]


def test_the_start_line_holds_no_password(database: Postgres) -> None:
    """Nor does anything that is said later."""
    dsn = str(database.dsn).replace("postgres@", "postgres:s3cr3t@")
    with far(Postgres(dsn), servers=1) as sandbox:
        assert health(sandbox.base)["status"] == "ok"
        code, said = sandbox.end()
    assert (code, said) == (0, "")
    assert "s3cr3t" not in sandbox.line


@pytest.mark.parametrize("store", ["postgresql://me:s3cr3t@127.0.0.1:1/log"])
def test_a_database_that_is_not_there_is_one_line(tmp_path: Path, store: str) -> None:
    """By the command that cannot start, with exit code 2, and without the password."""
    process = start(tmp_path, store=store, servers=3)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said.startswith("store postgresql://127.0.0.1:1/log: ")
    assert said.count("\n") == 1
    assert "s3cr3t" not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_processes_cleanly(database: Postgres, number: int) -> None:
    """What each of them still kept is stored."""
    with far(database, flush_ms=60_000, servers=3) as sandbox:
        for product in range(12):
            base = sandbox.bases[product % 3]
            assert httpx.post(f"{base}/view", params=KEYS, json=event(productId=product)).status_code == 200
        assert sandbox.end(number) == (0, "")
    assert sorted(in_store(database)["ann"]) == list(range(12))


class Visitor(threading.Thread):
    """Sends its batches one after another, each to the next process, until one is not confirmed or it is told to end."""

    def __init__(self, name: str, sandbox: Far, number: int) -> None:
        super().__init__(name=name)
        self.sandbox, self.number = sandbox, number
        self.confirmed = 0
        self.failed = False
        self.stop = threading.Event()

    def run(self) -> None:
        bases = self.sandbox.bases
        with httpx.Client(timeout=30) as client:
            while not self.stop.is_set() and not self.failed:
                base = bases[(self.number + self.confirmed // 20) % len(bases)]
                batch = views(self.name, *range(self.confirmed, self.confirmed + 20))
                try:
                    answer = client.post(f"{base}/visitorEvents", params=KEYS, json=batch)
                except httpx.HTTPError:
                    self.failed = True
                    return
                assert answer.status_code == 200
                self.confirmed += 20


def visiting(sandbox: Far, count: int) -> list[Visitor]:
    """Visitors that have begun."""
    visitors = [Visitor(f"v{number}", sandbox, number) for number in range(count)]
    for visitor in visitors:
        visitor.start()
    return visitors


def test_a_visitor_keeps_its_order_over_all_processes(database: Postgres) -> None:
    """Eight at once, each sending its next batch to another process after the answer."""
    with far(database, servers=3) as sandbox:
        visitors = visiting(sandbox, 8)
        while any(visitor.confirmed < 200 for visitor in visitors):
            time.sleep(0.02)
        for visitor in visitors:
            visitor.stop.set()
            visitor.join()
        assert sandbox.end() == (0, "")
    found = in_store(database)
    assert found == {visitor.name: list(range(visitor.confirmed)) for visitor in visitors}


def test_a_killed_process_is_back_on_its_port(place: Place) -> None:
    """Under its name, with nothing that it confirmed lost; the other processes serve on, as the same."""
    with far(place, **several(place)) as sandbox:
        before = [health(base) for base in sandbox.bases]
        visitors = visiting(sandbox, 6)
        while any(visitor.confirmed < 100 for visitor in visitors):
            time.sleep(0.02)
        psutil.Process(before[0]["pid"]).kill()
        after = [health(base) for base in sandbox.bases]
        for visitor in visitors:
            visitor.stop.set()
            visitor.join()
        again = httpx.post(f"{sandbox.base}/visitorEvents", params=KEYS, json=views("ann", 1))
        assert again.status_code == 200
        assert sandbox.end() == (0, "")
    assert before[0]["pid"] != after[0]["pid"]
    assert before[1:] == after[1:]
    assert [one["servers"] for one in before] == [one["servers"] for one in after]
    found = in_store(place)
    assert found.pop("ann") == [1]
    for visitor in visitors:
        assert found[visitor.name] == list(range(len(found[visitor.name])))
        assert len(found[visitor.name]) in (visitor.confirmed, visitor.confirmed + 20 * visitor.failed)


def test_a_process_that_is_killed_again_and_again_comes_back(place: Place) -> None:
    """As often as it had listened: only one that does not get that far is given up."""
    with far(place, **several(place, servers=1)) as sandbox:
        seen = set()
        for _ in range(8):
            process = psutil.Process(health(sandbox.base)["pid"])
            seen.add(process.pid)
            process.kill()
            process.wait(30)
        assert len(seen) == 8
        assert sandbox.end() == (0, "")


@pytest.mark.parametrize("options", [{"store": "postgresql", "servers": 3}, {"restart": True}])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_behind(tmp_path: Path, options: dict[str, Any], number: int) -> None:
    """However the supervisor ends: no server process, no PostgreSQL, no folder."""
    with far(tmp_path, **options) as sandbox:
        family = psutil.Process(sandbox.process.pid).children(recursive=True)
        assert len(family) >= options.get("servers", 1)
        commands = [process.cmdline() for process in family]
        made = {Path(command[command.index("-k") + 1]) for command in commands if "-k" in command}
        assert [folder.is_dir() for folder in made] == [True] * ("store" in options)
        sandbox.end(number)
        _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []
    assert [folder for folder in made if folder.exists()] == []
