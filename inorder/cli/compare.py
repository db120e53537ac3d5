"""`inorder compare`: has what NEW measured become worse than what BASE measured?"""

import importlib
import os
from pathlib import Path
from typing import Annotated

import typer

from inorder import conduct
from inorder.cli.base import Quiet, app, console, fresh, judging_room, speak
from inorder.errors import UnusableInput

EXIT_CODES = {"regressed": 1, "improved": 0, "no evidence": 0, "inconclusive": 3}


@app.command()
def compare(
    base: Annotated[str, typer.Argument(metavar="BASE", help="Run folder, with repeats or without; several: A,B,C.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What is held against it, in the same way.")],
    tolerance: Annotated[float, typer.Option(help="Share by which a time may change, 0 to 10.")] = 0.05,
    tolerance_ms: Annotated[float, typer.Option(help="Milliseconds by which it may change, 0 to 60,000.")] = 0.5,
    out: Annotated[Path | None, typer.Option(help="Folder to make, not there yet; default: reports/compare-TIME.")] = None,
    quiet: Quiet = False,
    json: Annotated[bool, typer.Option("--json", help="Print compare.json and nothing else.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a processor.")] = None,
) -> None:
    """Hold the runs of NEW against those of BASE: times, anomalies, objectives, capacity.

    Exit code 0: improved, or no evidence of a regression; 1: regressed; 3: inconclusive.
    """
    speak(quiet, json)
    for option, value, most in (("--tolerance", tolerance, 10), ("--tolerance-ms", tolerance_ms, 60_000)):
        if not 0 <= value <= most:
            raise UnusableInput(f"{option}: expected 0 to {most:,}, got {value:g}")
    judging_room("compare")
    report = importlib.import_module("analysis.compare.report")
    sides = [_paths(given, name) for given, name in ((base, "BASE"), (new, "NEW"))]
    out = out or conduct.new_folder("compare")
    with fresh(out):
        written = report.compare_and_write(
            *sides, out, tolerance=tolerance, tolerance_ms=tolerance_ms, jobs=jobs or os.cpu_count() or 1
        )
    found = written.document
    if json:
        print(written.json.read_text(encoding="utf-8"), end="")
    console.print(found["verdict"].upper(), style="bold")
    for line in (found["headline"], *found["reasons"][1:], *found["differs"]):
        console.print(f"  {line}", markup=False)
    console.print(f"page: {written.page}", markup=False)
    raise typer.Exit(EXIT_CODES[found["verdict"]])


def _paths(given: str, name: str) -> list[Path]:
    """The folders of a side; a folder whose own name has a comma is taken as one."""
    if Path(given).exists():
        return [Path(given)]
    paths = [Path(part) for part in given.split(",") if part]
    if not paths:
        raise UnusableInput(f"{name}: expected a run folder, got {given!r}")
    return paths
