"""What the commands share: the console, progress, the room that judges, and the end with a verdict's exit code."""

import importlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from inorder import conduct
from inorder.errors import UnusableInput
from inorder.run import RunFolder

EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}

app = typer.Typer(
    help="Does an event API keep each user's events in order, under real load?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors: the exit code tells the verdict.")]
Json = Annotated[bool, typer.Option("--json", help="Print what was found as JSON to standard output, and nothing else.")]
PartnerId = Annotated[str | None, typer.Option(help="partnerId; default: INORDER_PARTNER_ID.")]
CaFile = Annotated[str | None, typer.Option(help="Certificates to trust instead of the system's.")]
YesLoad = Annotated[
    list[str] | None, typer.Option(help="Host that may be sent load, though it is not this machine; several.")
]
MaxRate = Annotated[float | None, typer.Option(min=1, help="Calls a second, at most, all processes together.")]


def speak(quiet: bool, as_json: bool) -> None:
    """Whether people are told anything on standard output."""
    console.quiet = quiet or as_json


def judging_room(command: str) -> Any:
    """The room that judges, which the checkout has and the wheel has not."""
    if not (conduct.CHECKOUT / "analysis").is_dir():
        raise UnusableInput(f"{command}: needs the checkout of inorder (its locustfiles/ and analysis/), not the wheel")
    sys.path.insert(0, str(conduct.CHECKOUT))
    return importlib.import_module("analysis.judging")


def judge_and_end(judging: Any, folders: list[RunFolder], out: Path, *, as_json: bool = False, **how: Any) -> NoReturn:
    """Judge, say the verdict (`as_json`: the content of verdict.json), and end with its exit code."""
    with disk(out):
        judged, page = judging.judge_and_write(folders, out, **how)
    verdict = judged["verdict"]
    if as_json:
        print(json.dumps(judged))
    console.print(f"\n{verdict.upper()}", style="bold")
    for reason in judged["reasons"]:
        console.print(f"  {reason}", markup=False)
    console.print(f"page: {page}", markup=False)
    raise typer.Exit(EXIT_CODES[verdict])


@contextmanager
def disk(out: Path) -> Iterator[None]:
    """Tell what the disk refuses in one line: exit code 1 would tell that the system failed, and not the disk."""
    try:
        yield
    except OSError as error:
        reason = " ".join(str(error.strerror or error).split())
        raise UnusableInput(f"{error.filename or out}: cannot be read or written: {reason}") from None


@contextmanager
def fresh(out: Path) -> Iterator[None]:
    """Make the folder `out` before anything is worked out; where that or writing into it fails, none of it stays.

    Raises UnusableInput where it is there already: what stands in it is never overwritten.
    """
    if os.path.lexists(out):
        raise UnusableInput(f"{out}: exists already; it is never overwritten, name another --out")
    above = [parent for parent in out.parents if not parent.exists()]
    try:
        with disk(out):
            out.mkdir(parents=True)
            yield
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        with suppress(OSError):  # where another command has put something into it by now
            for parent in above:
                parent.rmdir()
        raise


@contextmanager
def progress() -> Any:
    """Shows progress, told as a line and its second: in place on a terminal, else a line every five seconds."""
    if console.is_terminal and not console.quiet:
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
