"""Whose a stored row is, by the identity that it carries: stored rows made into the columns of the evidence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from inorder.dialects.base import Dialect
from inorder.events import Namespace
from inorder.readback.row import StoredRow

SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64()),  # the system's own order, kept as read; null: the row has none
        pa.field("visitor", pa.string(), nullable=False),  # under whom it is stored
        pa.field("origin", pa.string()),  # the visitor in the identity; null: the same
        pa.field("seq", pa.int64()),  # from the identity; null: none of this run could be read
        pa.field("digest", pa.int64()),  # of the canonical envelope; null: the event does not decode
        pa.field("name", pa.string(), nullable=False),
        pa.field("server", pa.string()),
        pa.field("stored_at", pa.float64()),  # the system's wall clock, seconds
        pa.field("seen_at", pa.float64()),  # the run's clock when this reading saw the row, seconds; null: not known
    ]
)
"""Columns of evidence/stored.parquet, one row a stored event of the run."""


@dataclass(frozen=True)
class Identities:
    """What tells a run's own rows from others."""

    namespace: Namespace | None
    """None: all rows are kept, and each visitor is of the run that its name tells."""
    dialect: Dialect
    origin: float | None = 0.0
    """The instant of the reading's clock that is zero of the run's; None: nobody knows it any more."""

    def table(self, rows: Sequence[StoredRow], seen: float) -> pa.Table:
        """The rows that are of the run: stored under one of its visitors, or carrying an identity of its own.

        `seen`: the instant of the reading's clock at which they were read.
        """
        kept: list[StoredRow] = []
        origins: list[str | None] = []
        seqs: list[int | None] = []
        digests: list[int | None] = []
        read, own = self.dialect.read, self.namespace
        for row in rows:
            namespace = own or _named_in(row.visitor)
            identity, digest = read(row, namespace)
            if identity is None:
                if own and not own.owns(row.visitor):
                    continue
                origin, seq = None, None
            else:
                origin, seq = namespace.name(identity[0]), identity[1]
            kept.append(row)
            origins.append(None if origin == row.visitor else origin)
            seqs.append(seq)
            digests.append(digest)
        columns: list[Any] = [
            [row.position if row.position >= 0 else None for row in kept],
            [row.visitor for row in kept],
            origins,
            seqs,
            digests,
            [row.name for row in kept],
            [row.server for row in kept],
            [row.stored_at for row in kept],
            [None if self.origin is None else seen - self.origin] * len(kept),
        ]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
        return pa.Table.from_arrays(arrays, schema=SCHEMA)


_NAME = re.compile(r"([a-z]{1,40})[1-9][0-9]*")


@lru_cache(1000)
def _of(prefix: str) -> Namespace:
    return Namespace(prefix)


def _named_in(visitor: str) -> Namespace:
    """The namespace of the run that a visitor's name tells; of another name one of nobody's."""
    found = _NAME.fullmatch(visitor)
    return _of(found[1] if found else "nobody")
