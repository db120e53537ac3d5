"""A witness laid out: what was sent and what is stored as two rows of blocks, and the ribbons between them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from analysis.figures.witness_rows import Key, Row, missing_keys, runs_of, stored_rows

MOST_BLOCKS = 16
"""More runs of stored events than this cannot be told apart: then single events are drawn around the evidence."""
_AROUND, _ROOMY = 3, 290
"""Events drawn on each side of the evidence where single events are drawn; one less below so many pixels."""
_FEW, _MANY = 3, 6
"""Single events are drawn where at most `_FEW` events of a batch of more than `_MANY` are concerned."""


@dataclass
class Block:
    """A run of events drawn as one rectangle."""

    label: str
    keys: list[Key]
    bad: bool = False
    hollow: bool = False
    """Outlined only: rejected by the system, sent by nobody, or not there any more."""
    position: int | None = None
    """Position of its first row, where it is evidence."""
    was: bool = False
    """Stood here in an earlier reading of the log, and is not here now."""
    x: float = 0.0
    width: float = 0.0


@dataclass
class Layout:
    """Both rows, with x and width in pixels from the left edge."""

    sent: list[Block] = field(default_factory=list)
    stored: list[Block] = field(default_factory=list)
    missing: list[Key] = field(default_factory=list)
    """Sent and not among the visitor's stored rows."""
    singles: bool = False
    more_before: bool = False
    more_after: bool = False

    def span(self, keys: list[Key]) -> tuple[float, float] | None:
        """Where neighbouring events stand in the sent row."""
        for block in self.sent:
            if keys[0] in block.keys:
                size = block.width / len(block.keys)
                start = block.keys.index(keys[0])
                return block.x + start * size, block.x + (start + len(keys)) * size
        return None


def lay_out(witness: dict[str, Any], width: float, gap: float, least: float) -> Layout:
    """Choose between batches and single events, and place the blocks in `width` pixels."""
    batches = witness["batches"]
    sent = {batch["number"]: _keys(batch) for batch in batches}
    rows = stored_rows(witness, batches)
    missing = missing_keys(witness, sent, rows)
    runs = runs_of(rows)
    layout = Layout(missing=missing)
    concerned = [[row.key for row in run if row.key] for run in runs if run[0].bad]
    spans = [own for own in concerned if own] or [missing or [row.key for row in rows if row.was and row.key]]
    smallest = min((len(own) for own in spans), default=0)
    sizes = [len(sent[own[0][0]]) for own in spans if own and own[0][0] in sent]
    layout.singles = len(runs) > MOST_BLOCKS or (0 < smallest <= _FEW and max(sizes, default=0) > _MANY)
    if witness["anomaly"] == "phantom" or not batches:
        layout.singles = False
    if layout.singles:
        _single_events(layout, sent, rows, _evidence(witness, rows, missing), _AROUND if width > _ROOMY else _AROUND - 1)
    else:
        _whole_batches(layout, sent, runs, witness, {key[0] for key in missing})
    for row in (layout.sent, layout.stored):
        _place(row, width, gap if not layout.singles else 2, least, max(_weight(layout.sent), _weight(layout.stored)))
    return layout


def short_names(batches: list[dict[str, Any]]) -> dict[int, str]:
    """Number of a batch to the last part of its name, or to all of it where the parts alone are not different."""
    parts = {batch["number"]: re.split(r"[.\-]", batch["name"])[-1] for batch in batches}
    if len(set(parts.values())) < len(parts) or not all(parts.values()):
        return {batch["number"]: batch["name"] for batch in batches}
    return parts


def _keys(batch: dict[str, Any]) -> list[Key]:
    first = batch["first_seq"]
    return [(batch["number"], seq) for seq in range(first, first + batch["events"])]


def _evidence(witness: dict[str, Any], rows: list[Row], missing: list[Key]) -> list[Key]:
    """The events that must be seen: those of the evidence and those that are out of place."""
    names = {batch["name"]: batch["number"] for batch in witness["batches"]}
    named = [(names[event[1]], event[0]) for event in witness["events"] if event[1] in names]
    return named or [row.key for row in rows if row.bad and row.key] or missing


def _single_events(
    layout: Layout, sent: dict[int, list[Key]], rows: list[Row], evidence: Iterable[Key], around: int
) -> None:
    """Blocks of one event each: the evidence and a few neighbours in the sent order."""
    order = [key for keys in sent.values() for key in keys]
    places = [order.index(key) for key in evidence if key in order][: MOST_BLOCKS - 2 * around]
    near = sorted({place + step for place in places for step in range(-around, around + 1)})
    shown = [order[place] for place in near if 0 <= place < len(order)][: 2 * MOST_BLOCKS]
    layout.more_before = bool(shown) and shown[0] != order[0]
    layout.more_after = bool(shown) and shown[-1] != order[-1]
    layout.missing = [key for key in layout.missing if key in shown]
    bad_keys = {row.key for row in rows if row.bad} | set(layout.missing)
    layout.sent = [Block(str(key[1]), [key], bad=key in bad_keys) for key in shown]
    wanted = set(shown)
    named = set(evidence)
    layout.stored = [
        Block(
            str(row.key[1]),
            [row.key],
            bad=row.bad,
            hollow=row.was,
            position=row.position if row.key in named else None,
            was=row.was,
        )
        for row in rows
        if row.key and row.key in wanted
    ]


def _whole_batches(
    layout: Layout,
    sent: dict[int, list[Key]],
    runs: list[list[Row]],
    witness: dict[str, Any],
    missing: set[int],
) -> None:
    """Blocks of whole batches in the sent row, of runs of stored events in the other."""
    names = short_names(witness["batches"])
    outcomes = {batch["number"]: batch.get("outcome") for batch in witness["batches"]}
    bad = {row.key[0] for run in runs for row in run if row.bad and row.key} | missing
    for number, keys in sent.items():
        layout.sent.append(Block(names[number], keys, bad=number in bad, hollow=outcomes[number] == "rejected"))
    for run in runs:
        first, keys = run[0], [row.key for row in run if row.key]
        label = names[keys[0][0]] if keys else "?"
        position = first.position if first.was else None
        hollow = first.was or not keys
        layout.stored.append(Block(label, keys, bad=first.bad, hollow=hollow, position=position, was=first.was))


def _weight(row: list[Block]) -> int:
    return sum(max(1, len(block.keys)) for block in row)


def _place(row: list[Block], width: float, gap: float, least: float, weight: int) -> None:
    """Widths by events, none below `least` pixels, the whole row within `width`."""
    room = width - gap * max(0, len(row) - 1)
    unit = room / max(1, weight)
    sizes = [max(1, len(block.keys)) for block in row]
    for _ in range(30):
        used = sum(max(least, unit * size) for size in sizes)
        if used <= room:
            break
        unit *= max(0.5, room / used * 0.99)
    x = 0.0
    for block, size in zip(row, sizes, strict=True):
        block.x, block.width = x, max(least, unit * size)
        x += block.width + gap
