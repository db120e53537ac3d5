"""The command line, one file a command or two. Exit codes: 0 pass, 1 fail, 3 inconclusive, 2 bad input."""

import sys
import traceback
from collections.abc import Callable
from typing import Any

from inorder.cli import compare, faults, judge, plan, readback, run, serve, show, slo, target
from inorder.cli.base import app
from inorder.errors import InorderError

__all__ = ["compare", "faults", "judge", "main", "plan", "readback", "run", "serve", "show", "slo", "target"]

_DEFECT = 70


def main() -> None:
    """Run the command line; what a user can mend is told in one line, exit code 2.

    A defect of inorder itself ends with 70: 1 would be a verdict.
    """
    command: Callable[..., Any] = app
    try:
        command()
    except InorderError as error:
        print(f"inorder: {error}", file=sys.stderr)
        sys.exit(2)
    except SystemExit as ended:
        if ended.code == 130:  # what typer makes of a Ctrl-C, without a word
            print("inorder: interrupted", file=sys.stderr)
        raise
    except Exception:
        traceback.print_exc()
        print("inorder: this is a defect of inorder, and says nothing of the system", file=sys.stderr)
        sys.exit(_DEFECT)
