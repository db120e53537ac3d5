"""A reading of the stored log, some row groups at a time: typed, accounted for, and on its way to the buckets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inorder.errors import UnusableInput
from inorder.merge.buckets import divide
from inorder.merge.marker import StoredLog
from inorder.merge.spill import Divided, spill_divided
from inorder.merge.typed import COLUMNS, NAME, TEXTS, taken, typed

Array = NDArray[Any]

CHUNK = 1 << 19
"""Rows handled at once."""

SPILLED = pa.schema(
    [
        ("owner", NAME),
        ("under", pa.string()),
        ("position", pa.int64()),
        *((name, kind) for name, kind in COLUMNS.items() if name not in ("visitor", "origin", "position")),
    ]
)
"""A row on its way: `owner` the visitor of the identity, `under` the one it is stored under (null: the same)."""


@dataclass(frozen=True)
class Log:
    """A reading of the stored log: what its file says of itself."""

    path: Path
    columns: tuple[str, ...]
    """Those of COLUMNS that it has."""
    groups: tuple[int, ...]
    """Rows of each row group."""

    @classmethod
    def open(cls, path: Path) -> "Log":
        """Raises OSError or pyarrow's ArrowException where the file is cut off."""
        with pq.ParquetFile(path) as file:
            groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
            present = set(file.schema_arrow.names)
        return cls(path, tuple(name for name in COLUMNS if name in present), tuple(groups))

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(self.groups)

    def account(self) -> StoredLog:
        """An account of no row yet."""
        return StoredLog(
            positioned="position" in self.columns,
            identified="seq" in self.columns,
            owned="visitor" in self.columns or "origin" in self.columns,
            routed="visitor" in self.columns,
        )


@dataclass(frozen=True)
class Part:
    """Some row groups of a log."""

    log: Log
    groups: tuple[int, ...]
    first_row: int


@dataclass
class PartRead:
    """Some rows of a log, one after another: where they lie, and what only their order shows."""

    account: StoredLog
    first: int | None = None
    """Position of the first row, -1 where it has none; None: there is no row."""
    last: int | None = None
    spilled: list[Divided] = field(default_factory=list)
    """One file a chunk, with the columns SPILLED."""

    def add(self, behind: "PartRead") -> None:
        """Put the rows of `behind` behind these."""
        if behind.first is None:
            return
        mine, theirs = self.account, behind.account
        if self.last is not None and mine.positioned:
            mine.ties += behind.first == self.last
            mine.descents += behind.first < self.last
        for name in ("rows", "ties", "descents", "missing"):
            setattr(mine, name, getattr(mine, name) + getattr(theirs, name))
        mine.end = max(mine.end, theirs.end)
        seen = [at for at in (mine.first_seen_s, theirs.first_seen_s) if at is not None]
        mine.first_seen_s = min(seen, default=None)
        self.first = behind.first if self.first is None else self.first
        self.last = behind.last
        self.spilled += behind.spilled


def parts(log: Log, rows: int) -> Iterator[Part]:
    """A log in parts of at least `rows` rows, as far as its row groups go."""
    first_row = at = start = 0
    for number, count in enumerate(log.groups, 1):
        at += count
        if at - first_row >= rows or number == len(log.groups):
            yield Part(log, tuple(range(start, number)), first_row)
            first_row, start = at, number


def read_part(part: Part, buckets: int, target: Path) -> PartRead:
    """Read a part; its temporary files begin with the name of `target`. Raises UnusableInput with file and row."""
    read = PartRead(part.log.account())
    try:
        _read(part, read, buckets, target)
    except (OSError, pa.ArrowException) as error:
        raise UnusableInput(f"{part.log.path}: cannot be read: {error}".splitlines()[0]) from None
    return read


def _read(part: Part, read: PartRead, buckets: int, target: Path) -> None:
    for rows in _chunks(part):
        columns = typed(rows, part.log.path, part.first_row + read.account.rows)
        chunk = _account(columns, part.log)
        if chunk.account.owned:
            path = target.with_name(f"{target.name}-{len(read.spilled)}.rows")
            chunk.spilled.append(_spill(columns, buckets, path))
        read.add(chunk)


def _chunks(part: Part) -> Iterator[pa.Table]:
    """The rows of a part, CHUNK or a few more at once however small its row groups are; texts as dictionaries."""
    columns = list(part.log.columns)
    with pq.ParquetFile(part.log.path, read_dictionary=[name for name in columns if name in TEXTS]) as file:
        waiting: list[pa.RecordBatch] = []
        for batch in file.iter_batches(CHUNK, row_groups=list(part.groups), columns=columns, use_threads=False):
            waiting.append(batch)
            if sum(len(rows) for rows in waiting) >= CHUNK:
                yield pa.Table.from_batches(waiting)
                waiting = []
        if waiting:
            yield pa.Table.from_batches(waiting)


def _account(columns: dict[str, pa.Array], log: Log) -> PartRead:
    """What the order of some rows shows."""
    position = columns["position"].fill_null(-1).to_numpy(zero_copy_only=False)
    account = log.account()
    account.rows, account.missing = len(position), columns["position"].null_count
    if not len(position):
        return PartRead(account)
    if account.positioned:
        account.ties = int(np.count_nonzero(position[1:] == position[:-1]))
        account.descents = int(np.count_nonzero(position[1:] < position[:-1]))
    account.end = int(position.max())
    account.first_seen_s = pc.min(columns["seen_at"]).as_py()
    return PartRead(account, int(position[0]), int(position[-1]))


def _spill(columns: dict[str, pa.Array], buckets: int, path: Path) -> Divided:
    """Write rows into a file, bucket by bucket."""
    owner, names, under = _owners(columns["visitor"], columns["origin"])
    division = divide(owner, names, buckets)
    given = {name: columns[name] for name in SPILLED.names if name in columns}
    rows = taken({"under": under, **given, "position": given["position"].fill_null(-1)}, division.order)
    try:
        return spill_divided(path, division, [rows[name] for name in SPILLED.names[1:]], SPILLED)
    except OSError as error:
        raise UnusableInput(f"{path.parent}: cannot be written: {error.strerror or error}") from None


def _owners(visitor: pa.DictionaryArray, origin: pa.DictionaryArray) -> tuple[Array, pa.Array, pa.Array]:
    """The visitor of the identity of each row, as its place among names; these; and the visitor that it is stored under
    where that is another, else null."""
    owner, names = visitor.indices.to_numpy(), visitor.dictionary
    other = np.flatnonzero(origin.is_valid())
    if not len(other):
        return owner, names, pa.nulls(len(owner), pa.string())
    known = pc.index_in(origin.dictionary, value_set=names)
    new = np.flatnonzero(known.is_null())
    place = known.fill_null(0).to_numpy(zero_copy_only=False).copy()
    place[new] = len(names) + np.arange(len(new))
    names = pa.concat_arrays([names, origin.dictionary.take(pa.array(new))])
    owner = owner.copy()
    owner[other] = place[origin.indices.take(pa.array(other)).to_numpy()]
    foreign = pa.array(owner != visitor.indices.to_numpy())
    return owner, names, pc.if_else(foreign, visitor.dictionary_decode(), None)
