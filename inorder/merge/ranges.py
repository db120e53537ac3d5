"""A byte range of a history file into columns: its calls and answers, and its events on their way to their buckets.

The measured path only notices that something is wrong with a file; `explain` (rules.py) then reads it again, line by
line, and says where.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from inorder.history import Closed, Done, Line, Sent
from inorder.merge import runs
from inorder.merge.columns import DONES, SENTS, done_columns, sent_columns
from inorder.merge.rules import Suspect
from inorder.merge.spill import Divided, Spilled, empty, spill

CHUNK = 1 << 20
"""Bytes decoded at once, some 30 000 events: more does not stay in the processor's cache."""

_DECODER = msgspec.json.Decoder(Line)


@dataclass(frozen=True)
class Range:
    """The lines of a file that begin within some of its bytes."""

    path: Path
    start: int
    end: int


@dataclass
class RangeRead:
    """What a range holds; its calls and events lie in temporary files."""

    suspect: bool = False
    """Something is wrong, and nothing else here means anything."""
    lines: int = 0
    calls: int = 0
    events: int = 0
    torn: bool = False
    closings: list[Closed] = field(default_factory=list)
    answers: Spilled | None = None
    """Two streams: columns of the `sent` lines (SENTS), and of the `done` lines (DONES)."""
    runs: Divided | None = None
    """With the columns runs.RUNS."""


def cut(path: Path, size: int) -> list[Range]:
    """A file in ranges of `size` bytes."""
    end = path.stat().st_size
    return [Range(path, start, min(start + size, end)) for start in range(0, end, size)]


def read_range(part: Range, buckets: int, target: Path) -> RangeRead:
    """Read a range; its temporary files begin with the name of `target`."""
    read = RangeRead()
    sents, dones, events = [], [], []
    try:
        with _no_collection(), part.path.open("rb") as file:
            for lines in _chunks(file, part, read):
                place = part.start + read.lines
                read.lines += len(lines)
                of_chunk = [line for line in lines if type(line) is Sent]
                if of_chunk:
                    found, counts = runs.of_calls(of_chunk, read.calls)
                    events.append(found)
                    sents.append(sent_columns(of_chunk, counts, _places(lines, Sent, place)))
                    read.calls += len(of_chunk)
                    read.events += int(counts.sum())
                ends = [line for line in lines if type(line) is Done]
                if ends:
                    dones.append(done_columns(ends, _places(lines, Done, place)))
                if len(of_chunk) + len(ends) < len(lines):
                    read.closings += [line for line in lines if isinstance(line, Closed)]
    except (Suspect, msgspec.MsgspecError, UnicodeDecodeError, OverflowError, RecursionError):
        return RangeRead(suspect=True)
    read.answers = spill(target.with_name(f"{target.name}.calls"), [_one(sents, SENTS), _one(dones, DONES)])
    read.runs = runs.spill_runs(events, buckets, target.with_name(f"{target.name}.runs"))
    return read


@contextmanager
def _no_collection() -> Iterator[None]:
    """The lines of a chunk hold no cycles and are soon gone: looking for garbage among them takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _chunks(file: BinaryIO, part: Range, read: RangeRead) -> Iterator[list[Line]]:
    """The decoded lines, chunk by chunk; a last line without its line break is left out and noted."""
    at, end = _line_start(file, part.start), _line_start(file, part.end)
    file.seek(at)
    rest = b""
    while at < end:
        data = file.read(min(CHUNK, end - at))
        if not data:
            break
        at += len(data)
        whole = data.rfind(b"\n") + 1
        if not whole:
            rest += data
            continue
        text, rest = rest + data[:whole], data[whole:]
        lines = _DECODER.decode_lines(text)
        if len(lines) != text.count(b"\n"):
            raise Suspect  # an empty line
        yield lines
    read.torn = bool(rest)


def _line_start(file: BinaryIO, at: int) -> int:
    """Where the first line begins that begins at `at` or later; the end of the file if none does."""
    if at == 0:
        return 0
    file.seek(at - 1)
    file.readline()
    return file.tell()


def _places(lines: list[Line], kind: type, first: int) -> NDArray[np.int64]:
    """A number for each line of a kind that grows from line to line; from range to range too where `first` is counted
    from the range's first byte, as no range has more lines than bytes."""
    return np.flatnonzero([type(line) is kind for line in lines]) + first


def _one(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    """All rows as one batch."""
    return pa.concat_batches(batches) if batches else empty(schema)
