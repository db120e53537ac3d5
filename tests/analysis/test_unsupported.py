"""What the evidence could not support: each sentence, the promises that it leaves open, and whether wholly."""

from collections import Counter
from typing import Any

import pytest

from analysis.tally import Tally
from analysis.unsupported import Unsupported, unsupported
from inorder.merge import Merged, StoredLog
from inorder.run import Reading, RunInfo
from tests.analysis.language import case
from tests.analysis.material import info

ORDER = "order-within-batch", "order-across-batches"
PLACES = *ORDER, "contiguous-batches", "order-of-last-copies"
DELIVERY = "nothing-lost", "no-duplicates", "nothing-rejected", "no-phantom"
ANOMALIES = "reordered-in-batch, reordered-across-batches, zombie, split"
UNREAD = (
    "lost, duplicate, phantom, order: 3 rows of 2 visitors carry no readable identity; "
    "1 missing confirmed events may be among them."
)
READ_TWICE = [StoredLog()]


def run_info(**reading: Any) -> RunInfo:
    """The run.json of a run, with these facts of its reading back."""
    facts = info(case("ann: [0]", "ann: 0"))
    facts.reading = Reading(**reading)
    return facts


def told(numbers: dict[str, int] | None = None, **merged: Any) -> list[Unsupported]:
    """What is said of a log that was read twice, unless `merged` says otherwise."""
    evidence = Merged(**{"stored": StoredLog(), "earlier": READ_TWICE} | merged)
    return unsupported(Tally(Counter(numbers or {})), run_info(), evidence)


def test_whole_evidence_supports_everything() -> None:
    """Read twice, in order, with all its columns."""
    assert told() == []


@pytest.mark.parametrize(
    ("merged", "why"),
    [
        ({"stored": None}, "there is no stored log"),
        (
            {"stored": None, "stored_error": "stored.parquet cannot be read: cut off"},
            "stored.parquet cannot be read: cut off",
        ),
        (
            {"stored": StoredLog(owned=False)},
            "the stored log has no column 'visitor', so its rows can be given to nobody",
        ),
    ],
)
def test_without_a_log_nothing_that_needs_it_is_checked(merged: dict[str, Any], why: str) -> None:
    """One sentence stands for all checks of the log."""
    promises = (*PLACES, *DELIVERY, "right-visitor", "uncorrupted", "whole-batches")
    sentence = f"Order, losses, duplicates and whatever else is stored: {why}."
    assert told(**merged) == [Unsupported(sentence, promises, wholly=True)]


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (
            StoredLog(positioned=False, missing=4),
            "the stored log has no column 'position', which alone tells the system's own order.",
        ),
        (StoredLog(ties=2), "the positions are no total order, for 2 rows share a position with the row before."),
        (StoredLog(descents=1), "the positions are no total order, for 1 rows stand below the row before."),
        (
            StoredLog(ties=2, missing=3),
            "the positions are no total order, for 2 rows share a position with the row before, 3 rows have no position.",
        ),
    ],
)
def test_without_a_total_order_no_place_is_judged(log: StoredLog, why: str) -> None:
    """Neither the order nor the places of copies; nor can the places of two readings be compared."""
    places = Unsupported(f"{ANOMALIES}: {why}", PLACES, wholly=True)
    readings = Unsupported("rewritten: the positions of a reading are no total order, so places cannot be compared.")
    assert told(stored=log) == [places, readings]


def test_places_of_readings_cannot_be_compared_where_one_has_no_order() -> None:
    """An earlier one is enough; nothing else is left open by it."""
    sentence = "rewritten: the positions of a reading are no total order, so places cannot be compared."
    assert told(earlier=[StoredLog(), StoredLog(ties=1)]) == [Unsupported(sentence)]


