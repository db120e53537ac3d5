"""Who is in the made-up run: which visitor lies in which bucket, how many events it has, and what befalls it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inorder.bench.victims import EVENTS, READINGS, VICTIMS, Victim
from inorder.errors import UnusableInput
from inorder.events import MAX_VISITOR, Namespace
from inorder.merge.buckets import ROWS, bucket_of

Array = NDArray[Any]

MEAN = 40
"""Events a visitor."""
SHARED = 10
"""Events of either visitor in a call with two."""
NAMES = Namespace("kq")
WORKERS = 4
_VISITORS_A_VICTIM = 20_000
"""One victim of each kind in so many visitors, and at least one where there is room."""
_PAIRS_EVERY = 80
"""Of so many visitors, two have a call in common: one call in two hundred."""
_ORDINARY_EVERY = 50
"""Of so many visitors, one makes its last events online, by ordinary calls."""
_ORDINARY_EVENTS = 8


@dataclass(frozen=True)
class Asked:
    """What to make up; the same values give the same run on every machine."""

    events: int
    seed: int = 1
    disordered: float = 0.0
    """Share of the events that are stored out of order, as far as shuffling whole visitors reaches it."""
    one_visitor: bool = False
    """All events of one visitor, stored in reverse."""
    raw: bool = False
    """History and stored log as they are before merging, instead of merged evidence."""
    readings: int = 1
    """2: with an earlier reading of the log, and what only that shows."""
    bucket_events: int = ROWS

    def __post_init__(self) -> None:
        """Raise UnusableInput where a value is out of range."""
        most = {"events": MAX_VISITOR * MEAN, "disordered": 1, "readings": 2, "seed": 1 << 62, "bucket_events": 1 << 62}
        for name, high in most.items():
            low = 0 if name in ("disordered", "seed") else 1
            if not low <= getattr(self, name) <= high:
                raise UnusableInput(f"bench-data: {name}: expected {low} to {high}, got {getattr(self, name)}")


@dataclass(frozen=True)
class Roster:
    """The visitors of one bucket, by rising number; lists of visitors hold their places here."""

    number: Array
    length: Array
    """Events."""
    ordinary: Array
    """How many of them, the last ones, are ordinary calls."""
    kind: Array
    """Kind of victim, -1: none."""
    leads: Array
    """Visitors whose first batch holds events of another one too: of `follows`, at the same place."""
    follows: Array

    def __len__(self) -> int:
        return len(self.number)


class Plan:
    """The visitors of the whole run; of each only its bucket is held."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.kinds: list[Victim] = [*VICTIMS.values(), *(READINGS.values() if asked.readings > 1 else ())]
        self.visitors = 1 if asked.one_visitor else max(1, asked.events // MEAN)
        self.buckets = 1 if asked.one_visitor else -(-asked.events // asked.bucket_events)
        wanted = max(1, self.visitors // _VISITORS_A_VICTIM) * len(self.kinds)
        self.victims = 0 if asked.one_visitor else min(wanted, self.visitors // 3)
        spread = np.arange(self.victims) * self.visitors // max(1, self.victims)
        self._kind = np.full(self.visitors, -1, np.int8)
        self._kind[spread] = np.arange(self.victims) % len(self.kinds)

    @cached_property
    def _bucket(self) -> Array:
        """The bucket of each visitor."""
        if self.buckets == 1:
            return np.zeros(self.visitors, np.uint16)
        each = (bucket_of(NAMES.name(number), self.buckets) for number in range(1, self.visitors + 1))
        return np.fromiter(each, np.uint16, self.visitors)

    @cached_property
    def _extra(self) -> Array:
        """How many events beyond the fewest all visitors of the buckets before each bucket have; one more at the end."""
        plain = np.bincount(self._bucket[self._kind < 0], minlength=self.buckets)
        fewest = sum(int(_fewest(kind).sum()) for kind in map(self._kinds_of, range(self.buckets)))
        before = np.concatenate([[0], np.cumsum(plain)])
        extra: Array = (self.asked.events - fewest) * before // before[-1]
        return extra

    def _kinds_of(self, bucket: int) -> Array:
        kinds: Array = self._kind[self._bucket == bucket]
        return kinds

    def roster(self, bucket: int, rng: np.random.Generator) -> Roster:
        """The visitors of a bucket; their lengths are geometric, and add up to the events asked for."""
        number = np.flatnonzero(self._bucket == bucket) + 1
        kind = self._kind[number - 1].astype(np.int64)
        plain = np.flatnonzero(kind < 0)
        leads, follows = _pairs(len(plain))
        length = _fewest(kind)
        extra = int(self._extra[bucket + 1] - self._extra[bucket])
        if len(plain):
            # The gaps between random cuts of a line are geometric, and never miss its length.
            cuts = np.sort(rng.integers(0, extra + 1, len(plain) - 1))
            length[plain] += np.diff(np.concatenate([[0], cuts, [extra]]))
        ordinary = np.zeros(len(number), np.int64)
        ordinary[kind >= 0] = np.array([own.ordinary for own in self.kinds])[kind[kind >= 0]]
        if not self.asked.one_visitor:
            online = np.arange(_ORDINARY_EVERY // 2, len(plain), _ORDINARY_EVERY)
            online = plain[np.setdiff1d(online, np.concatenate([leads, follows]))]
            ordinary[online] = np.minimum(length[online] // 2, _ORDINARY_EVENTS)
        return Roster(number, length, ordinary, kind, plain[leads], plain[follows])


def _pairs(plain: int) -> tuple[Array, Array]:
    """Which of so many visitors share a call."""
    follows = np.arange(1, plain, _PAIRS_EVERY)
    return follows - 1, follows


def _fewest(kind: Array) -> Array:
    """The fewest events of the visitors of a bucket."""
    length = np.where(kind >= 0, EVENTS, 1)
    plain = np.flatnonzero(kind < 0)
    for places in _pairs(len(plain)):
        length[plain[places]] = SHARED
    return length
