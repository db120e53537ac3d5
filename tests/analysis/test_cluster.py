"""The same buckets judged on a Dask cluster: two workers of a real one, on this machine."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

import analysis
import inorder
from analysis.verdict import judge
from inorder.errors import UnusableInput
from inorder.merge import merge
from tests.analysis.language import case
from tests.analysis.material import write

SENT = "; ".join(f"{name}: [0 1] [2 3]? [2 3] [4]" for name in ("ann", "bob", "cat", "dan", "eve"))
STORED = "ann: 0 1 2 3 4; bob: 1 0 2 3 4 2; cat: 0 4 1 2 3; dan: 0 1 2; eve: 0 1 2 3 4 9"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the scheduler of a cluster answers.

    It lives in this process, and takes the code that comes along as well: into the path of imports, and over the rooms
    that are there. What is imported after these tests must not come from a file that is gone by then.
    """
    path = sys.path[:]
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:
        yield cluster.scheduler_address
    sys.path[:] = path
    importlib.invalidate_caches()
    for room in (analysis, inorder):
        importlib.reload(room)


def test_the_verdict_is_the_same_whichever_way(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By this process, by two, and by a cluster: not one key of verdict.json differs."""
    monkeypatch.setattr("analysis.buckets.WORTH", 1)
    folder = write(case(SENT, STORED), tmp_path / "run")
    assert merge(folder, rows_a_bucket=8).buckets > 2
    alone = judge([folder], jobs=1).verdict
    assert alone["anomalies"]["reordered-in-batch"] == 1
    assert judge([folder], jobs=2).verdict == alone
    assert judge([folder], dask=address).verdict == alone


def test_nobody_answers_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the address."""
    monkeypatch.setattr("analysis.cluster._CONNECT_S", 1)
    folder = write(case(SENT, STORED), tmp_path / "run")
    with pytest.raises(UnusableInput, match=r"--dask tcp://127\.0\.0\.1:1: no scheduler answers there"):
        judge([folder], dask="tcp://127.0.0.1:1")


def test_the_evidence_must_be_where_the_workers_see_it(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of this machine alone is told at once."""
    folder = write(case(SENT, STORED), tmp_path / "run")
    monkeypatch.setattr("analysis.cluster._sees", lambda evidence: False)
    with pytest.raises(UnusableInput, match="it must be a shared folder"):
        judge([folder], dask=address)
