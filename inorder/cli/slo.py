"""`inorder slo`: the lines of an SLA that OpenSLO files say; and `--slo`, with which a run or a judgement takes them in."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from inorder import openslo
from inorder.cli.base import app, console
from inorder.objectives import as_toml
from inorder.sla import Sla

SloFiles = Annotated[
    list[Path] | None,
    typer.Option("--slo", metavar="FILE", help="OpenSLO file whose objectives are judged too. May be repeated."),
]


@app.command()
def slo(files: Annotated[list[Path], typer.Argument(metavar="FILE", help="OpenSLO file (YAML, openslo/v1).")]) -> None:
    """Print what OpenSLO files say as SLA lines of a scenario; what no line can say stands above them."""
    # Nothing is printed of the first file where the second is bad: a scenario is to get all lines or none.
    told: list[str] = []
    lines = lines_of(files, lambda sentence: told.append(f"# {sentence}"))
    print("\n".join([*told, *map(as_toml, lines)]), end="")


def lines_of(
    files: Iterable[Path] | None, say: Callable[[str], None] = lambda sentence: console.print(sentence, markup=False)
) -> list[Sla]:
    """The lines that the files say, in their order; what they say beyond them is told as sentences."""
    read = [openslo.read(file) for file in dict.fromkeys(files or ())]
    for own in read:
        for sentence in own.left_out:
            say(sentence)
    return [line for own in read for line in own.lines]
