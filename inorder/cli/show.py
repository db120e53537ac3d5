"""`inorder scenarios` and `inorder schema`: what can be asked, and how it is written."""

import json
from pathlib import Path
from typing import Annotated

import typer

from inorder import scenario
from inorder.cli.base import app, console
from inorder.errors import UnusableInput


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
