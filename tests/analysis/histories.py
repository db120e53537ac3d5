"""For Hypothesis: histories with re-sends, concurrency and calls without an answer, and logs that went wrong."""

from dataclasses import replace

from hypothesis import strategies as st

from tests.analysis.language import Call, Case, Row

VISITORS = ("ann", "bob")
OUTCOMES = ("confirmed", "confirmed", "confirmed", "rejected", "indeterminate")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A history of two visitors and a log of it: faithful, then spoiled in a few places."""
    calls: list[Call] = []
    next_seq = {visitor: draw(st.integers(0, 4)) // 4 for visitor in VISITORS}  # the first ones may be missing
    batches: list[tuple[str, str, tuple[tuple[str, int], ...]]] = []
    share = draw(st.sampled_from((0, 1, 4)))  # of ordinary calls, in quarters
    for number in range(draw(st.integers(1, 6))):
        ordinary = draw(st.integers(1, 4)) <= share
        whose = [draw(st.sampled_from(VISITORS)) for _ in range(1 if ordinary else draw(st.integers(1, 4)))]
        events = []
        for visitor in whose:
            events.append((visitor, next_seq[visitor]))
            next_seq[visitor] += 1 + draw(st.integers(0, 4)) // 4  # seqs may have gaps
        if draw(st.integers(0, 4)) == 0:
            events.reverse()
        batches.append((f"b{number}", "ordinary" if ordinary else "batch", tuple(events)))
    if draw(st.integers(0, 3)) == 0:
        batches = draw(shuffled(batches))
    now = 0
    for name, kind, carried in batches:
        for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
            sent = max(0, now - draw(st.sampled_from((0, 0, 0, 1, 3))))  # whole seconds: ties happen
            done = sent + draw(st.integers(0, 4))
            outcome = draw(st.sampled_from(OUTCOMES))
            silent = outcome == "indeterminate" and draw(st.booleans())
            calls.append(Call(name, kind, float(sent), None if silent else float(done), outcome, carried))
            now = done + draw(st.integers(0, 1))
    rows = [replace(row, place=place) for place, row in enumerate(draw(logs(batches, calls)))]
    if draw(st.integers(0, 3)):
        return Case(tuple(calls), tuple(rows), settled=draw(st.booleans()))
    readings = [tuple(rows)]
    for _ in range(draw(st.integers(1, 2))):
        readings.append(draw(later_reading(readings[-1])))
    *earlier, last = readings
    return Case(tuple(calls), last, settled=draw(st.booleans()), earlier=tuple(earlier))


@st.composite
def shuffled(
    draw: st.DrawFn, batches: list[tuple[str, str, tuple[tuple[str, int], ...]]]
) -> list[tuple[str, str, tuple[tuple[str, int], ...]]]:
    """The same with the seqs of each visitor in another order, so that those of its batches interleave."""
    deals = {}
    for visitor in VISITORS:
        seqs = [seq for _, _, events in batches for own, seq in events if own == visitor]
        deals[visitor] = dict(zip(seqs, draw(st.permutations(seqs)), strict=True))
    return [(name, kind, tuple((own, deals[own][seq]) for own, seq in events)) for name, kind, events in batches]


@st.composite
def later_reading(draw: st.DrawFn, before: tuple[Row, ...]) -> tuple[Row, ...]:
    """What is read later: the same, less or more, and at times something of it gone, moved, changed or slipped in."""
    at = {row.place: row for row in before}
    end = max((row.place or 0 for row in before), default=-1)
    for _ in range(draw(st.integers(0, 3))):
        what = draw(st.sampled_from(("drop", "move", "change", "copy", "grow")))
        if what == "grow" or not at:
            end += 1 + draw(st.integers(0, 1))
            at[end] = Row(*("ann", "ann") if draw(st.booleans()) else ("bob", "bob"), draw(st.integers(0, 6)), place=end)
            continue
        place = draw(st.sampled_from(sorted(place or 0 for place in at)))
        row = at[place]
        to = draw(st.integers(0, end + 2))
        if what == "drop":
            del at[place]
        elif what == "change":
            at[place] = replace(row, changed=not row.changed and row.seq is not None)
        elif to not in at:
            at[to] = replace(row, place=to)
            if what == "move":
                del at[place]
    return tuple(at[place] for place in sorted(place or 0 for place in at))


@st.composite
def logs(
    draw: st.DrawFn, batches: list[tuple[str, str, tuple[tuple[str, int], ...]]], calls: list[Call]
) -> tuple[Row, ...]:
    """What a system might store of the calls: each that was not rejected once, then moved, dropped, copied, changed."""
    rows: list[Row] = []
    for name, _, events in batches:
        mine = [call for call in calls if call.batch == name]
        copies = sum(call.outcome == "confirmed" for call in mine[:1]) or draw(st.integers(0, 1))
        for _ in range(copies):
            rows.extend(Row(visitor, visitor, seq) for visitor, seq in events)
    for _ in range(draw(st.integers(0, 5))):
        what = draw(st.sampled_from(("move", "move", "copy", "copy", "drop", "stray", "change", "phantom", "unread")))
        if what == "phantom" or not rows:
            rows.insert(draw(st.integers(0, len(rows))), Row("ann", "ann", draw(st.sampled_from((17, 18)))))
            continue
        place = draw(st.integers(0, len(rows) - 1))
        to = draw(st.integers(0, len(rows) - 1))
        row = rows[place]
        if what == "move":
            rows.insert(to, rows.pop(place))
        elif what == "copy":
            rows.insert(to, row)
        elif what == "drop":
            rows.pop(place)
        elif what == "stray":
            rows[place] = Row("bob" if row.visitor == "ann" else "ann", row.origin, row.seq, row.changed)
        elif what == "change":
            rows[place] = replace(row, changed=row.seq is not None)
        else:
            rows[place] = Row(row.visitor, row.visitor, None)
    return tuple(rows)
