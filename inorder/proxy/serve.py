"""Runs the proxy: binds its ports, passes on until a signal comes, and says where it is."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import uvicorn
import uvloop
from starlette.applications import Starlette

from inorder.errors import UnusableInput
from inorder.faults.control import Control
from inorder.faults.switch import Switch
from inorder.proxy.listener import Listener, bind
from inorder.proxy.settings import Settings


def serve(settings: Settings, control_token: str | None, announce: Callable[[str], None]) -> None:
    """Run the proxy until SIGTERM or SIGINT; `announce` gets one line once it listens; raises UnusableInput."""
    if settings.control_port is not None and not control_token:
        raise UnusableInput("control-port: needs INORDER_CONTROL_TOKEN, without which it would refuse everyone")
    uvloop.run(_serve(settings, control_token, announce))


async def _serve(settings: Settings, control_token: str | None, announce: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with running(settings, control_token) as proxy:
        announce(proxy.line)
        waiting = asyncio.create_task(ended.wait())
        await asyncio.wait([waiting, proxy.watching], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if proxy.watching.done():
            proxy.watching.result()


@dataclass(frozen=True)
class Running:
    """A proxy that runs in this loop."""

    line: str
    """What is said of it."""
    address: tuple[str, int]
    switch: Switch
    watching: "asyncio.Task[None]"
    """Raises UnusableInput if it cannot go on."""


@contextlib.asynccontextmanager
async def running(settings: Settings, control_token: str | None) -> AsyncIterator[Running]:
    """Run a proxy in this loop; raises UnusableInput."""
    await _resolve(settings.server)
    switch = Switch(settings.faults, settings.seed, started=not settings.wait_for_start)
    listener = Listener(settings.host, settings.port, settings.server, switch)
    try:
        watching = await listener.start()
        async with _controlled(settings, switch, control_token) as control:
            line = start_line(settings, listener.address, control)
            yield Running(line, listener.address, switch, watching)
    finally:
        await listener.stop()


async def _resolve(server: tuple[str, int]) -> None:
    """Refuse a host that has no address: each connection would be reset, and nobody would know why."""
    try:
        await asyncio.get_running_loop().getaddrinfo(*server, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnusableInput(f"to: expected a host that is known, got {server[0]!r}") from None


class _ControlServer(uvicorn.Server):
    """Uvicorn's server, which leaves signals to the proxy."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _controlled(settings: Settings, switch: Switch, token: str | None) -> AsyncIterator[str | None]:
    """The control endpoints, if they are asked for: their origin."""
    if settings.control_port is None:
        yield None
        return
    with bind(settings.host, settings.control_port) as door:
        door.listen()
        app = Starlette(routes=Control(switch, "network", token).routes())
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False, server_header=False)
        server = _ControlServer(config)
        serving = asyncio.create_task(server.serve([door]))
        try:
            yield _origin(door.getsockname())
        finally:
            server.should_exit = True
            await serving


def _origin(address: tuple[str, int]) -> str:
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"http://{host}:{address[1]}"


def start_line(settings: Settings, address: tuple[str, int], control: str | None) -> str:
    """What is said once it listens: the way, the faults with their rates, where the control endpoints are."""
    faults = ", ".join(f"{fault.name} {fault.share * 100:g} %" for fault in settings.faults) or "no faults"
    controlled = f"; control {control}" if control else ""
    return f"inorder proxy: {_origin(address)} -> {settings.to} ({faults}{controlled})"
