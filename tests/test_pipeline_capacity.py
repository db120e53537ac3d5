"""The whole way of a capacity run against a sandbox with a slow disk, in two short steps; and judging it again."""

import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tomli_w

from analysis import capacity_run, judging, junit, summary
from analysis.capacity_run import JudgedStep
from analysis.judgement import Judgement
from inorder.errors import UnusableInput
from inorder.run import RunFolder
from tests.crowd_runs import ROOT, inorder, verdict

SLOW_DISK = """
question = "How many batches a second does a slow disk take?"
drain_limit_s = 10.0
[capacity]
from_per_s = 16.0
to_per_s = 80.0
factor = 5.0
step_s = 1.5
warm_up_s = 0.5
precision = 1.0
most_steps = 2
at_least_per_s = 16.0
[visitors]
count = 1
online_share = 0.03
pause_s = 0.05
[client]
batch_size = 10
connections = 100
[readback]
settle_s = 0.5
readings = 1
[sandbox]
commit_ms = 1.0
row_us = 4000.0
[validity]
late_start_ms_p99 = 5000.0
loop_lag_ms_p99 = 5000.0
cpu_share = 5.0
[[sla]]
metric = "batch.response_ms.p90"
max = 500
"""
"""A disk that stores 250 events a second: less than half of it is offered at the first step, twice of it at the second."""


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, from which all tests read."""
    folder = tmp_path_factory.mktemp("stepped")
    (folder / "slow.toml").write_text(SLOW_DISK)
    done = inorder("run", folder / "slow.toml", "--out", folder / "run", "--seed", 5)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in at most 2 steps of 2 s" in done.stdout
    low, high = [line for line in done.stdout.splitlines() if " confirmed, p95 " in line]
    assert low.startswith("step 1: 1")
    assert low.endswith(": held")
    assert high.startswith("step 2: 8")
    assert high.endswith(": broken (Missed: batch.response_ms.p90)")
    return folder / "run"


@pytest.fixture(scope="module")
def steps(stepped: Path) -> list[JudgedStep]:
    """Its steps, judged once more."""
    return [capacity_run.judge_step(folder) for folder in capacity_run.folders_of(stepped)]


def wholly(steps: list[JudgedStep], folder: Path, **changes: float | None) -> Judgement:
    """Judge these steps as a run of which other things were asked: keys of `[capacity]`; None: the key is left out."""
    document = tomllib.loads(SLOW_DISK)
    document["capacity"] |= changes
    document["capacity"] = {key: value for key, value in document["capacity"].items() if value is not None}
    (folder / "scenario.toml").write_text(tomli_w.dumps(document))
    return capacity_run.judge(steps, folder)


def cases(judgement: Judgement) -> list[tuple[str, list[str]]]:
    """The test cases of junit.xml about capacity: names, and what stands in each."""
    found = ElementTree.fromstring(junit.render(judgement)).findall("testsuite[@name='capacity']/testcase")
    return [(case.get("name", ""), [child.tag for child in case]) for case in found]


def test_the_answer_is_between_the_step_that_held_and_the_one_that_broke(stepped: Path) -> None:
    """With what was offered, confirmed and missed; the steps' orders are judged together."""
    found = verdict(stepped)
    low, high = found["capacity"]["steps"]
    assert (found["verdict"], found["reasons"]) == ("pass", [])
    assert (low["held"], low["run"], high["held"], high["run"]) == (True, "steps/1", False, "steps/2")
    assert found["capacity"]["held"] == low["offered_per_s"] >= 16
    assert found["capacity"]["broken"] == high["offered_per_s"] >= 80
    assert high["confirmed_events_per_s"] < 270 < high["offered_events_per_s"]
    assert found["capacity"]["limited_by"] == "system"
    assert found["capacity"]["shown"] == "steps/1"
    assert found["sla"][0]["verdict"] == "pass"
    steps = [verdict(stepped / "steps" / number) for number in "12"]
    assert steps[1]["verdict"] == "fail"
    assert found["events"]["sent"] == sum(step["events"]["sent"] for step in steps) > 600
    assert found["visitors"]["total"] == sum(step["visitors"]["total"] for step in steps)
    assert sum(found["anomalies"].values()) == 0


def test_each_step_is_a_run_folder(stepped: Path) -> None:
    """Under a seed of its own, with the whole report."""
    seeds = [RunFolder.open(stepped / "steps" / number).info().seed for number in "12"]
    assert seeds == [5, 6]
    for number in "12":
        assert {"index.html", "summary.md", "junit.xml", "verdict.json"} <= {
            path.name for path in (stepped / "steps" / number).iterdir()
        }


