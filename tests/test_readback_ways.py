"""One faulty run, read back in every way that a target file can name: the verdict is the same."""

import csv
import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import report
from analysis.verdict import judge
from inorder import conduct
from inorder.run import RunFolder
from inorder.targets.system import named
from tests.crowd_runs import ROOT, inorder, scenario, verdict
from tests.inorder.readback.shops import listing_server

FAULTS = ("drops-one-event", "worker-pool-per-event", "503-but-applied", "wrong-visitor")
QUERY = "SELECT position, visitor, name, event, server, stored_at FROM event WHERE position > :after ORDER BY position"
FIELDS = 'server = "server"\nstored_at = "stored_at"\n'
LISTED = 'position = "n"\nvisitor = "user.id"\nname = "type"\nevent = "data"\n'


@dataclass(frozen=True)
class Stored:
    """A run against a faulty system, and all that the system stored."""

    base: str
    run: Path
    log: Path
    """The system's own SQLite file."""
    rows: list[dict[str, Any]]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    """Made once; the system stays, to be read."""
    folder = tmp_path_factory.mktemp("ways")
    log = folder / "system.sqlite"
    command = [sys.executable, "-m", "inorder", "sandbox", "--port", "0", "--store", f"sqlite:{log}"]
    for fault in FAULTS:
        command += ["--fault", f"{fault}:rate=0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        base = next(word for word in server.stdout.readline().split() if word.startswith("http://"))
        done = inorder("run", scenario(folder), "--target", base, "--out", folder / "run")
        assert done.returncode == 1, done.stdout + done.stderr
        with closing(sqlite3.connect(log)) as file:
            file.row_factory = sqlite3.Row
            rows = [dict(row) for row in file.execute(QUERY, {"after": -1})]
        yield Stored(base, folder / "run", log, [{**row, "event": row["event"].decode()} for row in rows])
        server.terminate()


def copied(stored: Stored, folder: Path, readback: str) -> Path:
    """A copy of the run whose system is read back as a target file says."""
    target = folder / "system.toml"
    target.write_text(f'bases = ["{stored.base}"]\n[auth]\napi_key_env = "K"\npartner_id_env = "K"\n{readback}')
    run = folder / "run"
    shutil.copytree(stored.run, run)
    told = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**told, "target_file": str(target)}))
    return run


def without_waiting(found: dict[str, Any]) -> dict[str, Any]:
    """All of a verdict but for how long the log was looked at, to the last millisecond."""
    del found["delivery"]["waited_s"]
    return found


