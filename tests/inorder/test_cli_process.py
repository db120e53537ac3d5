"""The process of the command line: each Ctrl-C is heard, and the exit code is the command's own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEGIN = """
import sys
from types import SimpleNamespace
from inorder import cli
from inorder.cli.process import program

def run_as_command(what):
    cli.importlib = SimpleNamespace(import_module=lambda name: SimpleNamespace(ended=what))
    program()
"""
ABORTS = """
import atexit, os, threading, time

class Aborts:
    def __del__(self, abort=os.abort):
        abort()

def command():
    global kept
    kept = Aborts()
    atexit.register(print, "finalizer")
    threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
    print("command")
    return 3

run_as_command(command)
"""
LOSES = """
import signal, time

class Loses:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
        for _ in range(1000):
            pass

def command():
    Loses()
    time.sleep(30)
    return 0

run_as_command(command)
"""
FAILS = """
class Fails:
    def __del__(self):
        raise ValueError("told")

def command():
    Fails()
    return 0

run_as_command(command)
"""


def ended(program: str) -> subprocess.CompletedProcess[str]:
    """What a command leaves that does what a program says."""
    command = [sys.executable, "-c", BEGIN + program]
    buffered = os.environ | {"PYTHONUNBUFFERED": ""}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=buffered, timeout=60, check=False)


def test_the_exit_code_outlasts_what_an_interpreter_leaves() -> None:
    """Threads are joined and finalizers done; then nothing can abort any more."""
    done = ended(ABORTS)
    assert (done.returncode, done.stdout, done.stderr) == (3, "command\nthread\nfinalizer\n", "")


def test_an_interrupt_in_a_finalizer_is_heard() -> None:
    """Python drops it there; it is sent again, also to a command that waits."""
    done = ended(LOSES)
    assert (done.returncode, done.stderr) == (130, "inorder: interrupted\n")


def test_another_error_in_a_finalizer_is_told_as_ever() -> None:
    """It ends nothing."""
    done = ended(FAILS)
    assert done.returncode == 0
    assert "ValueError: told" in done.stderr


@pytest.mark.parametrize("after_s", [0.1, 0.5, 1.5])
def test_an_early_ctrl_c_is_told_in_a_line(tmp_path: Path, after_s: float) -> None:
    """However much of the program is there yet; nobody writes what it waits for."""
    os.mkfifo(tmp_path / "slo.yaml")
    begin = "import sys; from inorder.cli.process import program; print(flush=True); program()"
    command = [sys.executable, "-c", begin, "slo", str(tmp_path / "slo.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "inorder: interrupted\n")
