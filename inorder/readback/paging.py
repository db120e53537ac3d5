"""How the pages of a listing follow each other, where they cannot be asked for by position: one walk, page by page."""

import hashlib
from typing import Any

import msgspec

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.fields import MISSING, FieldPath, path_of
from inorder.readback.records import excerpt
from inorder.readback.ways import Paging

State = int | str | None
"""What tells a page: its number, how many records stand before it, a cursor or an address; None: the first."""
_EMPTY = 1000
"""So many pages without a record may follow each other."""


def checked(paging: Paging) -> Paging:
    """The same; raises UnusableInput with the key that is missing."""
    if paging.by != "link" and not paging.parameter:
        raise UnusableInput(f"readback.paging.parameter: expected the parameter of the query that takes the {paging.by}")
    if paging.by in ("cursor", "link") and not paging.next:
        raise UnusableInput(f"readback.paging.next: expected the path of the next {paging.by} in an answer")
    return paging


class Walk:
    """A walk from the first page on; where there was no next page, it goes on there when it is taken up again."""

    def __init__(self, paging: Paging, place: str) -> None:
        """`place`: of the listing, for errors."""
        self._paging, self._place = paging, place
        self._next: FieldPath | None = path_of(paging.next) if paging.next else None
        self.state: State = {"page": paging.first, "offset": 0}.get(paging.by)
        """Of the page to be asked for."""
        self._last: State = self.state
        self._given = 0
        """Records of the page `_last` that were given."""
        self._asked: set[State] = set()
        self._pages: set[bytes] = set()
        """Fingerprints of the pages with records."""
        self._empty = 0
        self._named = self._next is None
        """Whether an answer had the place of the next page."""

    def start(self) -> None:
        """Take the walk up: at the last page that had records."""
        self.state = self._last
        self._asked = {self.state}

    def fresh(self, records: list[Any], answer: Any) -> tuple[list[Any], bool]:
        """(the records of a page that were not given yet, whether there is a page behind it); moves to that page.

        Raises TargetUnavailable where the pages go round in circles.
        """
        by = self._paging.by
        self._empty = 0 if records else self._empty + 1
        if not records and by in ("page", "offset"):
            return [], False
        new: list[Any] = []
        if records:
            again = self.state == self._last and by != "offset"
            self._unlike(records, again)
            new = records[self._given :] if again else records
            self._last, self._given = self.state, len(records)
        if by in ("page", "offset"):
            assert isinstance(self.state, int)
            self.state += 1 if by == "page" else len(records)
            self._last = self.state if by == "offset" else self._last
            return new, True
        return new, self._follow(answer, bool(records))

    def _unlike(self, records: list[Any], again: bool) -> None:
        """Raise where a page is one that was given before; `again`: it was asked for again, and has grown or not."""
        mark = hashlib.blake2b(msgspec.json.encode(records), digest_size=16).digest()
        if mark in self._pages and not again:
            raise self._circle(f"page {len(self._pages) + 1} holds what a page before it held")
        self._pages.add(mark)

    def _follow(self, answer: Any, filled: bool) -> bool:
        """Move to the page that an answer names; False: it names none. `filled`: it had records."""
        assert self._next is not None
        found = self._next.get(answer)
        if found is MISSING:
            return False
        self._named = True
        if found is None or found is False or found == "":
            return False
        by_link = self._paging.by == "link"
        if isinstance(found, bool) or not isinstance(found, str if by_link else str | int):
            raise TargetUnavailable(
                f"readback.paging.next: expected a text{'' if by_link else ' or a whole number'} at {self._paging.next!r}, "
                f"got {excerpt(found)} in {excerpt(answer)}"
            )
        if not filled and found == self.state:
            return False  # where it would go on
        if self._empty >= _EMPTY:
            raise TargetUnavailable(f"{self._place}: {_EMPTY} pages without a record follow each other")
        if found in self._asked:
            shown = str(found).partition("?")[0]
            raise self._circle(f"{self._paging.next} names a page that was asked for before: {shown}")
        self.state = found
        self._asked.add(found)
        return True

    def check_whole(self, answer: Any, size: int | None) -> None:
        """Raise where records came and no answer named a next page, in vain or not; `answer`: one to be shown.

        `size`: records that were asked for at a time, if that was said: a page of fewer is the last.
        """
        if self._pages and not self._named and (size is None or self._given >= size):
            raise TargetUnavailable(
                f"readback.paging.next: nothing is at {self._paging.next!r} in any answer, so there may be more pages: "
                "expected the path of the next page (where the last page leaves it out, ask for smaller pages: "
                f"readback.paging.size_parameter, readback.size), got {excerpt(answer)}"
            )

    def _circle(self, why: str) -> TargetUnavailable:
        return TargetUnavailable(f"{self._place}: the pages go round in circles: {why}")
