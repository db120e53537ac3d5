"""Judging the buckets by several processes: the order of the tallies, and what becomes of a process that is killed."""

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from analysis import buckets
from analysis.evidence import open_evidence
from analysis.facts import Run
from inorder.errors import InorderError
from inorder.merge import merge
from tests.analysis.language import case
from tests.analysis.material import write

SENT = "; ".join(f"{name}: [0 1] [2]" for name in ("ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal"))
STORED = SENT.replace("[", "").replace("]", "").replace("ann: 0 1", "ann: 1 0")


class Deadly(Run):
    """A run that ends the process to which it is sent."""

    def __reduce__(self) -> Any:
        return os._exit, (9,)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of several buckets, in tmp_path/run."""
    folder = write(case(SENT, STORED), tmp_path / "run")
    assert merge(folder, rows_a_bucket=3).buckets > 4
    return buckets.run_of(open_evidence(folder))


def test_each_bucket_is_judged_once_and_in_its_place(tmp_path: Path, run: Run) -> None:
    """By one process or three: the same tallies, one a bucket, in their order."""
    evidence = tmp_path / "run" / "evidence"
    number = len(list((evidence / "events").iterdir()))
    alone = [tally.numbers for tally in buckets._tallies(evidence, number, run, 1)]
    assert len(alone) == number
    for jobs in (2, 3):
        assert [tally.numbers for tally in buckets._tallies(evidence, number, run, jobs)] == alone


def test_a_killed_process_that_judges_is_told_in_one_line(
    tmp_path: Path, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    """And in no other: a thread that fails behind it would print a traceback, which pytest makes an error."""
    deadly = Deadly(**{field.name: getattr(run, field.name) for field in fields(Run)})
    with pytest.raises(InorderError, match="judging: one of its processes was killed"):
        list(buckets._tallies(tmp_path / "run" / "evidence", 5, deadly, 2))
    assert capfd.readouterr().err == ""
