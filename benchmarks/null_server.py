"""A server that answers 200 to everything at once and stores nothing: what is left to measure is the client.

Busy, it never sleeps, as a server under load; idle, it sleeps between requests, and waking it on another core is paid
by whoever sends to it.
"""

import asyncio
import sys

import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Null(asyncio.Protocol):
    """Counts the bytes of each request, and answers it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self.rest += data
        while (end := self.rest.find(b"\r\n\r\n")) >= 0:
            head = self.rest[:end].lower()
            at = head.index(b"content-length: ") + 16
            whole = end + 4 + int(head[at:].split(b"\r\n", 1)[0])
            if len(self.rest) < whole:
                return
            self.rest = self.rest[whole:]
            self.transport.write(_ANSWER)


async def _serve(port: int, seconds: float, busy: bool) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Null, "127.0.0.1", port, backlog=4096)
    print("ready", flush=True)

    def spin() -> None:
        loop.call_soon(spin)

    if busy:
        spin()
    await asyncio.sleep(seconds)
    server.close()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "busy"))
