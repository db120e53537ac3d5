"""Evidence from files through the whole command line: verdicts and exit codes, and each way in which it is refused."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.inorder.merge.lines import closed, done, sent

ROOT = Path(__file__).parent.parent
ROWS = [(1, "ann", 0), (2, "ann", 1), (5, "bob", 0), (7, "ann", 2), (9, "ann", 3)]

ONCE = """
question = "Once?"
[visitors]
count = 2
[promises]
exactly_once = true
[[phases]]
name = "a"
duration_s = 9
"""

Judge = Callable[..., tuple[int, str]]


def history(folder: Path, *more: str, name: str = "h.jsonl", calls: str = "c", visitors: str = "ann bob") -> Path:
    """Three batches of two visitors, all confirmed, one after another; without digests and closing line."""
    first, second = visitors.split()
    lines = [
        sent(f"{calls}1", f"{calls}1", [[first, 0, 2], [second, 0, 1]], at=1.0), done(f"{calls}1", 1.5),
        sent(f"{calls}2", f"{calls}2", [[first, 2, 2]], at=2.0), done(f"{calls}2", 2.5),
        *more,
    ]  # fmt: skip
    file = folder / name
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return file


def stored(file: Path, rows: list[tuple[Any, ...]] = ROWS, names: str = "position visitor seq") -> Path:
    """A stored log in the form that its name tells."""
    columns = names.split()
    if file.suffix == ".parquet":
        pq.write_table(pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True))), file)
        return file
    if ".csv" in file.name:
        text = "".join(",".join(map(str, row)) + "\n" for row in [columns, *rows])
    else:
        text = "".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows)
    file.write_bytes(gzip.compress(text.encode()) if file.suffix == ".gz" else text.encode())
    return file


def inorder(*arguments: object, at: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own."""
    command = [sys.executable, "-m", "inorder", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=at, env=environment, timeout=120)


@pytest.fixture
def judge() -> Judge:
    """`inorder judge`: its exit code and what it said."""

    def run(*arguments: object) -> tuple[int, str]:
        ended = inorder("judge", *arguments)
        return ended.returncode, ended.stdout + ended.stderr

    return run


def verdict(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "verdict.json").read_text())
    return found


@pytest.mark.parametrize("name", ["s.jsonl", "s.csv", "s.parquet", "s.jsonl.gz", "s.csv.gz"])
def test_evidence_in_each_form_passes(tmp_path: Path, name: str) -> None:
    """From another client, which writes neither digests nor a closing line; and the folder is judged again alike."""
    out = tmp_path / "run"
    made = inorder("judge", "--history", history(tmp_path), "--stored", stored(tmp_path / name), "--out", out)
    assert (made.returncode, made.stderr) == (0, ""), made.stdout
    assert "PASS" in made.stdout
    first = verdict(out)
    assert first["events"]["sent"] == first["events"]["stored"] == len(ROWS)
    assert (out / "index.html").exists()
    again = inorder("judge", out)
    assert again.returncode == 0, again.stdout + again.stderr
    assert verdict(out) == first


@pytest.mark.parametrize(
    ("rows", "names", "code", "found"),
    [
        ([*ROWS[:3], ROWS[4], (11, "ann", 2)], "position visitor seq", 1, {"reordered-in-batch": 1}),
        ([*ROWS[3:], *((row[0] + 9, *row[1:]) for row in ROWS[:3])], "position visitor seq", 1,
         {"reordered-across-batches": 2}),
        (ROWS[:4], "position visitor seq", 1, {"lost": 1}),
        ([*ROWS, (12, "ann", 3)], "position visitor seq", 1, {"duplicate-unexplained": 1}),
        ([*ROWS, (12, "zoe", 0)], "position visitor seq", 1, {"phantom": 1}),
        ([*ROWS[:4], (9, "bob", 3, "ann")], "position visitor seq origin", 1, {"misrouted": 1}),
        ([row[1:] for row in ROWS], "visitor seq", 3, {}),
        ([row[:2] for row in ROWS], "position visitor", 3, {}),
        ([(row[0], row[2]) for row in ROWS], "position seq", 3, {}),
    ],
)  # fmt: skip
def test_each_verdict_has_its_exit_code(
    tmp_path: Path, judge: Judge, rows: list[tuple[Any, ...]], names: str, code: int, found: dict[str, int]
) -> None:
    """A failure with its anomaly; without a column that a promise needs no pass."""
    rows = [(*row, *[None] * (len(names.split()) - len(row))) for row in rows]
    log = stored(tmp_path / "s.jsonl", rows, names)
    assert judge("--history", history(tmp_path), "--stored", log, "--out", tmp_path / "run")[0] == code
    anomalies = verdict(tmp_path / "run")["anomalies"]
    assert {name: count for name, count in anomalies.items() if count} == found


