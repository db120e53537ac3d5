"""Plain visitors: who is one, and that counting them as a whole gives what the checks would give."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from analysis.bucket import judge_bucket, judge_closely
from analysis.catalogue import FAILING
from analysis.facts import Run
from analysis.plain import Spans, count, places, plain, runs, without
from analysis.tables import Bucket, bucket_of
from analysis.tally import Tally
from tests.analysis.judged import numbered_alone, tally
from tests.analysis.language import Call, Case, Row, case
from tests.analysis.material import stored_table, tables


def bucket(sent: str, stored: str, earlier: str | tuple[str, ...] = ()) -> Bucket:
    """The evidence of a case, in one bucket."""
    given = case(sent, stored, earlier=earlier)
    batches, calls, events, rows = tables(given)
    return bucket_of(*numbered_alone(batches, calls, events), rows, [stored_table(reading) for reading in given.earlier])


def plain_visitors(given: Bucket) -> str:
    """The names of the plain visitors, in order."""
    assert given.rows is not None
    good = plain(given, given.rows, Spans.of(given, given.rows), runs(given.events))
    return " ".join(given.visitor_name(visitor) for visitor in np.flatnonzero(good).tolist())


@pytest.mark.parametrize(
    ("sent", "stored", "names"),
    [
        ("ann: [0 1] [2 3]", "ann: 0 1 2 3", "ann"),
        ("ann: [0]; bob: [0 1]", "ann: 0; bob: 0 1", "ann bob"),
        ("ann: [5] [9]", "ann: 5 9", "ann"),  # seqs may begin anywhere and have gaps
        ("ann+bob: [a0 b0 a1]", "ann: 0 1; bob: 0", "ann bob"),  # a shared call is one call of each
        ("ann: [0]; bob: [0]", "ann: 0", "ann"),
        ("ann: [0]", "ann: 0; cat: 7", "ann"),  # a stranger has no event, so there is nothing to keep
        ("ann: [0]", "", ""),
        ("ann: (0); bob: [0]", "ann: 0; bob: 0", "bob"),  # an ordinary call
        ("ann: [0]!; bob: [0]", "ann: 0; bob: 0", "bob"),
        ("ann: [0]?; bob: [0]", "ann: 0; bob: 0", "bob"),
        ("ann: [0]?.; bob: [0]", "ann: 0; bob: 0", "bob"),  # confirmed, but by a second call
        ("ann: [0]; bob: [0]|[1]", "ann: 0; bob: 0 1", "ann"),
        ("ann: [0 2 1]; bob: [0]", "ann: 0 1 2; bob: 0", "bob"),
        ("ann: [0]|[1]; bob: [0]", "ann: 0 1; bob: 0", "bob"),  # sent before the one before was confirmed
        ("ann: [1] [0]; bob: [0]", "ann: 0 1; bob: 0", "bob"),  # the seqs run the other way
        ("ann: [0 2] [1]; bob: [0]", "ann: 0 1 2; bob: 0", "bob"),  # and here they go back and forth
        ("ann: [1 0]; bob: [0]", "ann: 0 1; bob: 0", "bob"),  # passed in another order than that of the seqs
        ("ann: [0 1]; bob: [0]", "ann: 1 0; bob: 0", "bob"),
        ("ann: [0 1]; bob: [0]", "ann: 0; bob: 0", "bob"),
        ("ann: [0 1]; bob: [0]", "ann: 0 1 1; bob: 0", "bob"),
        ("ann: [0 1]; bob: [0]", "ann: 0 7; bob: 0", "bob"),
        ("ann: [0 1]; bob: [0]", "ann: 0 1*; bob: 0", "bob"),
        ("ann: [0 1]; bob: [0]", "ann: 0 _; bob: 0", "bob"),
        ("ann: [0 1]; bob: [0]", "ann: 0; bob: 0 a1", "bob"),  # a row of ann's under bob touches ann alone
        ("ann: [0 1]; bob: [0]; cat: [0]", "ann: 0 1; bob: ; cat: 0", "ann cat"),
        ("ann: [0]; bob: [0 1]; cat: [0]", "ann: 0 0; bob: 0 1; cat: 0", "bob cat"),
        ("bob: [0]; ann: [0]|[1]; cat: [0]", "bob: 0; ann: 0 1; cat: 0", "bob cat"),
    ],
)
def test_a_visitor_is_plain_where_nothing_can_be_found(sent: str, stored: str, names: str) -> None:
    """Of each condition the nearest case that breaks it; a visitor that is not plain leaves the others plain."""
    assert plain_visitors(bucket(sent, stored)) == names


@pytest.mark.parametrize(
    ("second", "third", "good"),
    [
        ((1.0, 2.0), (2.5, 3.0), "ann"),
        ((0.5, 2.0), (2.5, 3.0), ""),  # sent at the instant of the answer: neither before it nor after
        ((1.0, 2.0), (1.5, 3.0), ""),  # after the first was confirmed, and before the second was
    ],
)
def test_each_batch_follows_the_one_before(second: tuple[float, float], third: tuple[float, float], good: str) -> None:
    """By a strict comparison, as the order itself; and what is counted is what the checks count."""
    times = ((0.0, 0.5), second, third)
    calls = [Call(f"b{seq}", "batch", *at, "confirmed", (("ann", seq),)) for seq, at in enumerate(times)]
    given = Case(tuple(calls), tuple(Row("ann", "ann", seq) for seq in range(3)))
    batches, sent, events, rows = tables(given)
    assert plain_visitors(bucket_of(*numbered_alone(batches, sent, events), rows)) == good
    assert tally(given).numbers + Counter() == tally(given, plain_apart=False).numbers + Counter()


def test_a_digest_that_one_side_lacks_is_not_plain() -> None:
    """Whether the payload is the one sent is then not known; also where the other side's digest happens to be 0."""
    batches, calls, events, rows = tables(case("ann: [0]; bob: [0]", "ann: 0; bob: 0"))
    assert rows is not None
    for lacking in ("events", "rows"):
        pair = {"events": events, "rows": rows}
        for side, table in pair.items():
            digests = [None if side == lacking else 0, *table["digest"].to_pylist()[1:]]
            column = pa.array(digests, pa.int64())
            pair[side] = table.set_column(table.schema.get_field_index("digest"), "digest", column)
        numbered = numbered_alone(batches, calls, pair["events"])
        assert plain_visitors(bucket_of(*numbered, pair["rows"])) == "bob"


