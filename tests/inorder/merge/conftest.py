"""A run folder to merge."""

from pathlib import Path

import pytest

from inorder.run import RunFolder
from tests.inorder.merge.lines import new_folder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """An empty run folder."""
    return new_folder(tmp_path / "run")