@pytest.fixture(scope="module")
def streamed(stored: Stored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The verdict by the stream, from the command line."""
    run = copied(stored, tmp_path_factory.mktemp("stream"), '[readback]\nway = "stream"\n')
    done = inorder("judge", run, "--read-back", K="none")
    assert done.returncode == 1, done.stdout + done.stderr
    return without_waiting(verdict(run))


def read_back(stored: Stored, folder: Path, readback: str) -> dict[str, Any]:
    """The verdict of a copy of the run that is read back so."""
    run = RunFolder.open(copied(stored, folder, readback))
    system, written = named([str(folder / "system.toml")]), run.scenario()
    with closing(conduct.read_back_of(system, written)) as reader:
        reader.check()
        conduct.read_back(run, reader, system, written)
    return without_waiting(json.loads(json.dumps(report.plain(judge([run]).verdict))))


def test_the_run_is_faulty_in_several_ways(streamed: dict[str, Any]) -> None:
    """Else the ways would agree on nothing much."""
    assert sum(count > 0 for count in streamed["anomalies"].values()) >= 3
    assert streamed["events"]["stored"] > 200


@pytest.mark.parametrize("uri", ["sqlite:///{log}", "sqlite+pysqlite:///{log}"])
def test_by_sql(stored: Stored, streamed: dict[str, Any], tmp_path: Path, uri: str) -> None:
    """From the file in which the system stores, by ADBC and by SQLAlchemy."""
    way = f'[readback]\nway = "sql"\nuri = "{uri.format(log=stored.log)}"\nquery = "{QUERY}"\n'
    assert read_back(stored, tmp_path, f"{way}[readback.fields]\n{FIELDS}") == streamed


@pytest.mark.parametrize(
    "paging",
    [
        'by = "position"\nparameter = "after"',
        'by = "cursor"\nparameter = "cursor"\nnext = "next"',
        'by = "page"\nparameter = "page"',
        'by = "offset"\nparameter = "offset"',
        'by = "link"\nnext = "next"',
    ],
)
def test_by_a_listing(stored: Stored, streamed: dict[str, Any], tmp_path: Path, paging: str) -> None:
    """The same rows in a shape of their own, in each way of paging."""
    by = paging.split('"')[1]
    with listing_server() as server:
        server.cap = 500
        server.records = [
            {"n": row["position"], "user": {"id": row["visitor"]}, "type": row["name"], "data": json.loads(row["event"])}
            for row in stored.rows
        ]
        way = f'[readback]\nway = "listing"\nurl = "{server.base}/{by}"\nrecords = "data.items"\n'
        found = read_back(stored, tmp_path, f"{way}[readback.paging]\n{paging}\n[readback.fields]\n{LISTED}")
    assert found == streamed


def _json(path: Path, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps({**row, "event": json.loads(row["event"])}) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def _csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.parametrize(("name", "write"), [("jsonl", _json), ("jsonl.gz", _json), ("csv", _csv), ("parquet", _parquet)])
def test_by_files(
    stored: Stored,
    streamed: dict[str, Any],
    tmp_path: Path,
    name: str,
    write: Callable[[Path, list[dict[str, Any]]], None],
) -> None:
    """A file of each server, as servers write them: their rows belong between each other."""
    for server in sorted({row["server"] for row in stored.rows}):
        write(tmp_path / f"{server}.{name}", [row for row in stored.rows if row["server"] == server])
    way = f'[readback]\nway = "files"\npaths = ["*.{name}"]\n[readback.fields]\n{FIELDS}'
    assert read_back(stored, tmp_path, way) == streamed


CLOCKED = QUERY.replace("SELECT position", "SELECT CAST(stored_at * 1000 AS INTEGER) AS position").replace(
    "WHERE position > :after ORDER BY position", "WHERE CAST(stored_at * 1000 AS INTEGER) > :after ORDER BY 1 LIMIT 100"
)


def test_a_clock_as_position_leaves_the_order_open_and_loses_nothing(
    stored: Stored, streamed: dict[str, Any], tmp_path: Path
) -> None:
    """Rows of one commit have one instant: a limit cuts between them, and none is taken for lost."""
    way = f'[readback]\nway = "sql"\nuri = "sqlite:///{stored.log}"\nquery = "{CLOCKED}"\n'
    found = read_back(stored, tmp_path, f"{way}[readback.fields]\n{FIELDS}")
    assert found["events"] == streamed["events"]
    assert any("the positions are no total order" in sentence for sentence in found["unsupported"])
    _only_the_order_is_open(found, streamed)


def test_records_without_a_position_leave_the_order_open(stored: Stored, streamed: dict[str, Any], tmp_path: Path) -> None:
    """What does not need it is judged as ever."""
    _json(tmp_path / "log.jsonl", stored.rows)
    way = f'[readback]\nway = "files"\npaths = ["log.jsonl"]\n[readback.fields]\nposition = ""\n{FIELDS}'
    found = read_back(stored, tmp_path, way)
    assert any(f"{len(stored.rows)} rows have no position" in sentence for sentence in found["unsupported"])
    _only_the_order_is_open(found, streamed)


def _only_the_order_is_open(found: dict[str, Any], streamed: dict[str, Any]) -> None:
    placed = ("reordered-in-batch", "reordered-across-batches", "zombie", "split", "rewritten")
    assert streamed["anomalies"]["reordered-in-batch"] > 0
    assert found["anomalies"] == streamed["anomalies"] | dict.fromkeys(placed, 0)
