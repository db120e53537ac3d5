"""Whose a stored row is, by the identity that it carries: stored rows made into the columns of the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from inorder.dialects.base import Dialect
from inorder.events import Namespace
from inorder.readback.row import StoredRow

SCHEMA = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),  # the system's own order, kept as read
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

    namespace: Namespace
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
        namespace = self.namespace
        owns, read, name_of = namespace.owns, self.dialect.read, namespace.name
        for row in rows:
            identity, digest = read(row, namespace)
            if identity is None:
                if not owns(row.visitor):
                    continue
                origin, seq = None, None
            else:
                origin, seq = name_of(identity[0]), identity[1]
            kept.append(row)
            origins.append(None if origin == row.visitor else origin)
            seqs.append(seq)
            digests.append(digest)
        columns: list[Any] = [
            [row.position for row in kept],
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
