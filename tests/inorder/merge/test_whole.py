"""Evidence is the same however it is cut, is made once, and made again when it must be."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inorder.merge import Merged, bucket_of, merge
from inorder.merge.tasks import tasks
from inorder.run import RunFolder
from tests.inorder.merge.lines import bucketed, closed, contents, done, history, sent, stored, table

CUTS: list[dict[str, int]] = [{}, {"task_bytes": 500}, {"task_bytes": 3000}, {"task_bytes": 500, "jobs": 2}]
"""Ways to merge that give the same; a line has some 150 bytes."""


def some_run(folder: RunFolder) -> None:
    """Two workers, 42 visitors, batches sent again, answers that come late or never, rows under another's name."""
    names = [f"visitor{number}" for number in range(40)] + ["зоя", "訪問者"]
    lines: list[list[str]] = [[], []]
    rows = []
    for number, name in enumerate(names):
        events = [[name, 3, 2], [names[number - 1], 9, 1]]
        of_worker = lines[number % 2]
        of_worker += [
            sent(f"c{number}", f"b{number}", events, digests=[number, 7, 8]),
            sent(f"o{number}", f"o{number}", []),
        ]
        if number % 3:
            of_worker[3:3] = [done(f"c{number - 2}", error="late")] if number > 3 and number % 3 == 2 else []
            of_worker += [sent(f"d{number}", f"b{number}", events, at=4.0, digests=[number, 7, 8]), done(f"d{number}", 5.0)]
        rows += [(2 * number, name, 3, None), (2 * number + 1, names[number // 2], 4, name)]
    for worker, of_worker in enumerate(lines):
        history(folder, *sorted(of_worker, key=lambda line: '"done"' in line), worker=f"w{worker}")
    position, visitor, seq, origin = zip(*rows, strict=True)
    columns = {
        "position": pa.array(position),
        "visitor": pa.array(visitor),
        "origin": pa.array(origin),
        "seq": pa.array(seq),
        "server": pa.array([f"s{number % 3}" for number in position]),
    }
    stored(folder, 5, **columns)
    stored(folder, 7, earlier=1, **{name: values.slice(0, 50) for name, values in columns.items()})


@pytest.mark.parametrize("rows_a_bucket", [1000, 25])
def test_evidence_is_the_same_byte_for_byte_however_it_is_made(folder: RunFolder, rows_a_bucket: int) -> None:
    """In one process or two, in one piece or cut within lines and between calls and their answers."""
    some_run(folder)
    made = []
    for way in CUTS:
        (folder.evidence / "merge.json").unlink(missing_ok=True)
        merge(folder, rows_a_bucket, **way)
        made.append(contents(folder))
    assert set(made[0]) >= {"calls.parquet", "earlier/1/bucket-0000.parquet", "merge.json"}
    assert [sorted(files) for files in made] == [sorted(made[0])] * len(CUTS)
    assert [name for files in made for name in files if files[name] != made[0][name]] == []


def test_buckets_divide_the_visitors(folder: RunFolder) -> None:
    """The same events and rows in many buckets as in one, each sorted by visitor."""
    some_run(folder)
    whole = merge(folder)
    seen = [bucketed(folder, kind) for kind in ("events", "stored")]
    (folder.evidence / "merge.json").unlink()
    split = merge(folder, rows_a_bucket=10)
    assert (split.calls, split.events, split.stored) == (whole.calls, whole.events, whole.stored)
    assert split.buckets > 5
    for before, kind in zip(seen, ("events", "stored"), strict=True):
        after = bucketed(folder, kind)
        for row in (*before, *after):
            row.pop("batch", None)  # counted within the bucket
        assert sorted(map(repr, after)) == sorted(map(repr, before))
        for bucket in range(split.buckets):
            own = pq.read_table(folder.evidence / kind / f"bucket-{bucket:04d}.parquet").to_pylist()
            owners = [row.get("origin") or row["visitor"] for row in own]
            assert {bucket_of(owner, split.buckets) for owner in owners} <= {bucket}
            second = "seq" if kind == "events" else "position"
            keys = [(owner, row[second]) for owner, row in zip(owners, own, strict=True)]
            assert [key for name in dict.fromkeys(owners) for key in sorted(keys) if key[0] == name] == keys


def test_nothing_temporary_is_left(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where merging is interrupted by Ctrl-C; and then the evidence is not taken for whole."""
    some_run(folder)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("inorder.merge.whole.group", interrupted)
        for way in CUTS:
            with pytest.raises(KeyboardInterrupt):
                merge(folder, **way)
            assert not [name for name in contents(folder) if name.startswith("spill") or name == "merge.json"]
    merge(folder)
    assert not (folder.evidence / "spill").exists()


@pytest.mark.parametrize(("task_bytes", "processes"), [(1, 2), (1_000_000, 1)])
def test_only_what_is_more_than_a_task_is_worth_processes(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, task_bytes: int, processes: int
) -> None:
    """To start them takes longer than to merge a small run; the stored log counts as well."""
    stored(folder, position=pa.array([1]), visitor=pa.array(["ann"]), seq=pa.array([0]))
    asked = []

    def noted(jobs: int) -> object:
        asked.append(jobs)
        return tasks(1)

    monkeypatch.setattr("inorder.merge.whole.tasks", noted)
    merge(folder, jobs=2, task_bytes=task_bytes)
    assert asked == [processes]


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
