"""A bucket holds all that it takes to judge its visitors: their events, and the batches and calls of these."""

from typing import Any

import pytest

from inorder.merge import bucket_of, merge
from inorder.run import RunFolder
from tests.inorder.merge.lines import WAYS, bucket, done, history, sent, table

INFINITY = float("inf")


def column(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some columns of rows."""
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize("way", WAYS)
def test_batches_are_numbered_as_their_events_appear(folder: RunFolder, way: str) -> None:
    """Bob's batch was sent first, but Ann comes first: she is in an empty batch's neighbour that was sent before."""
    history(
        folder,
        sent("c0", "none", []),
        sent("c1", "both", [["ann", 4, 1], ["bob", 0, 1]], at=1.5),
        done("c1", 2.5),
        sent("c2", "ann's", [["ann", 0, 2]], "batch", at=3.0),
    )
    merge(folder, **WAYS[way])
    assert column(bucket(folder, "events"), "visitor", "seq", "batch") == [
        ("ann", 0, 0),
        ("ann", 1, 0),
        ("ann", 4, 1),
        ("bob", 0, 1),
    ]
    assert bucket(folder, "batches") == [
        {
            "number": 2,
            "name": "ann's",
            "kind": 0,
            "events": 2,
            "first_intended": 3.0,
            "first_sent": 3.0,
            "ack": INFINITY,
            "calls": 1,
            "calls_not_rejected": 1,
            "outcome": 2,
        },
        {
            "number": 1,
            "name": "both",
            "kind": 0,
            "events": 2,
            "first_intended": 1.5,
            "first_sent": 1.5,
            "ack": 2.5,
            "calls": 1,
            "calls_not_rejected": 1,
            "outcome": 0,
        },
    ]


@pytest.mark.parametrize("way", WAYS)
def test_calls_are_sorted_by_batch_and_time_sent(folder: RunFolder, way: str) -> None:
    """Three calls of one batch, two at the same time, on file in another order; one call of a batch that appears first."""
    events = [["bob", 3, 2]]
    history(
        folder,
        sent("c0", "b", events, at=5.0),
        sent("c1", "b", events, at=2.0),
        done("c1", 9.0, "rejected", status=400),
        sent("c2", "b", events, at=5.0),
        done("c2", 6.0, status=200),
        sent("c3", "a", [["bob", 0, 3]], at=7.0),
        done("c3", 8.0, "indeterminate"),
    )
    merge(folder, **WAYS[way])
    rows = bucket(folder, "calls")
    assert column(rows, "batch", "sent", "outcome", "status") == [
        (0, 7.0, 2, 0),
        (1, 2.0, 1, 400),
        (1, 5.0, 2, 0),
        (1, 5.0, 0, 200),
    ]
    assert [row["done"] if row["done"] == row["done"] else None for row in rows] == [8.0, 9.0, None, 6.0]


def test_a_batch_of_two_buckets_is_whole_in_both(folder: RunFolder) -> None:
    """Each bucket has the batch with all its calls, but only its own visitor's events of it."""
    names = [f"v{number}" for number in range(40)]
    events = [[name, 0, 1] for name in names]
    history(
        folder,
        sent("c0", "b0", [["v0", 9, 1]]),
        sent("c1", "b1", events),
        sent("c2", "b1", events, at=4.0),
        done("c2", 5.0),
    )
    merged = merge(folder, rows_a_bucket=4)
    assert merged.buckets > 2
    indices = []
    for number in range(merged.buckets):
        own = [row for row in bucket(folder, "events", number) if row["seq"] == 0]
        assert {bucket_of(row["visitor"], merged.buckets) for row in own} <= {number}
        if own:
            batches = bucket(folder, "batches", number)
            local = own[0]["batch"]
            assert column([batches[local]], "number", "events", "calls", "ack") == [(1, 40, 2, 5.0)]
            calls = [row for row in bucket(folder, "calls", number) if row["batch"] == local]
            assert column(calls, "sent", "outcome") == [(1.0, 2), (4.0, 0)]
        indices += [row["index"] for row in own]
    assert sorted(indices) == list(range(40))
    assert [row["number"] for row in bucket(folder, "batches", bucket_of("v0", merged.buckets))] == [1, 0]


@pytest.mark.parametrize("way", WAYS)
def test_an_event_that_was_sent_twice_is_kept_once(folder: RunFolder, way: str) -> None:
    """As it was sent first: its digest is the first call's where that has one, whatever runs the calls wrote it in."""
    history(
        folder,
        sent("c0", "b", [["ann", 3, 2], ["ann", 5, 1]], digests=[30, 40, 50]),
        sent("c1", "b", [["ann", 3, 1], ["ann", 4, 2]], at=5.0),
        sent("c2", "b", [["ann", 3, 3]], at=6.0),
        sent("d", "d", [["ann", 0, 3], ["ann", 6, 1]], digests=[1, 2, 3, 4]),
    )
    assert merge(folder, **WAYS[way]).events == 7
    rows = bucket(folder, "events")
    assert column(rows, "seq", "batch", "index", "digest") == [
        (0, 0, 0, 1),
        (1, 0, 1, 2),
        (2, 0, 2, 3),
        (3, 1, 0, 30),
        (4, 1, 1, 40),
        (5, 1, 2, 50),
        (6, 0, 3, 4),
    ]
    assert column(table(folder, "batches.parquet"), "name", "calls") == [("b", 3), ("d", 1)]


def test_seqs_may_be_far_apart(folder: RunFolder) -> None:
    """As far as a seq may go, with visitors enough that visitor and seq do not fit one number of 64 bits."""
    lines = [sent(f"c{number}", f"b{number}", [[f"v{number}", 1 << 61, 1], [f"v{number}", 0, 1]]) for number in range(9)]
    history(folder, *lines, sent("c9", "b0", [["v0", 1 << 61, 1], ["v0", 0, 1]]))
    assert merge(folder).events == 18
    assert column(bucket(folder, "events"), "visitor", "seq") == [(f"v{n}", seq) for n in range(9) for seq in (0, 1 << 61)]