def test_several_histories_are_one_run(tmp_path: Path, judge: Judge) -> None:
    """Behind one option or each behind its own; the same words may name them in another order."""
    files = [history(tmp_path), history(tmp_path, name="g.jsonl", calls="d", visitors="eve 七")]
    rows = [*ROWS, *((row[0] + 100, {"ann": "eve", "bob": "七"}[row[1]], row[2]) for row in ROWS)]
    log = stored(tmp_path / "s.csv", rows)
    for number, options in enumerate((["--history", *files], [f"--history={files[1]}", "--history", files[0]])):
        out = tmp_path / f"run{number}"
        assert judge(*options, "--stored", log, "--out", out)[0] == 0
        assert verdict(out)["visitors"]["total"] == 4


def test_a_closing_line_in_one_file_is_missed_in_the_other(tmp_path: Path, judge: Judge) -> None:
    """What the other process would have sent may be missing."""
    files = [history(tmp_path, closed("w0", 2, 5)), history(tmp_path, name="g.jsonl", calls="d", visitors="eve 七")]
    rows = [*ROWS, *((row[0] + 100, {"ann": "eve", "bob": "七"}[row[1]], row[2]) for row in ROWS)]
    code, said = judge("--history", *files, "--stored", stored(tmp_path / "s.csv", rows), "--out", tmp_path / "run")
    assert code == 3
    assert "left no closing line" in said


@pytest.mark.parametrize(
    ("earlier", "code", "found"),
    [
        (ROWS[:3], 0, {}),
        ([*ROWS[:3], (6, "bob", 7)], 1, {"vanished": 1}),
    ],
)
def test_earlier_readings_show_what_vanished(
    tmp_path: Path, judge: Judge, earlier: list[tuple[Any, ...]], code: int, found: dict[str, int]
) -> None:
    """The last reading is judged, what the earlier one held must still be there."""
    logs = [stored(tmp_path / "first.csv", earlier), stored(tmp_path / "last.parquet")]
    assert judge("--history", history(tmp_path), "--stored", *logs, "--out", tmp_path / "run")[0] == code
    anomalies = verdict(tmp_path / "run")["anomalies"]
    assert {name: count for name, count in anomalies.items() if count} == found


