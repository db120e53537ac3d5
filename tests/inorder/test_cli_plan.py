"""`inorder plan`: what it answers, and what it refuses in one line."""

import json
import sys
from pathlib import Path

import pytest

from inorder import cli
from tests.analysis.forecast.capacities import Service, verdict


@pytest.fixture
def capacity_run(tmp_path: Path) -> Path:
    """The folder of a capacity run of a system that stores 2,400 events a second."""
    folder = tmp_path / "capacity"
    folder.mkdir()
    (folder / "verdict.json").write_text(json.dumps(verdict(Service(0.020, 0.0004, 0.005), 2400)))
    return folder


def ended(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    """The exit code of `inorder plan` with these arguments; None: 0, by returning."""
    monkeypatch.setattr(sys, "argv", ["inorder", "plan", *map(str, arguments)])
    try:
        cli.main()
    except SystemExit as raised:
        return raised.code
    return 0


def test_a_storm_is_told_in_a_sentence(
    capacity_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One pair of values: the drain, the worst wait, and the fluid model beside them."""
    assert ended(monkeypatch, capacity_run, "--visitors", 6000, "--offline", 30) == 0
    said = capsys.readouterr().out
    assert said.startswith("6,000 visitors after 30 min offline, back within 8 s: drained in 1")
    assert "fluid model: 1" in said
    assert "Beyond what was measured" in said
    assert "the system stores at most 2,400 events/s" in said


def test_a_highest_rate_that_is_a_lower_bound_is_told_as_one(
    capacity_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No step was beyond what the system takes: it stores at least so much, in the terminal and on the page."""
    run = json.loads((capacity_run / "verdict.json").read_text())
    run["capacity"]["steps"].pop()
    (capacity_run / "verdict.json").write_text(json.dumps(run))
    out = tmp_path / "plan"
    assert ended(monkeypatch, capacity_run, "--visitors", 500, "--offline", 30, "--out", out) == 0
    for said in (capsys.readouterr().out, (out / "index.html").read_text()):
        assert "the system stores at least" in said
        assert "at most 2,400" not in said


def test_the_headline_says_that_a_storm_goes_beyond_what_was_measured(
    capacity_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the terminal and on the page alike, also where it is the largest of several; within it nothing is said."""
    out = tmp_path / "plan"
    beyond = "This goes beyond what was measured (*)."
    assert ended(monkeypatch, capacity_run, "--visitors", "500,6000", "--offline", 30, "--out", out) == 0
    headline = " ".join(capsys.readouterr().out.split("the system stores")[0].split())
    assert headline.startswith("6,000 visitors after 30 min offline")
    assert headline.endswith(beyond)
    assert beyond in (out / "index.html").read_text()
    assert ended(monkeypatch, capacity_run, "--visitors", 500, "--offline", 9000, "--connections", 500) == 0
    assert beyond not in capsys.readouterr().out


def test_several_values_make_a_table_and_a_page(
    capacity_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Values with commas or repeated; the page asks for nothing from outside and says what plan.json says."""
    out = tmp_path / "plan"
    visitors = ("--visitors", "500,6000", "--visitors", "2000")
    assert ended(monkeypatch, capacity_run, *visitors, "--offline", "5,480", "--connections", 500, "--out", out) == 0
    assert "In 5 of 6 storms the worst visitor waits at most 10" in capsys.readouterr().out
    plan = json.loads((out / "plan.json").read_text())
    assert [cell["visitors"] for cell in plan["cells"]] == [500, 2000, 6000] * 2
    page = (out / "index.html").read_text()
    assert "▲" in page
    assert page.count("<svg viewBox") == 2
    assert "http" not in page.replace("http-equiv", "")
    assert len(page) < 200_000
    assert (out / "figures" / "planning.png").exists()


def test_json_is_the_plan_alone(
    capacity_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For machines: what plan.json holds."""
    assert ended(monkeypatch, capacity_run, "--visitors", 100, "--offline", 5, "--json") == 0
    assert json.loads(capsys.readouterr().out)["cells"][0]["visitors"] == 100


def test_sessions_of_a_click_log_are_taken(
    capacity_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two events within a minute and one later: 100 visitors leave 200 events, and nothing else."""
    log = tmp_path / "clicks.jsonl"
    events = [{"aid": 1, "ts": 1000 * second, "type": "clicks"} for second in (50, 80, 500)]
    log.write_text(json.dumps({"session": 1, "events": events}))
    assert ended(monkeypatch, capacity_run, "--visitors", 100, "--offline", 1, "--behaviour", log, "--json") == 0
    assert json.loads(capsys.readouterr().out)["cells"][0]["events"]["value"] == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--visitors", "many", "--offline", 1), "--visitors: expected a whole number from 1 to 1,000,000, got 'many'"),
        (("--visitors", 0, "--offline", 1), "--visitors: expected a whole number from 1 to 1,000,000, got '0'"),
        (("--visitors", 5, "--offline=-1"), "--offline: expected a number from 0 to 100,000, got '-1'"),
        (("--visitors", 5, "--offline", "nan"), "--offline: expected a number from 0 to 100,000, got 'nan'"),
        (("--visitors", 5, "--offline", "1,2,3,4,5,6,7,8,9"), "--offline: expected at most 8 values, got 9"),
        (("--visitors", 5, "--offline", 1, "--within=-2"), "--within: expected 0 to 86400 seconds, got -2"),
    ],
)
def test_values_that_make_no_plan_are_refused(
    capacity_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[object, ...],
    said: str,
) -> None:
    """One line, exit code 2."""
    assert ended(monkeypatch, capacity_run, *arguments) == 2
    assert capsys.readouterr().err == f"inorder: {said}\n"


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("{run}", "{run}: exists already; it is never overwritten, name another --out"),
        ("/proc/x", "/proc/x: cannot be read or written: No such file or directory"),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused_first(
    capacity_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str, said: str
) -> None:
    """Nothing is told of a plan that cannot be written, and what stands in the folder stays."""
    arguments = ("--visitors", 5, "--offline", 1, "--out", out.format(run=capacity_run))
    assert ended(monkeypatch, capacity_run, *arguments) == 2
    assert capsys.readouterr() == ("", f"inorder: {said.format(run=capacity_run)}\n")
    assert [path.name for path in capacity_run.iterdir()] == ["verdict.json"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"verdict": "pass"}', "no capacity run: its verdict.json has no steps"),
        ("{", "expected the JSON that judging writes"),
        ("[]", "expected the JSON that judging writes"),
        (None, "cannot be read: No such file or directory; expected the folder of a capacity run"),
    ],
)
def test_a_run_without_capacity_steps_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str | None,
    said: str,
) -> None:
    """One line, exit code 2, never a number made up."""
    if content is not None:
        (tmp_path / "verdict.json").write_text(content)
    assert ended(monkeypatch, tmp_path, "--visitors", 5, "--offline", 1) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error
