"""`inorder target check`: sends one visitor to a system, reads it back, and says what works and what a run will cost."""

import importlib
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from inorder import conduct
from inorder.cli.base import CaFile, Json, MaxRate, PartnerId, YesLoad, app, console, judging_room, speak
from inorder.cli.dry_run import costs_of_run, planned
from inorder.costs import Costs, told
from inorder.merge import merge
from inorder.plan import prefix_of
from inorder.readback.opening import reader_of
from inorder.targets import reach, safety, trial
from inorder.targets.findings import Finding, findings
from inorder.targets.system import Named, named

target_app = typer.Typer(help="A system under test, as its target file describes it.", no_args_is_help=True)
app.add_typer(target_app, name="target")
_MARKS = {True: "✓", False: "✗", None: "–"}


@target_app.callback()
def target() -> None:
    """A system under test, as its target file describes it."""


@target_app.command()
def check(
    given: Annotated[str, typer.Argument(metavar="TARGET", help="Target file, or base addresses with commas.")],
    file: Annotated[Path | None, typer.Argument(metavar="SCENARIO", help="Scenario whose costs are told too.")] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Generator processes of the run.")] = 1,
    partner_id: PartnerId = None,
    ca_file: CaFile = None,
    yes_load: YesLoad = None,
    max_rate: MaxRate = None,
    as_json: Json = False,
) -> None:
    """Send one visitor to TARGET, read it back, and say what works; with SCENARIO also what its run will cost.

    Exit code 0: all that a verdict needs works; 1: something does not; 2: it could not be tried.
    """
    speak(False, as_json)
    asked = conduct.Run(
        file=file or Path("target-check.toml"), targets=[given], processes=processes, partner_id=partner_id,
        ca_file=ca_file, yes_load=yes_load or [], max_rate=max_rate,
    )  # fmt: skip
    judging_room("target check")
    system = asked.permitted(named(asked.targets, partner_id, ca_file))
    load = safety.target_of(system, processes)
    costs, prefix = (None, None) if file is None else _costs(asked, system)
    reader_of(system, 1).close()  # what is wrong with the file alone is told before anything is sent
    reach.check(system, load)
    found = [Finding("reach", True, f"{base} answers, and refuses no key") for base in system.bases]
    with tempfile.TemporaryDirectory(prefix="inorder-") as folder:
        made, unread = trial.send(system, load, Path(folder) / "trial")
        verdict = importlib.import_module("analysis.verdict").judge([made]).verdict
        found += findings(made, unread, merge(made), verdict)
        own = made.info().prefix
    works = all(finding.ok is not False for finding in found)
    if as_json:
        parts = {"works": works, "findings": [asdict(finding) for finding in found]}
        more = {"notes": system.notes, "unsupported": verdict["unsupported"], "visitor": f"{own}1", "prefix": prefix}
        print(json.dumps(parts | more | {"costs": costs and asdict(costs)}))
    else:
        for sentence in system.notes:
            console.print(f"– {sentence}", markup=False)
        _print(found, verdict, costs)
        _print_traces(own, prefix)
        console.print("all that a verdict needs works" if works else "not all that a verdict needs works", style="bold")
    raise typer.Exit(0 if works else 1)


def _costs(asked: conduct.Run, system: Named) -> tuple[Costs, str]:
    """The costs of the scenario's run, and what its visitors' names begin with."""
    _, written = conduct.scenario_of(asked)
    return costs_of_run(planned(asked, written, system), system, asked.processes), prefix_of(written)


def _print(found: list[Finding], verdict: dict[str, Any], costs: Costs | None) -> None:
    for finding in found:
        console.print(f"{_MARKS[finding.ok]} {finding.name}: {finding.told}", markup=False)
    if verdict["unsupported"]:
        console.print("A run could not check:")
        for sentence in verdict["unsupported"]:
            console.print(f"  {sentence}", markup=False)
    if costs is not None:
        console.print("The run costs:")
        for sentence in told(costs):
            console.print(f"  {sentence}", markup=False)


def _print_traces(own: str, prefix: str | None) -> None:
    """How the events are found again."""
    console.print(f"This check's visitor is {own}1: its events can be deleted.", markup=False)
    whose = f"{prefix} in this scenario under this seed" if prefix else "told by run.json and the page"
    like = prefix or own
    console.print(
        f"The visitors of a run are named by its prefix ({whose}) and a number: ^{like}[0-9]+$ finds them, as in "
        f"DELETE FROM events WHERE visitor LIKE '{like}%'.",
        markup=False,
    )
