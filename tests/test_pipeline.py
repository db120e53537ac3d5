"""The whole way as a user goes it, as a subprocess: load, read back, judge; and each way in which it can go wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pyarrow.parquet as pq
import pytest

from inorder.ports import free_port

ROOT = Path(__file__).parent.parent
SCENARIO = """
question = "Does a small crowd keep its order?"
[visitors]
count = {count}
online_share = 0.2
pause_s = 0.1
[client]
connections = 16
batch_size = 10
ordinary_timeout_s = 5.0
{client}
[[phases]]
name = "quiet"
duration_s = 1.0
[[phases]]
name = "back"
duration_s = {back}
returning = 1.0
[readback]
settle_s = 1.0
[validity]
late_start_ms_p99 = 5000.0
loop_lag_ms_p99 = 5000.0
"""


def scenario(folder: Path, client: str = "", count: int = 80, back: float = 2.0, sla: str = "") -> Path:
    file = folder / "crowd.toml"
    file.write_text(SCENARIO.format(client=client, count=count, back=back) + sla)
    return file


def inorder(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "inorder", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, env={**os.environ, **environment})


def verdict(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "verdict.json").read_text())
    return found


def sent_batches(run: Path) -> dict[str, Any]:
    """Each batch of a run's history: its events and digests."""
    found = {}
    for file in sorted((run / "history").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            told = json.loads(line)
            if told["type"] == "sent":
                found[told["batch"]] = (told["events"], told["digests"])
    return found


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes against the sandbox, from which several tests read."""
    folder = tmp_path_factory.mktemp("clean")
    done = inorder("run", scenario(folder), "--processes", 2, "--out", folder / "run", "--seed", 7)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
    assert str(folder / "run" / "index.html") in done.stdout.replace("\n", "")
    return folder / "run"


def test_a_healthy_sandbox_is_clean(clean: Path) -> None:
    """Verdict pass, no anomaly, no breach, and not for want of events."""
    found = verdict(clean)
    assert found["verdict"] == "pass"
    assert sum(found["anomalies"].values()) == 0
    assert found["breaches"] == {"parallel": 0, "unacknowledged": 0}
    assert found["events"]["confirmed"] == found["events"]["sent"] == found["events"]["stored"] > 500
    assert found["visitors"]["total"] == 80
    assert found["validity"]["workers_lost"] == 0


def test_a_run_reads_the_log_twice(clean: Path) -> None:
    """Both readings are kept and compared, so that what vanished could be seen."""
    first, last = (pq.read_table(clean / "evidence" / name) for name in ("earlier-1.parquet", "stored.parquet"))
    assert first.drop_columns("seen_at") == last.drop_columns("seen_at")
    found = verdict(clean)
    assert found["readings"] == 2
    assert not any("vanished" in told for told in found["unsupported"])


def test_a_run_leaves_every_file_of_the_format(clean: Path) -> None:
    """One history a worker, evidence, verdict, page, figures, summary, junit; and no key in any of them."""
    names = {"scenario.toml", "run.json", "verdict.json", "index.html", "summary.md", "junit.xml"}
    assert names <= {path.name for path in clean.iterdir()}
    assert [path.name for path in sorted((clean / "history").iterdir())] == ["w0.jsonl", "w1.jsonl"]
    assert list((clean / "evidence").rglob("*.parquet"))
    assert len(list((clean / "figures").glob("*.png"))) >= 5
    for path in (path for path in clean.rglob("*") if path.suffix in (".json", ".jsonl", ".html", ".md", ".log")):
        assert "apiKey=" not in path.read_text(errors="replace")


def test_one_process_sends_what_two_processes_send(clean: Path, tmp_path: Path) -> None:
    """The same seed gives the same visitors, events and batches."""
    done = inorder("run", scenario(tmp_path), "--out", tmp_path / "run", "--seed", 7)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sent_batches(tmp_path / "run") == sent_batches(clean)


def test_judging_again_changes_nothing_before_the_verdict(clean: Path) -> None:
    """Both commands give the same verdict again; history and evidence are left alone."""
    before = {path: path.stat().st_mtime_ns for path in clean.rglob("*") if path.parent.name in ("history", "evidence")}
    text = (clean / "verdict.json").read_text()
    for command in (["-m", "inorder", "judge"], ["-m", "analysis"]):
        done = subprocess.run([sys.executable, *command, str(clean)], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (clean / "verdict.json").read_text() == text
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_repeats_are_judged_together(tmp_path: Path) -> None:
    """Each repeat is a run of its own; the intervals come from all of them."""
    sla = '[[sla]]\nmetric = "batch.response_ms.p95"\nmax = 20000\n'
    file = scenario(tmp_path, count=40, back=1.0, sla=sla)
    done = inorder("run", file, "--repeats", 2, "--out", tmp_path / "run")
    found = verdict(tmp_path / "run")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert found["runs"] == 2
    assert len(found["sla"][0]["runs"]) == 2
    assert sum(found["anomalies"].values()) == 0
    assert (tmp_path / "run" / "repeats" / "2" / "history" / "w0.jsonl").exists()


def test_a_click_log_is_replayed(tmp_path: Path) -> None:
    """Real sessions in the place of synthetic ones."""
    log = tmp_path / "clicks.jsonl"
    clicks = ",".join(f'{{"aid":1,"ts":{1659304800000 + 1000 * at},"type":"clicks"}}' for at in range(30))
    log.write_text(f'{{"session":1,"events":[{clicks}]}}\n')
    done = inorder("run", scenario(tmp_path, count=20), "--behaviour", log, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdict(tmp_path / "run")["events"]["sent"] > 300
    page = (tmp_path / "run" / "index.html").read_text()
    assert f"({log}), the backlog in" in page
    assert f"--behaviour {log}" in page


def test_an_ordinary_backlog_is_seen_out_of_order(tmp_path: Path) -> None:
    """The control: with the promise switched off the run must see disorder, and does not look clean."""
    sla = '[[sla]]\nmetric = "ordinary.reordered_share"\nmin = 0.01\n'
    done = inorder("run", scenario(tmp_path, 'backlog = "ordinary"', sla=sla), "--out", tmp_path / "run")
    found = verdict(tmp_path / "run")
    assert done.returncode == 3, done.stdout + done.stderr
    assert found["ordinary"]["reordered"] / found["ordinary"]["events"] >= 0.01
    assert found["sla"][0]["verdict"] == "pass"
    assert found["blame"]["system"] == 0


def test_a_client_that_breaks_the_rule_is_blamed(tmp_path: Path) -> None:
    """The control: several batches of a visitor in flight; the system is not accused."""
    file = scenario(tmp_path, "calls_in_flight = 4\nconnection = 'kept'").read_text().replace("size = 10", "size = 2")
    (tmp_path / "crowd.toml").write_text(file)
    done = inorder("run", tmp_path / "crowd.toml", "--out", tmp_path / "run")
    found = verdict(tmp_path / "run")
    assert done.returncode == 3, done.stdout + done.stderr
    assert found["breaches"]["parallel"] > 0
    assert found["blame"]["system"] == 0


def test_a_gateway_keeps_the_order_of_all_its_visitors(tmp_path: Path) -> None:
    """Several visitors in one call, none in two at once."""
    done = inorder("run", scenario(tmp_path, "visitors_per_call = 8"), "--out", tmp_path / "run")
    found = verdict(tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert found["breaches"]["parallel"] == 0
    assert any(len({run[0] for run in events}) > 2 for events, _ in sent_batches(tmp_path / "run").values())


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


def eventually(holds: Callable[[], bool], limit_s: float = 60.0) -> bool:
    """Whether `holds` becomes true; a server that is not there yet does not count."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if holds():
                return True
        time.sleep(0.2)
    return False


def test_a_run_folder_that_was_cut_off_is_judged_as_far_as_it_goes(clean: Path, tmp_path: Path) -> None:
    """Without a stored log, and with half a last line: inconclusive, and said why."""
    cut = tmp_path / "cut"
    (cut / "history").mkdir(parents=True)
    (cut / "evidence").mkdir()
    for name in ("run.json", "scenario.toml"):
        (cut / name).write_bytes((clean / name).read_bytes())
    text = (clean / "history" / "w0.jsonl").read_text()
    (cut / "history" / "w0.jsonl").write_text(text[: len(text) // 2])
    done = inorder("judge", cut)
    assert done.returncode == 3, done.stdout + done.stderr
    assert verdict(cut)["unsupported"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "{tmp}/none.toml"], "none.toml: cannot be read"),
        (["run", "{good}", "--target", "http://127.0.0.1:9/1.0"], "target http://127.0.0.1:9/1.0: no answer"),
        (["run", "{good}", "--target", "nonsense"], "target: expected http"),
        (["run", "{good}", "--target", "http://127.0.0.1:9/1.0", "--target", "http://x/1.0,nonsense"], "got 'nonsense'"),
        (["run", "{good}", "--out", "{tmp}"], "exists already; a run is never overwritten"),
        (["run", "{good}", "--behaviour", "{tmp}/clicks"], "clicks:2: no session of a click log"),
        (["run", "{good}", "--seed", "-1"], "--seed: expected 0 to"),
        (["judge", "{tmp}"], "no run folder: scenario.toml is missing"),
        (["scenarios", "{tmp}/nothing"], "expected scenario files"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    """Which file, where, and what was expected; nothing is made and nothing lost."""
    (tmp_path / "clicks").write_text('{"events":[{"aid":1,"ts":1,"type":"clicks"}]}\n{broken\n')
    good = scenario(tmp_path)
    done = inorder(*(argument.format(tmp=tmp_path, good=good) for argument in arguments))
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert done.stderr.startswith("inorder: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "reports").exists()


def test_a_target_that_refuses_the_key_is_told_before_any_load(tmp_path: Path) -> None:
    """401: exit code 2, and the sandbox saw no event."""
    command = [sys.executable, "-m", "inorder", "sandbox", "--port", "0", "--store", f"sqlite:{tmp_path / 's.sqlite'}"]
    command += ["--api-key", "right", "--partner-id", "shop"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        base = next(word for word in server.stdout.readline().split() if word.startswith("http://"))
        done = inorder(
            "run", scenario(tmp_path), "--target", base.rstrip(",;."), "--out", tmp_path / "run",
            INORDER_API_KEY="wrong", INORDER_PARTNER_ID="shop",
        )  # fmt: skip
        server.terminate()
    assert done.returncode == 2
    assert "answers 401, refuses the apiKey" in done.stderr
    assert "wrong" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_plain_locust_runs_a_scenario_and_judges_it(tmp_path: Path) -> None:
    """Without `inorder run`: a sandbox of its own, and the verdict at the end."""
    file = scenario(tmp_path, count=30, back=1.0)
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "locustfiles" / "visitors.py"), "--headless"]
    command += ["--scenario", str(file), "--only-summary", "--processes", "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
    (run,) = (tmp_path / "reports").iterdir()
    assert verdict(run)["verdict"] == "pass"


WRONG = """
[[faults]]
name = "drops-one-event"
rate = 0.3
from_s = 1.0
until_s = 60.0
[[faults]]
name = "latency"
delay_ms = 5
jitter_ms = 1
"""


def test_what_is_wrong_on_purpose_is_found_and_told(tmp_path: Path) -> None:
    """Faults of the server and of the network in one run: counted, found as often, and named by the witnesses."""
    out = tmp_path / "run"
    done = inorder("run", scenario(tmp_path, sla=WRONG), "--out", out)
    assert done.returncode == 1, done.stdout + done.stderr
    found = verdict(out)
    faults = {fault["fault"]: fault for fault in found["faults"]}
    assert faults["drops-one-event"]["injected"] == found["anomalies"]["lost"] > 0
    assert faults["latency"]["side"] == "network"
    assert faults["latency"]["injected"] > 0
    told = [witness["sentence"] for witness in found["witnesses"] if witness["anomaly"] == "lost"]
    assert told
    assert all("(active: drops-one-event, latency)" in sentence for sentence in told)
    assert "Wrong on purpose in this run" in (out / "index.html").read_text(encoding="utf-8")


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


def test_a_fault_of_the_server_needs_the_sandbox(tmp_path: Path, system: str) -> None:
    """No other system can be made wrong: one line, exit code 2, before any load."""
    done = inorder("run", scenario(tmp_path, sla=WRONG), "--target", system, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert done.stderr == ("inorder: faults: only the sandbox has drops-one-event; leave --target out, or the fault\n")
    assert not (tmp_path / "run").exists()


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
