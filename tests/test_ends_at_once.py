"""A load that is ended ends at once, though the system never answers: nothing more is sent, and nobody waits for calls."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from inorder.history import Done, Sent, read
from tests.crowd_runs import ROOT, eventually, scenario, verdict
from tests.inorder.driver.scripted import OK, Exchange, Scripted

ENDS_S = 2.0
"""So long may the load go on; four times as much is waited for on a busy machine."""


class Silent:
    """A system that answers nothing but an empty batch and its stored log, which is empty."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        """When each call arrived, by time.monotonic()."""
        self.read: list[float] = []
        """When the stored log was asked for."""
        self.over = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        """Answer, or leave the connection open until the end of the test."""
        if exchange.path.startswith("/stored"):
            self.read.append(time.monotonic())
            exchange.answer(OK.replace(b"2\r\n\r\n{}", b"0\r\n\r\n"))
        elif exchange.body == b"[]":
            exchange.answer()
        else:
            self.calls.append(time.monotonic())
            self.over.wait(60)


def run_of(folder: Path, server: Scripted, processes: int, sla: str = "") -> "subprocess.Popen[str]":
    """A run against the server, whose visitors come back all the time and always find a connection."""
    file = scenario(folder, count=4000, back=60.0, sla=sla)
    text = file.read_text().replace("connections = 16", "connections = 3000")
    # Else the calls in flight would end by themselves in time.
    text = text.replace("timeout_s = 5.0", "timeout_s = 40.0").replace("settle_s = 1.0", "settle_s = 1.0\nlimit_s = 2.0")
    file.write_text(text)
    command = [sys.executable, "-m", "inorder", "run", str(file), "--processes", str(processes)]
    command += ["--target", server.base, "--out", str(folder / "run")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)


@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_ends_the_load_at_once(tmp_path: Path, processes: int) -> None:
    """With calls in flight in each process, and more due all the time: the log is read back next."""
    silent = Silent()
    with Scripted(silent) as server, run_of(tmp_path, server, processes) as run:
        assert eventually(lambda: len(silent.calls) > 40)
        before, interrupted = len(silent.read), time.monotonic()
        run.send_signal(signal.SIGINT)
        assert eventually(lambda: len(silent.read) > before)
        said, _ = run.communicate(timeout=60)
        silent.over.set()
    assert silent.calls[-1] < silent.read[before] < interrupted + 4 * ENDS_S, said
    found = verdict(tmp_path / "run")["validity"]
    assert (found["interrupted"], found["workers_lost"], found["crashed"]) == (True, 0, 0), said


@pytest.mark.parametrize("processes", [1, 2])
def test_an_objective_that_is_lost_ends_the_load_at_once(tmp_path: Path, processes: int) -> None:
    """What is in flight has half a second to end, and the log is read back next."""
    silent = Silent()
    line = '[[sla]]\nmetric = "ordinary.response_ms.max"\nmax = 300\nstop = true\n'
    with Scripted(silent) as server, run_of(tmp_path, server, processes, line) as run:
        said, _ = run.communicate(timeout=100)
        silent.over.set()
    at = verdict(tmp_path / "run")["stopped"]["at_s"]
    lines = [line for file in (tmp_path / "run" / "history").glob("*.jsonl") for _, line in read(file)]
    sent = [line.sent for line in lines if isinstance(line, Sent)]
    done = [line.done for line in lines if isinstance(line, Done)]
    ended = silent.read[next(place for place, when in enumerate(silent.read) if when > silent.calls[-1])]
    assert max(sent) < at + 4 * ENDS_S, said
    assert max(done) < at + 4 * ENDS_S
    assert len(sent) == len(done)
    assert ended < silent.calls[-1] + 4 * ENDS_S
