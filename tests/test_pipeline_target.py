"""The whole way against a system of one's own, which lives longer than a run."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from inorder.ports import free_port
from tests.crowd_runs import ROOT, WRONG, eventually, inorder, scenario, verdict


@pytest.fixture
def system(tmp_path: Path) -> Iterator[str]:
    """A system that lives longer than a run: its base address."""
    command = [sys.executable, "-m", "inorder", "sandbox", "--port", "0", "--store", f"sqlite:{tmp_path / 's.sqlite'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        yield next(word for word in server.stdout.readline().split() if word.startswith("http://"))
        server.terminate()


def test_a_second_run_is_not_judged_by_what_the_first_one_stored(system: str, tmp_path: Path) -> None:
    """Same seed, same names, same system: a run reads only what was stored after it began."""
    file = scenario(tmp_path, count=20, back=1.0)
    for name in ("one", "two"):
        done = inorder("run", file, "--target", system, "--out", tmp_path / name)
        assert done.returncode == 0, done.stdout + done.stderr
    assert verdict(tmp_path / "one")["events"] == verdict(tmp_path / "two")["events"]


def test_the_servers_of_one_system_share_the_load(system: str, tmp_path: Path) -> None:
    """Two addresses, two processes: each address takes its part, and the one stored log holds all, again and again."""
    other = system.replace("127.0.0.1", "localhost")
    run = tmp_path / "run"
    done = inorder("run", scenario(tmp_path, count=30), "--processes", 2, "--target", f"{system},{other}", "--out", run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((run / "run.json").read_text())["target"] == f"{system}, {other}"
    for worker in range(2):
        lines = [json.loads(line) for line in (run / "history" / f"w{worker}.jsonl").read_text().splitlines()]
        assert {line["server"] for line in lines if line["type"] == "sent"} == {0, 1}
    first = verdict(run)
    done = inorder("judge", run, "--read-back")
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdict(run)["events"] == first["events"]
    assert first["events"]["stored"] > 200


def test_the_web_page_of_locust_runs_a_scenario_twice(system: str, tmp_path: Path) -> None:
    """Started from the page, judged at the end of each run, the second not by the rows of the first."""
    port = free_port()
    file = scenario(tmp_path, count=20, back=1.0)
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "locustfiles" / "visitors.py"), "--scenario", str(file)]
    command += ["--host", system, "--web-host", "127.0.0.1", "--web-port", str(port)]
    quiet = subprocess.DEVNULL
    with (
        subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=tmp_path, start_new_session=True) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as page,
    ):
        for number in (1, 2):
            assert eventually(lambda: bool(page.post("/swarm", data={}).json()["success"]))
            reached = eventually(lambda number=number: len(list(tmp_path.glob("reports/*/index.html"))) == number)
            # The page offers a new run only then.
            stopped = eventually(lambda: page.get("/stats/requests").json()["state"] == "stopped", 20)
            if not (reached and stopped):
                process.kill()
            assert reached, f"run {number} was not judged"
            assert stopped, f"run {number} did not end"
        process.terminate()
        process.wait(30)
    assert [verdict(run)["verdict"] for run in sorted((tmp_path / "reports").iterdir())] == ["pass", "pass"]


def test_a_network_fault_goes_before_a_target_of_ones_own(tmp_path: Path, system: str) -> None:
    """The load takes the way through the proxy; the log is read from the system itself."""
    network = '[[faults]]\nname = "swallow"\nrate = 0.2\n'
    out = tmp_path / "run"
    done = inorder("run", scenario(tmp_path, sla=network), "--target", system, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    found = verdict(out)
    assert json.loads((out / "run.json").read_text())["target"] == system  # and not the proxy, which is gone
    assert found["faults"][0]["injected"] > 0
    assert found["anomalies"]["duplicate-explained"] > 0
    assert found["blame"] == {"system": 0, "client": 0}


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("https://127.0.0.1:1/1.0", "faults: swallow needs a target of plain http, to read the requests, got "),
        ("http://127.0.0.1:1/1.0,", "target: expected http(s)://host[:port]/path, got ''"),
    ],
)
def test_a_target_that_no_proxy_can_stand_before_is_one_line(tmp_path: Path, target: str, line: str) -> None:
    """Before anything is started."""
    network = '[[faults]]\nname = "swallow"\n'
    done = inorder("run", scenario(tmp_path, sla=network), "--target", target, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert done.stderr.startswith(f"inorder: {line}")
    assert done.stderr.count("\n") == 1


def test_a_fault_of_the_server_needs_the_sandbox(tmp_path: Path, system: str) -> None:
    """No other system can be made wrong: one line, exit code 2, before any load."""
    done = inorder("run", scenario(tmp_path, sla=WRONG), "--target", system, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert done.stderr == ("inorder: faults: only the sandbox has drops-one-event; leave --target out, or the fault\n")
    assert not (tmp_path / "run").exists()
