"""Earlier readings of the stored log go into buckets of their own, as the last one does."""

import pyarrow as pa
import pytest

from inorder.errors import UnusableInput
from inorder.merge import merge
from inorder.run import RunFolder
from tests.inorder.merge.lines import WAYS, bucket, contents, history, sent, stored


def reading(folder: RunFolder, *seqs: int, earlier: int | None = None) -> None:
    """A reading that found these seqs of Ann."""
    stored(
        folder,
        rows_a_group=1,
        earlier=earlier,
        position=pa.array(range(len(seqs))),
        visitor=pa.array(["ann"] * len(seqs)),
        seq=pa.array(seqs),
    )


@pytest.mark.parametrize("way", WAYS)
def test_each_reading_has_buckets_of_its_own(folder: RunFolder, way: str) -> None:
    """Oldest first by their number, not by their name as a text; the last reading is apart from them."""
    history(folder, sent("a", "a", [["ann", 0, 3]]))
    for number in (9, 10):
        reading(folder, *range(number), earlier=number)
    reading(folder, 0, 1)
    merged = merge(folder, **WAYS[way])
    assert [log.rows for log in merged.earlier] == [9, 10]
    assert merged.stored is not None
    assert (merged.stored.rows, merged.stored.known) == (2, 2)
    seqs = {kind: [row["seq"] for row in bucket(folder, kind)] for kind in ("earlier/1", "earlier/2", "stored")}
    assert seqs == {"earlier/1": list(range(9)), "earlier/2": list(range(10)), "stored": [0, 1]}
    assert "evidence/earlier-10.parquet" in merged.sources
    assert "evidence/earlier/2/bucket-0000.parquet" in merged.outputs


def test_a_reading_that_came_later_makes_new_evidence(folder: RunFolder) -> None:
    """And one that is gone leaves no buckets behind."""
    history(folder, sent("a", "a", [["ann", 0, 3]]))
    reading(folder, 0)
    assert merge(folder).earlier == []
    reading(folder, 0, 1, earlier=1)
    assert [log.rows for log in merge(folder).earlier] == [2]
    (folder.evidence / "earlier-1.parquet").unlink()
    assert merge(folder).earlier == []
    assert not [name for name in contents(folder) if name.startswith("earlier")]


def test_an_earlier_reading_that_is_cut_off_is_refused(folder: RunFolder) -> None:
    """It was given to be compared with."""
    history(folder, sent("a", "a", [["ann", 0, 1]]))
    path = folder.evidence / "earlier-1.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(UnusableInput) as refused:
        merge(folder)
    assert str(refused.value).startswith(f"{path}: cannot be read: ")
    assert "\n" not in str(refused.value)
