"""The surroundings of a witness: the batches and the stored rows of its visitor, as sentences and as data to draw."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.arrays import Bools, Ints
from analysis.matching import Matched
from analysis.tables import OUTCOMES, REJECTED, Batches, Bucket, Calls, Parts, Rows

_ROWS = 400
"""Stored rows kept for a drawing."""


@dataclass(frozen=True)
class Scene:
    """A bucket with all that a witness may tell of it."""

    bucket: Bucket
    matched: Matched
    parts: Parts
    promised: Bools
    """Part: whether it is a batch's."""

    @property
    def batches(self) -> Batches:
        """The batches of the bucket."""
        return self.bucket.batches

    @property
    def calls(self) -> Calls:
        """The calls of the bucket."""
        return self.bucket.calls

    @property
    def rows(self) -> Rows:
        """The stored rows."""
        assert self.bucket.rows is not None
        return self.bucket.rows

    def visitor_of(self, event: int) -> int:
        """The visitor of an event."""
        return int(self.bucket.events.visitor[event])

    def seq(self, event: int) -> int:
        """The seq of an event."""
        return int(self.bucket.events.seq[event])

    def batch(self, event: int) -> int:
        """The batch of an event."""
        return int(self.bucket.events.batch[event])

    def position(self, row: int) -> int:
        """The position of a row."""
        return int(self.rows.position[row])

    def name(self, batch: int) -> str:
        """The name of a batch."""
        return str(self.batches.name[batch].as_py())

    def confirmed(self, event: int) -> str:
        """`seq 3 (batch b2, confirmed at 12.617 s)`."""
        batch = self.batch(event)
        return f"seq {self.seq(event)} (batch {self.name(batch)}, confirmed at {self.batches.ack[batch]:.3f} s)"

    def sent(self, event: int) -> str:
        """`seq 7 (batch b3, sent at 12.640 s)`."""
        batch = self.batch(event)
        return f"seq {self.seq(event)} (batch {self.name(batch)}, sent at {self.batches.first_sent[batch]:.3f} s)"

    def answered(self, event: int) -> str:
        """`seq 3 (batch b2, rejected with 400 at 12.617 s)`; whatever its outcome was."""
        batch = self.batch(event)
        if np.isfinite(self.batches.ack[batch]):
            return self.confirmed(event)
        last = int(self.calls.of_batch(batch)[-1])
        if self.batches.outcome[batch] == REJECTED:
            status = int(self.calls.status[last])
            answer = f"rejected{f' with {status}' if status else ''} at {self.calls.done[last]:.3f} s"
        else:
            answer = f"sent at {self.batches.first_sent[batch]:.3f} s, without a certain answer"
        return f"seq {self.seq(event)} (batch {self.name(batch)}, {answer})"

    def entry(self, event: int, row: int) -> list[Any]:
        """[seq, batch name, place in the call, position]; row -1: not stored."""
        events = self.bucket.events
        index = int(events.index[event])
        return [self.seq(event), self.name(self.batch(event)), index, self.position(row) if row >= 0 else None]

    def rows_of(self, visitor: int) -> Ints:
        """The rows that carry an identity of a visitor (or none, and are stored under it), by position."""
        start, end = np.searchsorted(self.rows.owner, [visitor, visitor + 1])
        mine: Ints = np.arange(start, end)
        return mine

    def stored_later(self, event: int) -> int:
        """The earliest stored event that `event` must precede."""
        events, part = self.bucket.events, self.parts.of_event
        start, end = np.searchsorted(events.visitor, [events.visitor[event], events.visitor[event] + 1])
        others: Ints = np.arange(start, end)
        later = (part[others] == part[event]) & (events.index[others] > events.index[event])
        later |= self.batches.first_sent[events.batch[others]] > self.batches.ack[self.batch(event)]
        others = others[later & self.promised[part[others]] & (self.matched.copies[others] > 0)]
        return int(others[np.argmin(self.matched.first_row[others])])

    def drawn(self, visitor: int, bad: Iterable[int]) -> list[int]:
        """The batches to draw: the bad ones, one of the visitor before them and up to two after, as sent."""
        mine = np.flatnonzero((self.parts.visitor == visitor) & self.promised)
        batch = self.parts.batch[mine]
        ordered = batch[np.lexsort((batch, self.batches.first_sent[batch]))]
        places = np.flatnonzero(np.isin(ordered, list(bad)))
        if not len(places):
            return []
        around = {*places.tolist(), *range(places[0] - 1, places[0]), *range(places[-1] + 1, places[-1] + 3)}
        return [int(ordered[place]) for place in sorted(around) if 0 <= place < len(ordered)]

    def batch_data(self, visitor: int, batch: int) -> dict[str, Any]:
        """A batch as far as it is the visitor's."""
        part = int(np.flatnonzero((self.parts.visitor == visitor) & (self.parts.batch == batch))[0])
        ack = float(self.batches.ack[batch])
        return {
            "name": self.name(batch),
            "number": int(self.batches.number[batch]),
            "events": int(self.parts.size[part]),
            "first_seq": int(self.bucket.events.seq[self.parts.of_event == part].min()),
            "sent": float(self.batches.first_sent[batch]),
            "done": ack if np.isfinite(ack) else None,
            "outcome": OUTCOMES[int(self.batches.outcome[batch])],
            "calls": int(self.batches.calls[batch]),
        }

    def stored(self, visitor: int, drawn: list[int], evidence: list[int]) -> list[list[Any]]:
        """[position, seq, batch number] of the visitor's rows of the drawn batches and of the evidence."""
        rows, events = self.rows, self.bucket.events
        mine = self.rows_of(visitor)
        event = self.matched.event[mine]
        batch = np.where(event >= 0, events.batch[event], -1) if len(events) else np.full(len(mine), -1)
        shown = mine[(self.matched.copy[mine] & np.isin(batch, drawn)) | np.isin(mine, evidence)]
        if len(shown) > _ROWS:
            distance = np.min([np.abs(shown - row) for row in evidence or [int(shown[0])]], axis=0)
            shown = np.sort(shown[np.argsort(distance, kind="stable")[:_ROWS]])
        return [
            [
                self.position(row),
                int(rows.seq[row]),
                int(self.batches.number[events.batch[self.matched.event[row]]]) if self.matched.event[row] >= 0 else None,
            ]
            for row in shown.tolist()
        ]
