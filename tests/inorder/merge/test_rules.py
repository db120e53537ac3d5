"""What cannot be a history is refused, with the file and the line."""

import pytest

from inorder.errors import UnusableInput
from inorder.merge import merge
from inorder.run import RunFolder
from tests.inorder.merge.lines import WAYS, closed, done, history, sent

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


ACROSS = [reason for reason in BAD_LINES if reason.startswith(("a 'done'", "a second", "call c is done"))]
"""What only several lines together show. Tried by several processes too; the rest is not, to save time."""


@pytest.mark.parametrize(
    ("reason", "way"),
    [(reason, way) for reason in BAD_LINES for way in WAYS if way != "by two processes" or reason in ACROSS],
)
def test_a_line_that_cannot_be_is_refused_with_its_place(folder: RunFolder, reason: str, way: str) -> None:
    """File, line and reason, however the work is cut; the marker of whole evidence is not left behind."""
    lines = [sent("a", "a", [["ann", 0, 1]], digests=[7]), done("a"), sent("b", "b", [["bob", 0, 1]])]
    history(folder, *lines, *BAD_LINES[reason])
    with pytest.raises(UnusableInput) as refused:
        merge(folder, **WAYS[way])
    place = f"{folder.history / 'w0.jsonl'}:{len(lines) + len(BAD_LINES[reason])}: "
    assert str(refused.value).startswith(place + reason)
    assert not (folder.evidence / "merge.json").exists()
    assert not (folder.evidence / "spill").exists()


def test_a_resend_in_another_order_is_other_events(folder: RunFolder) -> None:
    """The order within a call is what the batch promises."""
    history(folder, sent("a", "a", [["ann", 0, 2]]), sent("b", "a", [["ann", 1, 1], ["ann", 0, 1]], at=5.0))
    with pytest.raises(UnusableInput, match=r"w0\.jsonl:2: batch a is sent again with other events"):
        merge(folder)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (sent("a", "c", [["cat", 0, 1]]), "a second 'sent' of call a"),
        (sent("c", "c", [["ann", 1, 1]]), "seq 1 of visitor ann is in batch c, and in batch a before"),
        (sent("c", "a", [["ann", 0, 3]]), "batch a is sent again with other events"),
    ],
)
def test_workers_that_contradict_each_other_are_refused(folder: RunFolder, line: str, reason: str, way: str) -> None:
    """The second file is named: these are files of different runs."""
    history(folder, sent("a", "a", [["ann", 0, 2]]), worker="w0")
    history(folder, sent("b", "b", [["bob", 0, 2]]), line, worker="w1")
    with pytest.raises(UnusableInput) as refused:
        merge(folder, **WAYS[way])
    assert str(refused.value).startswith(f"{folder.history / 'w1.jsonl'}:2: {reason}")


@pytest.mark.parametrize("way", WAYS)
def test_the_first_file_at_fault_is_named(folder: RunFolder, way: str) -> None:
    """However far apart two faults lie, and whichever process meets its own first."""
    lines = [sent(f"c{number}", f"b{number}", [["ann", number, 1]]) for number in range(30)]
    history(folder, *lines, done("nobody's"), worker="w0")
    history(folder, "[1, 2", worker="w1")
    with pytest.raises(UnusableInput) as refused:
        merge(folder, **WAYS[way])
    assert str(refused.value) == f"{folder.history / 'w0.jsonl'}:31: a 'done' without a 'sent' of call nobody's"


@pytest.mark.parametrize("way", WAYS)
def test_a_worker_that_ends_in_two_files_is_refused(folder: RunFolder, way: str) -> None:
    """Each worker has one file of a run, so two that close the same worker are of two runs."""
    history(folder, sent("a", "a", [["ann", 0, 1]]), closed("w0", 1, 1), worker="first")
    history(folder, sent("b", "b", [["bob", 0, 1]]), closed("w0", 1, 1), worker="second")
    with pytest.raises(UnusableInput) as refused:
        merge(folder, **WAYS[way])
    first, second = (folder.history / f"{name}.jsonl" for name in ("first", "second"))
    assert str(refused.value) == f"{second}: closes worker w0, as {first} does: files of different runs?"


def test_a_worker_may_close_twice_in_one_file(folder: RunFolder) -> None:
    """Files put together by hand are one file; their totals add up."""
    history(folder, sent("a", "a", [["ann", 0, 1]]), closed("w0", 1, 1), sent("b", "b", []), closed("w0", 1, 0))
    [worker] = merge(folder).workers
    assert (worker.closed_calls, worker.closed_events, worker.fits) == (2, 1, True)
