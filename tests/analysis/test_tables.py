"""The evidence as arrays: one numbering of visitors, batches and calls, however the tables are sorted."""

import numpy as np
import pyarrow as pa
import pytest

from analysis.tables import Batches, Bucket, Calls, Events, Parts, Ranks, bucket_of
from tests.analysis.judged import numbered_alone
from tests.analysis.language import case
from tests.analysis.material import stored_table, tables


def bucket(sent: str, stored: str | None, earlier: tuple[str, ...] = ()) -> Bucket:
    """The evidence of a case, in one bucket."""
    given = case(sent, stored, earlier=earlier)
    batches, calls, events, rows = tables(given)
    return bucket_of(*numbered_alone(batches, calls, events), rows, [stored_table(reading) for reading in given.earlier])


def calls(*told: tuple[int, float]) -> Calls:
    """Calls with these batches and instants of sending."""
    none = np.zeros(len(told), np.int8)
    return Calls(
        batch=np.array([batch for batch, _ in told], np.int32),
        sent=np.array([sent for _, sent in told]),
        done=np.array([sent + 0.5 for _, sent in told]),
        outcome=none,
        status=none,
    )


@pytest.mark.parametrize(
    ("told", "by_batch"),
    [
        ([], []),
        ([(0, 1.0), (0, 1.0), (0, 2.0), (1, 0.0)], [0, 1, 2, 3]),  # as merging leaves them
        ([(0, 2.0), (0, 1.0), (1, 0.0)], [1, 0, 2]),
        ([(1, 0.0), (0, 5.0), (1, 0.5), (0, 1.0)], [3, 1, 0, 2]),
        ([(1, 2.0), (0, 3.0)], [1, 0]),
    ],
)
def test_calls_are_found_by_batch_as_they_were_sent(told: list[tuple[int, float]], by_batch: list[int]) -> None:
    """However the table is sorted; each batch has its stretch."""
    given = calls(*told)
    assert given.by_batch.tolist() == by_batch
    for batch in {batch for batch, _ in told}:
        mine = [call for call in by_batch if told[call][0] == batch]
        assert given.of_batch(batch).tolist() == mine
    assert len(given.starts) == len({batch for batch, _ in told}) + 1


def test_a_call_has_the_same_number_in_every_bucket() -> None:
    """That of its batch within the run, and its place among the calls of the batch."""
    given = bucket("ann: [0]?. [1]; bob: [0]??.", None)
    assert given.batches.number.tolist() == [0, 1, 2]
    assert given.calls.number(given.batches).tolist() == [0, 1, 1 << 15, 2 << 15, (2 << 15) + 1, (2 << 15) + 2]
    alone = Batches(**{name: getattr(given.batches, name)[2:] for name in Batches.__dataclass_fields__})
    assert calls((0, 1.0), (0, 3.0), (0, 2.0)).number(alone).tolist() == [2 << 15, (2 << 15) + 2, (2 << 15) + 1]


def test_visitors_are_numbered_together_over_all_tables() -> None:
    """Those of the events, of the rows and of their identities, in every reading."""
    given = bucket("ann: [0]; bob: [0]", "bob: 0 a0; cat: 5", ("dan: 1; ann: 0",))
    assert given.names.to_pylist() == ["ann", "bob", "cat", "dan"]
    assert given.rows is not None
    assert [given.visitor_name(visitor) for visitor in given.events.visitor.tolist()] == ["ann", "bob"]
    assert [given.visitor_name(visitor) for visitor in given.rows.owner.tolist()] == ["ann", "bob", "cat"]
    assert [given.visitor_name(visitor) for visitor in given.rows.visitor.tolist()] == ["bob", "bob", "cat"]
    assert [given.visitor_name(visitor) for visitor in given.earlier[0].owner.tolist()] == ["ann", "dan"]
    assert given.rows.position.tolist() == [12, 10, 14]
    assert given.earlier[0].position.tolist() == [12, 10]


def test_without_a_log_there_are_no_rows_but_earlier_ones() -> None:
    """The last reading is told from those before it."""
    assert bucket("ann: [0]", None).rows is None
    assert bucket("ann: [0]", None).earlier == ()
    alone = bucket("ann: [0]", None, ("ann: 0", "ann: 0 1"))
    assert (alone.rows, [len(reading) for reading in alone.earlier]) == (None, [1, 2])
    both = bucket("ann: [0]", "ann: 0 1 2", ("ann: 0", "ann: 0 1"))
    assert both.rows is not None
    assert (len(both.rows), [len(reading) for reading in both.earlier]) == (3, [1, 2])


