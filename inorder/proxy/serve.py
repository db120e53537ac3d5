"""Runs the proxy: listens, cuts the line while it is down, serves its control, until a signal comes."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import uvicorn
import uvloop
from starlette.applications import Starlette

from inorder.errors import UnusableInput
from inorder.faults.control import Control
from inorder.faults.fault import parse
from inorder.faults.injection import Injection
from inorder.faults.switch import Switch
from inorder.ports import BACKLOG, listen
from inorder.proxy.client import Client, Way

_LOOK_S = 0.01
"""How often it is looked whether the line is down."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a proxy was asked for."""

    to: str
    """Address of the server; a path is taken over into the proxy's own address."""
    host: str = "127.0.0.1"
    port: int = 0
    """0: any free one."""
    control_port: int | None = None
    """None: no control endpoints."""
    control_token: str | None = None
    faults: Sequence[str] = ()
    """As the command line takes them (inorder/faults/fault.py)."""
    seed: int = 1
    wait_for_start: bool = False
    """Whether the windows of the faults stay closed until the control endpoint is told the start of the load."""


def serve(asked: Asked, announce: Callable[[str], None]) -> None:
    """Run the proxy until SIGTERM or SIGINT; `announce` gets one line once it listens. Raises UnusableInput."""
    parts = urlsplit(asked.to)
    try:
        port = parts.port or 80
    except ValueError:
        port = 0
    if parts.scheme != "http" or not parts.hostname or not port or parts.query:
        raise UnusableInput(f"to: expected http://host[:port]/path, got {asked.to!r}")
    faults = [parse(fault, "network") for fault in asked.faults]
    with listen(asked.host, asked.port) as listener:
        control = None if asked.control_port is None else listen(asked.host, asked.control_port)
        way = Way(parts.hostname, port)
        switch = Switch(faults, asked.seed, started=not asked.wait_for_start)
        uvloop.run(_serve(asked, way, switch, listener, control, announce))


async def _serve(
    asked: Asked,
    way: Way,
    switch: Switch,
    listener: socket.socket,
    control: socket.socket | None,
    announce: Callable[[str], None],
) -> None:
    def changed(injections: list[Injection]) -> None:
        way.injections = injections

    switch.listen(changed)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    address = listener.getsockname()
    watching = asyncio.create_task(_watch(way, listener))
    serving = None if control is None else asyncio.create_task(_serve_control(asked, switch, control))
    announce(_start_line(asked, switch, address[1], control))
    await ended.wait()
    for task in (watching, serving):
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    for client in list(way.connections):
        client.cut()
    if way.work:
        await asyncio.wait(way.work, timeout=1)


async def _watch(way: Way, listener: socket.socket) -> None:
    """Listen, but for the times when the line is down: then connections are refused, and open ones reset."""
    host, port = listener.getsockname()[:2]
    loop = asyncio.get_running_loop()
    server: asyncio.Server | None = await loop.create_server(lambda: Client(way), sock=listener, backlog=BACKLOG)
    try:
        while True:
            down = [own for own in way.injections if own.fault.name == "down" and own.active()]
            if down and server is not None:
                server.close()
                server = None
                down[0].struck += 1
                down[0].count((id(client), down[0].struck) for client in way.connections)
                for client in list(way.connections):
                    client.cut()
            elif not down and server is None:
                server = await loop.create_server(lambda: Client(way), host, port, backlog=BACKLOG)
            await asyncio.sleep(_LOOK_S)
    finally:
        if server is not None:
            server.close()


async def _serve_control(asked: Asked, switch: Switch, listener: socket.socket) -> None:
    app = Starlette(routes=Control(switch, "network", asked.control_token).routes())
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with contextlib.suppress(asyncio.CancelledError):
        await server._serve([listener])  # not serve(), which takes the signals for itself


def _start_line(asked: Asked, switch: Switch, port: int, control: socket.socket | None) -> str:
    path = urlsplit(asked.to).path.rstrip("/")
    names = ", ".join(f"{own.fault.name} {own.fault.share:.3g}" for own in switch.injections) or "no fault"
    told = f"; control http://{asked.host}:{control.getsockname()[1]}" if control else ""
    return f"inorder proxy: http://{asked.host}:{port}{path} to {asked.to} ({names}{told})"
