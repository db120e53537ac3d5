"""The pool of processes: what becomes of it when one of its processes, or the one that started it, is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from inorder.errors import InorderError
from inorder.processes import pool

ROOT = Path(__file__).parent.parent.parent
STARTS = """
import os, time
from inorder.processes import pool
if __name__ == "__main__":
    with pool(1, "inorder.errors", "testing") as processes:
        print(processes.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""

BUSY = """
import os, time
from inorder.processes import pool
if __name__ == "__main__":
    with pool(1, "inorder.errors", "testing") as processes:
        process, busy = processes.submit(os.getpid).result(), processes.submit(time.sleep, 600)
        while not busy.running():  # what has not begun is not waited for
            time.sleep(0.01)
        print(process, flush=True)
        try:
            busy.result()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            raise
"""


def alive(process: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_a_killed_process_is_told_in_one_line() -> None:
    """Not by a traceback of the pool."""
    with pytest.raises(InorderError, match="testing: one of its processes was killed"):  # noqa: SIM117
        with pool(1, "inorder.errors", "testing") as processes:
            processes.submit(os.kill, processes.submit(os.getpid).result(), signal.SIGKILL).result()


def test_a_ctrl_c_is_left_to_who_waits() -> None:
    """A terminal sends it to all; the processes of the pool go on."""
    with pool(1, "inorder.errors", "testing") as processes:
        process = processes.submit(os.getpid).result()
        os.kill(process, signal.SIGINT)
        assert processes.submit(os.getpid).result() == process


def test_the_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    """Also where that one is killed and can do nothing more about it."""
    script = tmp_path / "starts.py"
    script.write_text(STARTS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment) as starter:
        assert starter.stdout is not None
        process = int(starter.stdout.readline())
        assert alive(process)
        starter.kill()
    until = time.monotonic() + 20
    while alive(process) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(process)


def test_at_a_second_signal_nobody_waits_any_more(tmp_path: Path) -> None:
    """At the first one what is under way is waited for; at the second it is ended with all the rest."""
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=quiet, text=True, env=environment
    ) as one:
        assert one.stdout is not None
        process = int(one.stdout.readline())
        one.send_signal(signal.SIGINT)
        told = one.stdout.readline()
        time.sleep(1.0)
        waiting = one.poll() is None and alive(process)
        one.send_signal(signal.SIGINT)
        try:
            one.wait(30)
        except subprocess.TimeoutExpired:
            one.kill()
            raise
    assert told == "interrupted\n"
    assert waiting
    until = time.monotonic() + 20
    while alive(process) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(process)