def test_a_log_that_does_not_tell_where_rows_are_stored_shows_none_misrouted() -> None:
    """The right visitor stays open."""
    sentence = "misrouted: the stored log has no column 'visitor', so nothing tells under whom an event is stored."
    assert told(stored=StoredLog(routed=False)) == [Unsupported(sentence, ("right-visitor",), wholly=True)]


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (StoredLog(), UNREAD),
        (
            StoredLog(identified=False),
            f"the stored log has no column 'seq', so its events have no identity: {UNREAD}",
        ),
    ],
)
def test_rows_without_an_identity_may_be_any_event(log: StoredLog, sentence: str) -> None:
    """What is checked is checked, and what is hidden stays open."""
    unread = {"unread/rows": 3, "unread/visitors": 2, "unread/events": 1}
    assert told(unread, stored=log) == [Unsupported(sentence, (*PLACES, *DELIVERY, "whole-batches"))]


@pytest.mark.parametrize(
    ("stored", "asked", "checked", "expected"),
    [
        (9, 9, 9, []),
        (
            9,
            9,
            7,
            [
                Unsupported(
                    "corrupt: 2 of 9 stored events have no digest to compare with the one sent.",
                    ("uncorrupted",),
                    wholly=False,
                )
            ],
        ),
        (
            9,
            9,
            0,
            [
                Unsupported(
                    "corrupt: 9 of 9 stored events have no digest to compare with the one sent.",
                    ("uncorrupted",),
                    wholly=True,
                )
            ],
        ),
        (9, 5, 5, [Unsupported("corrupt: the history tells no digest of 4 of 9 stored events.")]),
        (
            9,
            5,
            0,
            [
                Unsupported(
                    "corrupt: 5 of 9 stored events have no digest to compare with the one sent.",
                    ("uncorrupted",),
                    wholly=True,
                ),
                Unsupported("corrupt: the history tells no digest of 4 of 9 stored events."),
            ],
        ),
    ],
)
def test_payloads_are_compared_where_both_digests_are_known(
    stored: int, asked: int, checked: int, expected: list[Unsupported]
) -> None:
    """A digest that the log lacks leaves the promise open; one that the history lacks was never asked for."""
    numbers = {"batch/stored": stored, "uncorrupted/asked": asked, "uncorrupted/checked": checked}
    assert told(numbers) == expected


def test_a_batch_in_part_of_a_log_that_had_not_settled_stays_open() -> None:
    """The rest may still come."""
    sentence = "torn: 2 batches are stored in part so far, and the log had not settled."
    assert told({"torn/undecided": 2}) == [Unsupported(sentence, ("whole-batches",))]


def test_a_log_that_was_read_once_shows_nothing_vanish() -> None:
    """No promise is left open by it."""
    sentence = "vanished, rewritten: the log was read once, so nothing can be seen to vanish from it."
    assert told(earlier=[]) == [Unsupported(sentence)]


def test_a_second_reading_that_failed_says_why() -> None:
    """Whatever earlier readings there are; a run that was never read back has no reading to tell of."""
    merged = Merged(stored=StoredLog(), earlier=READ_TWICE)
    sentence = "vanished, rewritten: the log could not be read a second time: gone."
    assert unsupported(Tally(), run_info(again_error="gone"), merged) == [Unsupported(sentence)]
    unread = info(case("ann: [0]", "ann: 0"))
    unread.reading = None
    assert unsupported(Tally(), unread, merged) == []


def test_a_history_without_closing_lines_is_not_known_to_be_whole() -> None:
    """Another client's, whose processes nobody counted; said with a stored log and without one."""
    sentence = "Whether the history is complete: no file has a closing line that tells how much was written."
    foreign = run_info()
    foreign.processes = 0
    whole = Merged(stored=StoredLog(), earlier=READ_TWICE)
    assert unsupported(Tally(), foreign, whole) == [Unsupported(sentence)]
    once = unsupported(Tally(), foreign, Merged(stored=StoredLog()))
    assert [told.sentence.partition(":")[0] for told in once] == ["Whether the history is complete", "vanished, rewritten"]
    without = unsupported(Tally(), foreign, Merged())
    assert (len(without), without[1]) == (2, Unsupported(sentence))
