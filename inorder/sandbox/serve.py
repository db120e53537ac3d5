"""Runs the sandbox: binds the ports, opens the store, serves until a signal comes, and ends without losing anything."""

import asyncio
import contextlib
import resource
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial

import uvicorn
import uvloop
from msgspec import structs
from starlette.applications import Starlette

from inorder.errors import UnusableInput
from inorder.faults.control import Control
from inorder.faults.switch import Switch
from inorder.ports import BACKLOG, listen
from inorder.sandbox.address import Postgres, shown
from inorder.sandbox.app import build
from inorder.sandbox.embedded import EXTRA, embedded
from inorder.sandbox.faults.chain import Faulty
from inorder.sandbox.ingest import Ingest
from inorder.sandbox.processes import end_with, supervise
from inorder.sandbox.protocol import Bounds, bounded
from inorder.sandbox.settings import Settings
from inorder.sandbox.store import Store, StoreError
from inorder.sandbox.store_sqlite import SqliteStore
from inorder.sandbox.tracking import BASE

GRACE_S = 10
"""At the end, calls under way get so long to be answered."""
OTHER_FILES = 64
"""Of the files that the process may open, so many are kept for the store and the like; connections get the rest."""


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Starlette]:
    """The application with its store open; at the end what the servers keep is stored, and the store closed."""
    store = await _store(settings)
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


async def _store(settings: Settings) -> Store:
    """The open store; PostgreSQL's needs an extra."""
    if not isinstance(settings.store, Postgres):
        return SqliteStore(settings.store)
    try:
        from inorder.sandbox.store_postgres import PostgresStore
    except ModuleNotFoundError as error:
        raise UnusableInput(f"store {settings.store}: needs {error.name}: {EXTRA}") from None
    return await PostgresStore.open(settings.store, settings.names[0])


def raise_file_limit() -> int:
    """Let this process open as many files as it may, quietly fewer where that is not allowed; the limit that is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Where the hard limit is "none", some systems refuse it as a soft one, but take a large number.
    for limit in (hard, 1 << 20, 10_240):
        if limit == hard or limit > soft:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
                break
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1 << 30


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


def serve(settings: Settings, announce: Callable[[str], None], life_line: int | None = None) -> None:
    """Run the sandbox until SIGTERM or SIGINT, or till the pipe `life_line` ends; `announce` gets one line once it listens.

    Raises UnusableInput where it cannot, or cannot store at the end what its servers still keep.
    """
    files = raise_file_limit()
    bounds = Bounds(settings.request_timeout_s, max(1, min(settings.max_connections, files - OTHER_FILES)))
    with contextlib.ExitStack() as stack:
        # Where processes are restarted, these sockets stay open here: after a crash no other program can take the port,
        # and what the crash breaks is the calls under way, whose clients cannot know what became of them. A client that
        # comes during the restart waits some tens of milliseconds, as behind any server with a master process; that
        # connections are refused is the fault of a network, and is made there.
        listeners = [
            stack.enter_context(listen(settings.host, settings.port and settings.port + number))
            for number in range(settings.processes)
        ]
        line = start_line(settings, listeners)
        if not isinstance(settings.store, Postgres) and not settings.restart:
            if life_line is not None:
                threading.Thread(target=end_with, args=(life_line,), daemon=True).start()
            _run(settings, bounds, listeners[0], lambda: announce(line))
            return
        if isinstance(settings.store, Postgres) and settings.store.dsn is None:
            store = structs.replace(settings.store, dsn=stack.enter_context(embedded()))
            settings = structs.replace(settings, store=store)
        work = {
            share.names[0]: partial(_run, share, bounds, listener)
            for share, listener in zip(settings.shares(), listeners, strict=True)
        }
        supervise(work, lambda: announce(line), life_line)


def _run(settings: Settings, bounds: Bounds, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Be one server process."""
    try:
        uvloop.run(_serve(settings, bounds, listener, announce))
    except StoreError as error:
        raise UnusableInput(f"store: what the servers still kept at the end is lost: {error}") from None


async def _serve(settings: Settings, bounds: Bounds, listener: socket.socket, announce: Callable[[], None]) -> None:
    async with opened(settings) as app:
        config = uvicorn.Config(
            app,
            http=bounded(bounds),
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
        await _Server(config, announce).serve([listener])


def start_line(settings: Settings, listeners: Sequence[socket.socket]) -> str:
    """What is said once it listens: an address for each process, and how open it is; no secret."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    servers = "1 server" if settings.servers == 1 else f"{settings.servers} servers"
    partner = "the partnerId given" if settings.partner_id else "any partnerId"
    key = "the apiKey given" if settings.api_key else "any apiKey"
    reading = "with the token" if settings.readback_token else "open on this machine"
    names = ", ".join(f"{fault.name} {fault.share:.3g}" for fault in settings.faults)
    faults = f"; WRONG ON PURPOSE: {names}" if names else ""
    bases = " ".join(f"http://{host}:{listener.getsockname()[1]}{BASE}" for listener in listeners)
    return f"inorder sandbox: {bases} ({servers}; {shown(settings.store)}; {partner}, {key}; read-back {reading}{faults})"
