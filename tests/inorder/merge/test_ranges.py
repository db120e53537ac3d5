"""A file that is cut into ranges has each line in one of them, wherever the cuts fall."""

from pathlib import Path

import pytest

from inorder.errors import UnusableInput
from inorder.merge import merge
from inorder.merge.ranges import Range, cut, read_range
from inorder.run import RunFolder
from tests.inorder.merge.lines import WAYS, bucket, done, history, sent

LINES = [sent("a", "a", [["зоя", 0, 2]]), done("a"), sent("b", "b", []), sent("c", "c", [["ann", 0, 1]]), done("c")]
TORN = '{"type": "done"'


@pytest.mark.parametrize("torn", ["", TORN])
def test_each_line_is_in_one_range(tmp_path: Path, torn: str) -> None:
    """A cut may fall into a line, between two or right behind a break, or leave a range in which no line begins."""
    path = tmp_path / "w0.jsonl"
    path.write_text("".join(line + "\n" for line in LINES) + torn)
    size = path.stat().st_size
    breaks = [place for place, byte in enumerate(path.read_bytes()) if byte == ord("\n")]
    for at in {near + off for near in (1, *breaks, size - 3) for off in (-1, 0, 1, 2) if near + off <= size}:
        bounds = [0, at, min(at + 5, size), size]
        read = [read_range(Range(path, *bounds[part : part + 2]), 1, tmp_path / "part") for part in range(3)]
        assert (sum(part.lines for part in read), sum(part.calls for part in read)) == (5, 3)
        assert sum(part.events for part in read) == 3
        assert [part.torn for part in read].count(True) == bool(torn)
        assert not any(part.suspect for part in read)


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_ranges_cover_the_file(tmp_path: Path, size: int) -> None:
    """Each begins where the one before ends."""
    path = tmp_path / "w0.jsonl"
    path.write_text("x" * 100)
    parts = cut(path, size)
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == 100
    assert all(0 < part.end - part.start <= size for part in parts)


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_does_not_come_before_its_call(folder: RunFolder, way: str) -> None:
    """Though both are there, and at times that fit: the lines of a file are in the order written."""
    history(folder, sent("a", "a", []), done("c", 3.0), done("a"), sent("c", "c", [["ann", 0, 1]]))
    with pytest.raises(UnusableInput) as refused:
        merge(folder, **WAYS[way])
    assert str(refused.value) == f"{folder.history / 'w0.jsonl'}:2: a 'done' without a 'sent' of call c"


def test_a_file_may_have_any_name(folder: RunFolder) -> None:
    """With dots and digits, so that one name begins like another: their temporary files are not mixed up."""
    for number, worker in enumerate(("a", "a.0", "a-0", "a.0.1")):
        history(
            folder, *(sent(f"{worker}{n}", f"{worker}{n}", [["ann", 9 * number + n, 1]]) for n in range(9)), worker=worker
        )
    assert merge(folder, task_bytes=8).events == 36
    assert [row["seq"] for row in bucket(folder, "events")] == list(range(36))


def test_an_empty_file_is_a_worker_without_calls(folder: RunFolder) -> None:
    """It was killed before it began."""
    history(folder)
    [worker] = merge(folder).workers
    assert (worker.worker, worker.lines, worker.closed, worker.torn) == ("w0", 0, False, False)
