"""Writes a stored log that was read back into a file of one's own: the columns of docs/formats.md, in any of the forms."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from inorder.errors import UnusableInput
from inorder.readback.identities import SCHEMA

COLUMNS = [name for name in SCHEMA.names if name != "seen_at"]
"""Of the evidence, but for when a run saw a row."""
_SCHEMA = pa.schema([SCHEMA.field(name) for name in COLUMNS])


class Sink(Protocol):
    """What takes the rows; to be closed."""

    def write_table(self, table: pa.Table) -> None:
        """Take rows."""

    def close(self) -> None:
        """Write what is left."""


class _JsonLines:
    def __init__(self, path: str) -> None:
        self._file = open(path, "wb")  # noqa: SIM115  # closed by `close`, as the others are

    def write_table(self, table: pa.Table) -> None:
        rows = [{name: value for name, value in row.items() if value is not None} for row in table.to_pylist()]
        self._file.write(msgspec.json.Encoder().encode_lines(rows))

    def close(self) -> None:
        self._file.close()


_SINKS: dict[str, Callable[[str], Any]] = {
    ".jsonl": _JsonLines,
    ".csv": lambda path: pa_csv.CSVWriter(path, _SCHEMA),
    ".parquet": lambda path: pq.ParquetWriter(path, _SCHEMA),
}


def sink_of(suffix: str, path: Path) -> Sink:
    """What writes into `path` in the form that a suffix tells; raises UnusableInput where it tells none."""
    if suffix not in _SINKS:
        raise UnusableInput(f"--out: expected a file named {', '.join('*' + known for known in _SINKS)}, got *{suffix}")
    sink: Sink = _SINKS[suffix](str(path))
    return sink
