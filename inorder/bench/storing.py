"""How the made-up system stores what a bucket's clients sent: in order but for what befalls it, counted as it is done."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inorder.bench.plan import Plan, Roster
from inorder.bench.sending import Units
from inorder.bench.victims import ODD, Victim

Array = NDArray[Any]

_TWICE_EVERY = 2
"""Of so many batches that were sent twice, one is stored twice."""
_LATE_EVERY = 16
"""Of so many of those, one has its second copy behind the visitor's next batch, as a zombie."""
_SWAPPED_EVERY = 5
"""Of so many pairs of a visitor's ordinary events, one is stored the wrong way round."""


@dataclass(frozen=True)
class Stored:
    """The rows of a bucket, by visitor of the identity and position; `odd` rows are as no event was sent."""

    event: Array
    """Row to event, from `len(events)` on: to an odd one."""
    position: Array
    """From 0."""
    stored_us: Array
    odd: list[tuple[str, int]]
    """What is odd, and the event that it was made of."""
    gone: Array
    """Rows of the earlier reading only."""
    earlier: Array | None
    """The same as `event` for the earlier reading; None: there was none."""


Blocks = Array
"""Runs of rows that are stored together, a column each: visitor, first event, events, and when (microseconds)."""


def store(plan: Plan, roster: Roster, units: Units, rng: np.random.Generator, truth: Counter[str]) -> Stored:
    """Store a bucket, and add to `truth` what a judge must find in it."""
    moved = _moved(plan, roster, rng)
    commit = units.again + 3 * (units.ended - units.again) // 4
    _swap_ordinary(roster, units, commit, rng, truth)
    blocks, earlier, odd = _victims(plan, roster, units, commit, truth)
    plain = _plain(roster, units, commit, moved, rng, truth)
    visitor, first, count, commit = np.concatenate([plain, blocks], axis=1)
    order = np.lexsort((commit, visitor))
    visitor, first, count, commit = visitor[order], first[order], count[order], commit[order]
    by_time = np.argsort(commit, kind="stable")
    position = np.empty_like(count)
    position[by_time] = np.cumsum(count[by_time]) - count[by_time]
    start = np.cumsum(count) - count
    place = np.arange(int(count.sum()))
    event = place + np.repeat(first - start, count)
    rows = Stored(
        event=event,
        position=place + np.repeat(position - start, count),
        stored_us=np.repeat(commit, count),
        odd=odd,
        gone=np.zeros(0, np.int64),
        earlier=None,
    )
    if moved.any():
        _move(plan, units, np.repeat(moved[visitor], count), np.repeat(visitor, count), rows.event, rng)
        _count_moved(units, moved, rows.event, truth)
    return _two_readings(rows, earlier) if plan.asked.readings > 1 else rows


def _moved(plan: Plan, roster: Roster, rng: np.random.Generator) -> Array:
    """The visitors whose rows are shuffled, or all in reverse."""
    if plan.asked.one_visitor:
        return np.ones(len(roster), bool)
    share = plan.asked.disordered
    moved = np.zeros(len(roster), bool)
    if not share:
        return moved
    free = (roster.kind < 0) & (roster.ordinary == 0)
    free[roster.leads] = free[roster.follows] = False
    order = np.argsort(rng.integers(0, 1 << 62, len(roster)), kind="stable")
    order = order[free[order]]
    # Of n shuffled events about n - H(n) follow one that they must precede, H being the harmonic numbers.
    harmonic = np.cumsum(1 / np.arange(1, int(roster.length.max(initial=1)) + 1))
    wrong = np.cumsum(roster.length[order] - harmonic[roster.length[order] - 1])
    moved[order[: int(np.searchsorted(wrong, share * roster.length.sum()))]] = True
    return moved


def _swap_ordinary(roster: Roster, units: Units, commit: Array, rng: np.random.Generator, truth: Counter[str]) -> None:
    """Store some ordinary events before those that were sent, and answered, right before them."""
    begin = units.of_visitor[1:] - roster.ordinary
    first = units.ordinary & ((np.arange(len(units)) - begin[units.visitor]) % 2 == 0)
    first[:-1] &= units.visitor[1:] == units.visitor[:-1]
    first[-1:] = False
    first &= roster.kind[units.visitor] < 0
    at = np.flatnonzero(first)
    at = at[rng.integers(0, _SWAPPED_EVERY, len(at)) == 0]
    commit[at], commit[at + 1] = commit[at + 1], commit[at]
    truth["ordinary/reordered"] += len(at)


