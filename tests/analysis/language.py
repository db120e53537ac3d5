"""A tiny language for histories and stored logs, and what judging them finds.

    found("ann: [0 1] [2 3]", stored="ann: 2 3 0 1")      (judged.py)

**What was sent.** `visitor: call call …`, several visitors divided by `;`. Everything happens in the order written, a
second apart, each call answered half a second after it was sent.

    [0 1]       a batch with seq 0 and 1, confirmed
    [0 1]?      a call without a certain answer; the client goes on after it
    [0 1]!      a rejected call
    [0 1]?!.    one batch, three calls: no certain answer, rejected, confirmed (`.`); each sent after the one before
    [0 1]-      no answer is on file at all
    [0 1]|[2]   sent at the same time: two calls in flight
    [0] [1] [0] the batch [0] again: a later call of the same batch
    (2) (2)?    an ordinary call, with the same marks
    ann+bob: [a0 a1 b0]   a call with events of two visitors, named by their initials

**What is stored.** `visitor: seq seq …`, in the order of the positions, visitors divided by `;`.

    0           seq 0, as it was sent
    0*          seq 0 with another payload
    a0          stored here, though its identity says seq 0 of the visitor whose initial is `a`
    _           a row whose identity cannot be read
    .           a position that no row has

`earlier`: what an earlier reading of the log held, or several readings, the earliest first. Equal places in the texts
are equal positions.

Digests are made from visitor and seq. `settled=False`: the log was not read to its end.
"""

import re
from dataclasses import dataclass, field
from zlib import crc32

from inorder.scenario import Promises

Event = tuple[str, int]
CLEAN = "ann: [0 1] [2 3] (4)", "ann: 0 1 2 3 4"
"""Sent and stored, with nothing wrong."""
MARKS = {".": "confirmed", "!": "rejected", "?": "indeterminate", "-": "indeterminate"}


@dataclass(frozen=True)
class Call:
    """One call; `done` None: no answer is on file."""

    batch: str
    kind: str
    sent: float
    done: float | None
    outcome: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Row:
    """One stored row; `seq` None: no identity could be read."""

    visitor: str
    origin: str
    seq: int | None
    changed: bool = False
    place: int | None = None
    """Its place among the positions; None: as it stands among the rows."""

    @property
    def digest(self) -> int:
        """Digest of its payload."""
        return digest(self.origin, self.seq or 0) + self.changed


@dataclass(frozen=True)
class Case:
    """A history and a stored log; `rows` None: there is no log."""

    calls: tuple[Call, ...]
    rows: tuple[Row, ...] | None
    settled: bool = True
    promises: Promises = field(default_factory=Promises)
    earlier: tuple[tuple[Row, ...], ...] = ()
    """Earlier readings of the log, the earliest first; `rows` is the last."""
    whole: bool = True
    """Whether the history is whole."""

    def batches(self) -> dict[str, list[Call]]:
        """The calls of each batch, in the order first sent."""
        grouped: dict[str, list[Call]] = {}
        for call in self.calls:
            grouped.setdefault(call.batch, []).append(call)
        return grouped


def digest(visitor: str, seq: int) -> int:
    """The digest of an event as it was sent."""
    return crc32(f"{visitor} {seq}".encode())


def case(
    sent: str, stored: str | None, settled: bool = True, earlier: str | tuple[str, ...] = (), **promises: bool
) -> Case:
    """Read a case from its texts."""
    calls: list[Call] = []
    now = 0.0
    visitors = [name for line in sent.split(";") for name in line.partition(":")[0].strip().split("+")]
    for line in sent.split(";"):
        names, _, text = line.partition(":")
        initials = {name[0]: name for name in names.strip().split("+")}
        alone = names.strip() if "+" not in names else ""
        for together in re.findall(r"(?:[\[(][^\])]*[\])][.?!\-]*\|?)+", text):
            longest = 1
            for number, written in enumerate(re.findall(r"[\[(][^\])]*[\])][.?!\-]*", together)):
                inside, marks = re.fullmatch(r"[\[(]([^\])]*)[\])](.*)", written).groups()  # type: ignore[union-attr]
                events = tuple(
                    (
                        initials[token[0]] if token[0].isalpha() else alone,
                        int(token.lstrip("abcdefghijklmnopqrstuvwxyz")),
                    )
                    for token in inside.split()
                )
                kind = "batch" if written[0] == "[" else "ordinary"
                batch = "+".join(f"{visitor}{seq}" for visitor, seq in events)
                for attempt, mark in enumerate(marks or "."):
                    begin = now + attempt + 0.01 * number
                    done = None if mark == "-" else begin + 0.5
                    calls.append(Call(batch, kind, begin, done, MARKS[mark], events))
                longest = max(longest, len(marks))
            now += longest
    rows = None if stored is None else tuple(_rows(stored, visitors))
    before = (earlier,) if isinstance(earlier, str) else earlier
    readings = tuple(tuple(_rows(reading, visitors)) for reading in before)
    return Case(tuple(calls), rows, settled, Promises(**promises), readings)


def _rows(stored: str, visitors: list[str]) -> list[Row]:
    rows, place = [], -1
    for line in filter(None, stored.split(";")):
        visitor, _, text = line.partition(":")
        for token in text.split():
            place += 1
            if token == ".":
                continue
            initial, seq, changed = re.fullmatch(r"([a-z]?)(\d+|_)(\*?)", token).groups()  # type: ignore[union-attr]
            origin = next(name for name in visitors if name[0] == initial) if initial else visitor.strip()
            rows.append(Row(visitor.strip(), origin, None if seq == "_" else int(seq), bool(changed), place))
    return rows
