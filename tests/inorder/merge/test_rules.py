"""What cannot be a history is refused, with the file and the line."""

import pytest

from inorder.errors import UnusableInput
from inorder.merge import merge
from inorder.run import RunFolder
from tests.inorder.merge.lines import done, history, sent

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
