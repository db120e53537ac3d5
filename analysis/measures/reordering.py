"""How far events arrive out of order, whatever was promised: measures of the order of each visitor's events, summed.

An event is reordered iff one sent later is stored before it. Its *extent* is how many events lie between the earliest
stored of those and itself, it included; it is *n-reordered* for the largest n such that the n events stored just
before it were all sent later. These are of RFC 4737; docs/measures.md has the others.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.arrays import Array, Bools, Ints, highest_before, keyed, nearest_above, segment_starts
from analysis.measures import density, disorder
from analysis.measures.histogram import binned, counted, percentile
from analysis.measures.runs import Lengths, lengths, reordering_free


@dataclass
class Reordering:
    """Sums over visitors. Its size has a bound whatever the number of events; what parts hold adds up exactly."""

    events: int = 0
    reordered: int = 0
    extent_max: int = 0
    extents: Counter[int] = field(default_factory=Counter)
    """Extent, in events, to the number of reordered events; exact below `histogram.EXACT`, binned above."""
    n_reordered: Counter[int] = field(default_factory=Counter)
    """n to the number of events that are n- and not (n+1)-reordered; exact and binned in the same way."""
    runs: Lengths = field(default_factory=Lengths)
    """Reordering-free runs that a reordered event ends."""
    open_runs: Lengths = field(default_factory=Lengths)
    """The run at each visitor's end, which nothing ends."""
    displacements: Counter[int] = field(default_factory=Counter)
    """Places late (above 0) or early (below) to the number of events; beyond `density.THRESHOLD` as one more than it."""
    occupancies: Counter[int] = field(default_factory=Counter)
    """Events that wait for an earlier one to the number of events stored with so many waiting; beyond as above."""
    inversions: int = 0
    """Pairs of a visitor's events stored in the other order than sent."""
    pairs: int = 0
    """Pairs of events of one visitor."""
    removals: int = 0
    """The fewest events without which all others were in order."""

    def add(self, other: "Reordering") -> None:
        """Take in the measures of other visitors."""
        self.events += other.events
        self.reordered += other.reordered
        self.extent_max = max(self.extent_max, other.extent_max)
        self.extents.update(other.extents)
        self.n_reordered.update(other.n_reordered)
        self.runs.add(other.runs)
        self.open_runs.add(other.open_runs)
        self.displacements.update(other.displacements)
        self.occupancies.update(other.occupancies)
        self.inversions += other.inversions
        self.pairs += other.pairs
        self.removals += other.removals


def measure(visitor: Array, sent: Ints) -> Reordering:
    """`sent` is the rank of each event in the order sent, distinct within a visitor; in stored order by visitor.

    Ranks from 0; they need not be without gaps, nor start anew with each visitor.
    """
    late = highest_before(visitor, sent) > sent
    starts = np.flatnonzero(segment_starts(visitor))
    sizes = np.diff(np.append(starts, len(visitor)))
    # Of most visitors no event is late: nothing but their number of events is needed.
    disordered = np.logical_or.reduceat(late, starts) if len(starts) else np.zeros(0, bool)
    found = in_order(sizes[~disordered])
    if disordered.any():
        mine = np.repeat(disordered, sizes)
        found.add(_disordered(visitor[mine], sent[mine], late[mine]))
    return found


def in_order(sizes: Ints) -> Reordering:
    """What `measure` gives for visitors whose events are in order; `sizes` are their numbers of events."""
    sizes = sizes[sizes > 0].astype(np.int64)
    open_runs = lengths(sizes)
    events = open_runs.total
    same = {0: events} if events else {}
    return Reordering(
        events, open_runs=open_runs, displacements=Counter(same), occupancies=Counter(same), pairs=_pairs(sizes)
    )


def _disordered(visitor: Array, sent: Ints, is_late: Bools) -> Reordering:
    """The measures of visitors that each have an event that is late."""
    late = np.flatnonzero(is_late)
    starts = np.flatnonzero(segment_starts(visitor))
    sizes = np.diff(np.append(starts, len(visitor)))
    key = keyed(visitor, sent)
    earliest = np.searchsorted(np.maximum.accumulate(key), key[late])
    place = np.argsort(key)
    order = np.empty(len(place), np.int64)
    order[place] = np.arange(len(place))
    # The nearest event that was sent earlier ends the run of later ones: the highest of the reversed numbers.
    number = np.repeat(np.arange(len(starts)), sizes)
    reversed_key = keyed(number, len(order) - 1 - order)
    before = np.maximum(nearest_above(reversed_key, late, reversed_key[late]), np.repeat(starts, sizes)[late] - 1)
    extent = late - earliest
    runs, open_runs = reordering_free(late, starts, sizes)
    return Reordering(
        events=len(visitor),
        reordered=len(late),
        extent_max=int(extent.max()),
        extents=binned(extent),
        n_reordered=binned(late - before - 1),
        runs=runs,
        open_runs=open_runs,
        displacements=counted(density.displacements(sent, sent[place])),
        occupancies=counted(density.occupancies(place)),
        inversions=disorder.inversions(order),
        pairs=_pairs(sizes),
        removals=disorder.removals(order),
    )


def _pairs(sizes: Ints) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def as_json(found: Reordering) -> dict[str, Any]:
    """The key `reordering` of verdict.json. Extents, n, displacements and occupancies are texts, for JSON's keys are.

    Shares are of all events, of `inversion_share` of all pairs of a visitor's events; None where there is none. The
    percentiles and the histograms of extents and n name a bin above 4095 events by its lowest value.
    """
    events = found.events
    return {
        "events": events,
        "reordered": found.reordered,
        "ratio": _share(found.reordered, events),
        "extent_max": found.extent_max if found.reordered else None,
        "extent_p50": percentile(found.extents, "50"),
        "extent_p95": percentile(found.extents, "95"),
        "extents": _texts(found.extents),
        "n_reordered": _texts(found.n_reordered),
        "runs": found.runs.as_json() | {"open": found.open_runs.as_json()},
        "density": _density(found.displacements, events, early=True),
        "buffer_density": _density(found.occupancies, events, early=False),
        "inversions": found.inversions,
        "inversion_share": _share(found.inversions, found.pairs),
        "removals": found.removals,
        "removal_share": _share(found.removals, events),
    }


def _density(histogram: Counter[int], events: int, early: bool) -> dict[str, Any]:
    """Shares up to the threshold, and what is beyond it; with `early`, on both sides."""
    limit = density.THRESHOLD
    shares = {str(value): _share(histogram[value], events) for value in sorted(histogram) if abs(value) <= limit}
    beyond = {"above": _share(histogram[limit + 1], events)}
    if early:
        beyond |= {"below": _share(histogram[-limit - 1], events)}
    return {"threshold": limit, "shares": shares, **beyond}


def _texts(histogram: Counter[int]) -> dict[str, int]:
    return {str(value): histogram[value] for value in sorted(histogram)}


def _share(part: int, of: int) -> float | None:
    return part / of if of else None
