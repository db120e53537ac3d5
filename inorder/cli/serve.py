"""`inorder sandbox` and `inorder proxy`: the reference server, and the bad network before one."""

import os
import signal
import sys
import threading
from typing import Annotated

import typer

from inorder.cli.base import app
from inorder.proxy import serve as network
from inorder.proxy.settings import Settings as ProxySettings
from inorder.sandbox.serve import serve
from inorder.sandbox.settings import Settings


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: a free one.")],
    store: Annotated[str, typer.Option(help="sqlite:PATH, postgresql (embedded) or postgresql://…")],
    servers: Annotated[int, typer.Option(min=1, max=64, help="Servers that share the work.")] = 4,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    partner_id: Annotated[str | None, typer.Option(help="partnerId to accept; default: INORDER_PARTNER_ID.")] = None,
    api_key: Annotated[str | None, typer.Option(help="apiKey to accept; default: INORDER_API_KEY.")] = None,
    flush_ms: Annotated[float, typer.Option(help="Longest time that an ordinary call waits to be stored.")] = 100.0,
    replication_delay_ms: Annotated[float, typer.Option(help="Added between commit and answer of a batch.")] = 0.0,
    commit_ms: Annotated[float, typer.Option(help="Least time that a commit takes: a slower disk.")] = 0.0,
    row_us: Annotated[float, typer.Option(help="Microseconds more for each row of it.")] = 0.0,
    quota_per_s: Annotated[float, typer.Option(help="Calls a second before 429; 0: no quota.")] = 0.0,
    max_events: Annotated[int, typer.Option(help="Events a batch before 413.")] = 1000,
    max_bytes: Annotated[int, typer.Option(help="Bytes a call before 413.")] = 1_048_576,
    request_timeout_s: Annotated[float, typer.Option(help="Time that a request may take to arrive.")] = 10.0,
    max_connections: Annotated[int, typer.Option(help="Connections at once.")] = 16_384,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Something wrong on purpose: NAME or NAME:rate=0.1,from_s=2,until_s=8. May be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of servers, timers and faults.")] = 1,
    control_anywhere: Annotated[
        bool, typer.Option("--control-anywhere", help="Control endpoints for other machines too.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Start a server process that was killed again.")] = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
    wait_for_start: Annotated[bool, typer.Option("--wait-for-start", hidden=True)] = False,
) -> None:
    """Run the reference server: the tracking API on a durable store, with read-back."""
    settings = Settings.from_options(
        host=host, port=port, servers=servers, store=store,
        partner_id=partner_id or os.environ.get("INORDER_PARTNER_ID"),
        api_key=api_key or os.environ.get("INORDER_API_KEY"),
        readback_token=os.environ.get("INORDER_READBACK_TOKEN"),
        flush_ms=flush_ms, replication_delay_ms=replication_delay_ms, commit_ms=commit_ms, row_us=row_us,
        quota_per_s=quota_per_s,
        max_events=max_events, max_bytes=max_bytes, request_timeout_s=request_timeout_s,
        max_connections=max_connections, seed=seed, restart=restart, faults=fault or (),
        wait_for_start=wait_for_start, control_anywhere=control_anywhere,
    )  # fmt: skip
    # With the end of standard input it ends: a run that was killed leaves no sandbox behind.
    serve(settings, lambda line: print(line, flush=True), sys.stdin.fileno() if with_parent else None)


@app.command()
def proxy(
    to: Annotated[str, typer.Option(help="Server to pass requests on to, e.g. http://127.0.0.1:8099.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: a free one.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    fault: Annotated[
        list[str] | None,
        typer.Option(help="What the network does: NAME or NAME:rate=0.1,delay_ms=80,from_s=2. May be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of which requests the faults strike.")] = 1,
    control_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to control the faults, with INORDER_CONTROL_TOKEN.")
    ] = None,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
    wait_for_start: Annotated[bool, typer.Option("--wait-for-start", hidden=True)] = False,
) -> None:
    """Stand between client and server, and do what networks do: hold back, cut, swallow, send twice."""
    settings = ProxySettings.from_options(
        to=to, host=host, port=port, control_port=control_port, faults=fault or (), seed=seed,
        wait_for_start=wait_for_start,
    )  # fmt: skip
    if with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    network.serve(settings, os.environ.get("INORDER_CONTROL_TOKEN"), lambda line: print(line, flush=True))


def _end_with_parent() -> None:
    """End when the other end of standard input is gone: a run that was killed leaves no proxy behind."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
