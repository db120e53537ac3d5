"""The order in which a bucket's batches are stored: both rules, whose fault it is, zombies, batches that are split."""

from collections.abc import Iterable

import numpy as np

from analysis import delivery, ordering, witnesses
from analysis.arrays import Bools, Ints, distinct
from analysis.conformance import Breaches
from analysis.facts import Facts, Run, count_checked, count_found, sequence
from analysis.matching import Matched
from analysis.measures import reordering
from analysis.ordering import Sequence
from analysis.scene import Scene
from analysis.tally import Tally, Witness


def order(
    tally: Tally, facts: Facts, matched: Matched, found: Breaches, scene: Scene, affected: Bools
) -> Iterable[Witness]:
    """Both rules of the order on the first copies of batches' events, and whose fault it is where they are broken."""
    stored = sequence(facts, _batch_rows(facts, matched, matched.first), matched)
    across, within = ordering.across(stored), ordering.within(stored)
    count_checked(tally, "order-within-batch", stored.visitor[ordering.can_break_within(stored)])
    count_checked(tally, "order-across-batches", stored.visitor[ordering.can_break_across(stored)])
    tally.reordering["batch"].add(reordering.measure(stored.visitor, _rank_sent(stored, facts)))
    shown: list[Witness] = []
    guilty = found.part[stored.part]
    if guilty.any():
        own = across | within
        late = np.flatnonzero(ordering.out_of_own_order(stored) & guilty & ~own)
        count_found(tally, "disorder", stored.visitor[late], None)
    for name, broken, cause_of in (
        ("reordered-in-batch", within, ordering.within_cause),
        ("reordered-across-batches", across, ordering.across_cause),
    ):
        at = np.flatnonzero(broken)
        if not len(at):
            continue
        cause = cause_of(stored, at)
        client = _by_client(name, stored, guilty)[at]
        count_found(tally, name, stored.visitor[at], affected)
        tally.numbers[f"{name}/client"] += int(client.sum())
        tally.numbers[f"{name}/system/visitors"] += distinct(stored.visitor[at[~client]])
        shown += witnesses.reordered(scene, name, stored.event[at], stored.event[cause], client)
    return shown


def _rank_sent(stored: Sequence, facts: Facts) -> Ints:
    """The place of each event in the order sent, batches sent at one instant in the order of their numbers."""
    number = facts.bucket.batches.number[facts.parts.batch[stored.part]]
    order = np.lexsort((stored.index, number, stored.sent, stored.visitor))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _by_client(name: str, stored: Sequence, guilty: Bools) -> Bools:
    """Whether a breach of the client explains the place of an event.

    In a batch: the batch had a share in a breach. Across batches: each pair that proves it has such a batch; what
    stays out of order when these batches are left out is the system's.
    """
    if name == "reordered-in-batch" or not guilty.any():
        return guilty
    keep = np.flatnonzero(~guilty)
    rest = Sequence(*(getattr(stored, field)[keep] for field in Sequence.__dataclass_fields__))
    client = np.ones(len(stored), bool)
    client[keep] = ~ordering.across(rest)
    return client


def copies_in_order(
    tally: Tally, facts: Facts, matched: Matched, found: Breaches, scene: Scene, run: Run, affected: Bools
) -> Iterable[Witness]:
    """Zombies, judged on the last copies; batches with another call's events inside."""
    shown: list[Witness] = []
    if np.any(matched.copies > 1):
        stored = sequence(facts, _batch_rows(facts, matched, matched.last), matched)
        repeated = matched.copies[stored.event] > 1
        across = np.flatnonzero(ordering.across(stored) & repeated)
        within = np.flatnonzero(ordering.within(stored) & repeated)
        cause = np.full(len(stored), -1)
        cause[across] = ordering.across_cause(stored, across)
        cause[within] = np.maximum(cause[within], ordering.within_cause(stored, within))
        at = np.flatnonzero(cause >= 0)
        guilty = found.part[stored.part]
        client = guilty | ~np.isin(np.arange(len(stored)), within)
        client &= _by_client("reordered-across-batches", stored, guilty) | ~np.isin(np.arange(len(stored)), across)
        count_found(tally, "zombie", stored.visitor[at], affected if "zombie" in run.failing else None)
        tally.numbers["zombie/client"] += int(client[at].sum())
        tally.numbers["zombie/system/visitors"] += distinct(stored.visitor[at[~client[at]]])
        blame = _blames(run, "zombie", client[at])
        shown += witnesses.zombies(scene, stored.event[at], stored.event[cause[at]], blame)
        count_checked(tally, "order-of-last-copies", stored.visitor[repeated])
    held = np.bincount(facts.parts.of_event[matched.copies > 0], minlength=len(facts.promised))
    several = (facts.promised & (held > 1))[facts.parts.of_event] & (matched.copies > 0)
    count_checked(tally, "contiguous-batches", facts.bucket.events.visitor[several])
    broken = delivery.split(facts.parts, matched, facts.promised)
    part = np.flatnonzero(broken)
    number = facts.bucket.batches.number[facts.parts.batch]
    tally.mark("split", number[part])
    tally.mark("split/client", number[broken & found.part])
    if "split" in run.failing:
        affected[facts.parts.visitor[part]] = True
    shown += witnesses.split(scene, part, _blames(run, "split", found.part[part]))
    return shown


def _blames(run: Run, anomaly: str, client: Bools) -> list[str]:
    """Whose fault each is, where it breaks a promise at all."""
    blame = run.blame(anomaly)
    return [blame if not own or blame == "nobody" else "client" for own in client.tolist()]


def _batch_rows(facts: Facts, matched: Matched, which: Bools) -> Ints:
    places = np.flatnonzero(which)
    return places[facts.in_batch[matched.event[places]]]
