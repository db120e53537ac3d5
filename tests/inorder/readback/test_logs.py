"""Reading a log from files: each form, local and at an address, while they grow, and what is wrong in one line."""

import csv
import gzip
import io
import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import fsspec
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.readback.logs import Files
from inorder.readback.ways import Fields
from inorder.readback.ways import Files as Way
from tests.inorder.readback.shops import given, positions

FORMS = ("jsonl", "jsonl.gz", "csv", "csv.gz", "parquet")
FLAT = Fields(position="n", visitor="who", name="type", event="data")
_NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file stands still soon."""
    monkeypatch.setattr("inorder.readback.logs._STILL_S", 0.01)


def records(*places: int) -> list[dict[str, Any]]:
    """A view of visitor `run7` at each position."""
    return [{"n": place, "who": "run7", "type": "view", "data": {"productId": place}} for place in places]


def content(form: str, found: list[dict[str, Any]]) -> bytes:
    """A file of these records."""
    written = io.BytesIO()
    if form.startswith("jsonl"):
        written.write(msgspec.json.Encoder().encode_lines(found))
    else:
        flat = [{**record, "data": msgspec.json.encode(record["data"]).decode()} for record in found]
        if form == "parquet":
            pq.write_table(pa.Table.from_pylist(flat), written)
        else:
            text = io.StringIO()
            writer = csv.DictWriter(text, ["n", "who", "type", "data"])
            writer.writeheader()
            writer.writerows(flat)
            written.write(text.getvalue().encode())
    return gzip.compress(written.getvalue()) if form.endswith(".gz") else written.getvalue()


def opened(folder: Path, *paths: str, fields: Fields = FLAT, **more: Any) -> closing[Files]:
    """For a `with` block, a reader of files in a folder."""
    return closing(Files(Way(paths=list(paths), fields=fields, **more), folder))


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read_and_goes_on_where_it_ended(tmp_path: Path, form: str) -> None:
    """What was added meanwhile is given, and nothing twice; a new reading begins anew, behind any position."""
    file = tmp_path / f"log.{form}"
    file.write_bytes(content(form, records(1, 2, 3)))
    with opened(tmp_path, f"log.{form}") as reader:
        reader.check()
        rows = given(reader, -1)
        assert [(row.position, row.visitor, row.name) for row in rows] == [(n, "run7", "view") for n in (1, 2, 3)]
        assert msgspec.json.decode(rows[1].event) == {"productId": 2}
        assert positions(reader) == []
        file.write_bytes(content(form, records(1, 2, 3, 4, 5)))
        assert positions(reader) == [4, 5]
        assert positions(reader, 3) == [4, 5]
        assert reader.last_position() == 5
        assert reader.last_position(7) == 7


@pytest.fixture
def memory() -> Iterator[str]:
    """An address of fsspec, with nothing at it."""
    folder = f"memory://log{next(_NUMBERS)}"
    yield folder
    fsspec.filesystem("memory").store.clear()


@pytest.mark.parametrize("form", FORMS)
def test_an_address_of_fsspec_is_read_like_a_path(memory: str, form: str, tmp_path: Path) -> None:
    """One file or a pattern, also while it grows; an error names the address."""
    with fsspec.open(f"{memory}/a.{form}", "wb") as file:
        file.write(content(form, records(1, 2)))
    with opened(tmp_path, f"{memory}/*.{form}") as reader:
        reader.check()
        assert positions(reader, -1) == [1, 2]
        with fsspec.open(f"{memory}/b.{form}", "wb") as file:
            file.write(content(form, records(3)))
        assert positions(reader) == [3]
        with fsspec.open(f"{memory}/a.{form}", "wb") as file:
            file.write(content(form, records(1, 2, 4)))
        assert positions(reader) == [4]
        with fsspec.open(f"{memory}/c.{form}", "wb") as file:
            file.write(content(form, [{**records(5)[0], "n": "early"}]))
        with pytest.raises(UnusableInput, match=rf"c.{form}(:\d+|: row 0): position: expected a whole number"):
            given(reader)


def test_files_of_several_forms_are_one_log(tmp_path: Path) -> None:
    """By patterns, also over folders; a file that two patterns name is read once."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a.jsonl").write_bytes(content("jsonl", records(1, 4)))
    (tmp_path / "deep" / "er" / "b.csv").write_bytes(content("csv", records(2)))
    (tmp_path / "c.parquet").write_bytes(content("parquet", records(3)))
    with opened(tmp_path, "*.jsonl", "a.*", "deep/**/*.csv", str(tmp_path / "c.parquet")) as reader:
        assert sorted(positions(reader, -1)) == [1, 2, 3, 4]
        assert not reader.sorted