def test_the_promises_of_a_scenario_are_judged(tmp_path: Path, judge: Judge) -> None:
    """A duplicate that a re-sent call explains fails only where exactly once is promised."""
    again = [sent("c3", "c2", [["ann", 2, 2]], at=3.0, attempt=2)]
    log = stored(tmp_path / "s.csv", [*ROWS, (20, "ann", 2), (21, "ann", 3)])
    scenario = tmp_path / "once.toml"
    scenario.write_text(ONCE)
    given = ("--history", history(tmp_path, *again), "--stored", log)
    assert judge(*given, "--out", tmp_path / "counted")[0] == 0
    assert judge(*given, "--out", tmp_path / "failed", "--scenario", scenario)[0] == 1
    assert verdict(tmp_path / "failed")["scenario"] == "once"


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("s.csv", "position,visitor,seq\n1,ann,x\n", '{}:2: seq: expected a whole number from 0, got "x"'),
        ("s.csv", "position,visitor,seq\n1,ann\n", "{}:2: expected 3 cells, as the header has, got 2"),
        ("s.csv", "position,visitor,seq\n", "{}: no stored rows: expected at least one"),
        ("s.csv", "position,visitor,seq\n1,zoe,0\n", "{}: no row is of a visitor of the history: files of different runs?"),
        ("h.jsonl", "", "{}: no history: expected one JSON object a line"),
        ("h.jsonl", closed("w0", 0, 0) + "\n", "{}: no 'sent' line: expected at least one call"),
        ("h.jsonl", '{"type": "sent"}\n', "{}:1: no history line: Object missing required field `call`"),
        ("h.jsonl", done("c1") + "\n", "{}:1: a 'done' without a 'sent' of call c1"),
    ],
)
def test_a_bad_file_is_told_in_one_line_and_leaves_nothing(
    tmp_path: Path, judge: Judge, file: str, text: str, said: str
) -> None:
    """The file as it was given, the line, what was expected; no run folder."""
    given = ("--history", history(tmp_path), "--stored", stored(tmp_path / "s.csv"), "--out", tmp_path / "run")
    (tmp_path / file).write_text(text)
    assert judge(*given) == (2, f"inorder: {said.format(tmp_path / file)}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h.jsonl", "s.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "expected RUN, or --history, --stored and --out together"),
        ("--history H", "expected RUN, or --history, --stored and --out together"),
        ("--history H --stored S", "expected RUN, or --history, --stored and --out together"),
        ("--stored S --out O", "expected RUN, or --history, --stored and --out together"),
        ("--history --stored S --out O", "expected RUN, or --history, --stored and --out together"),
        ("--history H --stored S --out O --read-back", "--read-back reads the system of a RUN, and goes with no --history"),
        ("RUN --history H --stored S --out O", "expected either RUN or --history, got RUN and --history"),
        ("RUN --out O", "expected either RUN or --history, got RUN and --out"),
        ("RUN --scenario O", "expected either RUN or --history, got RUN and --scenario"),
        ("--history H --stored S --out O RUN", "expected either RUN or --history, got RUN and --history"),
    ],
)
def test_options_that_do_not_go_together_are_refused(judge: Judge, arguments: str, said: str) -> None:
    """In one line, before any file is looked at."""
    assert judge(*arguments.split()) == (2, f"inorder: judge: {said}\n")


def test_a_judge_that_cannot_be_reached_leaves_nothing(tmp_path: Path, judge: Judge) -> None:
    """The same command can be given again."""
    files = ("--history", history(tmp_path), "--stored", stored(tmp_path / "s.csv"), "--out", tmp_path / "run")
    code, said = judge(*files, "--dask", "tcp://127.0.0.1:1")
    assert (code, said.startswith("inorder: --dask tcp://127.0.0.1:1: no scheduler answers there")) == (2, True)
    assert not (tmp_path / "run").exists()


def test_a_refusal_of_the_process_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """Also for files that are named from where the user stands."""
    history(tmp_path)
    stored(tmp_path / "s.csv", [(1, "ann", "x")])
    made = inorder("judge", "--history", "h.jsonl", "--stored", "s.csv", "--out", "run", at=tmp_path)
    assert (made.returncode, made.stdout) == (2, "")
    assert made.stderr == 'inorder: s.csv:2: seq: expected a whole number from 0, got "x"\n'


def test_given_evidence_has_no_system_to_read_back_from(tmp_path: Path, judge: Judge) -> None:
    """It stays as it was given."""
    out = tmp_path / "run"
    judge("--history", history(tmp_path), "--stored", stored(tmp_path / "s.csv"), "--out", out)
    said = "made of files that were given: there is no system to read back from"
    assert judge(out, "--read-back") == (2, f"inorder: {out}: {said}\n")


