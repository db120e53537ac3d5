"""Run folders made of files from elsewhere: what is copied, what is noted, and that nothing is left of what is refused."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from inorder.errors import UnusableInput
from inorder.foreign import Given, gather
from inorder.merge import merge
from inorder.run import RunFolder, RunInfo
from tests.inorder.merge.lines import bucketed, closed, done, sent

STORED = "position,visitor,seq\n3,ann,0\n9,ann,1\n"
SCENARIO = 'question = "Mine?"\nseed = 8\n[visitors]\ncount = 3\n[[phases]]\nname = "a"\nduration_s = 1\n'


def call(number: int = 1, events: Sequence[Any] = (("ann", 0, 2),), at: float = 1.0) -> tuple[str, str]:
    """A confirmed call of a batch of its own."""
    return sent(f"c{number}", f"b{number}", list(events), at=at), done(f"c{number}", at + 0.5)


def file(path: Path, *lines: str, end: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    return path


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """One history and one stored log that fit."""
    return Given([file(tmp_path / "h.jsonl", *call())], [file(tmp_path / "s.csv", STORED, end="")])


def refusal(given: Given, out: Path) -> str:
    """What is said of files that cannot be used, without the folder they are in; nothing must be left of the run folder."""
    before = sorted(out.parent.iterdir())
    with pytest.raises(UnusableInput) as raised:
        gather(given, out)
    assert sorted(out.parent.iterdir()) == before
    assert "\n" not in str(raised.value)
    return str(raised.value).replace(f"{out.parent}/", "")


def test_a_run_folder_is_made(given: Given, tmp_path: Path) -> None:
    """With what is known of the run, a scenario that spans the history, and evidence that need not be merged again."""
    folder = gather(given, tmp_path / "run")
    assert RunFolder.open(tmp_path / "run") == folder
    info, scenario = folder.info(), folder.scenario()
    assert (info.run, info.target, info.prefix, info.processes) == ("run", "", "", 0)
    assert info.reading is not None
    assert (info.settled, info.reading.rows, info.ended is None) == (True, 2, False)
    assert (scenario.name, scenario.question, scenario.sla) == ("given-evidence", "Is each visitor's order kept?", [])
    assert scenario.visitors.count == 1
    assert scenario.phase_bounds() == [("history", 0, 2)]
    assert (folder.history / "h.jsonl").read_bytes() == given.histories[0].read_bytes()
    marker = (folder.evidence / "merge.json").stat().st_mtime_ns
    assert merge(folder).batches == 1
    assert (folder.evidence / "merge.json").stat().st_mtime_ns == marker
    assert not list(tmp_path.rglob("*.part"))


def test_a_scenario_is_taken_with_its_name_and_seed(given: Given, tmp_path: Path) -> None:
    """As it is written."""
    folder = gather(replace(given, scenario=file(tmp_path / "mine.toml", SCENARIO)), tmp_path / "run")
    assert (folder.scenario().name, folder.scenario().seed, folder.scenario().question) == ("mine", 8, "Mine?")


@pytest.mark.parametrize(("at", "end"), [(-7.0, 1), (0.25, 1), (1.5, 3), (1.7e9, 999_999_999)])
def test_the_phase_of_no_scenario_ends_behind_the_history(given: Given, tmp_path: Path, at: float, end: int) -> None:
    """Also where the clock does not begin at the run's start; a time that no scenario can hold is cut."""
    file(given.histories[0], *call(at=at), sent("c2", "b2", [["ann", 2, 1]], at=at))
    assert gather(given, tmp_path / "run").scenario().phases_s == end


