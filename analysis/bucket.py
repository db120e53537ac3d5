"""Judges one bucket: composes the checks, attributes what they find, and hands over a tally that adds up."""

from collections.abc import Iterable

import numpy as np

from analysis import delivery, stored_order, witnesses
from analysis.arrays import Bools, distinct
from analysis.conformance import breaches
from analysis.delivery import Fates
from analysis.facts import Facts, Run, count_checked, count_found
from analysis.matching import Matched, match
from analysis.ordinary import judge_ordinary
from analysis.scene import Scene
from analysis.tables import BATCH, CONFIRMED, INDETERMINATE, REJECTED, Bucket, Parts, Ranks
from analysis.tally import Tally, Witness


def judge_bucket(bucket: Bucket, run: Run) -> Tally:
    """Judge the visitors of a bucket."""
    events = bucket.events
    parts = Parts.of(events)
    promised = run.batches.kind[parts.batch] == BATCH
    facts = Facts(
        bucket=bucket,
        parts=parts,
        ranks=Ranks.of(run.batches, parts.batch),
        outcome=run.batches.outcome[parts.batch],
        not_rejected=run.batches.calls_not_rejected[parts.batch].astype(np.int64),
        promised=promised,
        in_batch=promised[parts.of_event],
    )
    tally = Tally()
    found = breaches(parts, promised, run.batches, run.calls, run.times)
    tally.mark("parallel", found.parallel)
    tally.mark("unacknowledged", found.unacknowledged)
    tally.numbers["pairs"] += found.pairs
    _count_sent(tally, facts, run)
    if bucket.rows is None:
        return tally
    matched = match(bucket)
    fates = delivery.fates(events, parts, matched, facts.ranks, facts.outcome, facts.not_rejected, promised, run.settled)
    scene = Scene(bucket, matched, parts, run.batches, run.calls, promised)
    affected = np.zeros(len(bucket.names), bool)
    shown: list[Witness] = []
    shown += _delivered(tally, facts, matched, fates, scene, run, affected)
    if run.ordered:
        shown += stored_order.order(tally, facts, matched, found, scene, affected)
        shown += stored_order.copies_in_order(tally, facts, matched, scene, run, affected)
    shown += _parts(tally, facts, matched, fates, scene, run)
    judge_ordinary(tally, facts, matched, fates, run, affected)
    if run.watched:
        _visible(tally, facts, matched, run)
    tally.numbers["affected"] += int(affected.sum())
    tally.witnesses = shown
    return tally


def _count_sent(tally: Tally, facts: Facts, run: Run) -> None:
    """What was sent and confirmed, and how long each visitor took to have its batches confirmed."""
    events, parts = facts.bucket.events, facts.parts
    confirmed = (facts.outcome == CONFIRMED)[parts.of_event]
    for name, mask in (("batch", facts.in_batch), ("ordinary", ~facts.in_batch)):
        tally.numbers[f"{name}/sent"] += int(mask.sum())
        tally.numbers[f"{name}/confirmed"] += int((mask & confirmed).sum())
    tally.numbers["visitors"] += distinct(events.visitor)
    mine = facts.promised
    visitor, batch = parts.visitor[mine], parts.batch[mine]
    if not len(visitor):
        return
    order = np.argsort(visitor, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(visitor[order]) != 0]))
    first = np.minimum.reduceat(run.batches.first_intended[batch][order], starts)
    ack = run.batches.ack[batch][order]
    confirmed_at = np.maximum.reduceat(np.where(np.isfinite(ack), ack, -np.inf), starts)
    # A batch without a certain answer leaves its visitor undrained; a rejected one is over.
    waiting = np.maximum.reduceat(facts.outcome[mine][order] == INDETERMINATE, starts)
    drained = np.isfinite(confirmed_at) & ~waiting
    tally.mark("drain/intended", first[drained])
    tally.mark("drain/s", (confirmed_at - first)[drained])
    tally.numbers["undrained"] += int((~drained).sum())


