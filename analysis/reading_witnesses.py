"""The smallest proofs of what two readings of the log say otherwise: where a row stood, and what is there now."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from analysis.arrays import Ints
from analysis.readings import Changes
from analysis.scene import Scene
from analysis.tables import Rows
from analysis.tally import Witness
from analysis.witnesses import nearest


def vanished(scene: Scene, earlier: Rows, found: Changes, event: Ints) -> Iterable[Witness]:
    """Rows of an earlier reading that are gone; `event`: the event of each row of that reading, -1: none."""
    rows = found.vanished
    for place in nearest(earlier.owner[rows], np.zeros(len(rows), np.int64)):
        row = int(rows[place])
        at = int(earlier.position[row])
        sentence = f"{_what(scene, earlier, row, event)} stood at {at} in an earlier reading of the log, and is gone"
        yield _witness(scene, "vanished", earlier, row, event, sentence, [], 0, at)


def rewritten(scene: Scene, earlier: Rows, later: Rows, found: Changes, event: Ints, end: int) -> Iterable[Witness]:
    """Rows of a later reading that stand otherwise than before; `event`: the event of each of its rows, -1: none.

    `end`: the position at which the earlier reading ended.
    """
    rows, before = found.rewritten, found.before
    gap = end - later.position[rows]
    moved = before >= 0
    gap[moved] = np.abs(later.position[rows[moved]] - earlier.position[before[moved]])
    for place in nearest(later.owner[rows], gap):
        row, old = int(rows[place]), int(before[place])
        at = int(later.position[row])
        what = _what(scene, later, row, event)
        if old < 0:
            sentence = f"{what} is stored at {at}; an earlier reading had come to {end} without it"
            yield _witness(scene, "rewritten", later, row, event, sentence, [row], int(gap[place]))
            continue
        was = int(earlier.position[old])
        if was != at:
            sentence = f"{what} stood at {was} in an earlier reading of the log, and stands at {at} in a later one"
        else:
            sentence = f"{what} at {at} is not what an earlier reading of the log held there"
        yield _witness(scene, "rewritten", later, row, event, sentence, [row], int(gap[place]), was)


def _what(scene: Scene, rows: Rows, row: int, event: Ints) -> str:
    if event[row] >= 0:
        return scene.answered(int(event[row]))
    if rows.identified[row]:
        return f"seq {int(rows.seq[row])}, which no call carried,"
    return "a row without a readable identity"


def _witness(
    scene: Scene,
    anomaly: str,
    rows: Rows,
    row: int,
    event: Ints,
    sentence: str,
    shown: list[int],
    gap: int,
    was: int | None = None,
) -> Witness:
    visitor = int(rows.owner[row])
    name = scene.bucket.visitor_name(visitor)
    mine = int(event[row])
    drawn = scene.drawn(visitor, {scene.batch(mine)}) if mine >= 0 else []
    place = int(rows.position[row]) if shown else None
    if mine >= 0:
        entry: list[Any] = [*scene.entry(mine, -1)[:3], place]
    else:
        entry = [int(rows.seq[row]) if rows.identified[row] else None, None, None, place]
    in_last = [own for own in shown if rows is scene.bucket.rows]
    content = {
        "anomaly": anomaly,
        "sentence": f"{name}: {sentence}",
        "visitor": name,
        "blame": "system",
        "events": [entry],
        "batches": [scene.batch_data(visitor, batch) for batch in drawn],
        "stored": scene.stored(visitor, drawn, in_last),
        "earlier_position": was,
    }
    return Witness(anomaly, gap, name, content)
