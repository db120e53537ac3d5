"""Reads the stored log back over HTTP: the paged stream that docs/formats.md asks of a system under test."""

import ssl
import time
from collections.abc import Callable, Iterator

import httpx
import msgspec

from inorder.errors import TargetUnavailable
from inorder.readback.row import StoredRow

ATTEMPTS = 5
"""A page is asked for so often before the reading fails."""
BACKOFF_S = 0.2
"""Wait before the second attempt, doubled each time."""
TIMEOUT_S = 30.0
MAX_POSITION = (1 << 63) - 1


_ROWS = msgspec.json.Decoder(StoredRow)


class ReadBack:
    """The stream of one system; to be closed, or used in a `with` block."""

    def __init__(self, base: str, token: str | None, page: int, verify: ssl.SSLContext | bool = True) -> None:
        """`base` is the address that the calls go to; the stream is at the same origin. `page`: rows a request."""
        try:
            url = httpx.URL(base)
            # A proxy that the environment names cannot reach this machine's own loopback interface.
            direct = url.host in ("localhost", "::1") or url.host.startswith("127.")
            self._address = str(url.copy_with(raw_path=b"/stored", fragment=None))
        except httpx.InvalidURL as error:
            raise TargetUnavailable(f"{base}: no address of a target: {error}") from None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(headers=headers, timeout=TIMEOUT_S, trust_env=not direct, verify=verify)
        self._limit = page

    def __enter__(self) -> "ReadBack":
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def check(self) -> None:
        """Ask for one row; raises TargetUnavailable with one line where the stream is not there, or closed to us."""
        self._ask(-1, 1, attempts=1)

    def last_position(self, known: int = -1, step: int = 1, found: Callable[[int], None] | None = None) -> int:
        """The newest position, `known` where nothing is behind it (-1: of an empty log).

        Found by bisection, for the stream has no way to ask for it; `step`: how far behind `known` it is expected;
        `found`: told of each position, higher than the one before, as soon as it could be read.
        """
        last = known

        def there(after: int) -> bool:
            nonlocal last
            rows = self._ask(after, 1)
            if rows:
                last = rows[0].position
                if found is not None:
                    found(last)
            return bool(rows)

        if not there(known):
            return known
        while there(min(last + step, MAX_POSITION)):
            step *= 2
        end = min(last + step, MAX_POSITION)  # nothing is stored behind it
        while last < end:
            middle = last + (end - last) // 2
            if not there(middle):
                end = middle
        return last

    def pages(self, after: int) -> Iterator[list[StoredRow]]:
        """Pages of the rows behind `after`, until there are none; a page that fails is asked for again."""
        while rows := self._ask(after, self._limit):
            yield rows
            newest = max(row.position for row in rows)
            if newest <= after:
                raise TargetUnavailable(f"{self._address}: asked for rows behind {after}, got only older ones")
            after = newest

    def _ask(self, after: int, limit: int, attempts: int = ATTEMPTS) -> list[StoredRow]:
        wait_s = BACKOFF_S
        for attempt in range(1, attempts + 1):
            try:
                answer = self._client.get(self._address, params={"after": after, "limit": limit})
            except httpx.HTTPError as error:
                reason = f"{self._address}: not there: {str(error) or type(error).__name__}"
            else:
                if answer.status_code == 200:
                    return self._rows(answer.content)
                reason = self._explain(answer.status_code)
                if answer.status_code < 500 and answer.status_code not in (408, 429):
                    break
            if attempt < attempts:
                time.sleep(wait_s)
                wait_s *= 2
        raise TargetUnavailable(reason)

    def _rows(self, body: bytes) -> list[StoredRow]:
        try:
            return _ROWS.decode_lines(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise TargetUnavailable(f"{self._address}: no read-back stream: {error}") from None

    def _explain(self, status: int) -> str:
        if status == 404:
            return f"{self._address}: no read-back there (404)"
        if status in (401, 403):
            return f"{self._address}: refuses to be read ({status}); is INORDER_READBACK_TOKEN set and right?"
        return f"{self._address}: answers {status}"
