"""All commands, in the order of the help, and the end of one as an exit code."""

import typer

from inorder.cli import compare, faults, judge, plan, readback, run, serve, show, slo, target
from inorder.cli.base import app
from inorder.errors import UnusableInput

__all__ = ["compare", "ended", "faults", "judge", "plan", "readback", "run", "serve", "show", "slo", "target"]


def ended() -> int:
    """Do what the command line asks, and give its exit code: 130 after a Ctrl-C, 2 where only the help was shown.

    Raises UnusableInput where there is no such command, option or value.
    """
    try:
        return int(app(prog_name="inorder", standalone_mode=False) or 0)
    except typer.TyperException as error:
        told = error.format_message().strip().rstrip(".")
        if not told:  # no command was named, and the help is there already
            return 2
        where = getattr(error, "ctx", None)
        command = where.command_path if where else "inorder"
        raise UnusableInput(f"{' '.join(told.split())}; `{command} --help` tells what there is") from None
