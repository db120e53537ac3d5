"""For each anomaly the smallest proof: a sentence, and the facts that a drawing needs."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from analysis.arrays import Array, Ints
from analysis.scene import Scene
from analysis.tally import WITNESSES, Witness


def nearest(visitor: Array, gap: Ints) -> list[int]:
    """The places of the smallest gaps, one a visitor and a few in all."""
    chosen: dict[int, int] = {}
    for place in np.argsort(gap, kind="stable").tolist():
        chosen.setdefault(int(visitor[place]), place)
        if len(chosen) == WITNESSES:
            break
    return list(chosen.values())


def _witness(
    scene: Scene,
    anomaly: str,
    visitor: int,
    sentence: str,
    entries: list[tuple[int, int]],
    gap: int = 0,
    blame: str = "nobody",
    **more: Any,
) -> Witness:
    """Put a witness together; `entries` are (event, row) pairs, row -1: not stored."""
    name = scene.bucket.visitor_name(visitor)
    drawn = scene.drawn(visitor, {scene.batch(event) for event, _ in entries})
    content = {
        "anomaly": anomaly,
        "sentence": f"{name}: {sentence}",
        "visitor": name,
        "blame": blame,
        "events": [scene.entry(event, row) for event, row in entries],
        "batches": [scene.batch_data(visitor, batch) for batch in drawn],
        "stored": scene.stored(visitor, drawn, [row for _, row in entries if row >= 0]),
        **more,
    }
    return Witness(anomaly, gap, name, content)


def reordered(scene: Scene, anomaly: str, event: Ints, cause: Ints, client: Array) -> Iterable[Witness]:
    """Events that must precede `cause`, and are stored after it; `client`: whether the client is to blame."""
    rows = scene.matched.first_row
    gap = scene.rows.position[rows[event]] - scene.rows.position[rows[cause]]
    for place in nearest(scene.bucket.events.visitor[event], gap):
        late, early = int(event[place]), int(cause[place])
        at = scene.position(int(rows[late])), scene.position(int(rows[early]))
        if anomaly == "reordered-in-batch":
            batch = scene.batch(late)
            sentence = (
                f"seq {scene.seq(late)} is stored at {at[0]}, after seq {scene.seq(early)} at {at[1]}; batch "
                f"{scene.name(batch)}, sent at {scene.batches.first_sent[batch]:.3f} s, passed them the other way round"
            )
        else:
            sentence = f"{scene.confirmed(late)} is stored at {at[0]}, after {scene.sent(early)} at {at[1]}"
        entries = [(late, int(rows[late])), (early, int(rows[early]))]
        blame = "client" if client[place] else "system"
        yield _witness(scene, anomaly, scene.visitor_of(late), sentence, entries, int(gap[place]), blame)


def zombies(scene: Scene, event: Ints, cause: Ints, blame: list[str]) -> Iterable[Witness]:
    """Events whose last copy stands after the last copy of `cause`, which they must precede."""
    rows = scene.matched.last_row
    gap = scene.rows.position[rows[event]] - scene.rows.position[rows[cause]]
    for place in nearest(scene.bucket.events.visitor[event], gap):
        late, early = int(event[place]), int(cause[place])
        sentence = (
            f"the last of {int(scene.matched.copies[late])} copies of {scene.answered(late)} is stored at "
            f"{scene.position(int(rows[late]))}, after the last copy of {scene.sent(early)} at "
            f"{scene.position(int(rows[early]))}"
        )
        entries = [(late, int(rows[late])), (early, int(rows[early]))]
        yield _witness(scene, "zombie", scene.visitor_of(late), sentence, entries, int(gap[place]), blame[place])


def absent(scene: Scene, anomaly: str, event: Ints, settled: bool) -> Iterable[Witness]:
    """Confirmed events that are not stored; `settled`: the log was read to its end after it had settled."""
    blame = "system" if anomaly == "lost" else "nobody"
    for place in nearest(scene.bucket.events.visitor[event], np.zeros(len(event), np.int64)):
        mine = int(event[place])
        entries = [(mine, -1)]
        if settled:
            why = "and the log was read to its end after it had settled"
        elif anomaly == "lost":
            later = scene.stored_later(mine)
            row = int(scene.matched.first_row[later])
            why = f"though {scene.sent(later)}, which must come later, is, at {scene.position(row)}"
            entries.append((later, row))
        else:
            why = "but the log had not settled, and nothing that must come later is stored"
        sentence = f"{scene.confirmed(mine)} is not stored, {why}"
        yield _witness(scene, anomaly, scene.visitor_of(mine), sentence, entries, 0, blame)


def stored_at_all(scene: Scene, anomaly: str, event: Ints, blame: str) -> Iterable[Witness]:
    """Ghosts and recovered events: stored, though rejected, or without a certain answer."""
    for place in nearest(scene.bucket.events.visitor[event], np.zeros(len(event), np.int64)):
        mine = int(event[place])
        row = int(scene.matched.first_row[mine])
        where = f" at {scene.position(row)}" if row >= 0 else ", under another visitor"
        sentence = f"{scene.answered(mine)} is stored{where}"
        yield _witness(scene, anomaly, scene.visitor_of(mine), sentence, [(mine, row)], 0, blame)


def duplicates(scene: Scene, anomaly: str, event: Ints, blame: str) -> Iterable[Witness]:
    """Events stored more than once."""
    rows, matched = scene.rows, scene.matched
    gap = rows.position[matched.last_row[event]] - rows.position[matched.first_row[event]]
    for place in nearest(scene.bucket.events.visitor[event], gap):
        mine = int(event[place])
        near = scene.rows_of(scene.visitor_of(mine))
        copies = near[(matched.event[near] == mine) & matched.copy[near]].tolist()
        shown = ", ".join(str(scene.position(row)) for row in copies[:4]) + (", …" if len(copies) > 4 else "")
        allowed = int(scene.batches.calls_not_rejected[scene.batch(mine)])
        calls = f"{allowed} call{'s' if allowed != 1 else ''} of it {'were' if allowed != 1 else 'was'} not rejected"
        sentence = f"{scene.answered(mine)} is stored {len(copies)} times, at {shown}; {calls}"
        entries = [(mine, row) for row in copies[:4]]
        yield _witness(scene, anomaly, scene.visitor_of(mine), sentence, entries, int(gap[place]), blame)


def misrouted(scene: Scene, event: Ints) -> Iterable[Witness]:
    """Events stored under another visitor."""
    for place in nearest(scene.bucket.events.visitor[event], np.zeros(len(event), np.int64)):
        mine = int(event[place])
        near = scene.rows_of(scene.visitor_of(mine))
        row = int(near[(scene.matched.event[near] == mine) & ~scene.matched.copy[near]][0])
        under = scene.bucket.visitor_name(int(scene.rows.visitor[row]))
        sentence = f"{scene.answered(mine)} is stored under {under}, at {scene.position(row)}"
        visitor = scene.visitor_of(mine)
        yield _witness(scene, "misrouted", visitor, sentence, [(mine, row)], 0, "system", stored_under=under)


def corrupt(scene: Scene, event: Ints) -> Iterable[Witness]:
    """Events stored with another payload."""
    events, rows, matched = scene.bucket.events, scene.rows, scene.matched
    for place in nearest(events.visitor[event], np.zeros(len(event), np.int64)):
        mine = int(event[place])
        near = scene.rows_of(scene.visitor_of(mine))
        copies = near[(matched.event[near] == mine) & matched.copy[near] & rows.digest_known[near]]
        row = int(copies[rows.digest[copies] != events.digest[mine]][0])
        sentence = (
            f"{scene.answered(mine)} is stored at {scene.position(row)} with another payload: digest "
            f"{int(rows.digest[row])}, sent {int(events.digest[mine])}"
        )
        yield _witness(scene, "corrupt", scene.visitor_of(mine), sentence, [(mine, row)], 0, "system")


def phantoms(scene: Scene, row: Ints, blame: str) -> Iterable[Witness]:
    """Rows whose identity no call carried."""
    rows = scene.rows
    for place in nearest(rows.owner[row], np.zeros(len(row), np.int64)):
        mine = int(row[place])
        visitor = int(rows.owner[mine])
        position = scene.position(mine)
        near = range(max(0, mine - 1), min(len(rows), mine + 2))
        around = [int(scene.matched.event[r]) for r in near if rows.owner[r] == visitor and scene.matched.copy[r]]
        name = scene.bucket.visitor_name(visitor)
        drawn = scene.drawn(visitor, {scene.batch(event) for event in around})
        content = {
            "anomaly": "phantom",
            "sentence": f"{name}: seq {int(rows.seq[mine])} is stored at {position}, and no call carried it",
            "visitor": name,
            "blame": blame,
            "events": [[int(rows.seq[mine]), None, None, position]],
            "batches": [scene.batch_data(visitor, batch) for batch in drawn],
            "stored": scene.stored(visitor, drawn, [mine]),
        }
        yield Witness("phantom", 0, name, content)


def torn(scene: Scene, part: Ints, present: Array, blame: str) -> Iterable[Witness]:
    """Parts of batches without a certain answer that are stored in part."""
    for place in nearest(scene.parts.visitor[part], np.zeros(len(part), np.int64)):
        mine = np.flatnonzero(scene.parts.of_event == part[place])
        here, gone = int(mine[present[mine]][0]), int(mine[~present[mine]][0])
        number = int(present[mine].sum())
        row = int(scene.matched.first_row[here])
        sentence = (
            f"of batch {scene.name(scene.batch(here))}, which has no certain answer, {number} of {len(mine)} events "
            f"are stored: seq {scene.seq(here)} is, seq {scene.seq(gone)} is not"
        )
        yield _witness(scene, "torn", scene.visitor_of(here), sentence, [(here, row), (gone, -1)], 0, blame)


def split(scene: Scene, part: Ints, blame: list[str]) -> Iterable[Witness]:
    """Parts inside which a row of another call is stored."""
    matched = scene.matched
    for place in nearest(scene.parts.visitor[part], np.zeros(len(part), np.int64)):
        visitor = int(scene.parts.visitor[part[place]])
        mine = scene.rows_of(visitor)
        mine = mine[matched.copy[mine]]
        own = scene.parts.of_event[matched.event[mine]] == part[place]
        first = np.flatnonzero(own & matched.first[mine])
        inside = first[0] + int(np.flatnonzero(~own[first[0] : first[-1]])[0])
        before, after = mine[first[first < inside][-1]], mine[first[first > inside][0]]
        events = [(int(matched.event[row]), int(row)) for row in (before, mine[inside], after)]
        sentence = (
            f"inside batch {scene.name(int(scene.parts.batch[part[place]]))}, between seq {scene.seq(events[0][0])} at "
            f"{scene.position(events[0][1])} and seq {scene.seq(events[2][0])} at {scene.position(events[2][1])}, "
            f"{scene.sent(events[1][0])} is stored at {scene.position(events[1][1])}"
        )
        gap = scene.position(events[2][1]) - scene.position(events[0][1])
        yield _witness(scene, "split", visitor, sentence, events, gap, blame[place])
