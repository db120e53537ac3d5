"""The stored log is sorted into buckets, and what only its own order shows is counted."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inorder.errors import UnusableInput
from inorder.merge import bucket_of, merge
from inorder.merge import stored as merging
from inorder.run import RunFolder
from tests.inorder.merge.lines import WAYS, bucket, bucketed, contents, history, sent, stored


def test_texts_and_large_numbers_are_digests_too(folder: RunFolder) -> None:
    """The same text gives the same number on both sides, also one of digits; a number of 64 bits keeps all of them."""
    history(folder, sent("a", "a", [["ann", 0, 2]], digests=["12", (1 << 64) - 1]), sent("b", "b", [["bob", 0, 1]]))
    stored(
        folder,
        position=pa.array([1], pa.int64()),
        visitor=pa.array(["ann"]),
        seq=pa.array([0]),
        digest=pa.array(["12"]),
    )
    merge(folder)
    text, number, none = (row["digest"] for row in bucketed(folder, "events"))
    assert (number, none) == (-1, None)
    assert bucketed(folder, "stored")[0]["digest"] == text


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


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rows_a_group", [100, 1, 2])
def test_the_logs_own_order_is_accounted_for(folder: RunFolder, rows_a_group: int, way: str) -> None:
    """Ties, steps back and missing positions, counted between parts too; and when the first row was seen."""
    history(folder, sent("a", "a", [["ann", 0, 9]]))
    stored(
        folder,
        rows_a_group,
        position=pa.array([1, 5, 5, 4, 9, None]),
        visitor=pa.array(["ann"] * 6),
        seq=pa.array([0, 1, 2, 3, None, 5]),
        seen_at=pa.array([None, 3.0, 2.5, 4.0, 4.0, 4.0]),
    )
    log = merge(folder, **WAYS[way]).stored
    assert log is not None
    # A missing position is taken as -1, so it is a step back as well.
    assert (log.rows, log.ties, log.descents, log.missing, log.end, log.first_seen_s) == (6, 1, 2, 1, 9, 2.5)
    assert [row["position"] for row in bucket(folder, "stored")] == [-1, 1, 4, 5, 5, 9]
    assert [row["seq"] for row in bucket(folder, "stored")] == [5, 0, 3, 1, 2, None]


def test_many_small_groups_are_read_together(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that was written page by page is the same as one that was not."""
    history(folder, sent("a", "a", [["ann", 0, 9]]))
    columns = {
        "position": pa.array(range(9)),
        "visitor": pa.array(["bob", "ann", "cat"] * 3),
        "seq": pa.array(range(9)),
        "name": pa.array(["view", "cart", None] * 3),
    }
    found = []
    for rows_a_group, chunk in ((9, 100), (1, 100), (2, 1), (9, 2)):
        monkeypatch.setattr("inorder.merge.stored.CHUNK", chunk)
        stored(folder, rows_a_group, **columns)
        assert merge(folder).stored is not None
        found.append({name: data for name, data in contents(folder).items() if name.startswith("stored/")})
    assert found == found[:1] * 4


@pytest.mark.parametrize("way", WAYS)
def test_rows_of_known_visitors_are_counted(folder: RunFolder, way: str) -> None:
    """By the visitor of the identity: a log of another run shares none."""
    history(folder, sent("a", "a", [["ann", 0, 1]]), sent("b", "b", [["bob", 0, 1]]))
    stored(
        folder,
        rows_a_group=1,
        position=pa.array(range(5)),
        visitor=pa.array(["ann", "cat", "cat", "bob", "bob"]),
        origin=pa.array([None, None, "ann", "dan", "bob"]),
        seq=pa.array(range(5)),
    )
    log = merge(folder, **WAYS[way], rows_a_bucket=2).stored
    assert log is not None
    assert (log.rows, log.known) == (5, 3)


def test_rows_are_sorted_by_the_visitor_of_the_identity(folder: RunFolder) -> None:
    """The visitors of the history first, in its order; a position that comes late is put where it belongs."""
    history(folder, sent("a", "a", [["bob", 0, 1]]), sent("b", "b", [["ann", 0, 2]]))
    stored(
        folder,
        position=pa.array([1, 2, 3, 4, 9, 5]),
        visitor=pa.array(["cat", "ann", "ann", "cat", "ann", "ann"]),
        origin=pa.array([None, None, "bob", "bob", None, "eve"]),
        seq=pa.array(range(6)),
    )
    merge(folder)
    rows = pq.read_table(folder.evidence / "stored" / "bucket-0000.parquet")
    assert [(row["visitor"], row["origin"], row["position"]) for row in rows.to_pylist()] == [
        ("ann", "bob", 3),
        ("cat", "bob", 4),
        ("ann", None, 2),
        ("ann", None, 9),
        ("cat", None, 1),
        ("ann", "eve", 5),
    ]
    names = {name: rows[name].combine_chunks().dictionary.to_pylist() for name in ("visitor", "origin")}
    assert {name: sorted(values) for name, values in names.items()} == {"visitor": ["ann", "cat"], "origin": ["bob", "eve"]}


