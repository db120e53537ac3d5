"""`inorder compare`: what it says, its exit codes, and what it refuses in one line."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.compare import report
from inorder import cli
from inorder.cli import base
from tests.analysis.compare.made import Made

Ended = Callable[..., object]
FILES = {"compare.json", "index.html", "junit.xml", "summary.md"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run, and others of the same load: as fast, slower, faster, cut short, of another scenario."""
    folder = tmp_path_factory.mktemp("runs")
    same = Made(visitors=300, noise=2)
    return {
        "base": Made(visitors=300).folder(folder / "base"),
        "same": same.folder(folder / "same"),
        "slow": replace(same, slower=1.5).folder(folder / "slow"),
        "fast": replace(same, slower=0.6).folder(folder / "fast"),
        "cut": same.folder(folder / "cut", interrupted=True),
        "other": same.folder(folder / "other", scenario="storm"),
        "comma": replace(same, noise=3).folder(folder / "a,b"),
        "copy": same.folder(folder / "copy"),
    }


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ended:
    """Gives the exit code of `inorder compare` with these arguments, in an empty folder."""

    def end(*arguments: object) -> object:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["inorder", "compare", *map(str, arguments)])
        monkeypatch.setattr(base.console, "quiet", False)
        with pytest.raises(SystemExit) as raised:
            cli.main()
        return raised.value.code

    return end


@pytest.mark.parametrize(
    ("new", "code", "verdict"),
    [("slow", 1, "REGRESSED"), ("fast", 0, "IMPROVED"), ("same", 0, "NO EVIDENCE"), ("cut", 3, "INCONCLUSIVE")],
)
def test_the_exit_code_tells_the_verdict(
    ended: Ended, runs: dict[str, Path], capsys: pytest.CaptureFixture[str], new: str, code: int, verdict: str
) -> None:
    """Said first, then what it rests on, then where the page is."""
    assert ended(runs["base"], runs[new], "--out", "out") == code
    said = capsys.readouterr().out.splitlines()
    assert said[0] == verdict
    assert said[-1] == "page: out/index.html"
    found = json.loads(Path("out/compare.json").read_text())
    assert said[1:-1] == [f"  {line}" for line in (found["headline"], *found["reasons"][1:])]
    assert {path.name for path in Path("out").iterdir()} == FILES


def test_json_is_the_comparison_alone(ended: Ended, runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """For machines, with the same exit code."""
    assert ended(runs["base"], runs["slow"], "--json") == 1
    said = capsys.readouterr().out
    (file,) = Path("reports").glob("compare-*/compare.json")
    assert said == file.read_text()
    assert json.loads(said)["verdict"] == "regressed"


def test_quiet_says_nothing(ended: Ended, runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """But writes all files."""
    assert ended(runs["base"], runs["slow"], "--quiet", "--out", "out") == 1
    assert capsys.readouterr() == ("", "")
    assert {path.name for path in Path("out").iterdir()} == FILES


def test_a_comparison_again_gives_the_same_bytes(ended: Ended, runs: dict[str, Path]) -> None:
    """The blocks are drawn the same way each time."""
    for out in ("one", "other"):
        ended(runs["base"], runs["same"], "--out", out)
    for name in FILES:
        assert Path("one", name).read_bytes() == Path("other", name).read_bytes()


def test_what_may_change_is_said_by_the_tolerance(ended: Ended, runs: dict[str, Path]) -> None:
    """Half as slow again is too much for 5 %, and not for 100 %, nor where 50 ms are nothing; each has its own folder."""
    both = (runs["base"], runs["slow"])
    assert ended(*both, "--tolerance", 0, "--tolerance-ms", 0) == 1
    assert ended(*both, "--tolerance", 1) == 0
    assert ended(*both, "--tolerance-ms", 50) == 0
    assert len(list(Path("reports").iterdir())) == 3


def test_several_runs_make_a_side(ended: Ended, runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """With commas between them; a folder whose own name has a comma is one."""
    assert ended(f"{runs['base']},{runs['same']}", runs["comma"], "--json") in (0, 1)
    found = json.loads(capsys.readouterr().out)
    assert [len(found[side]["runs"]) for side in ("base", "new")] == [2, 1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("{base}", "{other}"), "{other}: expected a run of case, as {base} is, got one of storm"),
        (("{base}", "{base}"), "{base}: expected each run once, got it twice"),
        (("{base},{same}", "{copy}"), "{copy}: expected each run once, and it is a copy of {same}"),
        (("{base}", "{slow}/history"), "{slow}/history: no run folder: scenario.toml is missing"),
        (("{base}", "nowhere"), "nowhere: expected a run folder, and there is no folder"),
        (("{base}", "{base}/run.json"), "{base}/run.json: expected a run folder, and there is no folder"),
        (("{same},nowhere", "{base}"), "nowhere: expected a run folder, and there is no folder"),
        ((",", "{base}"), "BASE: expected a run folder, got ','"),
        (("{base}", "{same}", "--out", "{fast}"), "{fast}: exists already; it is never overwritten, name another --out"),
        (("{base}", "{same}", "--out", "/proc/x"), "/proc/x: cannot be read or written: No such file or directory"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    ended: Ended, runs: dict[str, Path], capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    """One line, exit code 2, and nothing is written."""
    names = {name: str(path) for name, path in runs.items()}
    assert ended(*(own.format(**names) for own in arguments)) == 2
    assert capsys.readouterr().err == f"inorder: {said.format(**names)}\n"
    assert list(Path().iterdir()) == []


def test_a_report_that_cannot_be_written_leaves_nothing(
    ended: Ended, runs: dict[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the same command can be given again; a folder that others use by now stays."""

    def refuse(_: object) -> str:
        Path("deep/other").mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report.summary, "render", refuse)
    assert ended(runs["base"], runs["same"], "--out", "deep/er/out") == 2
    assert capsys.readouterr().err == "inorder: deep/er/out: cannot be read or written: No space left on device\n"
    assert [path.name for path in Path().rglob("*")] == ["deep", "other"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--tolerance", value) for value in ("-0.1", "11", "nan", "much")),
        *(("--tolerance-ms", value) for value in ("-1", "60001", "nan", "inf")),
        ("--jobs", "0"),
    ],
)
def test_a_value_out_of_bounds_is_refused(
    ended: Ended, runs: dict[str, Path], capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    """By its name, exit code 2."""
    assert ended(runs["base"], runs["same"], option, value) == 2
    assert option in capsys.readouterr().err
