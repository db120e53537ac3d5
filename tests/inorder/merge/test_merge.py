"""Merging: nothing is lost on the way into evidence, and what cannot be a history is refused with its line."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inorder.errors import UnusableInput
from inorder.merge import Merged, bucket_of, calls, merge
from inorder.run import RunFolder, RunInfo

SCENARIO = 'question = "?"\n[visitors]\ncount = 1\n[[phases]]\nname = "p"\nduration_s = 1.0\n'


def sent(call: str, batch: str, events: list[Any], kind: str = "batch", at: float = 1.0, **more: Any) -> str:
    """A `sent` line."""
    line = {"type": "sent", "call": call, "batch": batch, "kind": kind, "attempt": 1, "intended": at, "sent": at}
    return json.dumps(line | {"events": events} | more)


def done(call: str, at: float = 2.0, outcome: str = "confirmed", **more: Any) -> str:
    """A `done` line."""
    return json.dumps({"type": "done", "call": call, "done": at, "outcome": outcome} | more)


def closed(worker: str, calls: int, events: int, **more: Any) -> str:
    """A closing line."""
    return json.dumps({"type": "closed", "worker": worker, "calls": calls, "events": events} | more)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """An empty run folder."""
    info = RunInfo("r", "s", 1, "2026-01-01T00:00:00+00:00", "kq", "http://127.0.0.1:1/1.0", False, 1)
    return RunFolder.create(tmp_path / "run", SCENARIO, info)


def history(folder: RunFolder, *lines: str, worker: str = "w0") -> None:
    """Write the history of a worker."""
    (folder.history / f"{worker}.jsonl").write_text("".join(line + "\n" for line in lines), "utf-8")


def stored(folder: RunFolder, **columns: pa.Array) -> None:
    """Write the stored log."""
    pq.write_table(pa.table(columns), folder.stored_file)


def table(folder: RunFolder, name: str) -> list[dict[str, Any]]:
    """The rows of an evidence file."""
    rows: list[dict[str, Any]] = pq.read_table(folder.evidence / name).to_pylist()
    return rows


def bucketed(folder: RunFolder, kind: str) -> list[dict[str, Any]]:
    """The rows of all buckets."""
    files = sorted((folder.evidence / kind).glob("bucket-*.parquet"))
    return [row for path in files for row in pq.read_table(path).to_pylist()]


def test_calls_batches_and_events_are_all_there(folder: RunFolder) -> None:
    """A batch of two visitors that was sent twice, an ordinary call, and a call without an answer."""
    history(
        folder,
        sent("c0", "b0", [["ann", 0, 2], ["bob", 5, 1], ["ann", 2, 1]], digests=[1, 2, 3, 4], bytes=99, ready=0.5),
        done("c0", 2.5, "indeterminate", error="reset"),
        sent("c1", "b0", [["ann", 0, 2], ["bob", 5, 1], ["ann", 2, 1]], at=3.0, digests=[1, 2, 3, 4], attempt=2),
        done("c1", 3.5, status=200),
        sent("c2", "o0", [["bob", 6, 1]], "ordinary", at=4.0),
        closed("w0", 3, 9),
    )
    merged = merge(folder)
    assert (merged.calls, merged.batches, merged.events, merged.stored) == (3, 2, 5, None)
    rows = table(folder, "calls.parquet")
    assert [(row["call"], row["batch"], row["kind"], row["attempt"]) for row in rows] == [
        ("c0", 0, 0, 1),
        ("c1", 0, 0, 2),
        ("c2", 1, 1, 1),
    ]
    assert [row["outcome"] for row in rows] == [2, 0, 2]
    assert [row["status"] for row in rows] == [0, 200, 0]
    assert [row["error"] for row in rows] == ["reset", None, None]
    assert [row["bytes"] for row in rows] == [99, 0, 0]
    assert [row["done"] == row["done"] for row in rows] == [True, True, False]
    assert [row["worker"] for row in rows] == ["w0"] * 3
    assert table(folder, "batches.parquet") == [
        {
            "batch": 0,
            "name": "b0",
            "kind": 0,
            "events": 4,
            "first_intended": 1.0,
            "first_sent": 1.0,
            "ack": 3.5,
            "calls": 2,
            "calls_not_rejected": 2,
            "outcome": 0,
        },
        {
            "batch": 1,
            "name": "o0",
            "kind": 1,
            "events": 1,
            "first_intended": 4.0,
            "first_sent": 4.0,
            "ack": float("inf"),
            "calls": 1,
            "calls_not_rejected": 1,
            "outcome": 2,
        },
    ]
    assert [tuple(row.values()) for row in bucketed(folder, "events")] == [
        ("ann", 0, 0, 0, 1),
        ("ann", 1, 0, 1, 2),
        ("ann", 2, 0, 3, 4),
        ("bob", 5, 0, 2, 3),
        ("bob", 6, 1, 0, None),
    ]


def test_the_outcome_of_a_batch_is_its_best(folder: RunFolder) -> None:
    """Confirmed before indeterminate before rejected; the earliest success counts, rejected calls are told apart."""
    outcomes = {
        "a": ["rejected", "indeterminate", "confirmed", "confirmed"],
        "b": ["rejected", "indeterminate"],
        "c": ["rejected", "rejected"],
    }
    lines = []
    for seq, (batch, calls_of_it) in enumerate(outcomes.items()):
        for number, outcome in enumerate(calls_of_it):
            call = f"{batch}{number}"
            lines += [sent(call, batch, [["ann", seq, 1]], at=10.0 - number), done(call, 20.0 - number, outcome)]
    history(folder, *lines)
    merge(folder)
    found = [
        (row["outcome"], row["ack"], row["calls"], row["calls_not_rejected"], row["first_sent"], row["first_intended"])
        for row in table(folder, "batches.parquet")
    ]
    infinity = float("inf")
    assert found == [(0, 17.0, 4, 3, 7.0, 7.0), (2, infinity, 2, 1, 9.0, 9.0), (1, infinity, 2, 0, 9.0, 9.0)]


def test_closing_lines_are_compared_with_what_is_there(folder: RunFolder) -> None:
    """One worker ended well, one states other totals, one was killed and its last line is cut off."""
    history(folder, sent("a", "a", [["ann", 0, 3]]), done("a"), closed("w0", 1, 3, unsent=4, cpu_share=0.5), worker="w0")
    history(folder, sent("b", "b", [["bob", 0, 3]]), closed("w1", 2, 3, gave_up=1, crashed=2), worker="w1")
    history(folder, sent("c", "c", [["cat", 0, 1]]), worker="w2")
    with (folder.history / "w2.jsonl").open("a") as file:
        file.write('{"type": "done", "call": "c", "done')
    first, second, third = merge(folder).workers
    assert (first.lines, first.calls, first.events, first.torn, first.closed, first.fits) == (
        3,
        1,
        3,
        False,
        True,
        True,
    )
    assert (first.unsent, first.cpu_share) == (4, 0.5)
    assert (second.fits, second.closed_calls, second.gave_up, second.crashed) == (False, 2, 1, 2)
    assert (third.torn, third.closed, third.fits, third.calls) == (True, False, True, 1)


BAD_LINES = {
    "no history line": ["[1, 2"],
    "no history line: Expected `array` of length 3": [sent("c", "b", [["ann", 0, 1, 1]])],
    "no history line: Expected `int` >= 1": [sent("c", "b", [["ann", 0, -1]])],
    "no history line: Expected `int` >= 0": [sent("c", "b", [["ann", -1, 1]])],
    "no history line: Input data was truncated": [""],
    "a 'done' without a 'sent' of call c": [done("c")],
    "a second 'done' of call a": [done("a")],
    "a second 'sent' of call a": [sent("a", "a", [["ann", 0, 1]])],
    "a second 'sent' of call b": [sent("b", "x", [["bob", 7, 1]])],
    "call c is done at 0.5, before it is sent at 1.0": [sent("c", "c", [["cat", 0, 1]]), done("c", 0.5)],
    "the ordinary call c has 2 events, expected 1": [sent("c", "c", [["cat", 0, 2]], "ordinary")],
    "the ordinary call c has 0 events, expected 1": [sent("c", "c", [], "ordinary")],
    "call c has 2 events and 1 digests": [sent("c", "c", [["cat", 0, 2]], digests=[1])],
    "call c has 1000001 events, expected at most 1000000": [sent("c", "c", [["cat", 0, 1_000_001]])],
    "a seq of call c is above": [sent("c", "c", [["cat", 1 << 62, 1]])],
    "a seq of call d is above": [sent("d", "d", [["cat", 1 << 70, 1]])],
    "batch b is sent again as another kind of call": [sent("c", "b", [["bob", 0, 1]], "ordinary")],
    "batch b is sent again with other events": [sent("c", "b", [["bob", 0, 2]])],
    "batch b is sent again with other events (seq 0 of visitor bob)": [sent("c", "b", [["bob", 1, 1]])],
    "batch a is sent again with other events (seq 0 of visitor ann)": [sent("c", "a", [["ann", 0, 1]], digests=[8])],
    "seq 0 of visitor bob is in batch c, and in batch b before": [sent("c", "c", [["bob", 0, 1]])],
    "seq 4 of visitor cat is twice in batch c": [sent("c", "c", [["cat", 3, 2], ["cat", 4, 1]])],
}


@pytest.mark.parametrize("reason", BAD_LINES)
def test_a_line_that_cannot_be_is_refused_with_its_place(folder: RunFolder, reason: str) -> None:
    """File, line and reason; the marker of whole evidence is not left behind."""
    lines = [sent("a", "a", [["ann", 0, 1]], digests=[7]), done("a"), sent("b", "b", [["bob", 0, 1]])]
    history(folder, *lines, *BAD_LINES[reason])
    with pytest.raises(UnusableInput) as refused:
        merge(folder)
    place = f"{folder.history / 'w0.jsonl'}:{len(lines) + len(BAD_LINES[reason])}: "
    assert str(refused.value).startswith(place + reason)
    assert not (folder.evidence / "merge.json").exists()
    assert not (folder.evidence / "spill").exists()


def test_a_resend_in_another_order_is_other_events(folder: RunFolder) -> None:
    """The order within a call is what the batch promises."""
    history(folder, sent("a", "a", [["ann", 0, 2]]), sent("b", "a", [["ann", 1, 1], ["ann", 0, 1]], at=5.0))
    with pytest.raises(UnusableInput, match=r"w0\.jsonl:2: batch a is sent again with other events"):
        merge(folder)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (sent("a", "c", [["cat", 0, 1]]), "a second 'sent' of call a"),
        (sent("c", "c", [["ann", 1, 1]]), "seq 1 of visitor ann is in batch c, and in batch a before"),
        (sent("c", "a", [["ann", 0, 3]]), "batch a is sent again with other events"),
    ],
)
def test_workers_that_contradict_each_other_are_refused(folder: RunFolder, line: str, reason: str) -> None:
    """The second file is named: these are files of different runs."""
    history(folder, sent("a", "a", [["ann", 0, 2]]), worker="w0")
    history(folder, sent("b", "b", [["bob", 0, 2]]), line, worker="w1")
    with pytest.raises(UnusableInput) as refused:
        merge(folder)
    assert str(refused.value).startswith(f"{folder.history / 'w1.jsonl'}:2: {reason}")


def test_an_empty_batch_is_a_batch(folder: RunFolder) -> None:
    """A client may send an empty array; it is rejected, and has no events to judge."""
    history(folder, sent("a", "a", []), done("a", outcome="rejected", status=400), closed("w0", 1, 0))
    merged = merge(folder)
    assert (merged.batches, merged.events, merged.workers[0].fits) == (1, 0, True)


def test_no_history_at_all_is_no_error(folder: RunFolder) -> None:
    """A run may be interrupted before it began."""
    assert merge(folder).calls == 0


def test_texts_and_large_numbers_are_digests_too(folder: RunFolder) -> None:
    """The same text gives the same number on both sides, and a number of 64 bits keeps all of them."""
    history(folder, sent("a", "a", [["ann", 0, 2]], digests=["ab", (1 << 64) - 1]), sent("b", "b", [["bob", 0, 1]]))
    stored(
        folder,
        position=pa.array([1], pa.int64()),
        visitor=pa.array(["ann"]),
        seq=pa.array([0]),
        digest=pa.array(["ab"]),
    )
    merge(folder)
    text, number, none = (row["digest"] for row in bucketed(folder, "events"))
    assert (number, none) == (-1, None)
    assert bucketed(folder, "stored")[0]["digest"] == text


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


def test_a_stored_row_falls_into_the_bucket_of_its_identity(folder: RunFolder) -> None:
    """Ann's event under Bob is judged with Ann."""
    history(folder, sent("a", "a", [["ann", 0, 1]]), sent("b", "b", [["bob", 0, 1]]))
    stored(
        folder,
        position=pa.array([1, 2]),
        visitor=pa.array(["bob", "bob"]),
        origin=pa.array(["ann", "bob"]),
        seq=pa.array([0, 0]),
    )
    merged = merge(folder, rows_a_bucket=1)
    ann = bucket_of("ann", merged.buckets)
    own = pq.read_table(folder.evidence / "stored" / f"bucket-{ann:04d}.parquet").to_pylist()
    assert [(row["visitor"], row["origin"], row["seq"]) for row in own] == [("bob", "ann", 0)]
    [other] = [row for row in bucketed(folder, "stored") if row["origin"] is None]
    assert (other["visitor"], other["seq"]) == ("bob", 0)


