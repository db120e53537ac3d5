"""What an answer means: confirmed, rejected or indeterminate, by its status and, where asked, by its body."""

from typing import Any

import msgspec

from inorder.fields import path_of
from inorder.history import CONFIRMED, INDETERMINATE, REJECTED, Outcome
from inorder.targets.file import Outcomes

_STATUSES = range(600)


class Meaning:
    """The outcomes of a target file as a table by status."""

    def __init__(self, given: Outcomes | None = None) -> None:
        """None: 2xx took effect, 408 and 5xx may have, the rest did not, and 429 did not for now."""
        given = given or Outcomes()
        self._by_status = [_meaning(given, status) for status in _STATUSES]
        self._rule = given.body
        self._field = path_of(given.body.field) if given.body else None
        self.reads_bodies = given.body is not None
        """Whether `of` needs the whole body of confirmed answers."""

    def of(self, status: int, body: bytes = b"") -> tuple[Outcome, bool]:
        """(outcome, whether the same call may be sent again) of an answer."""
        outcome, again = self._by_status[status] if status in _STATUSES else (REJECTED, False)
        if outcome == CONFIRMED and self._rule is not None and not self._says_so(body):
            otherwise: Outcome = self._rule.otherwise
            return otherwise, otherwise == INDETERMINATE
        return outcome, again

    def _says_so(self, body: bytes) -> bool:
        assert self._rule is not None
        assert self._field is not None
        try:
            answer: Any = msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False
        # True is 1 in Python, and not in an answer.
        value = self._field.get(answer)
        return any(type(value) is type(own) and value == own for own in self._rule.equals)


def _meaning(given: Outcomes, status: int) -> tuple[Outcome, bool]:
    """The most particular entry counts: `503` before `5xx`."""
    lists: tuple[tuple[tuple[str, ...], tuple[Outcome, bool]], ...] = (
        (given.confirmed, (CONFIRMED, False)),
        (given.indeterminate, (INDETERMINATE, True)),
        (given.again, (REJECTED, True)),
    )
    for name in (str(status), f"{status // 100}xx"):
        for named, meaning in lists:
            if name in named:
                return meaning
    return REJECTED, False
