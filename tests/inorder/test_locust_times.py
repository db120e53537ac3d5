"""Locust's own figures are kept beside the run, and read back as they were."""

from pathlib import Path

import pytest

from inorder.errors import UnusableInput
from inorder.locust_times import LocustTimes, Times, read, write


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    """By kind; a kind without calls has none."""
    times = LocustTimes(batch=Times(170, 7, 17, 19, 19.71))
    write(tmp_path / "locust.json", times)
    assert read(tmp_path / "locust.json") == times


def test_a_run_without_them_has_none(tmp_path: Path) -> None:
    """Driven without Locust, made elsewhere, or cut off."""
    assert read(tmp_path / "locust.json") is None


def test_a_broken_file_is_refused_in_one_line(tmp_path: Path) -> None:
    """It names the file."""
    (tmp_path / "locust.json").write_text('{"batch": {"n": "many"}}')
    with pytest.raises(UnusableInput, match=r"locust\.json: expected Locust's times by kind: .*\$\.batch\.n") as refused:
        read(tmp_path / "locust.json")
    assert "\n" not in str(refused.value)