@pytest.mark.parametrize(
    ("sent", "stored", "earlier"),
    [
        ("ann: [0 1] [2]; bob: [0]; cat: [0 1 2] [3]|[4]", "ann: 0 1 2; bob: 0; cat: 1 0 2 3 4", ()),
        ("bob: [0]; cat: [0]|[1]; ann: [0] [1 2]", "cat: 1 0; bob: 0; ann: 0 1 2", ()),
        ("ann: [0]; bob: [0]", "ann: 0; bob: 0 0", ()),
        ("ann: [0]; bob: [0]", "bob: 0 0", ()),
        ("ann: [0] [1]; bob: [0]", "ann: 0 1; bob: 0", ("ann: 0 1", "ann: 0 1; bob: 0")),
        ("ann: [0] [1]; bob: [0 1]", "ann: 0 1; bob: 0 1", ("ann: 0 1; bob: 0 1", "ann: 0 1; bob: 0 1")),
        ("ann+bob: [a0 b0 a1] [b1]; cat: [0]", "ann: 0 1; bob: 0 1; cat: _", ()),
        ("ann: [0] (1); bob: [0 1]", "ann: 0 1; bob: 0 1", ()),
    ],
)
def test_counting_plain_visitors_as_a_whole_gives_what_the_checks_give(
    sent: str, stored: str, earlier: tuple[str, ...]
) -> None:
    """Not one number, mark or measure differs."""
    given = case(sent, stored, earlier=earlier)
    whole, each = tally(given), tally(given, plain_apart=False)
    assert +whole.numbers == +each.numbers
    assert whole.reordering == each.reordering
    assert whole.witnesses == each.witnesses
    for name in whole.marks | each.marks:
        assert sorted(whole.measured(name).tolist()) == sorted(each.measured(name).tolist()), name
    paired = [
        [sorted(zip(found.measured(one).tolist(), found.measured(other).tolist(), strict=True)) for found in (whole, each)]
        for one, other in (("drain/intended", "drain/s"), ("visibility/batch", "visibility/ms"))
    ]
    for one, other in paired:
        assert one == other