def _plain(
    roster: Roster, units: Units, commit: Array, moved: Array, rng: np.random.Generator, truth: Counter[str]
) -> Blocks:
    """All but the victims: each batch once, or twice."""
    plain = roster.kind[units.visitor] < 0
    twice = units.resent & plain & ~moved[units.visitor]
    drawn = rng.integers(0, _TWICE_EVERY, len(units))
    late = twice & (rng.integers(0, _LATE_EVERY, len(units)) == 0)
    drawn[units.of_visitor[roster.follows]] = drawn[units.of_visitor[roster.leads]]
    twice &= drawn == 0
    late[-1:] = False
    late[:-1] &= twice[:-1] & (units.visitor[1:] == units.visitor[:-1]) & ~units.ordinary[1:] & ~units.resent[1:]
    second = commit[twice]
    at = np.flatnonzero(late)
    second[np.searchsorted(np.flatnonzero(twice), at)] = commit[at + 1] + 1
    early = commit.copy()
    # The call without an answer stored it, and so did the next.
    soon = twice & ~late
    early[soon] = units.sent[soon] + (units.again[soon] - units.sent[soon]) // 4
    truth["duplicate-explained"] += int(units.size[twice].sum())
    truth["zombie"] += int(units.size[late].sum())
    columns = [np.concatenate([of[plain], of[twice]]) for of in (units.visitor, units.event, units.size)]
    return np.stack([*columns, np.concatenate([early[plain], second])])


def _victims(
    plan: Plan, roster: Roster, units: Units, commit: Array, truth: Counter[str]
) -> tuple[Blocks, list[tuple[int, Victim]], list[tuple[str, int]]]:
    """The rows of the victims; the first event of each that an earlier reading shows otherwise; what is odd."""
    blocks: list[tuple[int, int, int, int]] = []
    earlier: list[tuple[int, Victim]] = []
    odd: list[tuple[str, int]] = []
    events = int(roster.length.sum())
    for place in np.flatnonzero(roster.kind >= 0).tolist():
        kind = plan.kinds[roster.kind[place]]
        unit = int(units.of_visitor[place])
        first = int(units.event[unit])
        now = 0
        # What is gone later had a place in the log.
        shown = kind.earlier if kind.earlier and kind.earlier[-1][1] > kind.stored[-1][1] else kind.stored
        for begin, end in shown:
            now = max(now + 1, int(commit[unit + min(begin // 20, 2)]) if begin != ODD else 0)
            blocks.append((place, events + len(odd) if begin == ODD else first + begin, end - begin, now))
        if kind.odd:
            odd.append((kind.odd, first + 25))
        if kind.earlier:
            earlier.append((first, kind))
        truth.update(kind.found)
        for name in ("reordered-in-batch", "reordered-across-batches"):
            truth["client"] += kind.found.get(name, 0) * kind.parallel
        truth["client"] += kind.disorder
        truth["disorder"] += kind.disorder
        truth["parallel"] += kind.parallel
        truth["affected"] += kind.affected
        truth["undecided"] += 20 * (kind.last != "confirmed")
    return np.array(blocks, np.int64).reshape(-1, 4).T, earlier, odd


def _move(plan: Plan, units: Units, rows: Array, visitor: Array, event: Array, rng: np.random.Generator) -> None:
    """Change the places of events within their visitors, in `rows`."""
    at = np.flatnonzero(rows)
    if plan.asked.one_visitor:
        event[at] = event[at][::-1].copy()
        return
    order = np.argsort(visitor[at] << 32 | rng.integers(0, 1 << 32, len(at)), kind="stable")
    event[at] = event[at[order]]


def _count_moved(units: Units, moved: Array, event: Array, truth: Counter[str]) -> None:
    """Count what the moved events break, from the events' side: which later event has an earlier place."""
    inside = np.flatnonzero(moved[units.visitor])
    size, first = units.size[inside], units.event[inside]
    start = np.cumsum(size) - size
    own = np.arange(int(size.sum()))
    mine = own + np.repeat(first - start, size)
    place = np.full(int(units.size.sum()), -1, np.int64)
    known = np.flatnonzero(event < len(place))
    place[event[known]] = known
    place = place[mine]
    unit = np.repeat(np.arange(len(inside)), size)
    span = len(event)
    # Keys that fall from unit to unit when read backwards, so that a minimum does not outlive its unit.
    lowest = np.minimum.accumulate((unit * span + place)[::-1])[::-1]
    within = np.zeros(len(own), bool)
    within[:-1] = lowest[1:] - unit[:-1] * span < place[:-1]
    least, most = np.minimum.reduceat(place, start), np.maximum.reduceat(place, start)
    visitor = units.visitor[inside]
    lowest = np.minimum.accumulate((visitor * span + least)[::-1])[::-1]
    later = np.full(len(inside), span)
    later[:-1] = np.where(visitor[1:] == visitor[:-1], lowest[1:] - visitor[1:] * span, span)
    across = later[unit] < place
    truth["reordered-in-batch"] += int(within.sum())
    truth["reordered-across-batches"] += int(across.sum())
    truth["split"] += int((most - least + 1 > size).sum())
    truth["affected"] += len(np.unique(visitor[unit[within | across]]))


def _two_readings(rows: Stored, earlier: list[tuple[int, Victim]]) -> Stored:
    """The rows of both readings, `gone` those of the earlier one only."""
    before = rows.event.copy()
    gone: list[int] = []
    for first, kind in earlier:
        at = np.flatnonzero((rows.event >= first) & (rows.event < first + ODD))
        before[at] = [first + place for begin, end in kind.earlier for place in range(begin, end)]
        gone += at[sum(end - begin for begin, end in kind.stored) :].tolist()
    return Stored(rows.event, rows.position, rows.stored_us, rows.odd, np.array(gone, np.int64), before)
