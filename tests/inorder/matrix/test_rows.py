"""The rows of the fault matrix: how they are read, laid over the base, and refused."""

from pathlib import Path

import pytest

from inorder.errors import UnusableInput
from inorder.matrix.rows import chosen, load, scenario_of

BASE = """
[base]
drain_limit_s = 9.0
[base.visitors]
count = 5
pause_s = 0.5
[base.phase]
name = "return"
duration_s = 1.5
returning = 1.0
"""
ROW = """
[[rows]]
fault = "latency"
side = "network"
expected = "none"
with = { delay_ms = 7 }
visitors = { count = 9 }
"""


def written(folder: Path, text: str) -> Path:
    """A file of the matrix."""
    file = folder / "matrix.toml"
    file.write_text(text)
    return file


def test_a_row_is_laid_over_the_base(tmp_path: Path) -> None:
    """What the row does not say is the base's; its fault is the scenario's, with its settings."""
    file = written(tmp_path, BASE + ROW)
    matrix = load(file)
    text, scenario = scenario_of(matrix, matrix.rows[0], 42, file)
    assert (scenario.visitors.count, scenario.visitors.pause_s, scenario.drain_limit_s) == (9, 0.5, 9.0)
    assert (scenario.name, scenario.seed) == ("latency", 42)
    assert [(fault.name, fault.value("delay_ms")) for fault in scenario.faults] == [("latency", 7)]
    assert "[[faults]]" in text


def test_a_client_row_brings_its_own_faults_and_none_of_its_name(tmp_path: Path) -> None:
    """What the client does wrong is in its settings."""
    row = '[[rows]]\nfault = "impatient"\nside = "client"\nexpected = "none"\nfaults = [{ name = "reset" }]\n'
    file = written(tmp_path, BASE + row)
    matrix = load(file)
    assert [fault.name for fault in scenario_of(matrix, matrix.rows[0], 1, file)[1].faults] == ["reset"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rows = ", "no valid TOML"),
        (BASE, "Object missing required field `rows`"),
        (BASE + ROW + ROW, "rows: expected each fault once, got 'latency' again"),
        (BASE + ROW.replace("network", "server"), "latency: expected side = 'network', got 'server'"),
        (BASE + ROW.replace("latency", "lateness"), "lateness: faults[0]: no such fault: 'lateness'"),
        (BASE + ROW.replace("count = 9", "count = 0"), "latency: visitors.count: expected"),
        (BASE + ROW.replace("side", "site"), "Object contains unknown field `site`"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    """The line names the file, and the row where it is about one."""
    file = written(tmp_path, text)
    with pytest.raises(UnusableInput) as refused:
        load(file)
    assert str(refused.value).startswith(f"{file}")
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(UnusableInput, match=r"nowhere\.toml: cannot be read: "):
        load(tmp_path / "nowhere.toml")


def test_only_what_is_named_is_chosen(tmp_path: Path) -> None:
    """In the order of the file; a name that is not there is refused with those that are."""
    file = written(tmp_path, BASE + ROW + ROW.replace("latency", "reset").replace("with = { delay_ms = 7 }", ""))
    matrix = load(file)
    assert [row.fault for row in chosen(matrix, ["reset"], file)] == ["reset"]
    assert [row.fault for row in chosen(matrix, [], file)] == ["latency", "reset"]
    with pytest.raises(UnusableInput, match=r"--only lost: .* has no such row; it has latency, reset"):
        chosen(matrix, ["lost"], file)
