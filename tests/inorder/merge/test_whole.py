"""Evidence is the same however it is cut, is made once, and made again when it must be."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inorder.merge import Merged, bucket_of, calls, merge
from inorder.run import RunFolder
from tests.inorder.merge.lines import bucketed, closed, done, history, sent, stored, table


def test_chunks_and_buckets_change_nothing(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines cut by chunks, answers in a later chunk, visitors in many buckets: the same evidence, sorted by visitor."""
    names = [f"visitor{number}" for number in range(40)] + ["зоя", "訪問者"]
    lines, rows = [], []
    for number, name in enumerate(names):
        lines += [sent(f"c{number}", f"b{number}", [[name, 3, 2]], digests=[number, 7]), done(f"c{number}")]
        rows += [(2 * number, name, 3), (2 * number + 1, name, 4)]
    history(folder, *lines)
    stored(
        folder,
        position=pa.array([row[0] for row in rows]),
        visitor=pa.array([row[1] for row in rows]),
        seq=pa.array([row[2] for row in rows]),
    )
    whole = merge(folder)
    seen = [bucketed(folder, kind) for kind in ("events", "stored")]
    (folder.evidence / "merge.json").unlink()
    monkeypatch.setattr(calls, "CHUNK", 50)
    split = merge(folder, rows_a_bucket=10)
    assert (split.calls, split.events, split.stored) == (whole.calls, whole.events, whole.stored)
    assert split.buckets > 5
    for before, kind in zip(seen, ("events", "stored"), strict=True):
        assert sorted(map(repr, bucketed(folder, kind))) == sorted(map(repr, before))
        for bucket in range(split.buckets):
            own = pq.read_table(folder.evidence / kind / f"bucket-{bucket:04d}.parquet").to_pylist()
            assert {bucket_of(row["visitor"], split.buckets) for row in own} <= {bucket}
            second = "seq" if kind == "events" else "position"
            keys = [(row["visitor"], row[second]) for row in own]
            assert [key for name in dict.fromkeys(key[0] for key in keys) for key in sorted(keys) if key[0] == name] == keys


def again(folder: RunFolder) -> tuple[bool, Merged]:
    """Whether merging wrote anything, and what it says."""
    marker = folder.evidence / "merge.json"
    before = marker.stat().st_mtime_ns if marker.exists() else 0
    merged = merge(folder)
    return marker.stat().st_mtime_ns != before, merged


def test_whole_evidence_is_left_as_it_is(folder: RunFolder) -> None:
    """Merging a second time writes nothing and says the same."""
    history(folder, sent("a", "a", [["ann", 0, 1]]), closed("w0", 1, 1))
    written, first = again(folder)
    assert written
    assert again(folder) == (False, first)


@pytest.mark.parametrize("name", ["calls.parquet", "batches.parquet", "events/bucket-0000.parquet", "merge.json"])
@pytest.mark.parametrize("harm", ["gone", "cut off"])
def test_partial_evidence_is_made_again(folder: RunFolder, name: str, harm: str) -> None:
    """A file that is missing or cut off is noticed, and the history makes it whole."""
    history(folder, sent("a", "a", [["ann", 0, 1]]))
    first = merge(folder)
    path = folder.evidence / name
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-10])
    assert again(folder) == (True, first)
    assert table(folder, "batches.parquet")[0]["name"] == "a"


def test_evidence_follows_its_sources(folder: RunFolder) -> None:
    """A history that grew, or a stored log that came later, makes new evidence."""
    history(folder, sent("a", "a", [["ann", 0, 1]]))
    merge(folder)
    history(folder, sent("a", "a", [["ann", 0, 1]]), done("a"))
    written, merged = again(folder)
    assert (written, merged.workers[0].lines) == (True, 2)
    stored(folder, position=pa.array([1]), visitor=pa.array(["ann"]), seq=pa.array([0]))
    written, merged = again(folder)
    assert written
    assert merged.stored is not None
    assert merged.stored.rows == 1
