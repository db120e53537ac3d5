"""Reading a log by its positions: what is behind one, where the newest is, and an order that must be kept on the way."""

from collections.abc import Callable, Iterator

from inorder.errors import TargetUnavailable
from inorder.readback.row import StoredRow

MAX_POSITION = (1 << 63) - 1


class Mark:
    """How far a log was read: the position of the last row, and how many rows with it were given."""

    def __init__(self, after: int, place: str) -> None:
        """`after`: rows behind it are wanted; `place`: of the log, for errors."""
        self.position, self.held = after, 0
        self._place = place

    def take(self, rows: list[StoredRow]) -> list[StoredRow]:
        """Move the mark to the last of these rows, and give them.

        Raises TargetUnavailable where they do not come in ascending order. Equal positions are let through: judging
        sees them.
        """
        for row in rows:
            if row.position > self.position:
                self.position, self.held = row.position, 1
            elif row.position == self.position:
                self.held += 1
            else:
                raise TargetUnavailable(f"{self._place}: {self._fallen(row.position)}")
        return rows

    def _fallen(self, position: int) -> str:
        if position < 0:
            return f"a row behind position {self.position} has no position"
        return f"position {position} comes behind {self.position}: expected ascending positions, oldest first"

    def behind(self, ask: Callable[[int], Iterator[list[StoredRow]]]) -> Iterator[list[StoredRow]]:
        """Pages behind the mark, until there are none; `ask` gives those behind a position, or only the first of them.

        Each time one position is asked for again: rows that share it may have been cut off by the end of a page.
        """
        while True:
            at, held, new = self.position, self.held, False
            known = held
            for page in ask(at - 1 if held else at):
                known = known if self.position == at else 0
                old = sum(row.position == at for row in page[:known])
                known -= old
                if rows := self.take(page[old:]):
                    new = True
                    yield rows
            if new:
                continue
            if not held:
                return
            # All that came was there before, and may be as much as the system gives at a time.
            for page in filter(None, ask(at)):
                new = True
                yield self.take(page)
            if not new:
                return


def newest(ask: Callable[[int], int | None], known: int, step: int, found: Callable[[int], None] | None = None) -> int:
    """The newest position by bisection, `known` where nothing is behind it.

    `ask`: the first position behind one, None where there is none; `step`: how far behind `known` the newest is
    expected; `found`: told of each position, higher than the one before, as soon as it could be read.
    """
    last = known

    def there(after: int) -> bool:
        nonlocal last
        position = ask(after)
        if position is None:
            return False
        last = position
        if found is not None:
            found(last)
        return True

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
