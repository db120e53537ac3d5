"""Keeps a PostgreSQL server for as long as its standard input is open: a program of its own, which outlives a kill -9.

`python keeper.py BIN` makes a data folder, starts BIN/postgres on a socket in it, and says `ready FOLDER`, or why not.
When the other end of its standard input is gone, for whatever reason, it ends the server and removes the folder.
"""

import contextlib
import os
import pwd
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TypedDict

START_S = 30.0
USER = "nobody"
"""PostgreSQL refuses to run as root; this user is on every system."""
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")
OTHERS = ("listen_addresses=", "unix_socket_permissions=0700", "max_connections=200", "log_timezone=UTC")
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


class Identity(TypedDict, total=False):
    """Who a program runs as, in the words of subprocess; empty: who runs this."""

    user: int
    group: int
    extra_groups: list[int]


class NotStarted(Exception):
    """Says in one line why there is no server."""


def room(who: Identity) -> str:
    """Where the folder goes: that for temporary files, or where another user may not enter that, the system's."""
    for place in (tempfile.gettempdir(), "/var/tmp"):
        path = Path(place).resolve()
        if not who or all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents)):
            return place
    return "/tmp"


def runnable(binaries: Path, folder: Path, who: Identity) -> Path:
    """The folder of the programs, or a copy of it where the user may not read the original (in a home folder)."""
    try:
        subprocess.run([binaries / "postgres", "--version"], **who, env=ENVIRONMENT, check=True, capture_output=True)
    except PermissionError:
        copy = folder / "programs"
        for path in (binaries.parent, *libraries(binaries)):
            shutil.copytree(path, copy / path.relative_to(binaries.parents[2]))
        for path in (copy, *copy.rglob("*")):
            shutil.chown(path, who["user"])
        return copy / binaries.relative_to(binaries.parents[2])
    return binaries


def libraries(binaries: Path) -> list[Path]:
    """The folders that a wheel's programs look for libraries in, at a fixed place beside them."""
    package = binaries.parents[1]
    return [path for path in (package.with_name(f"{package.name}.libs"), package / ".dylibs") if path.is_dir()]


def made(binaries: Path, folder: Path, who: Identity) -> Path:
    """A new data folder."""
    data = folder / "data"
    options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    command = [str(binaries / "initdb"), *options, f"--pgdata={data}"]
    done = subprocess.run(command, **who, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    if done.returncode:
        raise NotStarted(last_line(done.stderr))
    return data


def started(binaries: Path, folder: Path, who: Identity) -> "subprocess.Popen[bytes]":
    """A server that takes connections."""
    data, log = made(binaries, folder, who), folder / "log"
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder)]
    for setting in (*DURABLE, *OTHERS):
        command += ["-c", setting]
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, **who, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError):
            if (data / "postmaster.pid").read_text().rstrip().endswith("ready"):
                return server
        time.sleep(0.01)
    end(server)
    raise NotStarted(last_line(log.read_text(errors="replace")))


def last_line(said: str) -> str:
    """The end of what a program said."""
    return (said.strip().splitlines() or ["it said nothing"])[-1]


def end(server: "subprocess.Popen[bytes]") -> None:
    """End a server at once, without writing out data that go with it."""
    if server.poll() is None:
        server.send_signal(signal.SIGQUIT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()  # its own processes notice, and end too
            server.wait()


def keep(binaries: Path) -> None:
    """Start, wait, end."""
    who: Identity = {}
    if os.geteuid() == 0:
        entry = pwd.getpwnam(USER)
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="inorder-postgresql-", dir=room(who)))
    try:
        if who:
            shutil.chown(folder, who["user"])
        server = started(runnable(binaries, folder, who), folder, who)
        try:
            print(f"ready {folder}", flush=True)
            while server.poll() is None:
                readable, _, _ = select.select([sys.stdin], [], [], 0.5)
                if readable and not os.read(sys.stdin.fileno(), 4096):
                    break
        finally:
            end(server)
    except (NotStarted, OSError, LookupError, subprocess.SubprocessError) as error:
        print(" ".join(str(error).split()), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    # Only the end of the input ends it: whoever sends a signal to all sends it to the sandbox too.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keep(Path(sys.argv[1]))
