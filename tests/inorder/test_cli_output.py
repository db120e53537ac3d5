"""What a command says where nobody listens, or where there is no room: it goes on, and ends with its own code."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANY = """
import sys
from types import SimpleNamespace
from inorder import cli
from inorder.cli import base, judge

def judged(folders, out, **how):
    for line in range(20000):
        base.console.print(f"line {line}", markup=False)
    print("told", file=sys.stderr)
    return {"verdict": "inconclusive", "reasons": []}, out

judge.judging_room = lambda command: SimpleNamespace(folders_of=lambda path: [], judge_and_write=judged)
sys.argv = ["inorder", "judge", ".", *sys.argv[1:]]
cli.main()
"""


def ended(out: int, *options: str, err: int = subprocess.PIPE) -> tuple[int, str]:
    """Exit code and standard error of a judgement that says much into `out`."""
    command = [sys.executable, "-c", MANY, *options]
    with subprocess.Popen(command, stdout=out, stderr=err, text=True, cwd=ROOT) as process:
        if process.stdout is not None:
            process.stdout.readline()
            process.stdout.close()
        said = process.stderr.read() if process.stderr else ""
    return process.returncode, said


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_goes_away_changes_nothing(options: list[str]) -> None:
    """`| head -1`: what is under way goes on, and the exit code is the verdict's."""
    assert ended(subprocess.PIPE, *options) == (3, "told\n")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_standard_output_is_told_at_the_end(options: list[str]) -> None:
    """In one line, exit code 2; what is under way goes on."""
    with Path("/dev/full").open("w") as full:
        code, said = ended(full.fileno(), *options)
    assert (code, said) == (2, "told\ninorder: standard output: cannot be written: No space left on device\n")


def test_nothing_can_be_said_at_all() -> None:
    """Even a full standard error leaves the exit code."""
    with Path("/dev/full").open("w") as full:
        assert ended(subprocess.DEVNULL, err=full.fileno())[0] == 3