def test_the_example_of_the_guide_works_as_typed(tmp_path: Path) -> None:
    """docs/foreign-evidence.md: the block of commands, in an empty folder."""
    guide = (ROOT / "docs" / "foreign-evidence.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(.*?)```", guide, re.DOTALL)
    assert block is not None
    (tmp_path / "inorder").write_text(f'#!/bin/sh\nexec {sys.executable} -m inorder "$@"\n')
    (tmp_path / "inorder").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    folder = tmp_path / "empty"
    folder.mkdir()
    made = subprocess.run(["sh", "-c", block[1]], cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert made.returncode == 1, made.stdout + made.stderr
    assert "FAIL" in made.stdout
    anomalies = verdict(folder / "judged")["anomalies"]
    assert {name: count for name, count in anomalies.items() if count} == {"reordered-in-batch": 1}


@pytest.mark.parametrize("told", ['["12345678", "23456789"]', "[12345678, 23456789]"])
def test_digests_are_the_same_however_they_are_written(tmp_path: Path, judge: Judge, told: str) -> None:
    """As numbers or as texts of them, in either file, and beside such as are no number in another reading."""
    first, second = json.loads(told)
    lines = [
        sent("c1", "c1", [["ann", 0, 2]], at=1.0, digests=[first, second]), done("c1", 1.5),
        sent("c2", "c2", [["ann", 2, 1]], at=2.0, digests=["9abcdef0"]), done("c2", 2.5),
    ]  # fmt: skip
    (tmp_path / "h.jsonl").write_text("".join(line + "\n" for line in lines))
    rows = [(1, "ann", 0, first), (2, "ann", 1, second), (3, "ann", 2, "9abcdef0")]
    names = "position visitor seq digest"
    early, late = (stored(tmp_path / name, rows[:count], names) for name, count in (("a.csv", 2), ("b.csv", 3)))
    code, said = judge("--history", tmp_path / "h.jsonl", "--stored", early, late, "--out", tmp_path / "run")
    assert code == 0, said
    found = verdict(tmp_path / "run")
    assert next(line for line in found["promises"] if line["id"] == "uncorrupted")["checked"] == 3


@pytest.mark.parametrize("instant", [1.764e9, 1.1e15, 1e300])
def test_a_clock_that_jumps_is_judged_and_drawn(tmp_path: Path, judge: Judge, instant: float) -> None:
    """One answer on another clock: late, and no reason for a page of a million bins."""
    more = (sent("c3", "c3", [["ann", 4, 1]], at=3.0), done("c3", instant))
    rows = [*ROWS, (ROWS[-1][0] + 10, "ann", 4)]
    files = ("--history", history(tmp_path, *more), "--stored", stored(tmp_path / "s.csv", rows))
    code, said = judge(*files, "--out", tmp_path / "run")
    assert (code, "Traceback" in said, "Warning" in said) == (0, False, False), said


@pytest.mark.parametrize("line", ['{"x":' + "[" * 100_000 + "]" * 100_000 + "}"])
def test_a_deeply_nested_line_is_told_with_its_place(tmp_path: Path, judge: Judge, line: str) -> None:
    """In one line, as any other line that is no history."""
    code, said = judge(
        "--history", history(tmp_path, line), "--stored", stored(tmp_path / "s.csv"), "--out", tmp_path / "r"
    )
    assert (code, said.count("\n")) == (2, 1)
    assert f"{tmp_path / 'h.jsonl'}:5: no history line" in said


def test_a_run_without_a_history_is_unusable(tmp_path: Path, judge: Judge) -> None:
    """Each row would be a phantom; it is the history that is missing."""
    assert judge("--history", history(tmp_path), "--stored", stored(tmp_path / "s.csv"), "--out", tmp_path / "run")[0] == 0
    for file in (tmp_path / "run" / "history").iterdir():
        file.unlink()
    code, said = judge(tmp_path / "run")
    assert (code, said) == (
        2, f"inorder: {tmp_path / 'run' / 'history'}: no history: expected a file *.jsonl, for there is a stored log\n"
    )  # fmt: skip
