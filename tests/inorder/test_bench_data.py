"""Made-up evidence: the truth beside it is what the slow second judge finds, and it is laid out as merging does it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from inorder.bench import Asked, make
from inorder.bench.victims import FAILING, READINGS, VICTIMS
from inorder.errors import UnusableInput
from inorder.merge import bucket_of, marker, merge
from inorder.run import RunFolder
from tests.inorder.bench_readings import case_of, judged

MADE: dict[str, dict[str, Any]] = {
    "usual": {"events": 5_000, "bucket_events": 2_000},
    "one bucket": {"events": 2_500},
    "another seed": {"events": 2_500, "seed": 7, "bucket_events": 900},
    "disordered": {"events": 3_000, "disordered": 0.7, "bucket_events": 1_000},
    "wholly disordered": {"events": 1_500, "disordered": 1.0},
    "one visitor": {"events": 205, "one_visitor": True},
    "tiny": {"events": 100},
    "one event": {"events": 1},
}


def agrees(told: dict[str, Any], found: dict[str, Any]) -> None:
    """Compare truth.json with what the second judge finds."""
    assert found["anomalies"] == {name: count for name, count in told["anomalies"].items() if count}
    assert found["client"] + told["client_disorder"]["events"] == told["blame"]["client"]
    for key in ("breaches", "events", "visitors", "ordinary"):
        assert found[key] == told[key], key


@pytest.mark.parametrize("name", MADE)
def test_the_truth_is_what_the_second_judge_finds(name: str, tmp_path: Path) -> None:
    """Counted while it was made, and again from the files by the definitions: the same."""
    told = make(Asked(**MADE[name]), tmp_path / "run")
    agrees(told, judged(case_of(tmp_path / "run" / "evidence"), frozenset(FAILING)))


def test_the_truth_holds_where_half_of_the_batches_are_sent_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many second copies, many of them late, next to each other: each late one is a zombie that is counted."""
    monkeypatch.setattr("inorder.bench.sending._RESENT_EVERY", 2)
    monkeypatch.setattr("inorder.bench.storing._LATE_EVERY", 2)
    monkeypatch.setattr("inorder.bench.storing._TWICE_EVERY", 1)
    told = make(Asked(2_500), tmp_path / "run")
    assert told["anomalies"]["zombie"] > 100
    agrees(told, judged(case_of(tmp_path / "run" / "evidence"), frozenset(FAILING)))


@pytest.mark.parametrize("name", ["usual", "disordered", "one visitor", "one event"])
def test_raw_files_merged_tell_the_same(name: str, tmp_path: Path) -> None:
    """History and stored log, merged into buckets of another size, hold the same truth as evidence made at once."""
    told = make(Asked(**MADE[name], raw=True), tmp_path / "raw")
    assert told == make(Asked(**MADE[name]), tmp_path / "merged")
    merged = merge(RunFolder(tmp_path / "raw"), rows_a_bucket=700)
    assert merged.stored is not None
    assert not merged.stored.ties + merged.stored.descents + merged.stored.missing
    assert all(worker.closed and worker.fits for worker in merged.workers)
    assert case_of(tmp_path / "raw" / "evidence") == case_of(tmp_path / "merged" / "evidence")


def test_every_kind_of_victim_is_there(tmp_path: Path) -> None:
    """From some 2 000 events on each kind has at least one visitor, so no anomaly is missing but those of readings."""
    told = make(Asked(2_500), tmp_path / "run")
    assert {name for name, count in told["anomalies"].items() if not count} == {"unseen", *READINGS}
    assert {name for kind in VICTIMS.values() for name in kind.found} == set(told["anomalies"]) - {"unseen", *READINGS}


@pytest.mark.parametrize("raw", [False, True])
def test_an_earlier_reading_differs_where_it_is_said_to(raw: bool, tmp_path: Path) -> None:
    """One event of a victim is gone later, and two rows of another one have changed places."""
    told = make(Asked(3_000, readings=2, raw=raw), tmp_path / "run")
    if raw:
        assert len(merge(RunFolder(tmp_path / "run")).earlier) == 1
    evidence = tmp_path / "run" / "evidence"
    last, first = (
        {row["position"]: (row["visitor"], row["seq"]) for row in pq.read_table(evidence / part).to_pylist()}
        for part in ("stored/bucket-0000.parquet", "earlier/1/bucket-0000.parquet")
    )
    assert told["anomalies"]["vanished"] == len(first.keys() - last.keys()) == 1
    assert told["anomalies"]["rewritten"] == sum(first[position] != row for position, row in last.items()) == 2