def _delivered(
    tally: Tally, facts: Facts, matched: Matched, fates: Fates, scene: Scene, run: Run, affected: Bools
) -> Iterable[Witness]:
    """Everything but order, for events of batches; phantoms are nobody's and count here too."""
    events, rows = facts.bucket.events, scene.rows
    visitor, mine = events.visitor, facts.in_batch
    masks = {
        "lost": fates.lost,
        "unseen": fates.unconfirmed_absence,
        "ghost": fates.ghost,
        "corrupt": matched.corrupt,
        "misrouted": matched.elsewhere,
        "duplicate-unexplained": fates.unexplained,
        "duplicate-explained": fates.explained,
        "recovered": fates.recovered,
    }
    found = {name: np.flatnonzero(mask & mine) for name, mask in masks.items()}
    strange = delivery.phantoms(rows, matched)
    for name, event in found.items():
        count_found(tally, name, visitor[event], affected if name in run.failing else None)
    count_found(tally, "phantom", rows.owner[strange], affected)
    confirmed = (facts.outcome == CONFIRMED)[facts.parts.of_event] & mine
    stored = mine & (matched.copies > 0)
    count_checked(tally, "nothing-lost", visitor[confirmed & ~fates.undecided])
    count_checked(tally, "no-duplicates", visitor[stored])
    count_checked(tally, "nothing-rejected", visitor[mine & (facts.outcome == REJECTED)[facts.parts.of_event]])
    count_checked(tally, "no-phantom", rows.owner[rows.identified])
    count_checked(tally, "right-visitor", visitor[mine & fates.present])
    digests = np.zeros(len(events), bool)
    digests[matched.event[matched.copy & rows.digest_known]] = True
    count_checked(tally, "uncorrupted", visitor[stored & digests & events.digest_known])
    tally.numbers["batch/stored"] += int(stored.sum())
    tally.numbers["rows"] += len(rows)
    # Rows of strangers tell nothing of this run; those of its own visitors hide what they are.
    known = np.zeros(len(facts.bucket.names), bool)
    known[visitor] = True
    unread = np.where(known, matched.unread, 0)
    tally.numbers["unread/rows"] += int(unread.sum())
    tally.numbers["unread/visitors"] += int((unread > 0).sum())
    tally.numbers["unread/events"] += int((fates.undecided & confirmed).sum())
    part = facts.parts.of_event
    for name in ("duplicate-unexplained", "duplicate-explained"):
        tally.mark("duplicate", facts.parts.batch[part[found[name]]])
    blame = "system" if "duplicate-explained" in run.failing else "nobody"
    shown = [*witnesses.absent(scene, "lost", found["lost"], run.settled)]
    shown += witnesses.absent(scene, "unseen", found["unseen"], run.settled)
    shown += witnesses.stored_at_all(scene, "ghost", found["ghost"], "system")
    shown += witnesses.stored_at_all(scene, "recovered", found["recovered"], "nobody")
    shown += witnesses.duplicates(scene, "duplicate-unexplained", found["duplicate-unexplained"], "system")
    shown += witnesses.duplicates(scene, "duplicate-explained", found["duplicate-explained"], blame)
    shown += witnesses.corrupt(scene, found["corrupt"])
    shown += witnesses.misrouted(scene, found["misrouted"])
    shown += witnesses.phantoms(scene, strange)
    return shown


def _parts(tally: Tally, facts: Facts, matched: Matched, fates: Fates, scene: Scene, run: Run) -> Iterable[Witness]:
    """Batches without a certain answer: how much of each is stored; whether it is torn, only all its parts tell."""
    parts = facts.parts
    open_part = facts.promised & (facts.outcome == INDETERMINATE)
    if not open_part.any():
        return []
    here = np.bincount(parts.of_event[fates.present], minlength=len(open_part))
    gone = np.bincount(parts.of_event[fates.missing], minlength=len(open_part))
    tally.mark("torn/batch", parts.batch[open_part])
    tally.mark("torn/stored", here[open_part])
    tally.mark("torn/missing", gone[open_part])
    torn = np.flatnonzero(open_part & (here > 0) & (gone > 0)) if run.settled else np.zeros(0, np.int64)
    return witnesses.torn(scene, torn, fates.present)


def _visible(tally: Tally, facts: Facts, matched: Matched, run: Run) -> None:
    """From done to first seen, for each confirmed event whose first copy was seen at a known instant."""
    assert facts.bucket.rows is not None
    places = np.flatnonzero(matched.first & np.isfinite(facts.bucket.rows.seen_at))
    batch = facts.bucket.events.batch[matched.event[places]]
    lag = facts.bucket.rows.seen_at[places] - run.batches.ack[batch]
    confirmed = np.isfinite(lag)
    tally.mark("visibility/batch", batch[confirmed])
    tally.mark("visibility/ms", 1000 * lag[confirmed])
