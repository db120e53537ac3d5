"""`inorder run`: make the load of a scenario, read the stored log back, judge."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from inorder import conduct, objectives
from inorder.cli.base import (
    CaFile,
    Json,
    MaxRate,
    PartnerId,
    Quiet,
    YesLoad,
    app,
    console,
    disk,
    judge_and_end,
    judging_room,
    progress,
    speak,
)
from inorder.cli.capacity import run_steps
from inorder.cli.dry_run import dry_run
from inorder.cli.slo import SloFiles, lines_of
from inorder.errors import UnusableInput
from inorder.progress import line


@app.command()
def run(
    file: Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (TOML).")],
    target: Annotated[
        list[str] | None,
        typer.Option(help="Target file, or base address; several, or with commas: its servers; default: a sandbox."),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Generator processes.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Run folder, not there yet; default: reports/NAME-TIME.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed than the scenario's.")] = None,
    behaviour: Annotated[Path | None, typer.Option(help="Click log to replay (JSON Lines or CSV).")] = None,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Runs; intervals then come from the repeats.")] = 1,
    partner_id: PartnerId = None,
    ca_file: CaFile = None,
    yes_load: YesLoad = None,
    max_rate: MaxRate = None,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing: print the first calls as curl commands, and the costs.")
    ] = False,
    calls: Annotated[int, typer.Option(min=1, max=1000, help="How many of each kind --dry-run prints.")] = 3,
    slo: SloFiles = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make the load of SCENARIO, read the stored log back, judge it, and say where the page is."""
    speak(quiet, as_json)
    lines = lines_of(slo)
    asked = conduct.Run(
        file=file, text=objectives.to_text(file, lines) if lines else None, targets=target or [],
        processes=processes, seed=seed, behaviour=behaviour, partner_id=partner_id, ca_file=ca_file,
        yes_load=yes_load or [], max_rate=max_rate,
    )  # fmt: skip
    if dry:
        dry_run(asked, calls, as_json=as_json)
        return
    judging = judging_room("run")
    # A pipeline that cancels a job sends SIGTERM: it ends the run as a Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    out = out or conduct.new_folder(file.stem)
    if out.exists():
        raise UnusableInput(f"{out}: exists already; a run is never overwritten, name another --out")
    if conduct.scenario_of(asked)[1].capacity:
        if repeats > 1:
            raise UnusableInput(f"{file}: --repeats: expected 1 with [capacity], whose steps are runs, got {repeats}")
        run_steps(judging, asked, out, _load_line, as_json=as_json)
    folders = [out] if repeats == 1 else [out / "repeats" / str(number) for number in range(1, repeats + 1)]
    made = []
    for number, folder in enumerate(folders, 1):
        if repeats > 1:
            console.print(f"repeat {number} of {repeats}")
        with disk(folder), progress() as shown:
            show = _load_line(shown)
            made.append(conduct.conduct(asked, folder, number, console.print, show))
        if made[-1].info().interrupted:
            console.print("interrupted: what was written is judged")
            break
    judge_and_end(judging, made, out, as_json=as_json)


def _load_line(show: Callable[[str, float], None]) -> Callable[[dict[str, Any]], None]:
    return lambda said: show(line(said), said["t"])