LOG = {
    "position": pa.array([7, 8]),
    "visitor": pa.array(["ann", "bob"]),
    "origin": pa.array([None, "ann"]),
    "seq": pa.array([0, 1]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("absent", "told", "rows"),
    [
        ("position", "positioned", [(-1, "ann", None, 0), (-1, "bob", "ann", 1)]),
        ("seq", "identified", [(7, "ann", None, None), (8, "bob", "ann", None)]),
        ("origin", "", [(7, "ann", None, 0), (8, "bob", None, 1)]),
    ],
)
def test_a_column_may_be_absent(folder: RunFolder, absent: str, told: str, rows: list[object], way: str) -> None:
    """The rest is there, and it is noted what the log does not tell."""
    history(folder, sent("a", "a", [["ann", 0, 2]]))
    stored(folder, 1, **{name: values for name, values in LOG.items() if name != absent})
    log = merge(folder, **WAYS[way]).stored
    assert log is not None
    assert [(row["position"], row["visitor"], row["origin"], row["seq"]) for row in bucket(folder, "stored")] == rows
    flags = {name: getattr(log, name) for name in ("positioned", "identified", "owned", "routed")}
    assert flags == dict.fromkeys(flags, True) | ({told: False} if told else {})
    assert (log.missing, log.ties, log.descents) == ((2, 0, 0) if absent == "position" else (0, 0, 0))


def test_rows_without_a_visitor_are_stored_under_their_origin(folder: RunFolder) -> None:
    """Then no row can be misrouted, and it is noted that the log tells no routes."""
    history(folder, sent("a", "a", [["ann", 0, 2]]))
    stored(folder, position=LOG["position"], origin=pa.array(["ann", "bob"]), seq=LOG["seq"])
    log = merge(folder).stored
    assert log is not None
    assert (log.owned, log.routed, log.known) == (True, False, 1)
    assert [(row["visitor"], row["origin"]) for row in bucket(folder, "stored")] == [("ann", None), ("bob", None)]


@pytest.mark.parametrize("columns", [{"position": pa.array([7, 7]), "seq": pa.array([0, 1])}, {"else": pa.array([1, 2])}])
def test_rows_that_are_nobodys_are_counted_only(folder: RunFolder, columns: dict[str, pa.Array]) -> None:
    """Neither `visitor` nor `origin`: no buckets can be made, and the log is not taken for an empty one."""
    history(folder, sent("a", "a", [["ann", 0, 2]]))
    stored(folder, **columns)
    log = merge(folder).stored
    assert log is not None
    assert (log.rows, log.owned, log.routed, log.known, log.ties) == (2, False, False, 0, int("position" in columns))
    assert not [name for name in contents(folder) if name.startswith("stored")]


def test_a_log_without_rows_is_a_log(folder: RunFolder) -> None:
    """Nothing was stored: each bucket has its file."""
    history(folder, sent("a", "a", [["ann", 0, 2]]))
    stored(folder, **{name: values.slice(0, 0) for name, values in LOG.items()})
    merged = merge(folder)
    assert merged.stored is not None
    assert (merged.stored.rows, merged.stored.positioned, bucket(folder, "stored")) == (0, True, [])


BAD_STORED: dict[str, dict[str, pa.Array]] = {
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
    "row 2: visitor: expected a name, got null": {
        "position": pa.array([1, 2, 3]),
        "visitor": pa.array(["a", "a", None]),
        "origin": pa.array(["a", "a", "a"]),
        "seq": pa.array([1, 1, 1]),
    },
    "row 1: origin: expected a name, got null": {
        "position": pa.array([1, 2]),
        "origin": pa.array(["a", None]),
        "seq": pa.array([1, 1]),
    },
    "from row 0: digest: expected int64": {
        "position": pa.array([1]),
        "visitor": pa.array(["a"]),
        "seq": pa.array([1]),
        "digest": pa.array([[1]]),
    },
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reason", BAD_STORED)
def test_a_stored_log_of_another_shape_is_refused(folder: RunFolder, reason: str, way: str) -> None:
    """The file, the row and what was expected."""
    history(folder, sent("a", "a", [["ann", 0, 1]]))
    stored(folder, 1, **BAD_STORED[reason])
    with pytest.raises(UnusableInput) as refused:
        merge(folder, **WAYS[way])
    assert str(refused.value).startswith(f"{folder.stored_file}: {reason}")


def test_a_stored_log_that_is_cut_off_is_noted(folder: RunFolder) -> None:
    """A run that was cut off is judged as far as it goes."""
    history(folder, sent("a", "a", [["ann", 0, 1]]))
    folder.stored_file.write_bytes(b"PAR1 and no more")
    merged = merge(folder)
    assert merged.stored is None
    assert merged.stored_error is not None
    assert "stored.parquet cannot be read" in merged.stored_error


def test_a_disk_that_is_full_is_not_a_log_that_cannot_be_read(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused is the writing, and the log itself is whole."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(merging, "spill_divided", refuse)
    history(folder, sent("a", "a", [["ann", 0, 1]]))
    stored(folder, position=pa.array([1]), visitor=pa.array(["ann"]), seq=pa.array([0]))
    with pytest.raises(UnusableInput) as refused:
        merge(folder)
    assert str(refused.value) == f"{folder.evidence / 'spill'}: cannot be written: No space left on device"
