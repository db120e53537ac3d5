"""The whole way as a user goes it, as a subprocess: load, read back, judge; and what is refused."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.crowd_runs import ROOT, WRONG, inorder, scenario, sent_batches, verdict


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
    ended = max(at for at in pq.read_table(clean / "evidence" / "calls.parquet")["done"].to_pylist() if at == at)
    assert ended < min(first["seen_at"].to_pylist()) < min(last["seen_at"].to_pylist()) < ended + 60  # the run's clock
    found = verdict(clean)
    assert found["readings"] == 2
    assert not any("vanished" in told for told in found["unsupported"])


def test_a_run_leaves_every_file_of_the_format(clean: Path) -> None:
    """One history a worker, evidence, verdict, page, figures, summary, junit; and no key in any of them."""
    names = {"scenario.toml", "run.json", "locust.json", "verdict.json", "index.html", "summary.md", "junit.xml"}
    assert names <= {path.name for path in clean.iterdir()}
    assert [path.name for path in sorted((clean / "history").iterdir())] == ["w0.jsonl", "w1.jsonl"]
    assert list((clean / "evidence").rglob("*.parquet"))
    assert len(list((clean / "figures").glob("*.png"))) >= 5
    for path in (path for path in clean.rglob("*") if path.suffix in (".json", ".jsonl", ".html", ".md", ".log")):
        assert "apiKey=" not in path.read_text(errors="replace")


def test_locusts_own_figures_stand_beside_ours(clean: Path) -> None:
    """Of both kinds and from all workers, as far as they reported to the master; the page shows them."""
    found = verdict(clean)
    for kind in ("batch", "ordinary"):
        assert 0.5 * sum(found["calls"][kind].values()) < found["timing"]["locust"][kind]["n"]
        assert found["timing"]["locust"][kind]["n"] <= sum(found["calls"][kind].values())
        assert found["timing"]["schedule"][kind]["n"] == sum(found["calls"][kind].values())
    assert "own p99 of batches" in (clean / "index.html").read_text()


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
    assert "answers 401, refuses the key" in done.stderr
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
