"""How the pages of a listing follow each other, where they cannot be asked for by position: one walk, page by page."""

from typing import Any

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.fields import FieldPath, path_of
from inorder.readback.ways import Paging

State = int | str | None
"""What tells a page: its number, how many records stand before it, a cursor or an address; None: the first."""


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
        self._page: list[Any] = []

    def start(self) -> None:
        """Take the walk up: at the last page that had records."""
        self.state = self._last
        self._asked = {self.state}

    def fresh(self, records: list[Any], answer: Any) -> tuple[list[Any], bool]:
        """(the records of a page that were not given yet, whether there is a page behind it); moves to that page.

        Raises TargetUnavailable where the pages go round in circles.
        """
        if not records:
            return [], False
        by = self._paging.by
        again = self.state == self._last and by != "offset"
        if by in ("page", "offset") and not again and records == self._page:
            raise self._circle(f"{self._paging.parameter}={self.state} gives the page before it again")
        new = records[self._given :] if again else records
        self._last, self._given, self._page = self.state, len(records), records
        if by == "page":
            assert isinstance(self.state, int)
            self.state += 1
        elif by == "offset":
            assert isinstance(self.state, int)
            self.state += len(records)
            self._last = self.state
        else:
            assert self._next is not None
            found = self._next.get(answer)
            if not isinstance(found, str | int) or found is True or not found:
                return new, False
            if found in self._asked:
                shown = str(found).partition("?")[0]
                raise self._circle(f"{self._paging.next} names a page that was asked for before: {shown}")
            self.state = found
            self._asked.add(found)
        return new, True

    def _circle(self, why: str) -> TargetUnavailable:
        return TargetUnavailable(f"{self._place}: the pages go round in circles: {why}")
