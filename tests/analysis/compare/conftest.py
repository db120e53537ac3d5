"""The run that others are compared with, made once."""

from pathlib import Path

import pytest

from tests.analysis.compare.made import Made


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judged run in which nothing is wrong."""
    return Made().folder(tmp_path_factory.mktemp("base") / "base")
