"""The same measures for ordinary calls, which promise no order: judged among themselves, each call a batch of one."""

import numpy as np

from analysis import ordering
from analysis.arrays import Bools
from analysis.delivery import Fates
from analysis.facts import Facts, Run, sequence
from analysis.matching import Matched
from analysis.measures import reordering
from analysis.tally import Tally


def judge_ordinary(tally: Tally, facts: Facts, matched: Matched, fates: Fates, run: Run, affected: Bools) -> None:
    """The same measures for ordinary calls, which promise no order: judged among themselves, each a batch of one."""
    mine = ~facts.in_batch
    if not mine.any():
        return
    events, parts = facts.bucket.events, facts.parts
    batch = facts.bucket.batches.number[parts.batch[parts.of_event]]
    lost = fates.lost & mine
    masks = {
        "lost": lost,
        "unseen": fates.unconfirmed_absence & mine,
        "duplicated": (matched.copies > 1) & mine,
        "ghost": fates.ghost & mine,
        "corrupt": matched.corrupt & mine,
        "misrouted": matched.elsewhere & mine,
        "stored": (matched.copies > 0) & mine,
    }
    for name, mask in masks.items():
        tally.numbers[f"ordinary/{name}"] += int(mask.sum())
        if (
            name in ("corrupt", "misrouted")
            or (name == "ghost" and not run.doubts(name))
            or (name == "lost" and run.lossless)
        ):
            affected[events.visitor[mask]] = True
    if run.doubts("ghost"):
        tally.numbers["ordinary/ghost/doubted"] += int(masks["ghost"].sum())
    tally.mark("ordinary/lost", batch[lost])
    tally.mark("ordinary/duplicated", batch[masks["duplicated"]])
    if not run.ordered:
        return
    places = np.flatnonzero(matched.first)
    stored = sequence(facts, places[mine[matched.event[places]]], matched)
    broken = ordering.across(stored)
    tally.numbers["ordinary/reordered"] += int(broken.sum())
    tally.numbers["ordinary/checked"] += int(ordering.can_break_across(stored).sum())
    tally.mark("ordinary/reordered", batch[stored.event[broken]])
    order = np.lexsort((stored.event, stored.sent, stored.visitor))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    tally.reordering["ordinary"].add(reordering.measure(stored.visitor, rank))
