"""The command line: what it says, and which exit code it ends with, where judging is cut off."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inorder import cli
from inorder.cli import base, faults, judge
from inorder.driven import driven, is_driven
from inorder.errors import UnusableInput
from inorder.run import RunFolder


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., object]:
    """Gives the exit code of `inorder judge RUN` where judging does what is asked."""
    monkeypatch.chdir(tmp_path)
    Path("a-run").mkdir()

    def end(judge_and_write: Callable[..., Any], *options: str) -> object:
        room = SimpleNamespace(folders_of=lambda path: [RunFolder(path)], judge_and_write=judge_and_write)
        monkeypatch.setattr(judge, "judging_room", lambda command: room)
        monkeypatch.setattr(base.console, "quiet", False)
        monkeypatch.setattr(sys, "argv", ["inorder", "judge", "a-run", *options])
        with pytest.raises(SystemExit) as raised:
            cli.main()
        return raised.value.code

    return end


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "a-run: cannot be read or written: No space left on device"),
        (OSError(30, "Read-only file system", "a-run/x"), "a-run/x: cannot be read or written: Read-only file system"),
        (OSError("two\nlines"), "a-run: cannot be read or written: two lines"),
        (UnusableInput("a-run: no run folder"), "a-run: no run folder"),
    ],
)
def test_a_disk_that_fails_is_no_system_that_fails(
    ended: Callable[[Any], object], capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    """One line and exit code 2: 1 would be a verdict."""

    def judge_and_write(*_: Any, **__: Any) -> None:
        raise error

    assert ended(judge_and_write) == 2
    assert capsys.readouterr().err == f"inorder: {said}\n"


def test_a_defect_is_no_verdict(ended: Callable[[Any], object], capsys: pytest.CaptureFixture[str]) -> None:
    """Its exit code is none of those that tell of the system, and the traceback is there for who mends it."""

    def judge_and_write(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("oops")

    assert ended(judge_and_write) == 70
    said = capsys.readouterr().err
    assert "ZeroDivisionError: oops" in said
    assert said.endswith("inorder: this is a defect of inorder, and says nothing of the system\n")


def test_an_interrupt_is_told(ended: Callable[[Any], object], capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with 130 and a line that says so."""

    def judge_and_write(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    assert ended(judge_and_write) == 130
    assert capsys.readouterr().err == "inorder: interrupted\n"


def test_a_run_that_is_still_driven_is_not_judged(
    ended: Callable[..., object], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Its verdict would say that it was cut off. A process that is killed drives nothing any more."""
    folder = tmp_path / "a-run"
    with driven(folder):
        assert ended(lambda *_, **__: pytest.fail("it was judged")) == 2
    assert capsys.readouterr().err == "inorder: a-run: is still being driven; judge it when its run has ended\n"
    hold = "import sys, time; from pathlib import Path; from inorder.driven import driven; d = driven(Path(sys.argv[1]))"
    command = [sys.executable, "-c", f"{hold}; d.__enter__(); print(flush=True); time.sleep(60)", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert is_driven(folder)
        process.kill()
    assert ended(lambda *_, **__: ({"verdict": "pass", "reasons": []}, Path("index.html"))) == 0


def test_what_a_user_named_is_shown_as_it_is(ended: Callable[[Any], object], capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets in a path or a reason are no markup."""
    found = {"verdict": "inconclusive", "reasons": ["sla [b]p95[/b] is open", "[/x]"]}
    assert ended(lambda *_, **__: (found, Path("[/o]/index.html"))) == 3
    assert capsys.readouterr().out == "\nINCONCLUSIVE\n  sla [b]p95[/b] is open\n  [/x]\npage: [/o]/index.html\n"


@pytest.mark.parametrize(("option", "said"), [("--quiet", ""), ("--json", '{"verdict": "fail", "reasons": ["late"]}\n')])
def test_quiet_and_json(ended: Callable[..., object], capsys: pytest.CaptureFixture[str], option: str, said: str) -> None:
    """The first says nothing, the second only the document; the exit code is the verdict's in both."""
    assert ended(lambda *_, **__: ({"verdict": "fail", "reasons": ["late"]}, Path("index.html")), option) == 1
    assert capsys.readouterr() == (said, "")


def test_an_error_is_told_however_quiet(ended: Callable[..., object], capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, so that a document on standard output stays whole."""

    def judge_and_write(*_: Any, **__: Any) -> None:
        raise UnusableInput("a-run: no run folder")

    assert ended(judge_and_write, "--json", "--quiet") == 2
    assert capsys.readouterr() == ("", "inorder: a-run: no run folder\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare"], "Missing argument 'BASE'; `inorder compare --help` tells what there is"),
        (["compare", "a", "b", "--nix"], "No such option: --nix; `inorder compare --help` tells what there is"),
        (["nix"], "No such command 'nix'; `inorder --help` tells what there is"),
        (["compare", "a", "b", "--tolerance", "nan"], "--tolerance: expected 0 to 10, got nan"),
        (["compare", "a", "b", "--tolerance-ms", "-1"], "--tolerance-ms: expected 0 to 60,000, got -1"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """Without a frame, exit code 2."""
    monkeypatch.setattr(sys, "argv", ["inorder", *arguments])
    with pytest.raises(SystemExit) as raised:
        cli.main()
    assert raised.value.code == 2
    assert capsys.readouterr() == ("", f"inorder: {said}\n")


@pytest.mark.parametrize("arguments", [[], ["slo", "--help"]])
def test_the_help_loses_no_brackets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """What stands in brackets in a sentence would be taken as markup."""
    monkeypatch.setattr(sys, "argv", ["inorder", *arguments])
    with pytest.raises(SystemExit) as raised:
        cli.main()
    assert raised.value.code == (0 if arguments else 2)
    said = capsys.readouterr().out
    assert "say as SLA lines of a scenario" in said
    assert "[]" not in said


ROW = {"fault": "lag", "ok": False, "wrong": [{"seed": 3, "why": ["not [found]"]}]}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "  lag, seed 3: not [found]\nNOT AS EXPECTED\n  1 of 1 wrong\npage: index.html\n"),
        (["--quiet"], ""),
        (["--json"], json.dumps([ROW]) + "\n"),
    ],
)
def test_the_fault_matrix_is_told_as_a_run_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    """Nothing, or only the content of faults.json, where that is asked for; the exit code is the same."""
    written = SimpleNamespace(rows=[ROW], ok=False, headline="1 of 1 wrong", page="index.html")
    room = SimpleNamespace(write=lambda *_: written)
    monkeypatch.setattr(faults, "importlib", SimpleNamespace(import_module=lambda _: room))
    monkeypatch.setattr(faults, "judging_room", lambda command: None)
    monkeypatch.setattr(faults.drive, "make", lambda *_: 1.0)
    monkeypatch.setattr(base.console, "quiet", False)
    monkeypatch.setattr(sys, "argv", ["inorder", "faults", "--out", "nowhere", *options])
    with pytest.raises(SystemExit) as raised:
        cli.main()
    assert raised.value.code == 1
    assert capsys.readouterr() == (said, "")
