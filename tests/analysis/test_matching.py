"""The join of stored rows with events, where seqs are unusual."""

import numpy as np
import pyarrow as pa
import pytest

from analysis.matching import Matched, match
from analysis.tables import Bucket, bucket_of
from tests.analysis.language import case
from tests.analysis.material import tables

BIG = (1 << 61) - 1


def bucket(events: list[tuple[str, int]], stored: list[tuple[str, int | None]]) -> Bucket:
    """A bucket with these events, in order, and these rows."""
    sent = pa.table(
        {
            "visitor": pa.array([visitor for visitor, _ in events], pa.string()),
            "seq": pa.array([seq for _, seq in events], pa.int64()),
            "batch": pa.array(range(len(events)), pa.int32()),
            "index": pa.array([0] * len(events), pa.int32()),
            "digest": pa.nulls(len(events), pa.int64()),
        }
    )
    rows = pa.table(
        {
            "position": pa.array(range(len(stored)), pa.int64()),
            "visitor": pa.array([visitor for visitor, _ in stored], pa.string()),
            "origin": pa.nulls(len(stored), pa.string()),
            "seq": pa.array([seq for _, seq in stored], pa.int64()),
            "digest": pa.nulls(len(stored), pa.int64()),
            "seen_at": pa.nulls(len(stored), pa.float64()),
        }
    )
    batches, calls, *_ = tables(case("ann: [0]", None))
    return bucket_of(batches.rename_columns({"batch": "number"}), calls, sent, rows)


def matched(given: Bucket) -> Matched:
    """The join of its last reading."""
    assert given.rows is not None
    return match(given, given.rows)


@pytest.mark.parametrize("seqs", [[0, 1, 2], [5, 6, 7], [0, 2, 9], [3, BIG - 1, BIG]])
def test_a_row_finds_its_event(seqs: list[int]) -> None:
    """Seqs from 0, from elsewhere, with gaps, and large ones: each row finds its own, strangers find none."""
    events = [("ann", seq) for seq in seqs] + [("bob", seq) for seq in seqs]
    strangers: list[tuple[str, int | None]] = [("ann", -1), ("ann", seqs[-1] + 1), ("cat", seqs[0]), ("bob", None)]
    given = bucket(events, [*events, *strangers])
    found = matched(given)
    assert given.rows is not None
    for row, event in enumerate(found.event.tolist()):
        identity = given.visitor_name(int(given.rows.owner[row])), int(given.rows.seq[row])
        known = identity in events and bool(given.rows.identified[row])
        assert event == (events.index(identity) if known else -1)
    assert found.copies.tolist() == [1] * len(events)


def test_the_extremes_of_64_bits_are_strangers() -> None:
    """A seq that no history can hold must not wrap around into one that it has."""
    least, most = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    for seqs in ([1, 2], [1, 5]):
        found = matched(bucket([("ann", seq) for seq in seqs], [("ann", int(least)), ("ann", int(most))]))
        assert found.event.tolist() == [-1, -1]


@pytest.mark.parametrize(
    "events",
    [
        [("bob", 0), ("ann", 0), ("bob", 1)],
        [("ann", 1), ("ann", 0), ("bob", 0)],
        [("ann", 0), ("ann", 1), ("bob", 0)],
        [("bob", 0), ("ann", 1), ("ann", 0)],
    ],
)
def test_rows_and_events_are_sorted_where_they_are_not(events: list[tuple[str, int]]) -> None:
    """Evidence made elsewhere need not be sorted; each event finds its row all the same."""
    stored: list[tuple[str, int | None]] = [("ann", 1), ("bob", 1), ("ann", 0), ("bob", 0)]
    for log in (stored, stored[::-1], sorted(stored)):
        given = bucket(events, log)
        found = matched(given)
        assert given.rows is not None
        for event, row in enumerate(found.first_row.tolist()):
            position = int(given.rows.position[row])
            own = given.visitor_name(int(given.events.visitor[event])), int(given.events.seq[event])
            assert log[position] == own
        keys = list(zip(given.rows.owner.tolist(), given.rows.position.tolist(), strict=True))
        assert keys == sorted(keys)