def test_a_line_that_is_half_written_is_left_until_it_is_whole(tmp_path: Path) -> None:
    """A last line without its line break counts as soon as it is whole."""
    file = tmp_path / "log.jsonl"
    whole = content("jsonl", records(1, 2))
    with opened(tmp_path, "log.jsonl") as reader:
        reader.begin(-1)
        for end, new in ((-9, [1]), (-5, []), (-1, [2]), (len(whole), [])):
            file.write_bytes(whole[:end])
            assert positions(reader) == new
        file.write_bytes(whole + content("jsonl", records(3)))
        assert positions(reader) == [3]


@pytest.mark.parametrize("address", [False, True])
def test_a_record_of_a_csv_that_is_half_written_is_left_until_it_is_whole(
    tmp_path: Path, memory: str, address: bool
) -> None:
    """Wherever it is cut off, also in its header or in a value with a line break; at the end it is said."""
    whole = b'n,who,type,data\n12,run7,view,"{\n}"\n34,run7,view,"{""a"":\n""""}"\n'
    head, first = len(b"n,who,type,data\n"), len(b'n,who,type,data\n12,run7,view,"{\n}"\n')
    path = f"{memory}/log.csv" if address else str(tmp_path / "log.csv")
    for cut in range(1, len(whole) + 1, 7 if address else 3):
        with fsspec.open(path, "wb") as file:
            file.write(whole[:cut])
        with opened(tmp_path, path) as reader:
            reader.check()
            assert positions(reader, -1) == [12, 34][: (cut >= first) + (cut == len(whole))]
            if cut in (head, first, len(whole)):
                reader.check_whole()
                continue
            with pytest.raises(TargetUnavailable, match=r"log\.csv: the last record may be half-written: expected a line"):
                reader.check_whole()
            with fsspec.open(path, "wb") as file:
                file.write(whole)
            assert positions(reader) == [12, 34][int(cut >= first) :]
            reader.check_whole()


def test_nested_fields_and_odd_lines_of_json_are_read(tmp_path: Path) -> None:
    """A path leads into objects; a byte order mark and blank lines are passed over."""
    line = {"meta": {"n": 4}, "user.id": "run7", "items": [{"t": "view"}]}
    (tmp_path / "log.jsonl").write_bytes(b"\xef\xbb\xbf\n" + msgspec.json.encode(line) + b"\n\n")
    fields = Fields(position="meta.n", visitor="user.id", name="items.0.t", event="")
    with opened(tmp_path, "log.jsonl", fields=fields) as reader:
        (row,) = given(reader, -1)
        assert (row.position, row.visitor, row.name, bytes(row.event)) == (4, "run7", "view", b"")
        assert given(reader) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_shrinks_or_goes_is_one_line(tmp_path: Path, form: str) -> None:
    """What was read of it cannot be told from what is there now."""
    file = tmp_path / f"log.{form}"
    file.write_bytes(content(form, records(1, 2, 3)))
    with opened(tmp_path, "log.*") as reader:
        given(reader, -1)
        file.write_bytes(content(form, records(1)))
        with pytest.raises(TargetUnavailable, match=rf"log.{form}: holds less than when it was read before"):
            given(reader)
        (tmp_path / "log.other.jsonl").write_bytes(content("jsonl", records(9)))
        file.unlink()
        with pytest.raises(TargetUnavailable, match=rf"log.{form}: is gone since it was read"):
            given(reader)


