"""Real sessions as behaviour: click logs read from a file, each visitor replaying one of them.

Two forms are read. JSON Lines, one session a line: `{"session": 1, "events": [{"aid": 2, "ts": 1659304800025,
"type": "clicks"}, …]}` with types clicks, carts, orders. CSV with the columns timestamp, visitorid, event, itemid,
transactionid and the events view, addtocart, transaction. Times are milliseconds since 1970. What is replayed is the
kind, the time and the number of the events; the product gives way to the identity that the judge needs.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from inorder.behaviour import CART, CLICK, DAY_S, ORDER, Clock
from inorder.errors import UnusableInput
from inorder.events import MAX_SEQ, Namespace
from inorder.templates import CARTS, CLICKS, ORDERS
from inorder.text_file import readable

_COLUMNS = ["timestamp", "visitorid", "event", "itemid", "transactionid"]
_LOG_TYPES = {"clicks": CLICK, "carts": CART, "orders": ORDER}
_CSV_EVENTS = {"view": CLICK, "addtocart": CART, "transaction": ORDER}
_MAX_MS = 253_402_300_799_000  # the end of the year 9999: beyond it no ISO time can be written

Milliseconds = Annotated[int, Meta(ge=0, le=_MAX_MS)]


class _Click(Struct):
    aid: int
    ts: Milliseconds
    type: Literal["clicks", "carts", "orders"]


class _Session(Struct):
    events: Annotated[list[_Click], Meta(min_length=1, max_length=MAX_SEQ + 1)]


class Step(Struct, frozen=True):
    """One event of a session: its kind, its second, and which order it is a line of (0: none)."""

    kind: int
    second: int
    order: int


def read(path: Path) -> list[list[Step]]:
    """The sessions of a click log; raises UnusableInput that names the line."""
    with readable(path), path.open(encoding="utf-8", newline="") as file:
        first = file.readline()
        file.seek(0)
        rows = file if first.lstrip().startswith("{") else None
        sessions = list(_json_sessions(rows, path)) if rows else _csv_sessions(csv.reader(file), path)
    if not sessions:
        raise UnusableInput(f"{path}: expected at least one session, got none")
    return sessions


def _json_sessions(lines: Iterator[str], path: Path) -> Iterator[list[Step]]:
    decoder = msgspec.json.Decoder(_Session)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            session = decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise UnusableInput(f"{path}:{number}: no session of a click log: {error}") from None
        steps, order, last = [], 0, None
        for seq, event in enumerate(session.events):
            kind, second = _LOG_TYPES[event.type], event.ts // 1000
            if kind == ORDER and last != (ORDER, second):
                order = seq + 1  # lines of one order stand next to each other, in one second
            last = (kind, second)
            steps.append(Step(kind, second, order if kind == ORDER else 0))
        yield steps


def _csv_sessions(rows: Iterator[list[str]], path: Path) -> list[list[Step]]:
    header = next(rows, [])
    if header != _COLUMNS:
        raise UnusableInput(f"{path}:1: expected JSON Lines, or CSV with the header {','.join(_COLUMNS)}")
    visitors: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    try:
        for number, row in enumerate(rows, 2):
            if not row:
                continue
            if len(row) != len(_COLUMNS):
                raise UnusableInput(f"{path}:{number}: expected {len(_COLUMNS)} columns, got {len(row)}")
            time, visitor, event, _, transaction = row
            if not (time.isascii() and time.isdigit() and int(time) <= _MAX_MS):
                raise UnusableInput(f"{path}:{number}: timestamp: expected milliseconds since 1970, got {time!r}")
            if event not in _CSV_EVENTS:
                raise UnusableInput(f"{path}:{number}: event: expected {', '.join(_CSV_EVENTS)}, got {event!r}")
            if not visitor:
                raise UnusableInput(f"{path}:{number}: visitorid: expected a name, got none")
            visitors[visitor].append((int(time), _CSV_EVENTS[event], transaction))
            if len(visitors[visitor]) > MAX_SEQ + 1:
                raise UnusableInput(f"{path}:{number}: expected at most {MAX_SEQ + 1} events of one visitor")
    except csv.Error as error:
        raise UnusableInput(f"{path}: no CSV: {error}") from None
    return [_steps(events) for events in visitors.values()]


def _steps(events: list[tuple[int, int, str]]) -> list[Step]:
    """One visitor's rows, put in the order of their times (such logs are often not sorted)."""
    orders: dict[str, int] = {}
    steps = []
    for seq, (time, kind, transaction) in enumerate(sorted(events, key=lambda event: event[0])):
        order = orders.setdefault(transaction, seq + 1) if kind == ORDER else 0
        steps.append(Step(kind, time // 1000, order))
    return steps


class Replay:
    """Visitors that replay the sessions of a click log: visitor n the session n - 1, counted around."""

    def __init__(self, sessions: list[list[Step]], namespace: Namespace) -> None:
        self.sessions = sessions
        self.namespace = namespace
        self.clock = Clock()
        self.templates = (CLICKS[0][1], CARTS[0][1], ORDERS[0][1])

    def session(self, number: int) -> list[Step]:
        """The session of visitor `number`."""
        return self.sessions[(number - 1) % len(self.sessions)]

    def size(self, number: int) -> int:
        """How many events visitor `number` makes."""
        return len(self.session(number))

    def cursor(self, number: int) -> "ReplayCursor":
        """The start of the session of visitor `number`."""
        return ReplayCursor(self, number)


class ReplayCursor:
    """A place in a replayed session."""

    __slots__ = ("_number", "_replay", "seq")

    def __init__(self, replay: Replay, number: int) -> None:
        self._replay = replay
        self._number = number
        self.seq = 0

    def take(self, count: int, ordinary: bool) -> list[bytes]:
        """The next `count` events as canonical envelopes; the kinds are the same in both kinds of call."""
        replay = self._replay
        name = replay.namespace.name(self._number).encode()
        base = replay.namespace.base(self._number)
        envelopes = []
        for seq, step in enumerate(replay.session(self._number)[self.seq : self.seq + count], self.seq):
            when = replay.clock.date(step.second // DAY_S), replay.clock.times[step.second % DAY_S]
            if step.kind == ORDER:
                values: tuple[object, ...] = (base + seq, base + step.order - 1, name, *when)
            else:
                values = (base + seq, name, *when)
            envelopes.append(replay.templates[step.kind] % values)
        self.seq += count
        return envelopes
