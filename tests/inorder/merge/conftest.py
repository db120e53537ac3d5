"""A run folder to merge."""

from pathlib import Path

import pytest

from inorder.run import RunFolder, RunInfo

SCENARIO = 'question = "?"\n[visitors]\ncount = 1\n[[phases]]\nname = "p"\nduration_s = 1.0\n'


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """An empty run folder."""
    info = RunInfo("r", "s", 1, "2026-01-01T00:00:00+00:00", "kq", "http://127.0.0.1:1/1.0", False, 1)
    return RunFolder.create(tmp_path / "run", SCENARIO, info)
