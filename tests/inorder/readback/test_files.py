"""Stored logs from files: what each form of file becomes, and the place that is named where it cannot be used."""

import datetime
import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inorder.errors import UnusableInput
from inorder.merge.rules import digest_number
from inorder.readback import forms
from inorder.readback.files import convert
from inorder.readback.identities import SCHEMA

HEADER = "position,visitor,seq\n"
ROW = '{"position": 1, "visitor": "ann", "seq": 0}\n'
WHOLE = "expected a whole number from 0"
ORDER = f"{WHOLE} in the system's own order (no time; leave the column out if there is none)"


def written(folder: Path, name: str, content: str | bytes | dict[str, Any]) -> Path:
    """A file: text, bytes or the columns of a Parquet file, compressed where its name says so."""
    file = folder / name
    if isinstance(content, dict):
        pq.write_table(pa.table(content), file)
        return file
    data = content.encode() if isinstance(content, str) else content
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return file


def rows(folder: Path, name: str, content: str | bytes | dict[str, Any]) -> list[dict[str, Any]]:
    """The evidence that a file becomes, without what is null."""
    out = folder / "evidence.parquet"
    count = convert(written(folder, name, content), out)
    assert not list(folder.glob("*.part"))
    table = pq.read_table(out)
    assert len(table) == count
    assert [field for field in SCHEMA.names if field in table.column_names] == table.column_names
    return [{key: value for key, value in row.items() if value is not None} for row in table.to_pylist()]


def columns(folder: Path, name: str, content: str | dict[str, Any]) -> list[str]:
    rows(folder, name, content)
    return list(pq.read_schema(folder / "evidence.parquet").names)


def refusal(folder: Path, name: str, content: str | bytes | dict[str, Any]) -> str:
    """What is said of a file that cannot be used, without the folder."""
    with pytest.raises(UnusableInput) as raised:
        convert(written(folder, name, content), folder / "evidence.parquet")
    assert not (folder / "evidence.parquet").exists()
    return str(raised.value).replace(f"{folder}/", "")


FULL = {
    "position": 4, "visitor": "Ánn 七", "origin": "bob", "seq": 2, "digest": 77, "name": "view", "server": "s1",
    "stored_at": 1764.5, "seen_at": 3.25,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.jsonl", '{"position":4,"visitor":"Ánn 七","origin":"bob","seq":2,"digest":77,"name":"view","server":"s1",'
                      '"stored_at":1764.5,"seen_at":3.25,"more":[1]}'),
        ("log.csv.gz", "more,position,visitor,origin,seq,digest,name,server,stored_at,seen_at\n"
                       "x,4,Ánn 七,bob,2,77,view,s1,1764.5,3.25\n"),
        ("log.parquet", {name: [value] for name, value in FULL.items()} | {"more": [[1]]}),
    ],
)  # fmt: skip
def test_each_form_becomes_the_same_evidence(tmp_path: Path, name: str, content: Any) -> None:
    """All columns in any script; unknown ones are left out, a missing last line break is none."""
    assert rows(tmp_path, name, content) == [FULL]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".json", ".json.gz"])
