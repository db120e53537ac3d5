"""The evidence as arrays: what the checks work on. Visitors, batches and calls are numbered within their bucket."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.arrays import Array, Bools, Floats, Ints, segment_starts

BATCH, ORDINARY = 0, 1
CONFIRMED, REJECTED, INDETERMINATE = 0, 1, 2
_MOST_CALLS = 1 << 15  # more than a batch has: they are counted in 16 bits
OUTCOMES = ("confirmed", "rejected", "indeterminate")


@dataclass(frozen=True)
class Batches:
    """Each batch and each ordinary event with an event in the bucket; times in seconds."""

    number: Ints
    """Its number within the run: a batch with several visitors may be in several buckets."""
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
        """From a file of batches/."""
        columns: dict[str, Any] = {name: table[name].to_numpy() for name in cls.__dataclass_fields__ if name != "name"}
        return cls(name=table["name"], **columns)

    def __len__(self) -> int:
        return len(self.kind)


@dataclass(frozen=True)
class Calls:
    """Each call of the bucket's batches; times in seconds."""

    batch: Array
    sent: Floats
    done: Floats
    """NaN: no answer is on file."""
    outcome: Array
    status: Array

    @classmethod
    def of(cls, table: pa.Table) -> "Calls":
        """From a file of calls/."""
        columns: dict[str, Any] = {name: table[name].to_numpy() for name in cls.__dataclass_fields__}
        return cls(**columns)

    @cached_property
    def by_batch(self) -> Ints:
        """The calls sorted by batch, those of one batch as sent."""
        batch, sent = self.batch, self.sent
        if np.all((batch[1:] > batch[:-1]) | ((batch[1:] == batch[:-1]) & (sent[1:] >= sent[:-1]))):
            return np.arange(len(batch))  # as merging leaves them
        order: Ints = np.lexsort((sent, batch))
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

    def number(self, batches: Batches) -> Ints:
        """Each call's batch within the run and its place among that batch's calls, in one: the same in every bucket."""
        place = np.empty(len(self.batch), np.int64)
        place[self.by_batch] = np.arange(len(self.batch))
        number: Ints = batches.number[self.batch].astype(np.int64) * _MOST_CALLS + place - self.starts[self.batch]
        return number


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

    def at(self, places: Ints) -> "Events":
        """Some of them."""
        return Events(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


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

    def at(self, places: Ints) -> "Rows":
        """Some of them."""
        return Rows(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Bucket:
    """The evidence of some visitors, complete in itself."""

    names: pa.Array
    """Visitor number to name."""
    batches: Batches
    calls: Calls
    events: Events
    rows: Rows | None
    """The last reading of the stored log. None: there is no stored log."""
    earlier: tuple[Rows, ...] = ()
    """The readings before it, the earliest first."""

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


def bucket_of(
    batches: pa.Table, calls: pa.Table, events: pa.Table, stored: pa.Table | None, earlier: Sequence[pa.Table] = ()
) -> Bucket:
    """From the files of a bucket, with one numbering of the visitors for all."""
    readings = [reading for reading in (stored, *earlier) if reading is not None]
    columns = [events["visitor"], *(reading[name] for reading in readings for name in ("visitor", "origin"))]
    encoded = [column.combine_chunks().cast(pa.dictionary(pa.int32(), pa.string())) for column in columns]
    together = pa.concat_arrays([column.dictionary for column in encoded]).dictionary_encode()
    codes = together.indices.to_numpy().astype(np.int32)
    numbers: list[tuple[Array, Bools | None]] = []
    start = 0
    for column in encoded:
        mine = codes[start : start + len(column.dictionary)]
        start += len(mine)
        valid = None
        if column.null_count:
            valid = column.is_valid().to_numpy(zero_copy_only=False)
            column = column.indices.fill_null(0)
        else:
            column = column.indices
        numbers.append((mine[column.to_numpy()] if len(mine) else np.zeros(len(column), np.int32), valid))
    rows = []
    for reading, (under, _), (origin, known) in zip(readings, numbers[1::2], numbers[2::2], strict=True):
        if known is not None:
            origin = np.where(known, origin, under)
        rows.append(_rows(reading, origin, under))
    return Bucket(
        together.dictionary,
        Batches.of(batches),
        Calls.of(calls),
        _events(events, numbers[0][0]),
        rows[0] if stored is not None else None,
        tuple(rows[stored is not None :]),
    )


def _numbers(table: pa.Table, name: str) -> tuple[Ints, Bools]:
    """A column of whole numbers and where it has one."""
    column = table[name].combine_chunks()
    if not column.null_count:
        return column.to_numpy(), np.broadcast_to(np.True_, len(column))
    return column.fill_null(0).to_numpy(), column.is_valid().to_numpy(zero_copy_only=False)


def _events(table: pa.Table, visitor: Array) -> Events:
    seq = table["seq"].to_numpy()
    digest, known = _numbers(table, "digest")
    columns = [visitor, seq, table["batch"].to_numpy(), table["index"].to_numpy(), digest, known]
    if not _is_sorted(visitor, seq):
        order = np.lexsort((seq, visitor))
        columns = [column[order] for column in columns]
    return Events(*columns)


def _rows(table: pa.Table, owner: Array, visitor: Array) -> Rows:
    position = table["position"].to_numpy()
    seq, identified = _numbers(table, "seq")
    digest, known = _numbers(table, "digest")
    seen_at: Floats = np.broadcast_to(np.nan, len(owner))
    if "seen_at" in table.schema.names:
        seen_at = table["seen_at"].combine_chunks().fill_null(float("nan")).to_numpy()
    columns = [owner, visitor, position, seq, identified, digest, known, seen_at]
    if not _is_sorted(owner, position):
        order = np.lexsort((position, owner))
        columns = [column[order] for column in columns]
    return Rows(*columns)


def _is_sorted(major: Array, minor: Array) -> bool:
    """Whether rows stand by `major`, then `minor`, as merging leaves them."""
    step = major[1:] == major[:-1]
    step &= minor[1:] < minor[:-1]
    step |= major[1:] < major[:-1]
    return not step.any()