def test_earlier_readings_keep_their_order(given: Given, tmp_path: Path) -> None:
    """The last one is judged, the others are numbered from the oldest."""
    logs = [file(tmp_path / f"s{name}.csv", f"position,visitor,seq\n{row},ann,0") for row, name in enumerate("cab")]
    folder = gather(replace(given, stored=logs), tmp_path / "run")
    files = [*folder.earlier_files(), folder.stored_file]
    assert [path.name for path in files] == ["earlier-1.parquet", "earlier-2.parquet", "stored.parquet"]
    assert [pq.read_table(path)["position"].to_pylist() for path in files] == [[0], [1], [2]]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a.jsonl", "b.txt"], ["a.jsonl", "b.jsonl"]),
        (["b.jsonl", "a.jsonl"], ["1-b.jsonl", "2-a.jsonl"]),
        (["x/a.jsonl", "y/a.jsonl"], ["1-a.jsonl", "2-a.jsonl"]),
        ([f"{number}/w.jsonl" for number in range(10)], [f"{number:02}-w.jsonl" for number in range(1, 11)]),
    ],
)
def test_histories_keep_their_order_under_names_of_their_own(
    given: Given, tmp_path: Path, paths: list[str], names: list[str]
) -> None:
    """Their own names where these are different and in order."""
    files = [file(tmp_path / path, *call(number, [["ann", 2 * number, 2]])) for number, path in enumerate(paths)]
    folder = gather(replace(given, histories=files), tmp_path / "run")
    copies = sorted(folder.history.iterdir())
    assert [copy.name for copy in copies] == names
    assert [copy.read_bytes() for copy in copies] == [path.read_bytes() for path in files]


@pytest.mark.parametrize(
    ("first", "second", "processes"),
    [((), (), 0), ((closed("w0", 1, 2),), (), 2), ((closed("w0", 1, 2),), (closed("w1", 1, 2),), 2)],
)
def test_closing_lines_are_expected_of_all_files_or_of_none(
    given: Given, tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...], processes: int
) -> None:
    """Another client may write none; where one file has one, all should."""
    files = [
        file(tmp_path / "a.jsonl", *call(1), *first),
        file(tmp_path / "b.jsonl", *call(2, [["ann", 2, 2]]), *second),
    ]
    assert gather(replace(given, histories=files), tmp_path / "run").info().processes == processes


def test_a_last_line_counts_if_only_its_line_break_is_missing(given: Given, tmp_path: Path) -> None:
    """What other writers leave out; a line that was cut off stays as it is."""
    file(given.histories[0], *call(), end="")
    folder = gather(given, tmp_path / "whole")
    assert bucketed(folder, "calls")[0]["done"] == 1.5
    file(given.histories[0], *call(), end="")
    given.histories[0].write_text(given.histories[0].read_text()[:-1])
    folder = gather(given, tmp_path / "cut")
    assert merge(folder).workers[0].torn


def test_runs_of_seqs_visitors_and_positions_may_be_any(given: Given, tmp_path: Path) -> None:
    """Runs with gaps and out of order, names in any script, gaps between positions."""
    events = [["ann", 7, 1], ["七", 0, 1], ["ann", 0, 2]]
    file(given.histories[0], *call(1, events))
    file(given.stored[0], "position,visitor,seq\n3,七,0\n900000000000,ann,7")
    folder = gather(given, tmp_path / "run")
    found = [(row["visitor"], row["seq"], row["index"]) for row in bucketed(folder, "events")]
    assert sorted(found) == [("ann", 0, 2), ("ann", 1, 3), ("ann", 7, 0), ("七", 0, 1)]
    assert [(row["visitor"], row["position"]) for row in bucketed(folder, "stored")] == [("ann", 900000000000), ("七", 3)]


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ((), "h.jsonl: no history: expected one JSON object a line"),
        ((closed("w0", 0, 0),), "h.jsonl: no 'sent' line: expected at least one call"),
        (('{"type":"sent"',), "h.jsonl:1: no history line: "),
        ((*call(), call()[1]), "h.jsonl:3: a second 'done' of call c1"),
        ((*call(), *call()), "h.jsonl:3: a second 'sent' of call c1"),
        ((*call(), *call(2, [["ann", 1, 2]])), "h.jsonl:3: "),
        (call(1, [["ann", -1, 2]]), "h.jsonl:1: no history line: Expected `int` >= 0"),
        (call(1, [["zoe", 0, 2]]), "s.csv: no row is of a visitor of the history: files of different runs?"),
    ],
)
def test_a_history_that_cannot_be_judged_is_refused(
    given: Given, tmp_path: Path, history: tuple[str, ...], said: str
) -> None:
    """The line of the file that was given, not of its copy; no run folder is left."""
    file(given.histories[0], *history, end="\n" if history else "")
    assert refusal(given, tmp_path / "run").startswith(said)


