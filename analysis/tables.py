"""The evidence as arrays: what the checks work on. Visitors are numbered within a bucket, batches within the run."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.arrays import Array, Bools, Floats, Ints, segment_starts

BATCH, ORDINARY = 0, 1
CONFIRMED, REJECTED, INDETERMINATE = 0, 1, 2
OUTCOMES = ("confirmed", "rejected", "indeterminate")


@dataclass(frozen=True)
class Batches:
    """Each batch and each ordinary event of the run; times in seconds."""

    name: pa.Array
    kind: Array
    events: Array
    first_intended: Floats
    first_sent: Floats
    ack: Floats
    """Earliest done of a confirmed call, inf: none."""
    calls: Array
    calls_not_rejected: Array
    outcome: Array

    @classmethod
    def of(cls, table: pa.Table) -> "Batches":
        """From batches.parquet."""
        columns: dict[str, Any] = {name: table[name].to_numpy() for name in cls.__dataclass_fields__ if name != "name"}
        return cls(name=table["name"], **columns)

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True)
class Calls:
    """Each call of the run; times in seconds."""

    batch: Array
    sent: Floats
    done: Floats
    """NaN: no answer is on file."""
    outcome: Array
    status: Array

    @classmethod
    def of(cls, table: pa.Table) -> "Calls":
        """From calls.parquet."""
        columns: dict[str, Any] = {name: table[name].to_numpy() for name in cls.__dataclass_fields__}
        return cls(**columns)

    @cached_property
    def by_batch(self) -> Ints:
        """The calls sorted by batch, those of one batch as sent."""
        order: Ints = np.lexsort((self.sent, self.batch))
        return order

    @cached_property
    def starts(self) -> Ints:
        """Where each batch begins in `by_batch`; one more at the end."""
        last = int(self.batch.max()) + 1 if len(self.batch) else 0
        bounds: Ints = np.searchsorted(self.batch[self.by_batch], np.arange(last + 1))
        return bounds

    def of_batch(self, batch: int) -> Ints:
        """The calls of one batch, as sent."""
        return self.by_batch[self.starts[batch] : self.starts[batch + 1]]


@dataclass(frozen=True)
class Events:
    """Each event of a bucket once, sorted by visitor and seq."""

    visitor: Array
    seq: Ints
    batch: Array
    index: Array
    """Place in the call, over all its visitors."""
    digest: Ints
    digest_known: Bools

    def __len__(self) -> int:
        return len(self.seq)


@dataclass(frozen=True)
class Rows:
    """The stored rows of a bucket, sorted by `owner` and position."""

    owner: Array
    """Visitor of the identity that the row carries; where none could be read, the one it is stored under."""
    visitor: Array
    """Visitor that it is stored under."""
    position: Ints
    seq: Ints
    identified: Bools
    """Whether an identity could be read; else `seq` means nothing."""
    digest: Ints
    digest_known: Bools
    seen_at: Floats
    """Seconds, NaN: unknown."""

    def __len__(self) -> int:
        return len(self.position)


@dataclass(frozen=True)
class Bucket:
    """The evidence of some visitors."""

    names: pa.Array
    """Visitor number to name."""
    events: Events
    rows: Rows | None
    """None: there is no stored log."""

    def visitor_name(self, visitor: int) -> str:
        """The name of a visitor."""
        return str(self.names[visitor].as_py())


@dataclass(frozen=True)
class Parts:
    """A batch's *part* is its events of one visitor: a call with several visitors is judged for each by itself."""

    of_event: Ints
    visitor: Array
    batch: Array
    size: Ints
    """Events in the part."""

    @classmethod
    def of(cls, events: Events) -> "Parts":
        """Number the parts by visitor, then batch."""
        key = events.visitor.astype(np.int64) << 32 | events.batch
        if np.all(key[1:] >= key[:-1]):
            first = segment_starts(key)
            of_event = np.cumsum(first) - 1
            key = key[first]
        else:
            key, of_event = np.unique(key, return_inverse=True)
        size = np.bincount(of_event, minlength=len(key))
        return cls(of_event, (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32), size)


@dataclass(frozen=True)
class Ranks:
    """Instants as whole numbers: exact comparisons, and keys that can be sorted together with a visitor."""

    sent: Ints
    acked: Ints

    @classmethod
    def of(cls, batches: Batches, used: Ints) -> "Ranks":
        """Ranks of the batches in `used`, in that order."""
        sent, ack = batches.first_sent[used], batches.ack[used]
        instants = np.unique(sent)
        return cls(np.searchsorted(instants, sent), np.searchsorted(instants, ack, side="right"))


def bucket_of(events: pa.Table, stored: pa.Table | None) -> Bucket:
    """From a file of events/ and its file of stored/, with one numbering of the visitors for both."""
    columns = [events["visitor"]] if stored is None else [events["visitor"], stored["visitor"], stored["origin"]]
    encoded = [column.combine_chunks().cast(pa.dictionary(pa.int32(), pa.string())) for column in columns]
    together = pa.concat_arrays([column.dictionary for column in encoded]).dictionary_encode()
    codes = together.indices.to_numpy().astype(np.int32)
    numbers: list[tuple[Array, Bools]] = []
    start = 0
    for column in encoded:
        mine = codes[start : start + len(column.dictionary)]
        start += len(mine)
        valid = column.is_valid().to_numpy(zero_copy_only=False)
        index = column.indices.fill_null(0).to_numpy()
        numbers.append((mine[index] if len(mine) else np.zeros(len(column), np.int32), valid))
    (visitor, _), *others = numbers
    rows = None
    if stored is not None:
        (under, _), (origin, known) = others
        rows = _rows(stored, np.where(known, origin, under), under)
    return Bucket(together.dictionary, _events(events, visitor), rows)


def _numbers(table: pa.Table, name: str) -> tuple[Ints, Bools]:
    """A column of whole numbers and where it has one."""
    column = table[name].combine_chunks()
    return column.fill_null(0).to_numpy(), column.is_valid().to_numpy(zero_copy_only=False)


def _events(table: pa.Table, visitor: Array) -> Events:
    seq = table["seq"].to_numpy()
    digest, known = _numbers(table, "digest")
    columns = [visitor, seq, table["batch"].to_numpy(), table["index"].to_numpy(), digest, known]
    if np.any((visitor[1:] < visitor[:-1]) | ((visitor[1:] == visitor[:-1]) & (seq[1:] <= seq[:-1]))):
        order = np.lexsort((seq, visitor))
        columns = [column[order] for column in columns]
    return Events(*columns)


def _rows(table: pa.Table, owner: Array, visitor: Array) -> Rows:
    position = table["position"].to_numpy()
    seq, identified = _numbers(table, "seq")
    digest, known = _numbers(table, "digest")
    seen_at = table["seen_at"].combine_chunks().fill_null(float("nan")).to_numpy()
    columns = [owner, visitor, position, seq, identified, digest, known, seen_at]
    if np.any((owner[1:] < owner[:-1]) | ((owner[1:] == owner[:-1]) & (position[1:] < position[:-1]))):
        order = np.lexsort((position, owner))
        columns = [column[order] for column in columns]
    return Rows(*columns)
