"""The whole way, cut short: workers, sandboxes and whole runs that are killed or interrupted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.crowd_runs import ROOT, WRONG, eventually, inorder, scenario, verdict


@pytest.fixture
def under_way(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A longer run of two processes, in the middle of its load."""
    file = scenario(tmp_path, count=400, back=12.0)
    command = [sys.executable, "-m", "inorder", "run", str(file), "--processes", "2", "--out", str(tmp_path / "run")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, start_new_session=True
    ) as process:
        history = tmp_path / "run" / "history" / "w1.jsonl"
        until = time.monotonic() + 60
        while not (history.exists() and history.read_text().count('"kind":"batch"') > 20):
            assert time.monotonic() < until, "the load did not begin"
            time.sleep(0.1)
        yield process
        process.kill()


def children(run: Path) -> list[int]:
    """The processes that name the run's folder in their environment: the generator's."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"INORDER_RUN={run}".encode() in environment.split(b"\0"):
                found.append(int(entry.name))
    return sorted(found)


def test_a_lost_worker_makes_the_run_inconclusive(under_way: "subprocess.Popen[str]", tmp_path: Path) -> None:
    """kill -9 of one worker: its history is whole up to then, nothing is a phantom, and the loss is named."""
    run = tmp_path / "run"
    # The master is the first; a worker is a process whose parent it is, and w1 holds its history open.
    writers = [
        pid
        for pid in children(run)
        if any(os.path.realpath(fd).endswith("w1.jsonl") for fd in Path(f"/proc/{pid}/fd").iterdir())
    ]
    assert len(writers) == 1
    os.kill(writers[0], signal.SIGKILL)
    said, _ = under_way.communicate(timeout=100)
    found = verdict(run)
    assert under_way.returncode == 3, said
    assert found["validity"]["workers_lost"] == 1
    assert any("no closing line" in reason for reason in found["reasons"])
    assert found["anomalies"]["phantom"] == found["anomalies"]["lost"] == 0
    assert children(run) == []


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_was_written_and_ends_all_processes(
    under_way: "subprocess.Popen[str]", tmp_path: Path, end: signal.Signals
) -> None:
    """Merged, judged, inconclusive; no child is left. A pipeline that cancels a job is obeyed alike."""
    run = tmp_path / "run"
    under_way.send_signal(end)
    said, _ = under_way.communicate(timeout=100)
    found = verdict(run)
    assert under_way.returncode == 3, said
    assert found["verdict"] == "inconclusive"
    assert found["events"]["sent"] > 0
    assert any("interrupted" in reason for reason in found["reasons"])
    assert found["anomalies"]["phantom"] == 0
    assert children(run) == []


def test_ctrl_c_while_the_log_is_read_back_is_judged_too(tmp_path: Path) -> None:
    """The load was made; without a stored log the run is inconclusive, and says that it was interrupted."""
    file = scenario(tmp_path, count=20, back=1.0)
    file.write_text(file.read_text().replace("settle_s = 1.0", "settle_s = 60.0"))
    command = [sys.executable, "-m", "inorder", "run", str(file), "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as process:
        assert process.stdout is not None
        while "reading the stored log back" not in (line := process.stdout.readline()):
            assert line, "the run ended early"
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    found = verdict(tmp_path / "run")
    assert process.returncode == 3, said
    assert found["events"]["sent"] > 100
    assert any("interrupted" in reason for reason in found["reasons"])


def test_a_sandbox_that_is_killed_still_leaves_a_verdict(tmp_path: Path) -> None:
    """Inconclusive, for its log cannot be read; what was wrong on purpose is told, but not how often."""
    file = scenario(tmp_path, count=100, back=4.0, sla=WRONG)
    command = [sys.executable, "-m", "inorder", "run", str(file), "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as process:
        history = tmp_path / "run" / "history" / "w0.jsonl"
        assert eventually(lambda: history.exists() and '"kind":"batch"' in history.read_text(), 60)
        (sandbox,) = [
            own for own in psutil.Process(process.pid).children() if own.cmdline()[2:4] == ["inorder", "sandbox"]
        ]  # fmt: skip
        sandbox.kill()
        said, _ = process.communicate(timeout=150)
    found = verdict(tmp_path / "run")
    assert process.returncode == 3, said
    assert {fault["fault"]: fault["injected"] for fault in found["faults"]}["drops-one-event"] is None
    assert "how often it did harm is not known" in (tmp_path / "run" / "index.html").read_text(encoding="utf-8")


def test_a_load_without_hope_is_ended_in_all_processes(tmp_path: Path) -> None:
    """Two processes whose batches all miss the limit: the run fails, says why, and long before its phases are over."""
    line = '[[sla]]\nmetric = "batch.response_ms.p50"\nmax = 100\nstop = true\n[sandbox]\nreplication_delay_ms = 400\n'
    file = scenario(tmp_path, count=400, back=30.0, sla=line)
    done = inorder("run", file, "--processes", 2, "--out", tmp_path / "run")
    found = verdict(tmp_path / "run")
    assert done.returncode == 1, done.stdout + done.stderr
    assert found["stopped"]["at_s"] < 28
    assert [reason for reason in found["reasons"] if found["stopped"]["sentence"] in reason]
    assert (found["sla"][0]["verdict"], found["sla"][0]["reason"]) == ("fail", found["stopped"]["sentence"])
    assert found["unsent"] > 0
    assert (found["validity"]["workers"], found["validity"]["workers_lost"], found["validity"]["crashed"]) == (2, 0, 0)
    assert not any("never sent" in reason for reason in found["reasons"])
    assert found["blame"]["system"] == 0
    assert children(tmp_path / "run") == []
