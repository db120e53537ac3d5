"""Judges one bucket: composes the checks, attributes what they find, and hands over a tally that adds up."""

from collections.abc import Iterable

import numpy as np

from analysis import delivery, stored_order, witnesses
from analysis.arrays import Bools, distinct
from analysis.conformance import breaches
from analysis.delivery import Fates
from analysis.facts import DOUBTED, Facts, Run, count_checked, count_found
from analysis.matching import Matched, event_of, match
from analysis.ordinary import judge_ordinary
from analysis.plain import Spans, plain, without
from analysis.plain import count as count_plain
from analysis.plain import runs as runs_of
from analysis.rereading import compare_readings, seen_before, touched
from analysis.scene import Scene
from analysis.sending import never_sent, out_of_sequence
from analysis.tables import BATCH, CONFIRMED, INDETERMINATE, REJECTED, Bucket, Parts, Ranks
from analysis.tally import Tally, Witness


def judge_bucket(bucket: Bucket, run: Run) -> Tally:
    """Judge the visitors of a bucket: the plain ones as a whole, the others one check after another."""
    tally = Tally()
    if bucket.rows is not None and run.ordered:
        spans, runs = Spans.of(bucket, bucket.rows), runs_of(bucket.events)
        good = plain(bucket, bucket.rows, spans, runs)
        good[touched(bucket)] = False
        count_plain(tally, bucket, bucket.rows, spans, runs, good, run.watched)
        bucket = without(bucket, bucket.rows, spans, good)
    tally.add(judge_closely(bucket, run))
    return tally


def judge_closely(bucket: Bucket, run: Run) -> Tally:
    """Judge the visitors of a bucket by each of the checks."""
    events = bucket.events
    parts = Parts.of(events)
    promised = bucket.batches.kind[parts.batch] == BATCH
    facts = Facts(
        bucket=bucket,
        parts=parts,
        ranks=Ranks.of(bucket.batches, parts.batch),
        outcome=bucket.batches.outcome[parts.batch],
        not_rejected=bucket.batches.calls_not_rejected[parts.batch].astype(np.int64),
        promised=promised,
        in_batch=promised[parts.of_event],
    )
    tally = Tally()
    found = breaches(parts, promised, bucket.batches, bucket.calls)
    tally.mark("parallel", bucket.calls.number(bucket.batches)[found.parallel])
    tally.mark("unacknowledged", bucket.batches.number[found.unacknowledged])
    tally.numbers["pairs"] += found.pairs
    tally.numbers["out-of-sequence"] += int((out_of_sequence(events, parts, bucket.batches) & facts.in_batch).sum())
    tally.numbers["never-sent"] += int(never_sent(events).sum())
    _count_sent(tally, facts)
    if bucket.rows is None:
        return tally
    matched = match(bucket, bucket.rows)
    gone = seen_before(bucket, matched)
    fates = delivery.fates(facts, matched, gone, run.settled)
    scene = Scene(bucket, matched, parts, promised)
    affected = np.zeros(len(bucket.names), bool)
    shown: list[Witness] = [*compare_readings(tally, scene, run, affected)]
    shown += _delivered(tally, facts, matched, fates, scene, run, affected)
    if run.ordered:
        shown += stored_order.order(tally, facts, matched, found, scene, affected)
        shown += stored_order.copies_in_order(tally, facts, matched, found, scene, run, affected)
    shown += _parts(tally, facts, fates, scene, run)
    judge_ordinary(tally, facts, matched, fates, run, affected)
    if run.watched:
        _visible(tally, facts)
    tally.numbers["affected"] += int(affected.sum())
    tally.witnesses = shown
    return tally


