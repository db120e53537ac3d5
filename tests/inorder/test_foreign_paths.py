"""Run folders made of files from elsewhere: odd names and links, a full disk, and a last line that is whole but wrong."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from inorder import foreign
from inorder.errors import UnusableInput
from inorder.foreign import Given, gather
from tests.inorder.test_foreign import call, file


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """One history and one stored log that fit."""
    stored = file(tmp_path / "s.csv", "position,visitor,seq", "3,ann,0", "9,ann,1")
    return Given([file(tmp_path / "h.jsonl", *call())], [stored])


def refusal(given: Given, out: Path) -> str:
    """What is said of files that cannot be used; nothing must be left of the run folder."""
    with pytest.raises(UnusableInput) as raised:
        gather(given, out)
    assert not os.path.lexists(f"{out}.part")
    return str(raised.value)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (call()[1].replace("confirmed", "ok"), "Invalid enum value 'ok' - at `$.outcome`"),
        ('{"a": 1}', "Object missing required field `type`"),
    ],
)
def test_a_wrong_last_line_without_its_line_break_is_refused(given: Given, tmp_path: Path, last: str, said: str) -> None:
    """It is whole, so it was not cut off: an answer would be lost without a word."""
    history = file(tmp_path / "h.jsonl", call()[0], last, end="")
    assert refusal(given, tmp_path / "run") == f"{history}:2: no history line: {said}"


@pytest.mark.parametrize("name", ["loop.jsonl", "loop.parquet"])
def test_a_circle_of_links_is_refused(given: Given, tmp_path: Path, name: str) -> None:
    """As a history and as a stored log."""
    loop = tmp_path / name
    loop.symlink_to(loop)
    odd = Given([loop], given.stored) if loop.suffix == ".jsonl" else Given(given.histories, [loop])
    assert refusal(odd, tmp_path / "run").startswith(f"{loop}: cannot be read: ")


def test_a_pipe_is_refused(given: Given, tmp_path: Path) -> None:
    """A history is read more than once."""
    pipe = tmp_path / "p.jsonl"
    os.mkfifo(pipe)
    assert refusal(Given([pipe], given.stored), tmp_path / "run").endswith("is a named pipe")


def test_a_name_that_is_no_text_is_refused(given: Given, tmp_path: Path) -> None:
    """Of a file as of the folder: the report could not name it."""
    odd = tmp_path / os.fsdecode(b"h\xff.jsonl")
    shutil.copy(given.histories[0], odd)
    for refused, files, out in ((odd, Given([odd], given.stored), tmp_path / "run"), (odd, given, odd)):
        odd.unlink(missing_ok=files is given)
        assert refusal(files, out) == f"{refused}: expected a name in UTF-8, got a broken byte"


def test_a_folder_whose_name_is_too_long_or_a_link_to_nothing_is_refused(given: Given, tmp_path: Path) -> None:
    """Both cannot be made, though nothing is there."""
    assert refusal(given, tmp_path / ("n" * 300)).endswith("cannot be made: File name too long")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nothing")
    assert refusal(given, link) == f"{link}: exists already; a run is never overwritten, name another --out"


@pytest.mark.parametrize("part", ["history", "stored"])
def test_a_full_disk_is_told_of_the_folder(
    given: Given, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not of the file that was read while it filled up."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if part == "history":
        monkeypatch.setattr(foreign.shutil, "copyfile", full)
    else:
        monkeypatch.setattr("inorder.readback.files._write", full)
    assert refusal(given, tmp_path / "run") == f"{tmp_path / 'run'}: cannot be made: No space left on device"