def test_files_may_come_after_the_load(tmp_path: Path) -> None:
    """Before it there may be none; afterwards there must be one, at the latest when they are to be complete."""
    with opened(tmp_path, "log.jsonl") as reader:
        reader.check()
        assert reader.last_position() == -1
        reader.begin(-1)
        with pytest.raises(TargetUnavailable, match=r"readback.paths: no file is there: log.jsonl"):
            given(reader)
    with opened(tmp_path, "log.jsonl", wait_s=60.0) as reader:
        assert given(reader, -1) == []
        (tmp_path / "log.jsonl").write_bytes(content("jsonl", records(1)))
        assert positions(reader) == [1]


def test_a_file_that_is_written_all_the_time_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a CSV reads like a whole one: it must stand still for a moment."""
    file = tmp_path / "log.csv"
    file.write_bytes(content("csv", records(1)))
    lengths = iter(range(2, 1000))

    def sleep(_: float) -> None:
        if (count := next(lengths)) <= writes:
            file.write_bytes(content("csv", records(*range(1, count + 1))))

    monkeypatch.setattr("inorder.readback.logs.time.sleep", sleep)
    with opened(tmp_path, "log.csv") as reader:
        writes = 5
        assert positions(reader, -1) == [1, 2, 3, 4, 5]
        writes = 1000
        file.write_bytes(content("csv", records(1, 2, 3, 4, 5, 6)))
        with pytest.raises(TargetUnavailable, match=r"log.csv: is written all the time: expected a file that stands still"):
            given(reader)


@pytest.mark.parametrize(
    ("name", "body", "line"),
    [
        ("log.txt", b"1\n", "log.txt: expected a stored log named *.jsonl, "),
        ("log.jsonl", b'{"n": 1}\n{"n": 2\n', "log.jsonl:2: expected one JSON object a line"),
        ("log.jsonl", b"[]\n", "log.jsonl:1: expected one JSON object a line"),
        ("log.jsonl", b'{"n": 1, "who": "a"}\n', "readback.fields.name: nothing is at 'type' in "),
        (
            "log.csv",
            b"n,who,type,data,n\n1,run7,view,{},2\n",
            "readback.fields.position: log.csv:1: header: expected each column once, got 'n' 2 times",
        ),
        ("log.csv", b"n,who\n1,run7\n", "readback.fields.name: log.csv:1: header has no column 'type', but n, who"),
        ("log.csv", b"n,who,type,data\n1,run7,view\n", "log.csv:2: expected 4 cells, as the header has, got 3"),
        ("log.parquet", b"PAR1", "log.parquet: expected a Parquet file: "),
        ("log.csv.gz", b"n,who", "log.csv.gz: cannot be read: "),
        (
            "log.jsonl",
            b'{"n":1,"who":"a","type":"b","data":{}}\n{"n":"2026-01-02","who":"a","type":"b","data":{}}\n',
            "log.jsonl:2: position: expected a whole number from 0 in the system's own order (no time; leave ",
        ),
        (
            "log.csv",
            b"n,who,type,data\n1,a,b,{}\n1.5,a,b,{}\n",
            "log.csv:3: position: expected a whole number from 0 in the system's own order (no time; leave ",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(tmp_path: Path, name: str, body: bytes, line: str) -> None:
    """With the file and the line in it."""
    (tmp_path / name).write_bytes(body)
    with opened(tmp_path, name) as reader, pytest.raises(UnusableInput) as refused:
        given(reader, -1)
    assert line in str(refused.value).replace(f"{tmp_path}/", "")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "more", "line"),
    [
        ("nosuch://x/log.jsonl", {}, "readback.paths: nosuch://x/log.jsonl: Protocol not known: nosuch"),
        (
            "log.jsonl",
            {"options": {"key": "${INORDER_NOT_SET}"}},
            "readback.options.key: the environment variable ",
        ),
    ],
)
def test_an_address_without_a_way_to_it_is_one_line(tmp_path: Path, path: str, more: Any, line: str) -> None:
    """As is a secret that is not there."""
    with pytest.raises(UnusableInput) as refused, opened(tmp_path, path, **more) as reader:
        reader.check()
    assert str(refused.value).startswith(line)
