"""Reads the stored log back over HTTP: the paged stream that docs/formats.md asks of a system under test."""

import ssl
from collections.abc import Callable, Iterator

import httpx
import msgspec

from inorder.errors import TargetUnavailable
from inorder.readback import asking, positions
from inorder.readback.row import StoredRow

_ROWS = msgspec.json.Decoder(StoredRow)
_HINT = "is INORDER_READBACK_TOKEN set and right?"


class ReadBack:
    """The stream of one system; to be closed."""

    sorted = True

    def __init__(self, base: str, token: str | None, page: int, verify: ssl.SSLContext | bool = True) -> None:
        """`base` is the address that the calls go to; the stream is at the same origin. `page`: rows a request."""
        try:
            url = httpx.URL(base)
            self._address = str(url.copy_with(raw_path=b"/stored", fragment=None))
        except httpx.InvalidURL as error:
            raise TargetUnavailable(f"{base}: no address of a target: {error}") from None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = asking.client_of(url.host, headers, verify)
        self._limit = page
        self._after = -1

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def check(self) -> None:
        """Ask for one row; raises TargetUnavailable with one line where the stream is not there, or closed to us."""
        self._ask(-1, 1, attempts=1)

    def last_position(self, known: int = -1, step: int = 1, found: Callable[[int], None] | None = None) -> int:
        """The newest position, found by bisection (positions.py), for the stream has no way to ask for it."""

        def first(after: int) -> int | None:
            rows = self._ask(after, 1)
            return rows[0].position if rows else None

        return positions.newest(first, known, step, found)

    def check_whole(self) -> None:
        """An empty answer is the end."""

    def begin(self, after: int) -> None:
        """Read behind a position from now on."""
        self._after = after

    def pages(self) -> Iterator[list[StoredRow]]:
        """Pages of the rows behind those given so far, until there are none; a page that fails is asked for again."""
        while rows := self._ask(self._after, self._limit):
            newest = max(row.position for row in rows)
            if newest <= self._after:
                raise TargetUnavailable(f"{self._address}: asked for rows behind {self._after}, got only older ones")
            self._after = newest
            yield rows

    def _ask(self, after: int, limit: int, attempts: int = asking.ATTEMPTS) -> list[StoredRow]:
        params = {"after": after, "limit": limit}
        return self._rows(asking.ask(self._client, self._address, params, self._address, _HINT, attempts))

    def _rows(self, body: bytes) -> list[StoredRow]:
        try:
            return _ROWS.decode_lines(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise TargetUnavailable(f"{self._address}: no read-back stream: {error}") from None
