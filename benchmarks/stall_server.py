"""A server that stands still: of every few seconds it answers nothing in the last, and then all that waits at once.

`python benchmarks/stall_server.py EVERY_S STALL_S`: prints the port, then one line a stall, [from, until], in seconds
of the machine's monotonic clock. It stores nothing, and ends when its standard input does.
"""

import asyncio
import json
import sys
import time

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Pause:
    """Whether the server stands still, and whom it owes an answer."""

    def __init__(self) -> None:
        self.still = False
        self.owed: list[asyncio.Transport] = []

    async def keep(self, every_s: float, stall_s: float) -> None:
        """Stand still in the last `stall_s` of every `every_s` seconds."""
        begin = time.monotonic()
        while True:
            begin += every_s
            await asyncio.sleep(begin - stall_s - time.monotonic())
            self.still, since = True, time.monotonic()
            await asyncio.sleep(begin - time.monotonic())
            self.still, until = False, time.monotonic()
            for transport in self.owed:
                transport.write(_ANSWER)
            self.owed.clear()
            print(json.dumps([since, until]), flush=True)


class Stalling(asyncio.Protocol):
    """Answers every request that is whole, now or when the pause is over."""

    def __init__(self, pause: Pause) -> None:
        self._pause = pause
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Find the requests by their heads."""
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end].lower()
            _, given, length = head.partition(b"content-length:")
            whole = end + 4 + (int(length.split(b"\r\n", 1)[0]) if given else 0)
            if len(self._rest) < whole:
                return
            self._rest = self._rest[whole:]
            if self._pause.still:
                self._pause.owed.append(self._transport)
            else:
                self._transport.write(_ANSWER)


async def _serve(every_s: float, stall_s: float) -> None:
    loop, pause = asyncio.get_running_loop(), Pause()
    server = await loop.create_server(lambda: Stalling(pause), "127.0.0.1", 0, backlog=1024)
    keeping = loop.create_task(pause.keep(every_s, stall_s))
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    keeping.cancel()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]), float(sys.argv[2])))
