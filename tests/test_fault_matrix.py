"""The fault matrix by the command line: each fault's own row is its test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inorder.faults.kinds import KINDS
from inorder.matrix import rows
from inorder.matrix.drive import MATRIX_FILE

ROOT = Path(__file__).parent.parent
ROWS = rows.load(MATRIX_FILE).rows


def faults(out: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """`inorder faults` into a folder."""
    command = [sys.executable, "-m", "inorder", "faults", "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=800)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """The whole matrix, made once."""
    out = tmp_path_factory.mktemp("matrix") / "faults"
    return out, faults(out)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", [row.fault for row in ROWS])
def test_each_row_is_as_expected(matrix: tuple[Path, Any], fault: str) -> None:
    """The fault is found under its own name, as often as it was injected, and nobody is accused who did nothing wrong."""
    out, done = matrix
    assert done.stderr == ""
    found = {row["fault"]: row for row in json.loads((out / "faults.json").read_text())}
    assert found[fault]["wrong"] == []
    assert found[fault]["ok"]


def test_the_matrix_ends_well_and_says_so(matrix: tuple[Path, Any]) -> None:
    """Exit code 0 only where all is as expected; the page stands beside."""
    out, done = matrix
    assert done.returncode == 0, done.stdout
    assert "AS EXPECTED\n" in done.stdout
    assert "AS EXPECTED" in (out / "index.html").read_text(encoding="utf-8")
    told = json.loads((out / "faults.json").read_text())
    keys = {"fault", "side", "expected", "found", "injected", "blame", "false_alarms", "ok"}
    assert all(keys <= row.keys() for row in told)
    assert [row["fault"] for row in told] == [row.fault for row in ROWS]


def test_every_fault_of_the_catalogue_has_a_row() -> None:
    """And each row of server and network is of the catalogue, on its side."""
    told = {row.fault: row.side for row in ROWS if row.side in ("server", "network")}
    assert told == {kind.name: kind.side for kind in KINDS.values()}


def test_a_row_that_is_not_as_expected_fails_the_matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a healthy run that is expected to lose events: exit code 1, and the reason."""
    text = MATRIX_FILE.read_text(encoding="utf-8")
    base = text[: text.index("# What is lost.")]
    row = '[[rows]]\nfault = "nothing"\nside = "none"\nexpected = "lost"\nblame = "system"\n'
    changed = tmp_path / "matrix.toml"
    changed.write_text(base + row)
    program = (
        "import sys; from pathlib import Path; from inorder.matrix import drive; "
        f"drive.MATRIX_FILE = Path({str(changed)!r}); from inorder.cli import main; "
        f"sys.argv = ['inorder', 'faults', '--out', {str(tmp_path / 'out')!r}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "nothing, seed 1: blame: expected system, got nobody; lost was not found; the verdict is pass" in done.stdout
    assert "NOT AS EXPECTED\n" in done.stdout


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--only", "lost"), "--only lost: "),
        (("--out", "."), ".: exists already"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, options: tuple[str, ...], line: str) -> None:
    """Exit code 2, and no folder is left."""
    out = tmp_path / "out"
    done = faults(out, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"inorder: {line}")
    assert done.stderr.count("\n") == 1
    assert not out.exists()
