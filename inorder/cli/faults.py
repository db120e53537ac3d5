"""`inorder faults` and `inorder bench-data`: known wrongs, and whether judging finds them."""

import importlib
import json
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from inorder import bench, conduct
from inorder.cli.base import Json, Quiet, app, console, disk, judging_room, progress, speak
from inorder.matrix import drive
from inorder.matrix import rows as matrix_rows


@app.command()
def faults(
    only: Annotated[list[str] | None, typer.Option(help="Only this row; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to make, not there yet; default: reports/faults-TIME.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Runs of each row, each under a seed of its own.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    jobs: Annotated[int | None, typer.Option(min=1, max=64, help="Runs at once; default: two a processor.")] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make each fault happen in a short run of its own, and show that judging finds it, and accuses nobody else.

    Leaves index.html, faults.json and a run folder for each. Exit code 0: all is as expected; 1: not all is.
    """
    speak(quiet, as_json)
    judging_room("faults")
    report = importlib.import_module("analysis.faults.report")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    described = matrix_rows.load(drive.MATRIX_FILE)
    chosen = matrix_rows.chosen(described, only or [], drive.MATRIX_FILE)
    out = out or conduct.new_folder("faults")
    jobs = jobs or 2 * (os.cpu_count() or 1)
    with disk(out):
        with progress() as shown:
            made_s = drive.make(chosen, described, range(seed, seed + seeds), out, jobs, shown)
        written = report.write(out, jobs, made_s)
    if as_json:
        print(json.dumps(written.rows))
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
