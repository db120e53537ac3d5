"""For Hypothesis: histories with re-sends, concurrency and calls without an answer, and logs that went wrong."""

from hypothesis import strategies as st

from tests.analysis.language import Call, Case, Row

VISITORS = ("ann", "bob")
OUTCOMES = ("confirmed", "confirmed", "confirmed", "rejected", "indeterminate")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A history of two visitors and a log of it: faithful, then spoiled in a few places."""
    calls: list[Call] = []
    next_seq = dict.fromkeys(VISITORS, 0)
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
    now = 0
    for name, kind, carried in batches:
        for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
            sent = max(0, now - draw(st.sampled_from((0, 0, 0, 1, 3))))  # whole seconds: ties happen
            done = sent + draw(st.integers(0, 4))
            outcome = draw(st.sampled_from(OUTCOMES))
            silent = outcome == "indeterminate" and draw(st.booleans())
            calls.append(Call(name, kind, float(sent), None if silent else float(done), outcome, carried))
            now = done + draw(st.integers(0, 1))
    rows = draw(logs(batches, calls))
    return Case(tuple(calls), rows, settled=draw(st.booleans()))


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
            rows[place] = Row(row.visitor, row.origin, row.seq, True)
        else:
            rows[place] = Row(row.visitor, row.visitor, None)
    return tuple(rows)
