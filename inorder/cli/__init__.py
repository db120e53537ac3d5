"""The command line, one file a command or two. Exit codes: 0 pass, 1 fail, 3 inconclusive, 2 bad input."""

import importlib
import sys
import traceback
from typing import NoReturn

from inorder.cli.output import outlived
from inorder.errors import InorderError

_DEFECT = 70
INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line; what a user can mend is told in one line, exit code 2.

    A defect of inorder itself ends with 70: 1 would be a verdict.
    """
    with outlived() as said:
        try:
            # Only here, as it takes a second or two: a Ctrl-C before it has ended is told like any other.
            code = importlib.import_module("inorder.cli.commands").ended()
            said.check()
        except InorderError as error:
            print(f"inorder: {error}", file=sys.stderr)
            code = 2
        except KeyboardInterrupt:
            code = INTERRUPTED
        except Exception:
            traceback.print_exc()
            print("inorder: this is a defect of inorder, and says nothing of the system", file=sys.stderr)
            code = _DEFECT
        if code == INTERRUPTED:
            print("inorder: interrupted", file=sys.stderr)
    sys.exit(code)
