"""What the proxy costs: requests a second through it against the direct way, each process on a processor of its own.

`python benchmarks/proxy.py` posts ready-made batches of 20 events over kept connections to a server that does nothing,
directly and through the proxy in turn, and prints the medians and their ratio; then the same with faults named by
`--fault`. With two processors the client and the null server share one, so that the proxy has the other for itself.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from inorder.ports import free_port

EVENT = (
    b'{"type":"productView","visitorId":"b1946ac92492d234","timestamp":"2026-01-01T12:00:00+01:00",'
    b'"productId":123456,"categoryId":17,"price":19.99}'
)
BODY = b"[" + b",".join([EVENT] * 20) + b"]"
HEAD = b"POST /1.0/visitorEvents?apiKey=k&partnerId=p HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
REQUEST = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


class Poster(asyncio.Protocol):
    """Posts the batch again as soon as it is answered."""

    answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Post."""
        self.transport = transport
        self.left = b""
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        """Count the answer, and post again."""
        self.left += data
        if self.left.endswith(b"{}"):
            self.left = b""
            Poster.answers += 1
            self.transport.write(REQUEST)


async def _rate(port: int, connections: int, seconds: float) -> float:
    """Answers a second, after a warm-up."""
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(Poster, "127.0.0.1", port) for _ in range(connections)]
    await asyncio.sleep(0.5)
    before, began = Poster.answers, time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (Poster.answers - before) / (time.perf_counter() - began)
    for transport, _ in made:
        transport.abort()
    await asyncio.sleep(0.1)
    return rate


def _start(processor: int, *command: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {processor})
    assert process.stdout is not None
    print(process.stdout.readline().strip())
    return process


def _proxy_cpu_s(process: "subprocess.Popen[str]") -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--fault", action="append", default=[])
    options.add_argument("--connections", type=int, default=32)
    options.add_argument("--seconds", type=float, default=3.0)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    processors = sorted(os.sched_getaffinity(0))
    proxied, other = processors[-1], processors[0]
    os.sched_setaffinity(0, {other})
    server, way = free_port(), free_port()
    total_s = asked.rounds * 2 * (asked.seconds + 1) + 20
    null = str(Path(__file__).with_name("null_server.py"))
    to = f"http://127.0.0.1:{server}"
    faults = [part for fault in asked.fault for part in ("--fault", fault)]
    processes = [
        _start(processors[1 % len(processors)] if len(processors) > 2 else other, null, str(server), str(total_s), "idle"),
        _start(proxied, "-m", "inorder", "proxy", "--port", str(way), "--to", to, *faults),
    ]
    direct, through, cpu_us = [], [], []
    try:
        for _ in range(asked.rounds):
            direct.append(uvloop.run(_rate(server, asked.connections, asked.seconds)))
            used, answers = _proxy_cpu_s(processes[1]), Poster.answers
            through.append(uvloop.run(_rate(way, asked.connections, asked.seconds)))
            cpu_us.append((_proxy_cpu_s(processes[1]) - used) / (Poster.answers - answers) * 1e6)
    finally:
        for process in processes:
            process.terminate()
            process.communicate()
    medians = [statistics.median(values) for values in (direct, through, cpu_us)]
    print(f"body {len(BODY)} bytes, {asked.connections} connections, {asked.rounds} rounds of {asked.seconds:g} s")
    print(f"direct    {medians[0]:9,.0f} requests/s  ({min(direct):,.0f} to {max(direct):,.0f})")
    print(f"by proxy  {medians[1]:9,.0f} requests/s  ({min(through):,.0f} to {max(through):,.0f})")
    print(f"ratio     {medians[1] / medians[0]:9.2f}")
    print(
        f"processor time of the proxy: {medians[2]:.0f} µs a request, so at most {1e6 / medians[2]:,.0f} requests/s a core"
    )


if __name__ == "__main__":
    main()
