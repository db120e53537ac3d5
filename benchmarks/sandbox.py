"""How many durable batches a second the sandbox takes, on either store, and a plain service beside it.

Run it from the checkout: `python benchmarks/sandbox.py`. The sandbox with SQLite and the plain service (plain_service.py)
are pinned to one core, and the client to another; with PostgreSQL all share the machine. Whether each stored exactly what
it confirmed is said. All traffic stays on the loopback interface; each is bounded by `--batches` and by `--seconds`.
"""

import argparse
import contextlib
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import psutil

ROOT = Path(__file__).resolve().parent.parent
QUERY = "apiKey=k&partnerId=p"
CONFIRMED = b"\r\n\r\n{}"
"""How a confirming answer ends."""
TARGETS = {"sqlite": 3000, "postgresql": 1500}
"""Durable batches of 20 events a second."""
SERVERS = 3
"""Server processes with PostgreSQL."""


@dataclass(frozen=True)
class Contender:
    """A service under load."""

    process: psutil.Process
    ports: list[int]
    count: Callable[[], int]
    """Rows that it has stored."""

    def cpu_s(self) -> float:
        """CPU that it and its processes, a database among them, have used."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(times.user + times.system for times in (process.cpu_times() for process in family))


@dataclass(frozen=True)
class Result:
    """What one run measured; times in seconds."""

    batches: int
    wall_s: float
    cpu_s: float
    answered_s: list[float]
    refused: int
    stored: int

    @property
    def per_s(self) -> float:
        """Durable batches a second."""
        return self.batches / self.wall_s

    def report(self, events: int, connections: int) -> str:
        """A few lines for people."""
        ordered = sorted(self.answered_s)
        p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.50, 0.99))
        same = "the same" if self.stored == self.batches * events else "NOT THE SAME"
        return (
            f"  {self.per_s:8.0f} durable batches/s: {self.batches} of {events} events over {connections} connections "
            f"in {self.wall_s:.1f} s\n"
            f"  {self.cpu_s / self.batches * 1e6:8.1f} us CPU of the service a batch "
            f"({self.cpu_s / self.wall_s:.2f} cores)\n"
            f"  {p50:8.1f} ms p50, {p99:.1f} ms p99 until answered\n"
            f"  {self.stored:8d} rows stored, {self.batches * events} confirmed: {same}; {self.refused} not confirmed"
        )


def bodies(events: int, connection: int, count: int = 20) -> list[bytes]:
    """Ready-made requests of one connection, each with a batch of its own visitor."""
    made = []
    for number in range(count):
        batch = [
            {
                "view": {
                    "sessionExternalId": f"bench{connection}",
                    "timestamp": "2018-09-15T15:53:00+00:00",
                    "productId": 4_398_046_511_104 + number * events + index,
                }
            }
            for index in range(events)
        ]
        body = msgspec.json.encode(batch)
        head = (
            f"POST /1.0/visitorEvents?{QUERY} HTTP/1.1\r\nHost: sandbox\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def pinned(core: int | None) -> Callable[[], None] | None:
    """What pins a new process to a core."""
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


@contextlib.contextmanager
def sandbox(store: str, core: int | None) -> Iterator[Contender]:
    """A sandbox of its own on free ports."""
    command = [sys.executable, "-m", "inorder", "sandbox", "--port", "0", "--store", store]
    if store == "postgresql":
        command += ["--servers", str(SERVERS)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, preexec_fn=pinned(core)) as child:
        try:
            assert child.stdout is not None
            words = child.stdout.readline().decode().split()
            ports = [int(word.rpartition(":")[2].partition("/")[0]) for word in words if word.startswith("http://")]
            yield Contender(psutil.Process(child.pid), ports, lambda: count_stored(ports[0]))
        finally:
            child.terminate()
            child.wait(60)


@contextlib.contextmanager
def plain(file: str, core: int | None) -> Iterator[Contender]:
    """A plain service on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("plain_service.py")), file, str(port)]
    counted = f"http://127.0.0.1:{port}/count"
    with subprocess.Popen(command, preexec_fn=pinned(core)) as child:
        try:
            until = time.monotonic() + 30
            while time.monotonic() < until:
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(counted)
                    break
                time.sleep(0.1)
            yield Contender(psutil.Process(child.pid), [port], lambda: int(httpx.get(counted, timeout=60).text))
        finally:
            child.terminate()
            child.wait(60)


