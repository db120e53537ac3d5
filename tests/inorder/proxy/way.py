"""A way to test on: a scripted server, the proxy in front of it, and bare clients, all on real sockets in one loop."""

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import uvloop

from inorder.proxy.serve import Running, running
from inorder.proxy.settings import Settings

Answer = Callable[["Upstream", asyncio.StreamWriter, bytes], Awaitable[None]]


def ok(body: bytes = b"{}", status: int = 200, more: str = "") -> bytes:
    """A whole answer."""
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def post(path: str, body: bytes = b"[]", more: str = "") -> bytes:
    """A whole request."""
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


@dataclass
class Upstream:
    """The server: it answers 200 `{}`, but on the paths of `scripted`; it closes when the client has."""

    scripted: dict[str, bytes | Answer] = field(default_factory=dict)
    """What is written for a path, or what is done; `Connection: close` in it ends the connection."""
    heard: list[bytes] = field(default_factory=list)
    """Each request whole, in its order."""
    ends: list[str] = field(default_factory=list)
    """How the clients ended: `eof` or `reset`."""
    opened: int = 0
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    """For answers that wait."""

    @property
    def paths(self) -> list[str]:
        """The path of each request."""
        return [request.split(b" ", 2)[1].decode() for request in self.heard]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.opened += 1
        try:
            while True:
                request = await _message(reader)
                self.heard.append(request)
                script = self.scripted.get(self.paths[-1], ok())
                if isinstance(script, bytes):
                    writer.write(script)
                    await writer.drain()
                else:
                    await script(self, writer, request)
                if isinstance(script, bytes) and b"Connection: close" in script:
                    return
        except asyncio.IncompleteReadError:
            self.ends.append("eof")
        except ConnectionError:
            self.ends.append("reset")
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _message(reader: asyncio.StreamReader, headless: bool = False) -> bytes:
    """A whole message; `headless`: it has no body."""
    head = await reader.readuntil(b"\r\n\r\n")
    body = b""
    if headless or re.match(rb"HTTP/1.1 (1|204|304)", head):
        return head
    if length := re.search(rb"Content-Length: (\d+)", head):
        body = await reader.readexactly(int(length[1]))
    elif b"chunked" in head:
        while not body.endswith(b"0\r\n\r\n"):
            body += await reader.readuntil(b"\r\n")
    elif head.startswith(b"HTTP/1.1 "):
        body = await reader.read()
    return head + body


@dataclass
class Client:
    """A connection to the proxy."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)

    async def ask(self, request: bytes) -> bytes:
        """Send a request and have its answer, whole."""
        self.send(request)
        return await self.answer(request.startswith(b"HEAD"))

    async def answer(self, headless: bool = False) -> bytes:
        """The next answer, whole."""
        return await _message(self.reader, headless)

    async def rest(self) -> tuple[bytes, str]:
        """All that still comes, and how the connection ends: `eof` or `reset`."""
        got = b""
        try:
            while piece := await self.reader.read(65536):
                got += piece
        except ConnectionResetError:
            return got, "reset"
        return got, "eof"

    async def hears_nothing(self) -> bool:
        """Whether neither a byte nor the end comes for a while."""
        try:
            await asyncio.wait_for(self.reader.read(1), 0.05)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        """Go away."""
        self.writer.close()


@dataclass
class Way:
    """All together."""

    upstream: Upstream
    proxy: Running
    clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        """One more client."""
        made = Client(*await asyncio.open_connection(*self.proxy.address))
        self.clients.append(made)
        return made

    def counts(self) -> dict[str, tuple[int, int]]:
        """Of each fault, how many requests it struck and how many it harmed."""
        return {one.fault.name: (one.struck, one.injected) for one in self.proxy.switch.injections}


@contextlib.asynccontextmanager
async def way(
    *faults: str, started: bool = True, seed: int = 1, to: str = "", **scripted: bytes | Answer
) -> AsyncIterator[Way]:
    """A way with these faults; `name=script` answers the path `/name`. At its end no task and no socket is left."""
    upstream = Upstream({f"/{name}": script for name, script in scripted.items()})

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upstream.serve(reader, writer)  # looked up now, as a test may have put its own there

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 26)
    to = to or f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = Settings.from_options(to=to, port=0, faults=faults, seed=seed, wait_for_start=not started)
    try:
        async with running(settings, None) as proxy:
            made = Way(upstream, proxy)
            try:
                yield made
            finally:
                upstream.freed.set()
                for client in made.clients:
                    client.close()
    finally:
        server.close()
    await until(lambda: len(asyncio.all_tasks()) == 1)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by an RST."""
    end = writer.get_extra_info("socket")
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.002)


def run(test: Awaitable[None]) -> None:
    """Run a test on the loop that the proxy runs on."""

    async def whole() -> None:
        async with asyncio.timeout(30):
            await test

    uvloop.run(whole())