def test_plain_visitors_alone_are_measured_by_hand() -> None:
    """Two batches of ann's, half a second each; each event is first seen a million seconds after the run began."""
    found = tally(case("ann: [0 1] [2]; bob: [0]", "ann: 0 1 2; bob: 0"))
    assert found.measured("drain/intended").tolist() == [0, 2]
    assert found.measured("drain/s").tolist() == [1.5, 0.5]
    assert found.measured("visibility/ms").tolist() == [1000 * (1e6 - ack) for ack in (0.5, 0.5, 1.5, 2.5)]
    assert found.marked("visibility/batch").tolist() == [0, 0, 1, 2]
    assert found.reordering["batch"].events == 4
    names = "order-within-batch order-across-batches nothing-lost contiguous-batches".split()
    checked = {name: (found.numbers[f"{name}/checked"], found.numbers[f"{name}/visitors"]) for name in names}
    assert checked == {
        "order-within-batch": (2, 1),
        "order-across-batches": (3, 1),
        "nothing-lost": (4, 2),
        "contiguous-batches": (2, 1),
    }


@pytest.mark.parametrize("judge", [judge_bucket, judge_closely])
def test_an_event_is_visible_from_the_first_reading_that_held_it(judge: Callable[[Bucket, Run], Tally]) -> None:
    """Each reading notes for itself when it saw a row; a plain visitor's rows are in every one."""
    given = case("ann: [0] [1]", "ann: 0 1", earlier=("ann: 0 1", "ann: 0 1"))
    batches, calls, events, rows = tables(given)
    assert rows is not None
    column = rows.schema.get_field_index("seen_at")
    first, second, last = (rows.set_column(column, "seen_at", [[at, at + 1]]) for at in (3.0, 5.0, 9.0))
    read = bucket_of(*numbered_alone(batches, calls, events), last, [first, second])
    run = Run(settled=True, ordered=True, watched=True, failing=FAILING, ends=(12, 12))
    assert judge(read, run).measured("visibility/ms").tolist() == [2500, 2500]


def test_plain_visitors_are_added_to_what_was_counted_before() -> None:
    """Counted twice, each number is twice what it is once."""
    given = bucket("ann: [0 1] [2]; bob: [0]", "ann: 0 1 2; bob: 0")
    assert given.rows is not None
    spans, found = Spans.of(given, given.rows), runs(given.events)
    once, twice = Tally(), Tally()
    for tallied in (once, twice, twice):
        count(tallied, given, given.rows, spans, found, np.ones(2, bool), watched=False)
    assert twice.numbers == {name: 2 * number for name, number in once.numbers.items()}
    assert twice.measured("drain/s").tolist() == 2 * once.measured("drain/s").tolist()
    assert "visibility/ms" not in once.marks


def test_without_plain_visitors_the_others_keep_what_is_theirs() -> None:
    """Events, rows and earlier rows; names, batches and calls keep their numbers."""
    given = bucket(
        "ann: [0 1]; bob: [0]; cat: [0] [1]", "ann: 0 1; bob: 0 0; cat: 0 1", ("ann: 0; bob: 0; cat: 0", "bob: 0 0")
    )
    assert given.rows is not None
    spans = Spans.of(given, given.rows)
    rest = without(given, given.rows, spans, np.array([True, False, True]))
    assert rest.rows is not None
    assert (rest.names, rest.batches, rest.calls) == (given.names, given.batches, given.calls)
    assert (rest.events.visitor.tolist(), rest.events.seq.tolist()) == ([1], [0])
    assert (rest.rows.owner.tolist(), rest.rows.position.tolist()) == ([1, 1], given.rows.position[2:4].tolist())
    assert [reading.owner.tolist() for reading in rest.earlier] == [[1], [1, 1]]
    assert rest.events.batch.tolist() == [given.events.batch.tolist()[2]]


def test_places_are_those_of_the_stretches_in_order() -> None:
    """Stretches may be empty, and the first need not be chosen."""
    bounds = np.array([0, 2, 2, 5, 6])
    assert places(bounds, np.array([False, True, True, True])).tolist() == [2, 3, 4, 5]
    assert places(bounds, np.array([True, True, False, True])).tolist() == [0, 1, 5]
    assert places(bounds, np.zeros(4, bool)).tolist() == []


def test_runs_are_stretches_of_one_visitor_and_one_batch() -> None:
    """A shared batch is a run of each visitor; a batch that comes back is two."""
    found = runs(bucket("ann+bob: [a0 b0]; ann: [1 3] [2]", "").events)
    assert (found.start.tolist(), found.visitor.tolist()) == ([0, 1, 2, 3, 4], [0, 0, 0, 0, 1])
    assert found.batch.tolist() == [0, 1, 2, 1, 0]
    nothing = runs(bucket("ann: [0]", "").events.at(np.zeros(0, np.int64)))
    assert (len(nothing.start), len(nothing.visitor), len(nothing.batch)) == (0, 0, 0)