def _count_sent(tally: Tally, facts: Facts) -> None:
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
    order = np.argsort(visitor)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(visitor[order]) != 0]))
    first = np.minimum.reduceat(facts.bucket.batches.first_intended[batch][order], starts)
    ack = facts.bucket.batches.ack[batch][order]
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
        count_found(tally, name, visitor[event], affected if run.blame(name) == "system" else None)
    count_found(tally, "phantom", rows.owner[strange], None if run.doubts("phantom") else affected)
    for name in filter(run.doubts, DOUBTED):
        tally.numbers[f"{name}/doubted"] += tally.numbers[name]
    confirmed = (facts.outcome == CONFIRMED)[facts.parts.of_event] & mine
    stored = mine & (matched.copies > 0)
    count_checked(tally, "nothing-lost", visitor[confirmed & ~fates.undecided])
    count_checked(tally, "no-duplicates", visitor[stored])
    count_checked(tally, "nothing-rejected", visitor[mine & (facts.outcome == REJECTED)[facts.parts.of_event]])
    count_checked(tally, "no-phantom", rows.owner[rows.identified])
    count_checked(tally, "right-visitor", visitor[mine & fates.present])
    digests = np.zeros(len(events), bool)
    digests[matched.event[matched.copy & rows.digest_known]] = True
    asked = stored & events.digest_known
    tally.numbers["uncorrupted/asked"] += int(asked.sum())
    count_checked(tally, "uncorrupted", visitor[asked & digests])
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
        tally.mark("duplicate", facts.bucket.batches.number[facts.parts.batch[part[found[name]]]])
    shown = [*witnesses.absent(scene, "lost", found["lost"], run.settled)]
    shown += witnesses.absent(scene, "unseen", found["unseen"], run.settled)
    shown += witnesses.stored_at_all(scene, "ghost", found["ghost"], run.blame("ghost"))
    shown += witnesses.stored_at_all(scene, "recovered", found["recovered"], "nobody")
    for name in ("duplicate-unexplained", "duplicate-explained"):
        shown += witnesses.duplicates(scene, name, found[name], run.blame(name))
    shown += witnesses.corrupt(scene, found["corrupt"])
    shown += witnesses.misrouted(scene, found["misrouted"])
    shown += witnesses.phantoms(scene, strange, run.blame("phantom"))
    return shown


def _parts(tally: Tally, facts: Facts, fates: Fates, scene: Scene, run: Run) -> Iterable[Witness]:
    """Batches without a certain answer: how much of each is stored; whether it is torn, only all its parts tell."""
    parts = facts.parts
    open_part = facts.promised & (facts.outcome == INDETERMINATE)
    if not open_part.any():
        return []
    count_checked(tally, "whole-batches", facts.bucket.events.visitor[open_part[parts.of_event]])
    here = np.bincount(parts.of_event[fates.present], minlength=len(open_part))
    gone = np.bincount(parts.of_event[fates.missing], minlength=len(open_part))
    tally.mark("torn/batch", facts.bucket.batches.number[parts.batch[open_part]])
    tally.mark("torn/stored", here[open_part])
    tally.mark("torn/missing", gone[open_part])
    torn = np.flatnonzero(open_part & (here > 0) & (gone > 0)) if run.settled else np.zeros(0, np.int64)
    return witnesses.torn(scene, torn, fates.present, run.blame("torn"))


def _visible(tally: Tally, facts: Facts) -> None:
    """From done to first seen, by whichever reading, for each confirmed event that was seen at a known instant."""
    bucket = facts.bucket
    assert bucket.rows is not None
    seen = np.full(len(bucket.events), np.inf)
    for rows in (*bucket.earlier, bucket.rows):
        event = event_of(bucket, rows)
        known = (event >= 0) & (rows.owner == rows.visitor) & np.isfinite(rows.seen_at)
        np.minimum.at(seen, event[known], rows.seen_at[known])
    ack = bucket.batches.ack[bucket.events.batch]
    known = np.isfinite(seen) & np.isfinite(ack)
    tally.mark("visibility/batch", bucket.batches.number[bucket.events.batch[known]])
    tally.mark("visibility/ms", 1000 * (seen[known] - ack[known]))
