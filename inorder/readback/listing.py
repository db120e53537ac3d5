"""Reads the stored log from a listing of records as JSON over HTTP, page by page, as its target file says."""

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import msgspec

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.fields import MISSING, path_of
from inorder.readback import asking, positions, ways
from inorder.readback.columns import WrongValue
from inorder.readback.paging import Walk, checked
from inorder.readback.positions import Mark
from inorder.readback.records import Picked, excerpt, rows_of
from inorder.readback.row import StoredRow
from inorder.targets.environment import filled

_HINT = "are the headers of the target file right?"


class Listing:
    """One listing; to be closed."""

    sorted = True

    def __init__(self, way: ways.Listing, headers: Mapping[str, str], verify: ssl.SSLContext | bool = True) -> None:
        """`headers`: of each request. Raises UnusableInput where the way cannot be one."""
        self._way = way
        self._paging = checked(way.paging)
        self._by_position = self._paging.by == "position"
        if self._by_position and not way.fields.position:
            raise UnusableInput("readback.fields.position: expected a path, for the pages are asked for by position")
        self._shown = re.sub(r"\?.*", "", way.url)
        try:
            self._address = httpx.URL(filled(way.url, "readback.url"))
        except httpx.InvalidURL as error:
            raise UnusableInput(f"readback.url: {self._shown}: no address: {error}") from None
        if self._address.scheme not in ("http", "https") or not self._address.host:
            raise UnusableInput(f"readback.url: expected http(s)://host[:port]/path, got {self._shown!r}")
        self._client = asking.client_of(self._address.host, headers, verify)
        self._records, self._picked = path_of(way.records), Picked(way.fields)
        self.begin(-1)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def check(self) -> None:
        """Ask for the first page; raises TargetUnavailable, or UnusableInput where a path finds nothing in it."""
        if self._by_position:
            self._behind(-1, attempts=1)
        else:
            walk = Walk(self._paging, self._shown)
            self._rows(walk.fresh(*self._page(self._state(walk), attempts=1))[0])

    def last_position(self, known: int = -1, step: int = 1, found: Callable[[int], None] | None = None) -> int:
        """The newest position: by bisection where pages are asked for by position, else by a walk through them all."""
        if self._by_position:

            def first(after: int) -> int | None:
                rows = self._behind(after)
                return rows[0].position if rows else None

            return positions.newest(first, known, step, found)
        self.begin(known)
        for rows in self.pages():
            known = max(known, rows[-1].position)
        return known

    def check_whole(self) -> None:
        """Raise where no answer of this reading told of a next page, though it should have."""
        if not self._by_position:
            self._walk.check_whole(self._answer, self._way.size if self._way.paging.size_parameter else None)

    def begin(self, after: int) -> None:
        """Begin at the first page again."""
        self._after = after
        self._mark = Mark(after, self._shown)
        self._walk = Walk(self._paging, self._shown)
        self._answer: Any = None

    def pages(self) -> Iterator[list[StoredRow]]:
        """Pages of the rows that were not given yet, until there are none."""
        if self._by_position:
            yield from self._mark.behind(lambda after: filter(None, [self._behind(after)]))
            return
        self._walk.start()
        more = True
        while more:
            records, self._answer = self._page(self._state(self._walk))
            new, more = self._walk.fresh(records, self._answer)
            rows = self._rows(new)
            placed = [row for row in rows if row.position > self._after]
            self._mark.take(placed)
            if wanted := placed if len(placed) == len(rows) else [*placed, *(row for row in rows if row.position < 0)]:
                yield wanted

    def _behind(self, after: int, attempts: int = asking.ATTEMPTS) -> list[StoredRow]:
        assert self._paging.parameter is not None
        rows = self._rows(self._page((self._address, {self._paging.parameter: after}), attempts)[0])
        if rows and rows[0].position <= after:
            raise TargetUnavailable(f"{self._shown}: asked for rows behind {after}, got {rows[0].position}")
        return rows

    def _state(self, walk: Walk) -> tuple[httpx.URL, dict[str, str | int]]:
        """Address and parameters of the page that a walk has come to."""
        if walk.state is None:
            return self._address, {}
        if self._paging.by != "link":
            assert self._paging.parameter is not None
            return self._address, {self._paging.parameter: walk.state}
        address = self._address.join(str(walk.state))
        if (address.scheme, address.netloc) != (self._address.scheme, self._address.netloc):
            raise TargetUnavailable(f"{self._shown}: the next link leads to another system: {address.host}")
        return address, {}

    def _page(
        self, where: tuple[httpx.URL, dict[str, str | int]], attempts: int = asking.ATTEMPTS
    ) -> tuple[list[Any], Any]:
        """(the records of a page, the whole answer)."""
        address, params = where
        if self._way.paging.size_parameter:
            params = {**params, self._way.paging.size_parameter: self._way.size}
        body = asking.ask(self._client, address, params, self._shown, _HINT, attempts)
        try:
            answer = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise TargetUnavailable(
                f"{self._shown}: expected JSON: {error}, got {excerpt(body.decode(errors='replace'))}"
            ) from None
        records = self._records.get(answer)
        if not isinstance(records, list):
            what = "nothing is" if records is MISSING else "no array is"
            raise TargetUnavailable(f"readback.records: {what} at {self._way.records!r} in {excerpt(answer)}")
        return records, answer

    def _rows(self, records: list[Any]) -> list[StoredRow]:
        try:
            return rows_of(self._picked.columns(records), len(records))
        except WrongValue as wrong:
            raise TargetUnavailable(f"{self._shown}: {wrong}, in {excerpt(records[wrong.row])}") from None