def test_the_file_with_the_error_is_named_among_several(given: Given, tmp_path: Path) -> None:
    """By the path that was given, though the copies are numbered."""
    files = [file(tmp_path / "b" / "h.jsonl", *call()), file(tmp_path / "a" / "h.jsonl", *call(2, [["ann", 2, 1]]), "{")]
    assert refusal(replace(given, histories=files), tmp_path / "run").startswith("a/h.jsonl:3: no history line: ")


def test_a_stored_log_that_cannot_be_used_is_refused(given: Given, tmp_path: Path) -> None:
    """Each reading is checked."""
    file(given.stored[0], "position,visitor,seq\n1,ann,x")
    other = file(tmp_path / "last.csv", STORED)
    said = refusal(replace(given, stored=[given.stored[0], other]), tmp_path / "run")
    assert said == 's.csv:2: seq: expected a whole number from 0, got "x"'
    file(given.stored[0], "position,visitor,seq\n1,zoe,0")
    said = refusal(replace(given, stored=[given.stored[0], other]), tmp_path / "run")
    assert said == "s.csv: no row is of a visitor of the history: files of different runs?"


def test_files_that_are_not_there_or_given_twice_are_refused(given: Given, tmp_path: Path) -> None:
    """Also under another spelling of the path."""
    missing = replace(given, histories=[tmp_path / "no.jsonl"])
    assert refusal(missing, tmp_path / "run") == "no.jsonl: cannot be read: No such file or directory"
    twice = replace(given, histories=[*given.histories, tmp_path / "x" / ".." / "h.jsonl"])
    assert refusal(twice, tmp_path / "run") == "x/../h.jsonl: given twice"
    assert refusal(replace(given, scenario=tmp_path / "no.toml"), tmp_path / "run").startswith("no.toml: cannot be read")


def test_a_folder_that_exists_is_left_alone(given: Given, tmp_path: Path) -> None:
    """A run is never overwritten."""
    (tmp_path / "run").mkdir()
    assert refusal(given, tmp_path / "run").startswith("run: exists already")
    assert list((tmp_path / "run").iterdir()) == []


def run_of(path: Path, started: str) -> RunFolder:
    """A run folder with a history and a stored log."""
    info = RunInfo(path.name, "s", 1, started, "kq", "http://127.0.0.1:1/1.0", False, 1)
    folder = RunFolder.create(path, SCENARIO, info)
    file(folder.history / "w0.jsonl", *call())
    pq.write_table(pq.read_table(gather(Given([folder.history / "w0.jsonl"], [file(path / "s.csv", STORED)]),
                                        path / "made").stored_file), folder.stored_file)  # fmt: skip
    return folder


@pytest.mark.parametrize("second", ["2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"])
def test_files_out_of_the_folders_of_different_runs_are_refused(tmp_path: Path, second: str) -> None:
    """Two folders of one run, such as a copy, are one run; runs of one name are told apart by their start."""
    first, other = run_of(tmp_path / "a" / "r", "2026-01-01T00:00:00+00:00"), run_of(tmp_path / "b" / "r", second)
    given = Given([first.history / "w0.jsonl"], [other.stored_file])
    if second.startswith("2026-01-01"):
        assert gather(given, tmp_path / "run").info().settled
        return
    said = refusal(given, tmp_path / "run")
    assert said == (
        f"b/r/evidence/stored.parquet: is of run r ({second}), a/r/history/w0.jsonl is of run r "
        "(2026-01-01T00:00:00+00:00): files of different runs?"
    )


def test_a_file_beside_the_folders_of_a_run_is_of_no_run(tmp_path: Path) -> None:
    """Only what lies in history/ and evidence/ is what a run wrote."""
    first = run_of(tmp_path / "a" / "r", "2026-01-01T00:00:00+00:00")
    other = run_of(tmp_path / "b" / "r", "2026-01-02T00:00:00+00:00")
    log = file(other.path / "exports" / "s.csv", STORED)
    assert gather(Given([first.history / "w0.jsonl"], [log]), tmp_path / "run").info().settled


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_nothing_is_left_of_what_was_cut_off(
    given: Given, tmp_path: Path, error: type[BaseException] | BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C in the middle, or a full disk."""

    def stop(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("inorder.foreign.merge", stop)
    with pytest.raises((KeyboardInterrupt, UnusableInput), match=r"^$|run: cannot be made: No space left on device"):
        gather(given, tmp_path / "run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h.jsonl", "s.csv"]
