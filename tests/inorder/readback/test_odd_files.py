"""Stored logs that are odd in ways which only the slow path or a broken writer shows: still told in one line."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inorder.errors import UnusableInput
from inorder.readback import forms
from inorder.readback.files import convert

LONG = "z" * 200_000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("s.csv", f"visitor,seq,note\nann,0,{LONG}\nann,x,\n".encode(), ':3: seq: expected a whole number from 0, got "x"'),
        (
            "s.csv",
            b"visitor,seq,note\n" + b"ann,0,fine\n" * 2000 + b"ann,x,\xff\n",
            ':2002: seq: expected a whole number from 0, got "x"',
        ),
        (
            "s.jsonl",
            b'{"visitor": "ann", "seq": 0}\n{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
            ":2: expected one JSON object a line: maximum recursion depth exceeded while deserializing an object",
        ),
    ],
)
def test_a_long_a_broken_and_a_deep_value_leave_the_place_of_the_error(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    """They stand where the fast way of reading does not look."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableInput) as raised:
        convert(tmp_path / name, tmp_path / "out.parquet")
    assert str(raised.value) == f"{tmp_path / name}{said}"


@pytest.mark.parametrize("name", ["visitor", "digest", "server"])
def test_a_broken_text_of_parquet_is_found(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet promises UTF-8, but not every writer keeps it; the row counts over the blocks."""
    monkeypatch.setattr(forms, "_BLOCK_ROWS", 2)
    ends = pa.py_buffer(np.array([0, 1, 2, 3, 4], np.int32))
    texts = pa.Array.from_buffers(pa.string(), 4, [None, ends, pa.py_buffer(b"aaa\xff")])
    columns = {"visitor": pa.array(["ann"] * 4), "seq": pa.array(range(4))} | {name: texts}
    pq.write_table(pa.table(columns), tmp_path / "s.parquet")
    with pytest.raises(UnusableInput) as raised:
        convert(tmp_path / "s.parquet", tmp_path / "out.parquet")
    assert str(raised.value) == f"{tmp_path / 's.parquet'}: row 3: expected UTF-8 text, got a broken byte"
