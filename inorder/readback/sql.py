"""Reads the stored log by one query of a database: its columns are the fields, `:after` is where it goes on."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.readback import ways
from inorder.readback.address import address_of
from inorder.readback.columns import Column, WrongValue
from inorder.readback.databases import bare, database_of, holds_after
from inorder.readback.positions import Mark
from inorder.readback.records import check_columns, parts_of, rows_of
from inorder.readback.row import StoredRow

_TERM = re.compile(r"(?:[^,()]|\((?:[^()]|\([^()]*\))*\))+")
"""What comes first behind ORDER BY."""
_TAIL = re.compile(r" (?:asc|desc|nulls|limit|offset|fetch|for)\b.*")


class Query:
    """One query, in a connection of its own."""

    sorted = True

    def __init__(self, way: ways.Query, page: int, beside: Path = Path()) -> None:
        """`page`: rows at a time; `beside`: what the path of a SQLite file is relative to.

        Raises UnusableInput where the query cannot be one for a log, or the database's part is not installed.
        """
        self._query = way.query.strip().rstrip(";")
        if not way.fields.position:
            raise UnusableInput("readback.fields.position: expected the column that the query is ordered by")
        if not holds_after(self._query):
            raise UnusableInput("readback.query: expected :after, the position behind which rows are wanted")
        if not _ordered(self._query, way.fields.position):
            raise UnusableInput(f"readback.query: expected ORDER BY {way.fields.position}")
        self._fields, self._rows = way.fields, page
        address = address_of(way.uri)
        self._shown = address.shown
        self._database = database_of(address, beside)
        self.begin(-1)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def check(self) -> None:
        """Ask for the first rows, and for those behind the first: it must not come again."""
        if not (rows := self._first(-1)):
            return
        at = rows[0].position
        if at >= 0 and (behind := self._first(at)) and behind[0].position <= at:
            raise UnusableInput(
                f"readback.query: asked for rows behind {at}, got {behind[0].position}: "
                f"expected {self._fields.position} > :after"
            )

    def _first(self, after: int) -> list[StoredRow]:
        """The first rows behind a position."""
        for rows in self._ask(after):
            if rows:
                return rows
        return []

    def last_position(self, known: int = -1, step: int = 1, found: Callable[[int], None] | None = None) -> int:
        """The newest position that the query gives; asked for again where the query has a limit."""
        column = self._database.quoted(self._fields.position)
        query = f"SELECT max({column}) AS position FROM (\n{self._query}\n) AS inorder_log"
        while True:
            ends = [
                row.position
                for columns, count in self._database.batches(query, known, 1)
                for row in self._made({"position": columns["position"]}, count)
            ]
            if not ends or ends[0] <= known:
                return known
            known = ends[0]
            if found is not None:
                found(known)

    def check_whole(self) -> None:
        """An empty answer is the end."""

    def begin(self, after: int) -> None:
        """Read behind a position from now on."""
        self._mark = Mark(after, "readback.query")

    def pages(self) -> Iterator[list[StoredRow]]:
        """Pages of the rows behind those given so far, until there are none."""
        return self._mark.behind(self._ask)

    def _ask(self, after: int) -> Iterator[list[StoredRow]]:
        parts = parts_of(self._fields)
        for number, (columns, count) in enumerate(self._database.batches(self._query, after, self._rows)):
            if not number:
                check_columns(self._fields, columns, "the query")
            if count or not number:
                yield self._made({part: columns[name] for part, name in parts.items()}, count)

    def _made(self, columns: Mapping[str, Column], count: int) -> list[StoredRow]:
        try:
            return rows_of(columns, count)
        except WrongValue as wrong:
            raise TargetUnavailable(f"{self._shown}: readback.query: row {wrong.row} of a page: {wrong}") from None


def _ordered(query: str, position: str) -> bool:
    """Whether the last ORDER BY begins with the position: its name, what is given that name, or a column's number."""
    text, name = bare(query), position.casefold()
    _, found, rest = text.rpartition("order by ")
    term = _TERM.match(rest) if found else None
    if term is None:
        return False
    first = _TAIL.sub("", term[0]).strip()
    last = first.rpartition(".")[2]
    alias = rf"(?<!\w)(?:{re.escape(first)}|{re.escape(last)}) (?:as )?{re.escape(name)}(?!\w)"
    return first.isdecimal() or last == name or re.search(alias, text) is not None
