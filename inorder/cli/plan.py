"""`inorder plan`: from a capacity run, how long a storm of returning visitors takes and what the worst one waits."""

import importlib
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from inorder import clicklog
from inorder.cli.base import app, console, fresh, judging_room
from inorder.errors import UnusableInput

_MOST = 8
"""Values of a side of the table: more cannot be read."""


@app.command()
def plan(
    folder: Annotated[Path, typer.Argument(metavar="CAPACITY_RUN", help="Folder of a capacity run.")],
    visitors: Annotated[list[str], typer.Option(help="Visitors that come back; several, or with commas: a table.")],
    offline: Annotated[list[str], typer.Option(help="Minutes that they were offline; several, or with commas.")],
    within: Annotated[float, typer.Option(help="Seconds within which they come back; 0: all at once.")] = 8.0,
    batch_size: Annotated[int, typer.Option(min=1, max=1000, help="Events a batch, at most.")] = 20,
    connections: Annotated[int | None, typer.Option(min=1, help="Calls in flight at once; default: one a visitor.")] = None,
    queue_limit: Annotated[int | None, typer.Option(min=1, help="Events that a client keeps while it is offline.")] = None,
    behaviour: Annotated[Path | None, typer.Option(help="Click log with the sessions; default: synthetic ones.")] = None,
    limit_s: Annotated[float, typer.Option("--limit-s", help="Longest wait of a visitor that is accepted.")] = 10.0,
    out: Annotated[Path | None, typer.Option(help="Folder to make for plan.json and the page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print plan.json instead of the answer.")] = False,
) -> None:
    """Say how long a storm takes to drain and how long its worst visitor waits, learned from a capacity run."""
    judging_room("plan")
    learning, backlogs, simulation, table, page, report = (
        importlib.import_module(f"analysis.{name}")
        for name in (
            *("forecast.learning", "forecast.backlogs", "forecast.simulation", "forecast.table"),
            *("planning.page", "planning.report"),
        )
    )
    counts = [int(value) for value in _values("--visitors", visitors, 1, 1_000_000, whole=True)]
    minutes = _values("--offline", offline, 0, 100_000)
    for option, value, low, high in (("--within", within, 0, 86_400), ("--limit-s", limit_s, 0.001, 86_400)):
        if not low <= value <= high:
            raise UnusableInput(f"{option}: expected {low:g} to {high:g} seconds, got {value:g}")
    client = simulation.Client(batch_size, connections)
    asked = table.Asked(counts, minutes, within, client, queue_limit, limit_s)
    with fresh(out) if out else nullcontext():
        learned = learning.learn(_verdict(folder), str(folder))
        if behaviour is None:
            sessions = backlogs.synthetic(seed=1)
        else:
            sessions = backlogs.of_seconds([[step.second for step in steps] for steps in clicklog.read(behaviour)])
        made = table.document(learned, sessions, asked, folder.resolve().name, str(behaviour or "synthetic"))
        written = report.write(made, out) if out else None
    if as_json:
        print(json.dumps(made, indent=2))
        return
    _print(made, page)
    if written:
        console.print(f"page: {written}", markup=False)


def _values(option: str, given: list[str], low: float, high: float, whole: bool = False) -> list[float]:
    """The numbers of an option that may be repeated and may hold several with commas, sorted, each once."""
    found = set()
    for text in (piece.strip() for value in given for piece in value.split(",")):
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not low <= number <= high or (whole and number != int(number)):
            kind = "a whole number" if whole else "a number"
            raise UnusableInput(f"{option}: expected {kind} from {low:,.0f} to {high:,.0f}, got {text!r}")
        found.add(number)
    if len(found) > _MOST:
        raise UnusableInput(f"{option}: expected at most {_MOST} values, got {len(found)}")
    return sorted(found)


def _verdict(folder: Path) -> dict[str, Any]:
    """The content of verdict.json of a run folder."""
    file = folder / "verdict.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnusableInput(f"{file}: cannot be read: {error.strerror}; expected the folder of a capacity run") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnusableInput(f"{file}: expected the JSON that judging writes; `inorder judge {folder}` writes it again")
    return found


def _print(made: dict[str, Any], page: Any) -> None:
    """The answer for people: a sentence, a table where there is more than one storm, and what must be said."""
    cells = made["cells"]
    console.print(page.headline(made), style="bold", markup=False)
    console.print(f"  {' '.join(page.stores(made))}; fluid model: {page.shown(cells[-1], made)['fluid']}", markup=False)
    if len(cells) > 1:
        shown = Table("minutes offline", title=page.heading(made), title_justify="left")
        for count in sorted({cell["visitors"] for cell in cells}):
            shown.add_column(f"{count:,} visitors", justify="right")
        for minutes in sorted({cell["offline_min"] for cell in cells}):
            row = [page.shown(cell, made) for cell in cells if cell["offline_min"] == minutes]
            told = [
                f"[bold]{own['drain'][0]}[/bold]{'*' if own['beyond'] else ''}\n{own['mark']} {own['wait'][0]}"
                for own in row
            ]
            shown.add_row(f"{minutes:g}", *told)
        console.print(shown)
        console.print("drained after; below it: the worst visitor waits; ▲: over the limit, or may be", markup=False)
    for note in page.notes(made):
        console.print(f"  {note}", markup=False)