def test_merging_takes_the_evidence_as_whole(tmp_path: Path) -> None:
    """merge.json says what its files are, so nothing is merged again."""
    make(Asked(5_000, bucket_events=2_000), tmp_path / "run")
    folder = RunFolder.open(tmp_path / "run")
    before = (folder.evidence / "merge.json").read_bytes()
    merged = merge(folder)
    assert (merged.format, merged.buckets, merged.events) == (marker.FORMAT, 3, 5_000)
    assert (folder.evidence / "merge.json").read_bytes() == before


@pytest.mark.parametrize("part", ["events", "batches", "calls", "stored"])
def test_the_files_are_as_merging_writes_them(part: str, tmp_path: Path) -> None:
    """Columns, types and what is kept as a dictionary: those of the same run merged from its raw files."""
    found = []
    for name, raw in (("made", False), ("merged", True)):
        make(Asked(3_000, raw=raw), tmp_path / name)
        merge(RunFolder(tmp_path / name))
        evidence = tmp_path / name / "evidence"
        files = [evidence / part / "bucket-0000.parquet"]
        files += [evidence / f"{part}.parquet"] if part in ("batches", "calls") else []
        found.append(
            [
                (pq.read_schema(file), pq.read_metadata(file).row_group(0).column(place).compression)
                for file in files
                for place in range(len(pq.read_schema(file)))
            ]
        )
    assert found[0] == found[1]


def test_a_bucket_is_sorted_and_holds_its_own(tmp_path: Path) -> None:
    """Visitors lie in the bucket of their name; events by seq; rows by position; batches as first met in the events."""
    make(Asked(6_000, bucket_events=2_000), tmp_path / "run")
    evidence = tmp_path / "run" / "evidence"
    for bucket in range(3):
        events = pq.read_table(evidence / "events" / f"bucket-{bucket:04d}.parquet").to_pandas()
        assert {bucket_of(name, 3) for name in events["visitor"].unique()} == {bucket}
        assert all(own["seq"].tolist() == list(range(len(own))) for _, own in events.groupby("visitor", observed=True))
        assert events["batch"].drop_duplicates().tolist() == list(range(events["batch"].max() + 1))
        rows = pq.read_table(evidence / "stored" / f"bucket-{bucket:04d}.parquet").to_pandas()
        owner = rows["origin"].astype(object).fillna(rows["visitor"].astype(object))
        assert all(own["position"].is_monotonic_increasing for _, own in rows.groupby(owner))
        assert (owner != owner.shift()).sum() == owner.nunique()
        calls = pq.read_table(evidence / "calls" / f"bucket-{bucket:04d}.parquet").to_pandas()
        assert (np.lexsort((calls["sent"], calls["batch"])) == np.arange(len(calls))).all()


@pytest.mark.parametrize("raw", [False, True])
def test_the_same_is_made_twice(raw: bool, tmp_path: Path) -> None:
    """The same numbers give the same files, another seed gives others."""
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        make(Asked(4_000, seed=seed, raw=raw, bucket_events=1_500), tmp_path / name)
    one, again, other = (
        {file.relative_to(tmp_path / name): file.read_bytes() for file in (tmp_path / name).rglob("*") if file.is_file()}
        for name in ("one", "again", "other")
    )
    assert one == again
    assert one.keys() == other.keys()
    assert all(one[path] != other[path] for path in one if path.suffix in (".parquet", ".jsonl") and "w" not in path.stem)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_the_share_asked_for_is_out_of_order(share: float, tmp_path: Path) -> None:
    """Of many events about that share follows one that it must precede."""
    told = make(Asked(40_000, disordered=share), tmp_path / "run")
    assert told["anomalies"]["reordered-across-batches"] < share * 40_000
    events = pq.read_table(tmp_path / "run" / "evidence" / "stored" / "bucket-0000.parquet").to_pandas()
    highest = events.groupby("visitor", observed=True)["seq"].cummax()
    assert (highest > events["seq"]).mean() == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"events": 0}, "events: expected 1 to"),
        ({"events": 10, "disordered": 1.5}, "disordered: expected 0 to 1"),
        ({"events": 10, "readings": 3}, "readings: expected 1 to 2"),
        ({"events": 10, "seed": -1}, "seed: expected 0 to"),
    ],
)
def test_what_cannot_be_made_is_refused(wrong: dict[str, Any], expected: str) -> None:
    """One line, before anything is written."""
    with pytest.raises(UnusableInput, match=expected):
        Asked(**wrong)


def test_the_command_line_makes_a_run(tmp_path: Path) -> None:
    """`inorder bench-data N DIR`: a run folder with its truth; a second time it is refused."""
    command = [sys.executable, "-m", "inorder", "bench-data", "2500", str(tmp_path / "run"), "--seed", "3"]
    subprocess.run(command, check=True, capture_output=True)
    told = json.loads((tmp_path / "run" / "truth.json").read_bytes())
    assert told == make(Asked(2_500, seed=3), tmp_path / "same")
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    assert again.returncode == 2
    assert "exists already" in again.stderr
