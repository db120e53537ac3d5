"""The run folder: made once, never overwritten, read again as it was."""

from pathlib import Path

import pytest

from inorder.errors import UnusableInput
from inorder.run import RunFolder, RunInfo, machine, versions

SCENARIO = 'question="?"\n[visitors]\ncount=3\n[[phases]]\nname="a"\nduration_s=1\n'


def info() -> RunInfo:
    return RunInfo(
        run="r", scenario="storm", seed=9, started="2026-01-01T00:00:00+00:00", prefix="abc", target="http://x/1.0",
        sandbox=True, processes=1, versions=versions(), machine=machine(),
    )  # fmt: skip


def test_a_folder_is_made_and_opened_again(tmp_path: Path) -> None:
    """Scenario and facts are read back, the scenario under the name and the seed that it ran with."""
    made = RunFolder.create(tmp_path / "new" / "run", SCENARIO, info())
    opened = RunFolder.open(made.path)
    assert opened.info() == info()
    assert (opened.scenario().name, opened.scenario().seed) == ("storm", 9)
    assert opened.history.is_dir()


def test_a_folder_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A run is never overwritten."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "precious").write_text("x")
    with pytest.raises(UnusableInput, match="exists already"):
        RunFolder.create(tmp_path / "run", SCENARIO, info())
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["precious"]


def test_what_is_no_run_folder_is_refused(tmp_path: Path) -> None:
    """The missing part is named."""
    with pytest.raises(UnusableInput, match=r"scenario\.toml is missing"):
        RunFolder.open(tmp_path)


def test_a_broken_run_json_is_refused(tmp_path: Path) -> None:
    """One line that names the file."""
    made = RunFolder.create(tmp_path / "run", SCENARIO, info())
    made.info_file.write_text("{")
    with pytest.raises(UnusableInput, match=r"run\.json"):
        made.info()