def test_the_report_tells_the_answer(stepped: Path) -> None:
    """The page, the summary, junit.xml and the figure."""
    found = verdict(stepped)["capacity"]
    page = (stepped / "index.html").read_text()
    assert found["sentence"].rstrip(".") in page
    assert 'href="steps/2/index.html"' in page
    assert (stepped / "figures" / "capacity.png").stat().st_size > 10_000
    told = (stepped / "summary.md").read_text()
    assert told.startswith("## ✅ PASS: slow\n\nSLA held at 1")
    assert "Order was checked in 2 steps and kept in each." in told
    assert "BROKEN: Missed: batch.response_ms.p90. |" in told
    (case,) = ElementTree.parse(stepped / "junit.xml").findall("testsuite[@name='capacity']/testcase")
    assert case.findtext("system-out") == found["sentence"]


def test_judging_again_changes_nothing(stepped: Path) -> None:
    """The same bytes, of each step too, by both ways; --json prints what stands in the file."""
    files = [stepped / "verdict.json", *stepped.glob("steps/*/verdict.json")]
    before = [path.read_bytes() for path in files]
    assert len(before) == 3
    done = inorder("judge", stepped, "--json", "--jobs", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == verdict(stepped)
    assert [path.read_bytes() for path in files] == before


@pytest.mark.parametrize(
    ("wanted", "verdict", "reason", "element"),
    [
        (16.0, "pass", None, "system-out"),
        (80.0, "fail", "At least 80 batches/s were asked for.", "failure"),
        (40.0, "inconclusive", "At least 40 batches/s were asked for.", "error"),
        (None, "inconclusive", "The steps ended before the interval was as narrow as 100 %.", "error"),
    ],
)
def test_what_was_asked_for_decides(
    steps: list[JudgedStep], tmp_path: Path, wanted: float | None, verdict: str, reason: str | None, element: str
) -> None:
    """Broken at the rate: fail; not tried there, or no narrow answer: inconclusive. junit.xml says it in its own case."""
    judgement = wholly(steps, tmp_path, at_least_per_s=wanted)
    assert judgement.verdict["verdict"] == verdict
    assert len(judgement.verdict["reasons"]) == (reason is not None)
    assert all(told.endswith(reason) for told in judgement.verdict["reasons"])
    assert cases(judgement) == [("capacity", [element])]


def test_a_run_whose_first_step_breaks_shows_it(steps: list[JudgedStep], tmp_path: Path) -> None:
    """Nothing held: the lowest step gives the times, and the verdict fails where its rate was asked for."""
    judgement = wholly(steps[1:], tmp_path, from_per_s=80.0, at_least_per_s=80.0)
    found = judgement.verdict
    assert (found["verdict"], found["capacity"]["held"], found["capacity"]["shown"]) == ("fail", None, "steps/2")
    assert found["reasons"][0].startswith("No step held the SLA, broken at 8")
    assert found["latency_ms"] == steps[1].verdict["latency_ms"]
    assert "No step held the SLA" in summary.render(judgement, "run")


def test_a_run_that_held_to_the_end_of_its_range_has_no_upper_end(steps: list[JudgedStep], tmp_path: Path) -> None:
    """Inconclusive, unless a rate was asked for: nobody knows how much more it takes."""
    judgement = wholly(steps[:1], tmp_path, to_per_s=16.0, at_least_per_s=None)
    found = judgement.verdict
    assert (found["verdict"], found["capacity"]["broken"], found["capacity"]["limited_by"]) == (
        "inconclusive",
        None,
        "range",
    )
    assert found["reasons"][0].endswith("not broken at any higher rate that was tried.")
    assert wholly(steps[:1], tmp_path, to_per_s=16.0).verdict["verdict"] == "pass"


def test_a_step_that_the_generator_shaped_says_nothing_of_the_system(steps: list[JudgedStep], tmp_path: Path) -> None:
    """It is no step at which the SLA broke, and its rate counts as not held."""
    late = replace(steps[1], step=replace(steps[1].step, invalid=("Calls left late.",), generator=True))
    assert late.told.endswith(": not valid (Calls left late)")
    judgement = wholly([steps[0], late], tmp_path, at_least_per_s=80.0)
    found = judgement.verdict
    assert (found["verdict"], found["capacity"]["broken"], found["capacity"]["limited_by"]) == (
        "inconclusive",
        None,
        "generator",
    )
    assert "the generator, not the system, reached its limit" in found["reasons"][0]
    assert "| not valid: Calls left late. |" in summary.render(judgement, "run")


def test_what_an_overload_left_unsent_is_no_fault_of_the_generator(stepped: Path, tmp_path: Path) -> None:
    """Neither the step nor the whole is not valid because of it; a step that was interrupted is."""
    shutil.copytree(stepped / "steps" / "2", tmp_path / "2")
    history = tmp_path / "2" / "history" / "w0.jsonl"
    *lines, closing = history.read_text().splitlines()
    history.write_text("\n".join([*lines, json.dumps(json.loads(closing) | {"unsent": 12})]) + "\n")
    (tmp_path / "2" / "evidence" / "merge.json").unlink()
    folder = RunFolder.open(tmp_path / "2")
    step = capacity_run.judge_step(folder)
    assert step.verdict["reasons"][-1] == "12 events that were due were never sent."
    assert step.valid
    judgement = wholly([step], tmp_path, from_per_s=80.0, at_least_per_s=80.0)
    assert judgement.verdict["validity"]["unsent"] == 12
    assert "Not a valid run" not in summary.render(judgement, "run")
    info = folder.info()
    info.interrupted = True
    folder.write_info(info)
    cut = capacity_run.judge_step(folder)
    assert not cut.valid
    judgement = wholly([cut], tmp_path, from_per_s=80.0, at_least_per_s=80.0)
    assert judgement.verdict["verdict"] == "inconclusive"
    assert "The run was interrupted." in judgement.verdict["reasons"]
    assert judgement.verdict["capacity"]["limited_by"] == "interrupted"
    assert "No step held the SLA, interrupted in the step of 8" in (told := summary.render(judgement, "run"))
    assert "Not a valid run" in told
    assert "No call was made" not in told


def test_a_step_that_ran_beside_an_interrupted_one_is_not_told_as_the_run(steps: list[JudgedStep], tmp_path: Path) -> None:
    """The times are of the step that held; the run, whose next step was interrupted, is no valid one."""
    cut = replace(steps[1], step=replace(steps[1].step, invalid=("The run was interrupted.",), cut=True))
    judgement = wholly([steps[0], cut], tmp_path, at_least_per_s=None)
    found = judgement.verdict
    assert (found["verdict"], found["capacity"]["shown"], found["validity"]["interrupted"]) == (
        "inconclusive",
        "steps/1",
        True,
    )
    assert found["reasons"][0].partition(", ")[2].startswith("interrupted in the step of 8")
    assert not [reason for reason in found["reasons"] if "generator" in reason]


def test_a_missing_step_is_named(stepped: Path, tmp_path: Path) -> None:
    """Without it the answer would be another; steps are numbered, so the gap is seen."""
    shutil.copytree(stepped, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "steps" / "1")
    done = inorder("judge", tmp_path / "run")
    assert done.returncode == 2
    assert done.stderr.strip().endswith("run/steps/1: the step is missing: expected steps 1 to 2")


def test_what_is_missing_of_a_run_is_named(stepped: Path, steps: list[JudgedStep], tmp_path: Path) -> None:
    """In one line."""
    with pytest.raises(UnusableInput, match=r"scenario\.toml: cannot be read: No such file or directory"):
        capacity_run.judge(steps, tmp_path)
    shutil.copy(stepped / "steps" / "1" / "scenario.toml", tmp_path)
    with pytest.raises(UnusableInput, match="expected a capacity run: steps, and a scenario with the table capacity"):
        capacity_run.judge(steps, tmp_path)
    (tmp_path / "steps" / "1").mkdir(parents=True)
    with pytest.raises(UnusableInput, match=r"steps/1: no run folder: scenario\.toml is missing"):
        judging.folders_of(tmp_path)


def test_plain_locust_makes_no_steps(tmp_path: Path) -> None:
    """It would find no phase, and make no load: refused before a sandbox is started."""
    (tmp_path / "slow.toml").write_text(SLOW_DISK)
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "locustfiles" / "visitors.py"), "--headless"]
    command += ["--scenario", "slow.toml"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 2
    assert "inorder: slow.toml: capacity: expected no such table: `inorder run` makes its steps" in done.stderr
    assert not (tmp_path / "reports").exists()
