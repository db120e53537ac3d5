"""Histories become calls, batches and events, and none is lost on the way."""

from inorder.merge import merge
from inorder.run import RunFolder
from tests.inorder.merge.lines import bucketed, closed, done, history, sent, table


def test_calls_batches_and_events_are_all_there(folder: RunFolder) -> None:
    """A batch of two visitors that was sent twice, an ordinary call, and a call without an answer."""
    history(
        folder,
        sent("c0", "b0", [["ann", 0, 2], ["bob", 5, 1], ["ann", 2, 1]], digests=[1, 2, 3, 4], bytes=99, ready=0.5),
        done("c0", 2.5, "indeterminate", error="reset"),
        sent("c1", "b0", [["ann", 0, 2], ["bob", 5, 1], ["ann", 2, 1]], at=3.0, digests=[1, 2, 3, 4], attempt=2),
        done("c1", 3.5, status=200),
        sent("c2", "o0", [["bob", 6, 1]], "ordinary", at=4.0),
        closed("w0", 3, 9),
    )
    merged = merge(folder)
    assert (merged.calls, merged.batches, merged.events, merged.stored) == (3, 2, 5, None)
    rows = table(folder, "calls.parquet")
    assert [(row["call"], row["batch"], row["kind"], row["attempt"]) for row in rows] == [
        ("c0", 0, 0, 1),
        ("c1", 0, 0, 2),
        ("c2", 1, 1, 1),
    ]
    assert [row["outcome"] for row in rows] == [2, 0, 2]
    assert [row["status"] for row in rows] == [0, 200, 0]
    assert [row["error"] for row in rows] == ["reset", None, None]
    assert [row["bytes"] for row in rows] == [99, 0, 0]
    assert [row["done"] == row["done"] for row in rows] == [True, True, False]
    assert [row["worker"] for row in rows] == ["w0"] * 3
    assert table(folder, "batches.parquet") == [
        {
            "batch": 0,
            "name": "b0",
            "kind": 0,
            "events": 4,
            "first_intended": 1.0,
            "first_sent": 1.0,
            "ack": 3.5,
            "calls": 2,
            "calls_not_rejected": 2,
            "outcome": 0,
        },
        {
            "batch": 1,
            "name": "o0",
            "kind": 1,
            "events": 1,
            "first_intended": 4.0,
            "first_sent": 4.0,
            "ack": float("inf"),
            "calls": 1,
            "calls_not_rejected": 1,
            "outcome": 2,
        },
    ]
    assert [tuple(row.values()) for row in bucketed(folder, "events")] == [
        ("ann", 0, 0, 0, 1),
        ("ann", 1, 0, 1, 2),
        ("ann", 2, 0, 3, 4),
        ("bob", 5, 0, 2, 3),
        ("bob", 6, 1, 0, None),
    ]


def test_the_outcome_of_a_batch_is_its_best(folder: RunFolder) -> None:
    """Confirmed before indeterminate before rejected; the earliest success counts, rejected calls are told apart."""
    outcomes = {
        "a": ["rejected", "indeterminate", "confirmed", "confirmed"],
        "b": ["rejected", "indeterminate"],
        "c": ["rejected", "rejected"],
    }
    lines = []
    for seq, (batch, calls_of_it) in enumerate(outcomes.items()):
        for number, outcome in enumerate(calls_of_it):
            call = f"{batch}{number}"
            lines += [sent(call, batch, [["ann", seq, 1]], at=10.0 - number), done(call, 20.0 - number, outcome)]
    history(folder, *lines)
    merge(folder)
    found = [
        (row["outcome"], row["ack"], row["calls"], row["calls_not_rejected"], row["first_sent"], row["first_intended"])
        for row in table(folder, "batches.parquet")
    ]
    infinity = float("inf")
    assert found == [(0, 17.0, 4, 3, 7.0, 7.0), (2, infinity, 2, 1, 9.0, 9.0), (1, infinity, 2, 0, 9.0, 9.0)]


def test_closing_lines_are_compared_with_what_is_there(folder: RunFolder) -> None:
    """One worker ended well, one states other totals, one was killed and its last line is cut off."""
    history(folder, sent("a", "a", [["ann", 0, 3]]), done("a"), closed("w0", 1, 3, unsent=4, cpu_share=0.5), worker="w0")
    history(folder, sent("b", "b", [["bob", 0, 3]]), closed("w1", 2, 3, gave_up=1, crashed=2), worker="w1")
    history(folder, sent("c", "c", [["cat", 0, 1]]), worker="w2")
    with (folder.history / "w2.jsonl").open("a") as file:
        file.write('{"type": "done", "call": "c", "done')
    first, second, third = merge(folder).workers
    assert (first.lines, first.calls, first.events, first.torn, first.closed, first.fits) == (
        3,
        1,
        3,
        False,
        True,
        True,
    )
    assert (first.unsent, first.cpu_share) == (4, 0.5)
    assert (second.fits, second.closed_calls, second.gave_up, second.crashed) == (False, 2, 1, 2)
    assert (third.torn, third.closed, third.fits, third.calls) == (True, False, True, 1)


def test_an_empty_batch_is_a_batch(folder: RunFolder) -> None:
    """A client may send an empty array; it is rejected, and has no events to judge."""
    history(folder, sent("a", "a", []), done("a", outcome="rejected", status=400), closed("w0", 1, 0))
    merged = merge(folder)
    assert (merged.batches, merged.events, merged.workers[0].fits) == (1, 0, True)


def test_no_history_at_all_is_no_error(folder: RunFolder) -> None:
    """A run may be interrupted before it began."""
    assert merge(folder).calls == 0