def test_json_lines_are_read_over_blank_lines_and_borders_of_blocks(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the block size; a byte order mark is taken off; null and absent are the same."""
    monkeypatch.setattr(forms, "_BLOCK_BYTES", 16)
    text = "\ufeff" + ROW + "\n" + '{"seq": null, "visitor": "bob"}\r\n' + ROW.replace("1", "3")
    assert rows(tmp_path, "log" + suffix, text) == [
        {"position": 1, "visitor": "ann", "seq": 0},
        {"visitor": "bob"},
        {"position": 3, "visitor": "ann", "seq": 0},
    ]


def test_csv_cells_may_be_empty_quoted_and_of_several_lines(tmp_path: Path) -> None:
    """An empty cell is no value, also in quotes."""
    text = "\ufeff" + HEADER + '1,"ann,\nor ""Ann""",0\r\n\n2,bob,""\n,bob,7\n'
    assert rows(tmp_path, "log.csv", text) == [
        {"position": 1, "visitor": 'ann,\nor "Ann"', "seq": 0},
        {"position": 2, "visitor": "bob"},
        {"visitor": "bob", "seq": 7},
    ]


def test_a_line_break_in_a_csv_cell_may_be_the_border_of_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the block ends."""
    for size in range(40, 60):
        monkeypatch.setattr(forms, "_BLOCK_BYTES", size)
        found = rows(tmp_path, "log.csv", HEADER + 9 * '1,"a\nb",0\n')
        assert found == 9 * [{"position": 1, "visitor": "a\nb", "seq": 0}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.jsonl", '{"visitor":"ann","seq":7.0}\n{"visitor":"ann","seq":null}\n'),
        ("log.csv", "visitor,seq\nann,7.0\nann,\n"),
        ("log.parquet", {"visitor": ["ann", "ann"], "seq": [7.0, float("nan")]}),
        ("log.parquet", {"visitor": pa.array(["ann", "ann"]).dictionary_encode(), "seq": ["7", None]}),
        ("log.parquet", {"visitor": pa.array(["ann", "ann"], pa.large_string()), "seq": pa.array([7, None], pa.uint8())}),
    ],
)
def test_whole_numbers_may_come_as_pandas_writes_them(tmp_path: Path, name: str, content: Any) -> None:
    """As floats where one is missing; as text; as unsigned numbers."""
    assert rows(tmp_path, name, content) == [{"visitor": "ann", "seq": 7}, {"visitor": "ann"}]


BIG = (1 << 64) - 2


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("log.jsonl", f'{{"digest":{BIG},"seq":1}}\n{{"digest":"0af","seq":1}}\n', [-2, digest_number("0af")]),
        ("log.csv", f"seq,digest\n1,{BIG}\n1,\n1,-5\n", [-2, None, -5]),
        ("log.csv", "seq,digest\n1,12\n1,0af\n", [12, digest_number("0af")]),
        ("log.csv", "seq,digest\n1,12\n1,04\n", [12, digest_number("04")]),
        ("log.parquet", {"seq": [1, 1], "digest": pa.array([BIG, 3], pa.uint64())}, [-2, 3]),
        ("log.parquet", {"seq": [1], "digest": ["12"]}, [12]),
    ],
)
def test_digests_are_numbers_as_those_of_a_history(
    tmp_path: Path, name: str, content: Any, expected: list[int | None]
) -> None:
    """Numbers by their low 64 bits, texts hashed; a CSV column holds numbers only if all of it does."""
    assert [row.get("digest") for row in rows(tmp_path, name, content)] == expected


@pytest.mark.parametrize(
    ("name", "content", "missing"),
    [
        ("log.jsonl", '{"visitor":"ann","seq":0}\n', {"position"}),
        ("log.csv", "visitor,seq,position\nann,0,\n", {"position"}),
        ("log.csv", "position,visitor\n1,ann\n", {"seq"}),
        ("log.parquet", {"position": [1], "origin": ["ann"], "seq": [0]}, {"visitor"}),
        ("log.jsonl", '{"position":1,"seq":0}\n', {"visitor", "origin"}),
        ("log.jsonl", ROW, set()),
    ],
)
def test_a_column_without_a_value_is_left_out(tmp_path: Path, name: str, content: Any, missing: set[str]) -> None:
    """The judge then says which checks cannot run; an origin is needed only where there is no visitor."""
    assert set(SCHEMA.names) - set(columns(tmp_path, name, content)) == missing


ANN = '{"visitor":"ann","position":%s}\n'
TIMES = pa.array([datetime.datetime(2026, 1, 1)], pa.timestamp("ns"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("log.jsonl", ROW + "\n" + ROW.replace("0", '"x"'), f'log.jsonl:3: seq: {WHOLE}, got "x"'),
        ("log.jsonl.gz", ROW + ROW.replace("0", "-1"), f"log.jsonl.gz:2: seq: {WHOLE}, got -1"),
        ("log.jsonl", ROW + ROW.replace("0", "true"), f"log.jsonl:2: seq: {WHOLE}, got true"),
        ("log.jsonl", ROW.replace("0", "[]"), f"log.jsonl:1: seq: {WHOLE}, got []"),
        ("log.jsonl", ANN % (1 << 63), f"log.jsonl:1: position: {ORDER}, got {1 << 63}"),
        ("log.jsonl", ANN % 1.5, f"log.jsonl:1: position: {ORDER}, got 1.5"),
        ("log.jsonl", ANN % float(1 << 53), f"log.jsonl:1: position: {ORDER}, got 9007199254740992.0"),
        ("log.jsonl", ANN % '"2026-01-01"', f'log.jsonl:1: position: {ORDER}, got "2026-01-01"'),
        ("log.jsonl", ROW + ROW.replace('"ann"', "7"), "log.jsonl:2: visitor: expected a text, got 7"),
        ("log.jsonl", '{"seq":1}\n' + ROW, "log.jsonl:1: visitor: expected a text, got none"),
        ("log.jsonl", '{"origin":"ann"}\n\n{"seq":0}\n', "log.jsonl:3: origin: expected a text, got none"),
        ("log.jsonl", '{"seq":1,"digest":true}\n', "log.jsonl:1: digest: expected a whole number or a text, got true"),
        ("log.jsonl", '{"seq":1,"stored_at":"now"}\n', 'log.jsonl:1: stored_at: expected seconds as a number, got "now"'),
        ("log.jsonl", ROW + '{"seq":', "log.jsonl:2: expected one JSON object a line: Input data was truncated"),
        ("log.jsonl", ROW + "[1]\n", "log.jsonl:2: expected one JSON object a line: Expected object, got array"),
        ("log.jsonl", '{"seq":\n1}\n', "log.jsonl:1: expected one JSON object a line: Input data was truncated"),
        ("log.jsonl", ROW.encode() + b'{"visitor":"\xff"}\n', "log.jsonl:2: expected one JSON object a line: 'utf-8'"),
        ("log.jsonl", '{"user":"ann"}\n', "log.jsonl: no row has a position, visitor, origin or seq"),
        ("log.jsonl", "", "log.jsonl: no stored rows: expected at least one"),
        ("log.csv", HEADER + '1,"a\nb",0\n\n2,bob,x\n', f'log.csv:5: seq: {WHOLE}, got "x"'),
        ("log.csv", HEADER + "0x1,ann,0\n", f'log.csv:2: position: {ORDER}, got "0x1"'),
        ("log.csv", HEADER + f"{1 << 63},ann,0\n", f'log.csv:2: position: {ORDER}, got "{1 << 63}"'),
        ("log.csv", HEADER + "2026-01-01T00:00:00Z,ann,0\n", f'log.csv:2: position: {ORDER}, got "2026-01-01T00:00:00Z"'),
        ("log.csv", HEADER + "1,ann,0\n2,,1\n", "log.csv:3: visitor: expected a text, got none"),
        ("log.csv", HEADER + '1,"a\nb",0\n2,ann\n', "log.csv:4: expected 3 cells, as the header has, got 2"),
        ("log.csv", HEADER.encode() + b"1,a\xffn,0\n", "log.csv:2: expected UTF-8 text, got a broken byte"),
        ("log.csv", "seq,seq\n1,2\n", "log.csv:1: header: expected each column once, got 'seq' 2 times"),
        ("log.csv", "position;visitor\n1;ann\n", "log.csv:1: header: expected columns of a stored log (position, visitor"),
        ("log.csv", HEADER, "log.csv: no stored rows: expected at least one"),
        ("log.csv", "", "log.csv: no stored rows: expected at least one"),
        ("log.parquet", {"visitor": ["a", "b"], "seq": [0, -1]}, f"log.parquet: row 1: seq: {WHOLE}, got -1"),
        ("log.parquet", {"visitor": ["a", "b"], "seq": [0.0, 0.5]}, f"log.parquet: row 1: seq: {WHOLE}, got 0.5"),
        ("log.parquet", {"visitor": [7]}, "log.parquet: row 0: visitor: expected a text, got 7"),
        ("log.parquet", {"visitor": [b"a"]}, "log.parquet: row 0: visitor: expected a text, got binary"),
        ("log.parquet", {"visitor": ["a"], "position": TIMES}, f"log.parquet: row 0: position: {ORDER}, got timestamp[ns]"),
        ("log.parquet", {"seq": [0], "stored_at": [float("inf")]}, "log.parquet: row 0: stored_at: expected seconds as"),
        ("log.parquet", {"user": ["a"]}, "log.parquet: expected columns of a stored log"),
        ("log.parquet", {"seq": pa.array([], pa.int64())}, "log.parquet: no stored rows: expected at least one"),
        ("log.parquet", b"nonsense", "log.parquet: expected a Parquet file: "),
        ("log.txt", ROW, "log.txt: expected a stored log named *.jsonl, "),
    ],
)  # fmt: skip
def test_what_is_no_stored_log_is_refused_in_one_line(tmp_path: Path, name: str, content: Any, said: str) -> None:
    """File, line or row, column, what was expected and what is there."""
    found = refusal(tmp_path, name, content)
    assert found.startswith(said)
    assert "\n" not in found


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv"])
def test_a_wrong_value_is_found_behind_the_border_of_a_block(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are counted over all blocks."""
    monkeypatch.setattr(forms, "_BLOCK_BYTES", 400)
    text = HEADER + 99 * "1,ann,0\n" + "1,ann,x\n" if name.endswith("csv") else 100 * ROW + ROW.replace("0", '"x"')
    assert refusal(tmp_path, name, text) == f'{name}:101: seq: {WHOLE}, got "x"'


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv", "log.parquet", "log.jsonl.gz"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """Not there, a folder, or cut off in the middle of its compression."""
    with pytest.raises(UnusableInput, match=rf"{name}: cannot be read: .*[Nn]o such file"):
        convert(tmp_path / name, tmp_path / "out")
    (tmp_path / name).mkdir()
    with pytest.raises(UnusableInput, match=rf"{name}: cannot be read: .*directory"):
        convert(tmp_path / name, tmp_path / "out")


@pytest.mark.parametrize("name", ["log.jsonl.gz", "log.csv.gz"])
def test_a_cut_off_compressed_file_is_refused(tmp_path: Path, name: str) -> None:
    """What a half copied file holds is not taken for the whole log."""
    file = tmp_path / name
    text = "position\n" + "".join(f"{number}\n" for number in range(5000)) if "csv" in name else 5000 * ROW
    file.write_bytes(gzip.compress(text.encode())[:-30])
    with pytest.raises(UnusableInput, match="cannot be read: "):
        convert(file, tmp_path / "out")
