"""How many durable batches a second the sandbox takes on one core, and whether it stored exactly what it confirmed.

Run it from the checkout: `python benchmarks/sandbox.py`. The server is pinned to one core, this client to another, and
all traffic stays on the loopback interface. Bounded by `--batches` and by `--seconds`, whichever ends first.
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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import psutil

ROOT = Path(__file__).resolve().parent.parent
QUERY = "apiKey=k&partnerId=p"
CONFIRMED = b"\r\n\r\n{}"
"""How a confirming answer ends."""
SERVER = """
import os, sys
from inorder.sandbox.serve import serve
from inorder.sandbox.settings import Settings
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {int(sys.argv[2])})
serve(Settings.from_options(store=sys.argv[1], port=0, environment={}), lambda line: print(line, flush=True))
"""


@dataclass(frozen=True)
class Result:
    """What one run measured; times in seconds."""

    batches: int
    wall_s: float
    cpu_s: float
    answered_s: list[float]
    refused: int
    stored: int

    def report(self, events: int, connections: int) -> str:
        """A few lines for people."""
        ordered = sorted(self.answered_s)
        p50, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.50, 0.99))
        same = "the same" if self.stored == self.batches * events else "NOT THE SAME"
        return (
            f"{self.batches} batches of {events} events over {connections} connections in {self.wall_s:.1f} s, "
            f"server pinned to one core\n"
            f"  {self.batches / self.wall_s:8.0f} durable batches/s\n"
            f"  {self.cpu_s / self.batches * 1e6:8.1f} us CPU of the server a batch "
            f"({self.cpu_s / self.wall_s:.2f} of the core)\n"
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


@contextlib.contextmanager
def sandbox(folder: str, core: int) -> Iterator[tuple[psutil.Process, int]]:
    """A sandbox of its own, on one core and a free port."""
    command = [sys.executable, "-c", SERVER, f"sqlite:{folder}/bench.db", str(core)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            line = child.stdout.readline().decode()
            yield psutil.Process(child.pid), int(line.split("/1.0")[0].rpartition(":")[2])
        finally:
            child.terminate()
            child.wait(30)


def drive(server: psutil.Process, port: int, connections: int, events: int, batches: int, seconds: float) -> Result:
    """Keep one batch in flight on each connection until the count or the time is over."""
    poll = select.epoll()
    socks: dict[int, socket.socket] = {}
    ready: dict[int, list[bytes]] = {}
    begun: dict[int, float] = {}
    answers: dict[int, bytes] = {}
    for connection in range(connections):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(sock.fileno(), select.EPOLLIN)
        socks[sock.fileno()] = sock
        ready[sock.fileno()] = bodies(events, connection)
    before = server.cpu_times()
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
    after = server.cpu_times()
    cpu_s = after.user + after.system - before.user - before.system
    return Result(len(answered), wall_s, cpu_s, answered, refused, count_stored(port))


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
    parser.add_argument("--batches", type=int, default=40_000, help="end after so many")
    parser.add_argument("--seconds", type=float, default=10.0, help="end after so long")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[1]})
    with tempfile.TemporaryDirectory() as folder, sandbox(folder, cores[0]) as (server, port):
        result = drive(server, port, given.connections, given.events, given.batches, given.seconds)
    print(result.report(given.events, given.connections))


if __name__ == "__main__":
    main()
