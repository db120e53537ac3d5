"""The smallest proof of each anomaly, as a sentence and as data."""

from typing import Any

import pytest

from analysis.tally import WITNESSES
from tests.analysis.judged import tally
from tests.analysis.language import case


def witnesses(sent: str, stored: str, anomaly: str, settled: bool = True, **promises: bool) -> list[dict[str, Any]]:
    """The witnesses of one anomaly."""
    found = tally(case(sent, stored, settled, **promises)).witnesses
    return [own.content for own in found if own.anomaly == anomaly]


# A batch is named by its events; the first position is 10, and each next row stands 2 higher.
SENTENCES = {
    "reordered-in-batch": (
        "ann: [0 1]",
        "ann: 1 0",
        "ann: seq 0 is stored at 12, after seq 1 at 10; batch ann0+ann1, sent at 0.000 s, passed them the other way round",
    ),
    "reordered-across-batches": (
        "ann: [0] [1]",
        "ann: 1 0",
        "ann: seq 0 (batch ann0, confirmed at 0.500 s) is stored at 12, after seq 1 (batch ann1, sent at 1.000 s) at 10",
    ),
    "lost": (
        "ann: [0]",
        "ann: ",
        "ann: seq 0 (batch ann0, confirmed at 0.500 s) is not stored, and the log was read to its end after it had settled",
    ),
    "ghost": ("ann: [0]!", "ann: 0", "ann: seq 0 (batch ann0, rejected with 400 at 0.500 s) is stored at 10"),
    "phantom": ("ann: [0]", "ann: 0 7", "ann: seq 7 is stored at 12, and no call carried it"),
    "misrouted": (
        "ann: [0]; bob: [0]",
        "bob: a0 0",
        "ann: seq 0 (batch ann0, confirmed at 0.500 s) is stored under bob, at 10",
    ),
    "duplicate-unexplained": (
        "ann: [0]",
        "ann: 0 0",
        "ann: seq 0 (batch ann0, confirmed at 0.500 s) is stored 2 times, at 10, 12; 1 call of it was not rejected",
    ),
    "duplicate-explained": (
        "ann: [0]??",
        "ann: 0 0",
        "ann: seq 0 (batch ann0, sent at 0.000 s, without a certain answer) is stored 2 times, at 10, 12; 2 calls of "
        "it were not rejected",
    ),
    "zombie": (
        "ann: [0]?. [1]",
        "ann: 0 1 0",
        "ann: the last of 2 copies of seq 0 (batch ann0, confirmed at 1.500 s) is stored at 14, after the last copy of "
        "seq 1 (batch ann1, sent at 2.000 s) at 12",
    ),
    "torn": (
        "ann: [0 1]?",
        "ann: 1",
        "ann: of batch ann0+ann1, which has no certain answer, 1 of 2 events are stored: seq 1 is, seq 0 is not",
    ),
    "recovered": (
        "ann: [0]?",
        "ann: 0",
        "ann: seq 0 (batch ann0, sent at 0.000 s, without a certain answer) is stored at 10",
    ),
    "split": (
        "ann: [0 1]|[2]",
        "ann: 0 2 1",
        "ann: inside batch ann0+ann1, between seq 0 at 10 and seq 1 at 14, seq 2 (batch ann2, sent at 0.010 s) is "
        "stored at 12",
    ),
}


@pytest.mark.parametrize("anomaly", SENTENCES)
def test_a_witness_is_a_sentence(anomaly: str) -> None:
    """Which events, which batches, sent and confirmed when, stored where."""
    sent, stored, sentence = SENTENCES[anomaly]
    [own] = witnesses(sent, stored, anomaly)
    assert own["sentence"] == sentence
    assert own["visitor"] == "ann"


def test_a_changed_payload_is_told_by_its_digests() -> None:
    """The digest of what was sent, and of what is stored."""
    [own] = witnesses("ann: [0]", "ann: 0*", "corrupt")
    assert own["sentence"].startswith("ann: seq 0 (batch ann0, confirmed at 0.500 s) is stored at 10 with another payload")


def test_a_loss_in_an_unsettled_log_names_the_later_event_that_proves_it() -> None:
    """The earliest stored of those that must come later."""
    [own] = witnesses("ann: [0] [1] [2]", "ann: 2 1", "lost", settled=False)
    assert own["sentence"] == (
        "ann: seq 0 (batch ann0, confirmed at 0.500 s) is not stored, though seq 2 (batch ann2, sent at 2.000 s), "
        "which must come later, is, at 10"
    )
    assert own["events"] == [[0, "ann0", 0, None], [2, "ann2", 0, 10]]


