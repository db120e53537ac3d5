"""Runs the sandbox: opens the store, binds the port, serves until a signal comes, and ends without losing anything."""

import asyncio
import contextlib
import resource
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette

from inorder.faults.control import Control
from inorder.faults.switch import Switch
from inorder.ports import BACKLOG, listen
from inorder.sandbox.app import BASE, build
from inorder.sandbox.embedded import EmbeddedPostgres
from inorder.sandbox.faults.chain import Faulty
from inorder.sandbox.ingest import Ingest
from inorder.sandbox.processes import supervise
from inorder.sandbox.protocol import bounded_by, sweep
from inorder.sandbox.settings import Postgres, Settings
from inorder.sandbox.store import Store
from inorder.sandbox.store_sqlite import SqliteStore

_FILES = 65_536
"""Open files that suffice for any number of connections asked for here."""
GRACE_S = 10
"""At the end, calls under way get so long to be answered."""


async def open_store(store: Path | Postgres) -> Store:
    """Open a store, made where it is not there; raises UnusableInput with one line where it cannot be."""
    if isinstance(store, Path):
        return SqliteStore(store)
    from inorder.sandbox.store_postgres import PostgresStore  # its driver is an extra

    assert store.dsn is not None
    return await PostgresStore.open(store.dsn)


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Starlette]:
    """The application with its store open; at the end what the servers keep is stored, and the store closed."""
    store = await open_store(settings.store)
    ingest = Ingest(settings, store)
    switch = Switch(settings.faults, settings.seed, started=not settings.wait_for_start)
    faulty = Faulty(ingest, store, switch)
    control = Control(switch, "server", settings.control_token, settings.control_anywhere, reset=store.reset)
    try:
        yield build(settings, faulty, control)
    finally:
        await faulty.finish()
        await ingest.close()
        await store.close()


class _Server(uvicorn.Server):
    """Uvicorn's server, which tells when it listens and takes a signal as a wish to end, not as its own death."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        handled = (signal.SIGINT, signal.SIGTERM)
        for number in handled:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
        for number in handled:
            loop.remove_signal_handler(number)


def serve(settings: Settings, announce: Callable[[str], None], parent: int | None = None) -> None:
    """Run the sandbox until SIGTERM or SIGINT; `announce` gets one line once it listens.

    `parent`: a descriptor whose end is that of the process that wants the sandbox, which then ends too.
    """
    _raise_file_limit()
    with contextlib.ExitStack() as stack:
        apart = isinstance(settings.store, Postgres)
        ports = [settings.port + at if settings.port else 0 for at in range(settings.servers if apart else 1)]
        # Bound once, and inherited by every process: while one is started again its port still takes connections, as
        # that of a server does which a balancer or its service manager holds open. The calls that were under way are
        # cut off all the same.
        listeners = [stack.enter_context(listen(settings.host, port)) for port in ports]
        if isinstance(settings.store, Postgres) and settings.store.dsn is None:
            embedded = EmbeddedPostgres()
            stack.callback(embedded.stop)
            settings = msgspec.structs.replace(settings, store=Postgres(embedded.dsn))
            line = start_line(settings, listeners, "embedded postgresql")
        else:
            line = start_line(settings, listeners, settings.where)
        if not apart and not settings.restart:
            uvloop.run(_serve(settings, listeners[0], lambda: announce(line), parent))
            return
        asyncio.run(_check(settings))
        works = [_work(own, listener) for own, listener in zip(_servers(settings), listeners, strict=True)]
        supervise(works, lambda: announce(line), parent)


def _servers(settings: Settings) -> list[Settings]:
    """The settings of each process: one for SQLite, one a server for PostgreSQL."""
    if isinstance(settings.store, Path):
        return [settings]
    return [
        msgspec.structs.replace(settings, servers=1, first_server=number, seed=settings.seed + number - 1)
        for number in range(1, settings.servers + 1)
    ]


async def _check(settings: Settings) -> None:
    """Open the store once, so that what is wrong with it is said here, in one line."""
    await (await open_store(settings.store)).close()


def _work(settings: Settings, listener: socket.socket) -> Callable[[int, Callable[[], None]], None]:
    return lambda parent, ready: uvloop.run(_serve(settings, listener, ready, parent))


def _raise_file_limit() -> None:
    """As many connections as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # some systems name a hard limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, _FILES)), hard))


async def _serve(settings: Settings, listener: socket.socket, ready: Callable[[], None], parent: int | None = None) -> None:
    async with opened(settings) as app:
        config = uvicorn.Config(
            app,
            http=bounded_by(settings),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=settings.keep_alive_s,
            timeout_graceful_shutdown=GRACE_S,
        )
        server = _Server(config, ready)
        if parent is not None:
            asyncio.get_running_loop().add_reader(parent, server.handle_exit, signal.SIGTERM, None)
        sweeping = asyncio.create_task(sweep(server.server_state))
        await server.serve([listener])
        sweeping.cancel()


def start_line(settings: Settings, listeners: list[socket.socket], store: str) -> str:
    """What is said once it listens: the addresses, and how open it is; no secret."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    servers = "1 server" if settings.servers == 1 else f"{settings.servers} servers"
    partner = "the partnerId given" if settings.partner_id else "any partnerId"
    key = "the apiKey given" if settings.api_key else "any apiKey"
    reading = "with the token" if settings.readback_token else "open on this machine"
    names = ", ".join(f"{fault.name} {fault.share:.3g}" for fault in settings.faults)
    faults = f"; WRONG ON PURPOSE: {names}" if names else ""
    addresses = " ".join(f"http://{host}:{listener.getsockname()[1]}{BASE}" for listener in listeners)
    return f"inorder sandbox: {addresses} ({servers}; {store}; {partner}, {key}; read-back {reading}{faults})"