def test_the_logs_own_order_is_accounted_for(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ties, steps back and missing positions, counted between chunks too; and when the first row was seen."""
    history(folder, sent("a", "a", [["ann", 0, 9]]))
    stored(
        folder,
        position=pa.array([1, 5, 5, 4, 9, None]),
        visitor=pa.array(["ann"] * 6),
        seq=pa.array([0, 1, 2, 3, None, 5]),
        seen_at=pa.array([None, 3.0, 2.5, 4.0, 4.0, 4.0]),
    )
    for chunk in (100, 1, 2):
        monkeypatch.setattr("inorder.merge.stored._CHUNK", chunk)
        (folder.evidence / "merge.json").unlink(missing_ok=True)
        log = merge(folder).stored
        assert log is not None
        # A missing position is taken as -1, so it is a step back as well.
        assert (log.rows, log.ties, log.descents, log.missing, log.first_seen_s) == (6, 1, 2, 1, 2.5)


BAD_STORED: dict[str, dict[str, pa.Array]] = {
    "no stored log: column 'seq' is missing": {"position": pa.array([1]), "visitor": pa.array(["a"])},
    "row 0: position: expected a whole number, got double": {
        "position": pa.array([1.5]),
        "visitor": pa.array(["a"]),
        "seq": pa.array([1]),
    },
    "row 0: seq: expected a whole number, got string": {
        "position": pa.array([1]),
        "visitor": pa.array(["a"]),
        "seq": pa.array(["x"]),
    },
    "row 1: visitor: expected a name, got null": {
        "position": pa.array([1, 2]),
        "visitor": pa.array(["a", None]),
        "seq": pa.array([1, 1]),
    },
    "from row 0: digest: expected int64": {
        "position": pa.array([1]),
        "visitor": pa.array(["a"]),
        "seq": pa.array([1]),
        "digest": pa.array([[1]]),
    },
}


@pytest.mark.parametrize("reason", BAD_STORED)
def test_a_stored_log_of_another_shape_is_refused(folder: RunFolder, reason: str) -> None:
    """The file, the row and what was expected."""
    history(folder, sent("a", "a", [["ann", 0, 1]]))
    stored(folder, **BAD_STORED[reason])
    with pytest.raises(UnusableInput) as refused:
        merge(folder)
    assert str(refused.value).startswith(f"{folder.stored_file}: {reason}")


def test_a_stored_log_that_is_cut_off_is_noted(folder: RunFolder) -> None:
    """A run that was cut off is judged as far as it goes."""
    history(folder, sent("a", "a", [["ann", 0, 1]]))
    folder.stored_file.write_bytes(b"PAR1 and no more")
    merged = merge(folder)
    assert merged.stored is None
    assert merged.stored_error is not None
    assert "stored.parquet cannot be read" in merged.stored_error


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
