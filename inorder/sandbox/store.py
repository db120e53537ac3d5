"""What the sandbox asks of a store: rows go in as one transaction, and come out in position order."""

from collections.abc import Sequence
from typing import Protocol

from inorder.errors import InorderError

Row = tuple[str, str, bytes, str]
"""A stored event: visitor, event name, the event's bytes as they were passed, name of the server that took it."""

PAGE_BYTES = 16 << 20
"""A page of the read-back stream ends after about so many bytes, whatever its limit of rows: memory stays bounded."""


class StoreError(InorderError):
    """The store could not keep the rows (none of them is stored), or cannot be read."""


class StoreUnsure(StoreError):
    """The connection to the store was lost during a commit: all of the rows are stored, or none."""


class Store(Protocol):
    """One durable log of events. Its own total order is `position`: strictly increasing, never used again."""

    async def commit(self, rows: Sequence[Row]) -> None:
        """Store the rows, in this order, as one transaction; it is on disk when this returns.

        Raises StoreError: nothing is stored; StoreUnsure: all is or nothing, and asking again could store it twice.
        """

    async def page(self, after: int, limit: int) -> bytes:
        """JSON Lines of the first rows behind position `after`: at most `limit`, and empty only if there are none.

        A row that is visible has all rows of lower positions before it, now and later: nothing is ever put in between.
        Raises StoreError.
        """

    async def last_position(self) -> int:
        """The highest position in the log, -1 where it is empty."""

    async def discard(self, after: int) -> list[tuple[str, bytes]]:
        """Take the rows behind position `after` out of the log: (visitor, event bytes) of each. For faults only."""

    async def reset(self) -> None:
        """Empty the log; positions go on where they stood."""

    async def close(self) -> None:
        """Close the store; no other call may be under way."""