def drive(contender: Contender, connections: int, events: int, batches: int, seconds: float) -> Result:
    """Keep one batch in flight on each connection until the count or the time is over."""
    poll = select.epoll()
    socks: dict[int, socket.socket] = {}
    ready: dict[int, list[bytes]] = {}
    begun: dict[int, float] = {}
    answers: dict[int, bytes] = {}
    for connection in range(connections):
        sock = socket.create_connection(("127.0.0.1", contender.ports[connection % len(contender.ports)]))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(sock.fileno(), select.EPOLLIN)
        socks[sock.fileno()] = sock
        ready[sock.fileno()] = bodies(events, connection)
    before_s = contender.cpu_s()
    started = time.perf_counter()
    sent = refused = 0
    answered: list[float] = []

    def send(number: int) -> None:
        nonlocal sent
        answers[number] = b""
        begun[number] = time.perf_counter()
        socks[number].sendall(ready[number][sent % len(ready[number])])
        sent += 1

    def close(number: int) -> None:
        poll.unregister(number)
        socks.pop(number).close()

    for number in socks:
        send(number)
    while socks:
        arrived = poll.poll(30)
        if not arrived:
            raise SystemExit("no answer for 30 s")
        for number, _ in arrived:
            piece = socks[number].recv(65536)
            answers[number] += piece
            now = time.perf_counter()
            if answers[number].endswith(CONFIRMED):
                answered.append(now - begun[number])
            elif piece and answers[number].startswith(b"HTTP/1.1 200"[: len(answers[number])]):
                continue
            else:
                refused += 1
                close(number)
                continue
            if sent < batches and now - started < seconds:
                send(number)
            else:
                close(number)
    wall_s = time.perf_counter() - started
    cpu_s = contender.cpu_s() - before_s
    return Result(len(answered), wall_s, cpu_s, answered, refused, contender.count())


def count_stored(port: int) -> int:
    """Rows of the log, read back as the harness would."""
    after, rows = -1, 0
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        while page := client.get("/stored", params={"after": after, "limit": 100_000}).content:
            rows += page.count(b"\n")
            after = int(msgspec.json.decode(page[page.rindex(b"\n", 0, -1) + 1 :])["position"])
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--events", type=int, default=20, help="events a batch")
    parser.add_argument("--batches", type=int, default=100_000, help="end after so many")
    parser.add_argument("--seconds", type=float, default=10.0, help="end after so long")
    parser.add_argument("--only", choices=["sqlite", "postgresql", "plain"], help="measure one of them")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    here, there = cores[:2] if len(cores) > 1 else (None, None)
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        contenders = {
            "sqlite": lambda: sandbox(f"sqlite:{folder}/sandbox.db", here),
            "postgresql": lambda: sandbox("postgresql", None),
            "plain": lambda: plain(f"{folder}/plain.db", here),
        }
        titles = {
            "sqlite": "Sandbox, SQLite, one core",
            "postgresql": f"Sandbox, PostgreSQL, {SERVERS} server processes, all of the machine ({len(cores)} cores)",
            "plain": "Plain FastAPI service, SQLite, a commit for each batch, one core",
        }
        for name, opened in contenders.items():
            if given.only in (None, name):
                if there is not None:
                    os.sched_setaffinity(0, set(cores) if name == "postgresql" else {there})
                with opened() as contender:
                    result = drive(contender, given.connections, given.events, given.batches, given.seconds)
                rates[name] = result.per_s
                print(f"{titles[name]}\n{result.report(given.events, given.connections)}", flush=True)
    for name, target in TARGETS.items():
        if name in rates:
            share = rates[name] / target
            against = f", {rates[name] / rates['plain']:.1f} times the plain service" if "plain" in rates else ""
            print(f"{name}: {share:.1f} times the target of {target}/s{against}")


if __name__ == "__main__":
    main()
