"""The command line, one function a command. Exit codes: 0 pass, 1 fail, 3 inconclusive, 2 bad input."""

import importlib
import json
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from typer.core import TyperCommand

from inorder import bench, conduct, foreign, scenario
from inorder.driver.target import bases_of
from inorder.errors import InorderError, UnusableInput
from inorder.matrix import drive
from inorder.matrix import rows as matrix_rows
from inorder.proxy import serve as network
from inorder.proxy.settings import Settings as ProxySettings
from inorder.run import RunFolder
from inorder.sandbox.serve import serve
from inorder.sandbox.settings import Settings

EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
_DEFECT = 70

app = typer.Typer(
    help="Does an event API keep each user's events in order, under real load?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)


@app.command()
def run(
    file: Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (TOML).")],
    target: Annotated[
        list[str] | None,
        typer.Option(help="Base address, e.g. https://host/1.0; several, or with commas: its servers; default: a sandbox."),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Generator processes.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Run folder, not there yet; default: reports/NAME-TIME.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the scenario's.")] = None,
    behaviour: Annotated[Path | None, typer.Option(help="Click log to replay (JSON Lines or CSV).")] = None,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Runs; intervals then come from the repeats.")] = 1,
    partner_id: Annotated[str | None, typer.Option(help="partnerId; default: INORDER_PARTNER_ID.")] = None,
    ca_file: Annotated[str | None, typer.Option(help="Certificates to trust instead of the system's.")] = None,
) -> None:
    """Make the load of SCENARIO, read the stored log back, judge it, and say where the page is."""
    asked = conduct.Run(
        file=file, targets=bases_of(target or ()), processes=processes, seed=seed, behaviour=behaviour,
        partner_id=partner_id, ca_file=ca_file,
    )  # fmt: skip
    judging = _judging("run")
    # A pipeline that cancels a job sends SIGTERM: it ends the run as a Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    out = out or conduct.new_folder(file.stem)
    if out.exists():
        raise UnusableInput(f"{out}: exists already; a run is never overwritten, name another --out")
    folders = [out] if repeats == 1 else [out / "repeats" / str(number) for number in range(1, repeats + 1)]
    made = []
    for number, folder in enumerate(folders, 1):
        if repeats > 1:
            console.print(f"repeat {number} of {repeats}")
        with _progress() as progress:
            show = _load_line(progress)
            made.append(conduct.conduct(asked, folder, number, console.print, show))
        if made[-1].info().interrupted:
            console.print("interrupted: what was written is judged")
            break
    _judge(judging, made, out)


class _SeveralFiles(TyperCommand):
    """A command whose --history and --stored take all the files that follow: `--history A B`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As usual, with an option of its own before each of the files."""
        spread: list[str] = []
        option = None
        for argument in args:
            if argument.startswith("-"):
                name, _, value = argument.partition("=")
                option, argument = (name, value) if name in ("--history", "--stored") else (None, argument)
            if option is None:
                spread.append(argument)
            elif argument:
                spread += [option, argument]
        return super().parse_args(ctx, spread)


@app.command(cls=_SeveralFiles)
def judge(
    folder: Annotated[Path | None, typer.Argument(metavar="RUN", help="Run folder.")] = None,
    read_back: Annotated[bool, typer.Option("--read-back", help="Read the stored log back first.")] = False,
    history: Annotated[list[Path] | None, typer.Option(help="Instead of RUN: history files of any client.")] = None,
    stored: Annotated[
        list[Path] | None,
        typer.Option(help="Its stored log (JSON Lines, CSV, Parquet); several: readings of it, the last is judged."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder to make of them, not there yet.")] = None,
    written: Annotated[
        Path | None,
        typer.Option("--scenario", help="Scenario with the promises and the SLA; default: none beyond the order."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a processor.")] = None,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, whose workers judge.")] = None,
) -> None:
    """Judge a run folder again, or the history of any client with the stored log of any system.

    Judging again rewrites all from verdict.json on, and nothing before.
    """
    judging = _judging("judge")
    jobs = jobs or os.cpu_count() or 1
    if folder is None:
        if not (history and stored and out):
            raise UnusableInput("judge: expected RUN, or --history, --stored and --out together")
        if read_back:
            raise UnusableInput("judge: --read-back reads the system of a RUN, and goes with no --history")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        made = foreign.gather(foreign.Given(history, stored, written), out, jobs)
        try:
            _judge(judging, [made], out, jobs=jobs, dask=dask)
        except typer.Exit:
            raise
        except Exception:
            shutil.rmtree(out)  # so that the same command can be given again
            raise
    for name, value in (("--history", history), ("--stored", stored), ("--out", out), ("--scenario", written)):
        if value:
            raise UnusableInput(f"judge: expected either RUN or --history, got {folder} and {name}")
    folders = judging.folders_of(folder)
    if read_back:
        for opened in folders:
            _read_back(opened)
    _judge(judging, folders, folder, jobs=jobs, dask=dask)


def _read_back(folder: RunFolder) -> None:
    """Read the stored log of a run again."""
    info, asked = folder.info(), folder.scenario()
    if not info.target:
        raise UnusableInput(f"{folder.path}: made of files that were given: there is no system to read back from")
    with conduct.read_back_of(conduct.target(info.target), asked) as reader:
        reader.check()
        conduct.read_back(folder, reader, asked)


def _judging(command: str) -> Any:
    """The room that judges, which the checkout has and the wheel has not."""
    if not (conduct.CHECKOUT / "analysis").is_dir():
        raise UnusableInput(f"{command}: needs the checkout of inorder (its locustfiles/ and analysis/), not the wheel")
    sys.path.insert(0, str(conduct.CHECKOUT))
    return importlib.import_module("analysis.judging")


def _judge(judging: Any, folders: list[RunFolder], out: Path, **how: Any) -> NoReturn:
    try:
        judged, page = judging.judge_and_write(folders, out, **how)
    except OSError as error:
        raise _disk(error, out) from None
    verdict = judged["verdict"]
    console.print(f"\n{verdict.upper()}", style="bold")
    for reason in judged["reasons"]:
        console.print(f"  {reason}", markup=False)
    console.print(f"page: {page}", markup=False)
    raise typer.Exit(EXIT_CODES[verdict])


def _disk(error: OSError, out: Path) -> UnusableInput:
    """What the disk refused, in one line: exit code 1 would tell that the system failed, and not the disk."""
    reason = " ".join(str(error.strerror or error).split())
    return UnusableInput(f"{error.filename or out}: cannot be read or written: {reason}")


def _load_line(show: Callable[[str, float], None]) -> Callable[[dict[str, Any]], None]:
    return lambda said: show(conduct.progress_line(said), said["t"])


@contextmanager
def _progress() -> Any:
    """Shows progress, told as a line and its second: in place on a terminal, else a line every five seconds."""
    if console.is_terminal:
        with console.status("starting") as status:
            yield lambda line, second: status.update(line)
        return
    shown = -5.0

    def show(line: str, second: float) -> None:
        nonlocal shown
        if second - shown >= 5.0:
            shown = second
            console.print(line, markup=False)

    yield show


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
        flush_ms=flush_ms, replication_delay_ms=replication_delay_ms, quota_per_s=quota_per_s,
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


@app.command()
def faults(
    only: Annotated[list[str] | None, typer.Option(help="Only this row; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to make, not there yet; default: reports/faults-TIME.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Runs of each row, each under a seed of its own.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    jobs: Annotated[int | None, typer.Option(min=1, max=64, help="Runs at once; default: two a processor.")] = None,
) -> None:
    """Make each fault happen in a short run of its own, and show that judging finds it, and accuses nobody else.

    Leaves index.html, faults.json and a run folder for each. Exit code 0: all is as expected; 1: not all is.
    """
    _judging("faults")
    report = importlib.import_module("analysis.faults.report")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    described = matrix_rows.load(drive.MATRIX_FILE)
    chosen = matrix_rows.chosen(described, only or [], drive.MATRIX_FILE)
    out = out or conduct.new_folder("faults")
    jobs = jobs or 2 * (os.cpu_count() or 1)
    try:
        with _progress() as progress:
            made_s = drive.make(chosen, described, range(seed, seed + seeds), out, jobs, progress)
        written = report.write(out, jobs, made_s)
    except OSError as error:
        raise _disk(error, out) from None
    for row in written.rows:
        for wrong in row["wrong"]:
            console.print(f"  {row['fault']}, seed {wrong['seed']}: {'; '.join(wrong['why'])}", markup=False)
    console.print("AS EXPECTED" if written.ok else "NOT AS EXPECTED", style="bold")
    console.print(f"  {written.headline}", markup=False)
    console.print(f"page: {written.page}", markup=False)
    raise typer.Exit(0 if written.ok else 1)


@app.command("bench-data")
def bench_data(
    events: Annotated[int, typer.Argument(metavar="N", min=1, help="Events.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Run folder to make, not there yet.")],
    raw: Annotated[bool, typer.Option("--raw", help="History and stored log, not yet merged.")] = False,
    disordered: Annotated[float, typer.Option(min=0, max=1, help="Share of the events stored out of order.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another run.")] = 1,
    one_visitor: Annotated[bool, typer.Option("--one-visitor", help="All of one visitor, stored in reverse.")] = False,
    readings: Annotated[int, typer.Option(min=1, max=2, help="2: with an earlier reading of the log.")] = 1,
) -> None:
    """Make up a run of N events with known anomalies, and DIR/truth.json: what judging it must find."""
    bench.make(bench.Asked(events, seed, disordered, one_visitor, raw, readings), folder)
    console.print(f"{folder}: {events:,} events; what is in them: {folder / 'truth.json'}")


@app.command()
def scenarios(folder: Annotated[Path, typer.Argument(help="Folder of scenario files.")] = Path("scenarios")) -> None:
    """List the scenarios, each with the question that it answers."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise UnusableInput(f"{folder}: expected scenario files (*.toml), found none")
    for file in files:
        written = scenario.load(file)
        console.print(f"[bold]{written.name}[/bold]  {written.question.strip()}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    print(json.dumps(scenario.json_schema(), indent=2))


def main() -> None:
    """Run the command line; what a user can mend is told in one line, exit code 2.

    A defect of inorder itself ends with 70: 1 would be a verdict.
    """
    command: Callable[..., Any] = app
    try:
        command()
    except InorderError as error:
        print(f"inorder: {error}", file=sys.stderr)
        sys.exit(2)
    except SystemExit as ended:
        if ended.code == 130:  # what typer makes of a Ctrl-C, without a word
            print("inorder: interrupted", file=sys.stderr)
        raise
    except Exception:
        traceback.print_exc()
        print("inorder: this is a defect of inorder, and says nothing of the system", file=sys.stderr)
        sys.exit(_DEFECT)
