"""What several readings of the log tell of a bucket: rows that vanished or were rewritten, and events seen before."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from analysis import reading_witnesses, readings
from analysis.arrays import Array, Bools
from analysis.facts import Run, count_found
from analysis.matching import Matched, event_of
from analysis.scene import Scene
from analysis.tables import Bucket
from analysis.tally import Tally, Witness


def touched(bucket: Bucket) -> Array:
    """The visitors of whom not every reading says the same."""
    assert bucket.rows is not None
    found = [np.zeros(0, np.int32)]
    for earlier, later in pairwise((*bucket.earlier, bucket.rows)):
        gone, new = readings.unmatched(earlier, later)
        found += [earlier.owner[gone], later.owner[new]]
    return np.concatenate(found)


def seen_before(bucket: Bucket, matched: Matched) -> Bools:
    """Event: whether an earlier reading held it, and the last one does not: it has vanished, and is not lost too."""
    seen = np.zeros(len(bucket.events), bool)
    for earlier in bucket.earlier:
        event = event_of(bucket, earlier)
        seen[event[event >= 0]] = True
    gone: Bools = seen & (matched.copies == 0) & ~matched.elsewhere
    return gone


def compare_readings(tally: Tally, scene: Scene, run: Run, affected: Bools) -> Iterable[Witness]:
    """Count what vanished or was rewritten from each reading to the next; yields witnesses."""
    bucket = scene.bucket
    for (earlier, later), end in zip(pairwise((*bucket.earlier, scene.rows)), run.ends, strict=True):
        found = readings.changes(earlier, later, end, run.placed)
        count_found(tally, "vanished", earlier.owner[found.vanished], affected)
        count_found(tally, "rewritten", later.owner[found.rewritten], affected)
        if len(found.vanished):
            yield from reading_witnesses.vanished(scene, earlier, found, event_of(bucket, earlier))
        if len(found.rewritten):
            yield from reading_witnesses.rewritten(scene, earlier, later, found, event_of(bucket, later), end)