def test_what_a_row_does_not_tell_is_not_known() -> None:
    """Identity, digest and the instant first seen; a file without such a column tells none."""
    given = case("ann: [0]", "ann: 0 _ 1")
    batches, called, events, rows = tables(given)
    assert rows is not None
    numbered = numbered_alone(batches, called, events)
    seen = pa.chunked_array([[5.0, None], [7.0]], pa.float64())
    rows = rows.set_column(rows.schema.get_field_index("seen_at"), "seen_at", seen)
    told = bucket_of(*numbered, rows).rows
    assert told is not None
    assert (told.identified.tolist(), told.digest_known.tolist()) == ([True, False, True], [True, False, True])
    assert told.seq.tolist() == [0, 0, 1]
    assert np.array_equal(told.seen_at, [5.0, np.nan, 7.0], equal_nan=True)
    silent = bucket_of(*numbered, rows.drop_columns("seen_at")).rows
    assert silent is not None
    assert np.isnan(silent.seen_at).tolist() == [True] * 3


def test_rows_at_one_instant_stand_by_owner_and_position_with_all_that_is_theirs() -> None:
    """Sorted where the tables are not, and every column with them."""
    batches, called, events, rows = tables(case("ann: [0 1]; bob: [0 1]", "bob: 0 1*; ann: 0* 1"))
    assert rows is not None
    shuffled = [3, 0, 2, 1]
    numbered = list(numbered_alone(batches, called, events))
    straight = bucket_of(*numbered, rows)
    numbered[2] = numbered[2].take(shuffled)
    crooked = bucket_of(*numbered, rows.take(shuffled))
    for found in (straight, crooked):
        assert found.rows is not None
        order = [found.names[visitor].as_py() for visitor in found.rows.owner.tolist()]
        mine = {name: [row for row, owner in enumerate(order) if owner == name] for name in ("ann", "bob")}
        assert found.rows.position[mine["ann"]].tolist() == [14, 16]
        assert found.rows.position[mine["bob"]].tolist() == [10, 12]
        sent = dict(zip(zip(found.events.visitor.tolist(), found.events.seq.tolist(), strict=True), range(4), strict=True))
        same = [
            bool(found.rows.digest[row] == found.events.digest[sent[owner, seq]])
            for row, (owner, seq) in enumerate(zip(found.rows.owner.tolist(), found.rows.seq.tolist(), strict=True))
        ]
        assert [same[row] for row in (*mine["ann"], *mine["bob"])] == [False, True, True, False]
        assert found.events.index.tolist() == [0, 1, 0, 1]


def test_a_part_is_what_one_visitor_has_of_a_batch() -> None:
    """Numbered by visitor, then batch; a batch's events need not stand together."""
    given = bucket("ann+bob: [a0 b0 a2]; ann: [1]", None)
    parts = Parts.of(given.events)
    assert parts.of_event.tolist() == [0, 1, 0, 2]
    assert (parts.visitor.tolist(), parts.batch.tolist(), parts.size.tolist()) == ([0, 0, 1], [0, 1, 0], [2, 1, 1])
    straight = Parts.of(bucket("ann: [0 1] [2]; bob: [0]", None).events)
    assert straight.of_event.tolist() == [0, 0, 1, 2]
    assert (straight.batch.tolist(), straight.size.tolist()) == ([0, 1, 2], [2, 1, 1])
    assert (
        (parts.visitor.dtype, parts.batch.dtype) == (straight.visitor.dtype, straight.batch.dtype) == (np.int32, np.int32)
    )


def test_ranks_keep_every_comparison_of_instants() -> None:
    """A batch was sent after another's success iff its rank of sending is not below the other's rank of success."""
    given = bucket("ann: [0]|[1] [2]? [3]", None).batches
    used = np.array([3, 0, 2, 1])
    ranks = Ranks.of(given, used)
    for one, first in enumerate(used.tolist()):
        for other, second in enumerate(used.tolist()):
            assert (ranks.acked[one] <= ranks.sent[other]) == (given.ack[first] < given.first_sent[second])
    assert ranks.sent.tolist() == [3, 0, 2, 1]
    assert ranks.acked.tolist() == [4, 2, 4, 2]


def test_a_success_at_the_instant_of_the_next_sending_is_not_before_it() -> None:
    """Clocks tell no more than that."""
    given = bucket("ann: [0] [1]", None).batches
    touching = Batches(
        **{name: getattr(given, name) for name in Batches.__dataclass_fields__} | {"ack": given.first_sent[[1, 1]]}
    )
    assert Ranks.of(touching, np.arange(2)).acked.tolist() == [2, 2]


def test_some_events_keep_all_that_is_theirs() -> None:
    """Every column, in the order asked for."""
    given = bucket("ann: [0 1]; bob: [5]", None).events
    some = given.at(np.array([2, 0]))
    for name in Events.__dataclass_fields__:
        assert getattr(some, name).tolist() == getattr(given, name)[[2, 0]].tolist()
    assert len(some) == 2
