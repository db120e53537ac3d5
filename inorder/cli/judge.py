"""`inorder judge`: judge a run folder again, or what another client and another system made."""

import os
import shutil
import signal
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from inorder import conduct, foreign, objectives
from inorder.cli.base import Json, Quiet, app, judge_and_end, judging_room, speak
from inorder.cli.slo import SloFiles, lines_of
from inorder.driven import is_driven
from inorder.errors import UnusableInput
from inorder.run import RunFolder
from inorder.targets.system import named


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
    slo: SloFiles = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Judge a run folder again, or the history of any client with the stored log of any system.

    Judging again rewrites all from verdict.json on, and nothing before.
    """
    speak(quiet, as_json)
    judging = judging_room("judge")
    jobs = jobs or os.cpu_count() or 1
    lines = lines_of(slo)
    if folder is None:
        if not (history and stored and out):
            raise UnusableInput("judge: expected RUN, or --history, --stored and --out together")
        if read_back:
            raise UnusableInput("judge: --read-back reads the system of a RUN, and goes with no --history")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        made = foreign.gather(foreign.Given(history, stored, written), out, jobs)
        try:
            judge_and_end(judging, [objectives.to_folder(made, lines)], out, as_json=as_json, jobs=jobs, dask=dask)
        except typer.Exit:
            raise
        except Exception:
            shutil.rmtree(out)  # so that the same command can be given again
            raise
    for name, value in (("--history", history), ("--stored", stored), ("--out", out), ("--scenario", written)):
        if value:
            raise UnusableInput(f"judge: expected either RUN or --history, got {folder} and {name}")
    folders = judging.folders_of(folder)
    for path in (folder, *(opened.path for opened in folders)):
        if is_driven(path):
            raise UnusableInput(f"{path}: is still being driven; judge it when its run has ended")
    if lines:
        folders = [objectives.to_folder(opened, lines) for opened in folders]
    if read_back:
        for opened in folders:
            _read_back(opened)
    judge_and_end(judging, folders, folder, as_json=as_json, jobs=jobs, dask=dask)


def _read_back(folder: RunFolder) -> None:
    """Read the stored log of a run again."""
    info, asked = folder.info(), folder.scenario()
    if not info.target:
        raise UnusableInput(f"{folder.path}: made of files that were given: there is no system to read back from")
    system = named([info.target_file or info.target])
    with closing(conduct.read_back_of(system, asked)) as reader:
        reader.check()
        conduct.read_back(folder, reader, system, asked)
