"""What is counted in batches or calls, over all buckets: each counts once."""

from collections import Counter

import numpy as np
import pytest

from analysis.catalogue import failing
from analysis.facts import Run
from analysis.tally import Tally, Witness
from analysis.whole import count_whole
from inorder.scenario import Promises


def counted(
    marks: dict[str, list[list[int]]], settled: bool = True, atomic: bool = False, shown: tuple[Witness, ...] = ()
) -> Tally:
    """The tally of a run whose buckets left these marks."""
    tally = Tally(marks={name: [np.array(part, np.int64) for part in parts] for name, parts in marks.items()})
    tally.witnesses = list(shown)
    run = Run(settled=settled, ordered=True, watched=True, failing=failing(Promises(atomic_batches=atomic)), placed=True)
    count_whole(tally, run, lambda batch: (f"batch {batch}", 7))
    return tally


def in_part(stored: list[list[int]], missing: list[list[int]]) -> dict[str, list[list[int]]]:
    """The marks of batches 3 and 5, without a certain answer, in two buckets."""
    return {"torn/batch": [[3, 5], [5]], "torn/stored": stored, "torn/missing": missing}


def test_a_batch_or_call_of_several_buckets_counts_once() -> None:
    """Whatever number of its visitors were touched."""
    marks = {
        "split": [[1, 2], [2, 3]],
        "split/client": [[2], [2]],
        "parallel": [[9], [9, 8]],
        "unacknowledged": [[1], [], [4, 5, 6]],
    }
    numbers = counted(marks).numbers
    assert {name: numbers[name] for name in marks} == {"split": 3, "split/client": 1, "parallel": 2, "unacknowledged": 4}


def test_nothing_marked_is_nothing_counted() -> None:
    """No bucket had a batch without a certain answer, or anything else."""
    tally = counted({})
    assert tally.numbers == Counter({"split": 0, "split/client": 0, "parallel": 0, "unacknowledged": 0, "torn": 0})
    assert tally.witnesses == []
    assert tally.marked("torn/batch").tolist() == []
    assert tally.marked("torn/batch").dtype == np.int64


@pytest.mark.parametrize(
    ("stored", "missing", "torn"),
    [
        ([[0, 2], [0]], [[2, 0], [1]], 1),  # batch 5: whole for one visitor, absent for the other
        ([[0, 2], [1]], [[2, 0], [0]], 0),  # 3 is absent, 5 is whole
        ([[1, 2], [0]], [[1, 0], [1]], 2),
        ([[1, 0], [0]], [[1, 2], [1]], 1),  # 3 is torn, 5 is absent
    ],
)
def test_a_batch_is_torn_when_some_of_it_is_stored_and_some_is_not(
    stored: list[list[int]], missing: list[list[int]], torn: int
) -> None:
    """Its parts of all buckets together; of a log that had not settled, the rest may still come."""
    marks = in_part(stored, missing)
    assert (counted(marks).numbers["torn"], counted(marks).numbers["torn/undecided"]) == (torn, 0)
    unsettled = counted(marks, settled=False)
    assert (unsettled.numbers["torn"], unsettled.numbers["torn/undecided"]) == (0, torn)
    assert unsettled.witnesses == []


@pytest.mark.parametrize(("atomic", "blame"), [(False, "nobody"), (True, "system")])
def test_a_batch_that_no_single_visitor_shows_torn_has_a_witness(atomic: bool, blame: str) -> None:
    """The first one, with how many of its events are stored."""
    (witness,) = counted(in_part([[0, 2], [0]], [[2, 0], [1]]), atomic=atomic).witnesses
    assert witness == Witness(
        anomaly="torn",
        gap=0,
        visitor="",
        content={
            "anomaly": "torn",
            "sentence": "of batch batch 5, which has no certain answer, 2 of 7 events are stored: those of "
            "some of its visitors are, those of others are not",
            "visitor": "",
            "blame": blame,
            "events": [],
            "batches": [],
            "stored": [],
        },
    )


def test_a_witness_of_a_bucket_is_enough() -> None:
    """One that a single visitor shows; a witness of another anomaly is none."""
    marks = in_part([[0, 2], [0]], [[2, 0], [1]])
    own = Witness("torn", 4, "ann", {})
    assert counted(marks, shown=(own,)).witnesses == [own]
    other = Witness("lost", 4, "ann", {})
    assert [witness.anomaly for witness in counted(marks, shown=(other,)).witnesses] == ["lost", "torn"]
