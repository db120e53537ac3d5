"""`inorder readback`: a stored log in a file of one's own, in each form, a part after the other."""

import json
from pathlib import Path
from typing import Any

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from inorder.events import Namespace
from inorder.readback.files import convert
from tests.crowd_runs import inorder
from tests.inorder.samples import event

OURS = Namespace("run")
TARGET = 'bases = ["http://127.0.0.1:9/1.0"]\n[readback]\nway = "files"\npaths = ["{name}"]\n'


def line(position: int, visitor: str = "run7", seq: int = 0) -> str:
    """A record of a stored view whose product is the identity of visitor 7 at `seq`."""
    body = event("view", visitor, productId=OURS.base(7) + seq)
    return json.dumps({"position": position, "visitor": visitor, "name": "view", "event": body}) + "\n"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A target file, and a log beside it in which rows stand as two servers wrote them."""
    (tmp_path / "log.jsonl").write_text(line(5, seq=1) + line(3) + line(8, "stranger", 2))
    file = tmp_path / "system.toml"
    file.write_text(TARGET.format(name="log.jsonl"))
    return file


def rows(file: Path) -> list[dict[str, Any]]:
    """The rows of a file that was written."""
    if file.suffix == ".jsonl":
        return [json.loads(text) for text in file.read_text().splitlines()]
    table = pq.read_table(file) if file.suffix == ".parquet" else pa_csv.read_csv(file)
    found: list[dict[str, Any]] = table.to_pylist()
    return found


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
def test_the_log_is_read_into_each_form(target: Path, tmp_path: Path, suffix: str) -> None:
    """In the order of its positions, with identity and digest read; `judge --stored` takes it."""
    out = tmp_path / f"stored.{suffix}"
    done = inorder("readback", target, "--out", out)
    assert (done.returncode, done.stdout) == (0, f"{out}: 3 rows, the last position is 8\n"), done.stderr
    found = rows(out)
    assert [(row["position"], row["visitor"], row.get("seq"), row["name"]) for row in found] == [
        (3, "run7", 0, "view"),
        (5, "run7", 1, "view"),
        (8, "stranger", None, "view"),
    ]
    assert all(row["digest"] for row in found)
    assert convert(out, tmp_path / "evidence.parquet") == 3


def test_a_part_after_the_other_is_read_of_one_run(target: Path, tmp_path: Path) -> None:
    """Behind a position; of a run all rows that carry its identities, wherever they are stored."""
    out = tmp_path / "stored.jsonl"
    done = inorder("readback", target, "--out", out, "--after", 3, "--prefix", "run")
    assert done.stdout == f"{out}: 2 rows, the last position is 8\n", done.stderr
    assert [(row["visitor"], row.get("origin"), row["seq"]) for row in rows(out)] == [
        ("run7", None, 1),
        ("stranger", "run7", 2),
    ]


def test_a_log_with_nothing_in_it_makes_an_empty_file(target: Path, tmp_path: Path) -> None:
    """With its columns."""
    out = tmp_path / "stored.parquet"
    done = inorder("readback", target, "--out", out, "--after", 8)
    assert done.stdout == f"{out}: 0 rows, the last position is 8\n", done.stderr
    assert pq.read_schema(out).names[:5] == ["position", "visitor", "origin", "seq", "digest"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "stored.txt"], "--out: expected a file named *.jsonl, *.csv, *.parquet, got *.txt"),
        (["--out", "system.toml"], "system.toml: exists already; name another --out"),
        (["--out", "no/stored.csv"], "no/stored.csv: cannot be read or written: "),
        (["--out", "stored.csv", "--prefix", "Run7"], "--prefix: a visitor prefix is 1 to 40 letters a-z, got 'Run7'"),
        (["--out", "stored.csv"], "log.jsonl:4: expected one JSON object a line"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_no_file(target: Path, tmp_path: Path, options: list[str], said: str) -> None:
    """Exit code 2, and what was there stays."""
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write("{]\n")
    before = {path.name for path in tmp_path.iterdir()}
    done = inorder("readback", target, *[tmp_path / text if "." in text else text for text in options])
    assert done.returncode == 2
    assert said in done.stderr.replace(f"{tmp_path}/", "")
    assert done.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_csv_that_is_cut_off_is_not_taken_for_whole(tmp_path: Path) -> None:
    """A position of which only the beginning stands there is none."""
    (tmp_path / "log.csv").write_text("position,visitor,name,event\n11,ann,view,{}\n12")
    (tmp_path / "system.toml").write_text(TARGET.format(name="log.csv"))
    done = inorder("readback", tmp_path / "system.toml", "--out", tmp_path / "stored.csv")
    assert done.returncode == 2
    assert "log.csv: the last record may be half-written: expected a line break behind it" in done.stderr
    assert not (tmp_path / "stored.csv").exists()
