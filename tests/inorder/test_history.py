"""The history: what is written can be read, and a line that is none is named."""

import json
from pathlib import Path

import pytest

from inorder.errors import UnusableInput
from inorder.history import CONFIRMED, REJECTED, Closed, Done, HistoryWriter, Sent, read


def test_lines_are_written_ahead_and_read_back(tmp_path: Path) -> None:
    """The line of a call is on file before the writer returns, each in the open format."""
    file = tmp_path / "w0.jsonl"
    writer = HistoryWriter(file)
    writer.sent("b1.1", "b1", "batch", 1, 12.5, 12.4, 12.501, '[["ann",0,3]]', "[1,2,3]", 3, 99)
    assert json.loads(file.read_text())["events"] == [["ann", 0, 3]]
    writer.done("b1.1", 12.617, REJECTED, 429, 'say "no"\n', 2.0)
    writer.done("b1.2", 13.0, CONFIRMED, 200, "", None)
    writer.close(Closed("w0", writer.calls, writer.events))
    lines = [line for _, line in read(file)]
    assert lines[0] == Sent("b1.1", "b1", "batch", 1, 12.5, 12.501, [("ann", 0, 3)], [1, 2, 3], 99, 12.4)
    assert lines[1] == Done("b1.1", 12.617, "rejected", 429, 'say "no"\n', 2.0)
    assert lines[2] == Done("b1.2", 13.0, "confirmed", 200)
    assert lines[3] == Closed("w0", 1, 3)


def test_a_history_is_never_overwritten(tmp_path: Path) -> None:
    """A file that is there already is an error."""
    HistoryWriter(tmp_path / "w0.jsonl")
    with pytest.raises(FileExistsError):
        HistoryWriter(tmp_path / "w0.jsonl")


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    """A kill in the middle of a write leaves half a line; all before it counts."""
    file = tmp_path / "w0.jsonl"
    file.write_text('{"type":"done","call":"a","done":1.0,"outcome":"confirmed"}\n{"type":"done","call":"b","do')
    assert [line for _, line in read(file)] == [Done("a", 1.0, "confirmed")]


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        '{"type":"went","call":"a"}',
        '{"type":"done","call":"a","done":1.0,"outcome":"maybe"}',
        '{"type":"sent","call":"a","batch":"b","kind":"batch","attempt":1,"intended":0,"sent":0,"events":[["a",0,-2]]}',
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    """File and line number."""
    file = tmp_path / "w0.jsonl"
    file.write_text('{"type":"done","call":"a","done":1.0,"outcome":"confirmed"}\n' + line + "\n")
    with pytest.raises(UnusableInput, match=r"w0\.jsonl:2: no history line"):
        list(read(file))


def test_a_field_that_is_not_known_is_ignored(tmp_path: Path) -> None:
    """Other clients may write more."""
    file = tmp_path / "w0.jsonl"
    file.write_text('{"type":"done","call":"a","done":1,"outcome":"confirmed","mood":"fine"}\n')
    assert [line for _, line in read(file)] == [Done("a", 1.0, "confirmed")]