def test_what_is_unseen_says_why_it_is_not_called_lost() -> None:
    """The log had not settled."""
    [own] = witnesses("ann: [0]", "ann: ", "unseen", settled=False)
    assert own["sentence"].endswith("but the log had not settled, and nothing that must come later is stored")


def test_of_many_proofs_the_smallest_gap_is_shown() -> None:
    """Ann's 0 stands behind 1, 2 and 3: the nearest is named; and 3 is nearer to 2 than 0 is."""
    [own] = witnesses("ann: [0] [1] [2] [3]", "ann: 3 1 2 0", "reordered-across-batches")
    assert [event[0] for event in own["events"]] == [1, 3]
    [own] = witnesses("ann: [0] [1] [2]", "ann: 1 2 0", "reordered-across-batches")
    assert [event[0] for event in own["events"]] == [0, 2]


def test_witnesses_are_of_different_visitors_and_few() -> None:
    """The closest of each visitor; no more than a handful of an anomaly."""
    names = ("ann", "bob", "cat", "dan")
    sent = "; ".join(f"{name}: [0 1]" for name in names)
    stored = "; ".join(f"{name}: 1 0" for name in names)
    shown = witnesses(sent, stored, "reordered-in-batch")
    assert len(shown) == WITNESSES == 3
    assert len({own["visitor"] for own in shown}) == 3


def test_buckets_show_the_same_witnesses_as_one() -> None:
    """Taken together, the closest stay, whichever bucket they come from."""
    given = case("ann: [0 1]; bob: [0 1 2]; cat: [0 1]; dan: [0 1]", "ann: 1 0; bob: 1 2 0; cat: 1 0; dan: 1 0")
    assert tally(given, 1).witnesses == tally(given, 4).witnesses


def test_a_witness_carries_what_a_drawing_needs() -> None:
    """The bad batches, one before and up to two after, as sent; and how the visitor's events of them are stored."""
    sent = "ann: [0] [1 2] [3]?. [4] [5] [6] [7]"
    [own] = witnesses(sent, "ann: 0 1 3 2 4 5 6 7", "reordered-across-batches")
    assert own["events"] == [[2, "ann1+ann2", 1, 16], [3, "ann3", 0, 14]]
    assert [batch["name"] for batch in own["batches"]] == ["ann0", "ann1+ann2", "ann3", "ann4", "ann5"]
    assert own["batches"][2] == {
        "name": "ann3",
        "number": 2,
        "events": 1,
        "first_seq": 3,
        "sent": 2.0,
        "done": 3.5,
        "outcome": "confirmed",
        "calls": 2,
    }
    assert own["stored"] == [[10, 0, 0], [12, 1, 1], [14, 3, 2], [16, 2, 1], [18, 4, 3], [20, 5, 4]]


def test_a_shared_batch_is_drawn_for_the_visitor_alone() -> None:
    """Bob's events of the call are not Ann's."""
    [own] = witnesses("ann+bob: [a0 b0 a1]", "ann: 1 0; bob: 0", "reordered-in-batch")
    assert (own["batches"][0]["events"], own["stored"]) == (2, [[10, 1, 0], [12, 0, 0]])


def test_the_blame_is_told() -> None:
    """The system, the client where its breach explains it, nobody where no promise was broken."""
    assert witnesses("ann: [0 1]", "ann: 1 0", "reordered-in-batch")[0]["blame"] == "system"
    assert witnesses("ann: [0 1]|[2]", "ann: 1 0 2", "reordered-in-batch")[0]["blame"] == "client"
    assert witnesses("ann: [0]?.", "ann: 0 0", "duplicate-explained")[0]["blame"] == "nobody"
    promised = witnesses("ann: [0]?.", "ann: 0 0", "duplicate-explained", exactly_once=True)
    assert promised[0]["blame"] == "system"


def test_a_million_rows_of_one_visitor_are_not_all_drawn() -> None:
    """The rows around the evidence are kept, and not more than a drawing can show."""
    events = " ".join(map(str, range(600)))
    [own] = witnesses(f"ann: [{events}]", "ann: " + events.replace("300 301", "301 300"), "reordered-in-batch")
    assert len(own["stored"]) == 400
    assert {300, 301} <= {seq for _, seq, _ in own["stored"]}
