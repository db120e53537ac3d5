"""The stored log is sorted into buckets, and what only its own order shows is counted."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inorder.errors import UnusableInput
from inorder.merge import bucket_of, merge
from inorder.run import RunFolder
from tests.inorder.merge.lines import bucketed, history, sent, stored


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
