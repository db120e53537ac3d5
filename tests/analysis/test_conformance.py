"""Whether the client kept its rules, and whose fault an anomaly is."""

import pytest

from tests.analysis.judged import tally
from tests.analysis.language import case


def breaches(sent: str) -> tuple[int, int, int]:
    """Parallel calls, unacknowledged batches, and pairs of batches left without an order; a log is not needed."""
    numbers = tally(case(sent, None)).numbers
    return numbers["parallel"], numbers["unacknowledged"], numbers["pairs"]


@pytest.mark.parametrize(
    "sent",
    [
        "ann: [0] [1] [2]",
        "ann: [0]?. [1]",  # sent again after the time-out, and confirmed before the next
        "ann: [0]-. [1]",  # the answer to the first call is not on file: it ended before the second at the latest
        "ann: [0]! [1]",  # definitely rejected: the client may go on
        "ann: [0]!! [1]",
        "ann: [0]; bob: [0]",
        "ann: [0]?",  # given up, and nothing sent after it
        "ann: (0)|(1) [2] (3)?",  # ordinary calls need not be waited for
    ],
)
def test_a_client_that_keeps_the_rules_has_no_breach(sent: str) -> None:
    """One call of a visitor at a time, the next batch after the success of the one before."""
    assert breaches(sent) == (0, 0, 0)


def test_two_calls_of_a_visitor_in_flight_are_a_breach_of_both_rules() -> None:
    """The second was sent while the first was in flight, and before its success."""
    assert breaches("ann: [0]|[1]") == (1, 1, 1)
    assert breaches("ann: [0]|[1]|[2]") == (2, 2, 3)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("ann: [0]|(1)", 1),  # made while the batch was in flight
        ("ann: [0]|(1)|(2)", 2),
        ("ann: [0]|[1]|(2)", 2),  # and the other batch
        ("ann: [0]-|(1)?", 1),  # nothing says that the batch's call had ended
        ("ann: (0)|[1]", 0),  # an ordinary call need not be waited for, whatever became of it
        ("ann: (0)-|[1]", 0),
        ("ann: (0)- [1] [2]", 0),
        ("ann: (0)|(1)", 0),
        ("ann: [0] (1)", 0),
        ("ann: [0]? (1)", 0),  # without success, and over: only a batch must wait for that
        ("ann: [0]; bob: (0)", 0),
        ("ann+bob: [a0]|(b0)", 0),
    ],
)
def test_an_ordinary_call_during_a_batch_of_its_visitor_is_parallel(sent: str, found: int) -> None:
    """Two calls of one visitor are in flight, and the client knew of the first; no two batches lack an order by it."""
    batches = sent.count("[") - 1 if "|[" in sent and "(0)" not in sent else 0
    assert breaches(sent) == (found, batches, batches)


def test_a_live_event_during_a_batch_explains_disorder_in_it() -> None:
    """Two calls in flight can break the order, whatever the kind of the second; a batch after it has kept the rules."""
    assert blame("ann: [0 1]|(2)", "ann: 1 0 2") == {"reordered-in-batch": (0, 1)}
    assert blame("ann: (0)|[1 2]", "ann: 0 2 1") == {"reordered-in-batch": (1, 0)}
    assert blame("ann: [0]|(3) [1 2]", "ann: 0 3 2 1") == {"reordered-in-batch": (1, 0)}


def test_calls_of_different_visitors_may_run_in_parallel() -> None:
    """Order matters within a visitor only."""
    assert breaches("ann+bob: [a0]|[b0]") == (0, 0, 0)


def test_a_visitor_shared_by_two_calls_in_flight_is_enough() -> None:
    """Bob is in both; the call counts once, however many visitors it shares."""
    assert breaches("ann+bob: [a0 b0]|[b1]") == (1, 1, 1)
    assert breaches("ann+bob: [a0 b0]|[a1 b1]") == (1, 1, 2)


def test_a_batch_sent_before_the_success_of_the_earlier_is_unacknowledged() -> None:
    """The answer of the first was not certain, so it was no success; nothing was in flight together."""
    assert breaches("ann: [0]? [1]") == (0, 1, 1)
    assert breaches("ann: [0]? [1] [2]") == (0, 2, 2)


def test_a_batch_that_comes_back_after_the_next_was_unacknowledged_then() -> None:
    """The failed part re-queued at the tail: the next batch was sent before its success."""
    assert breaches("ann: [0]! [1] [0]") == (0, 1, 1)
    assert breaches("ann: [0]? [1] [0]") == (0, 1, 1)
    assert breaches("ann: [0]! [1] [0]!") == (0, 1, 1)


def test_a_call_whose_end_is_unknown_is_in_flight_for_other_batches() -> None:
    """Nothing says that it ended before the next batch was sent."""
    assert breaches("ann: [0]- [1]") == (1, 1, 1)


def blame(sent: str, stored: str) -> dict[str, tuple[int, int]]:
    """Events out of order by anomaly: (by the system, by the client)."""
    numbers = tally(case(sent, stored)).numbers
    names = ("reordered-in-batch", "reordered-across-batches")
    return {name: (numbers[name] - numbers[f"{name}/client"], numbers[f"{name}/client"]) for name in names if numbers[name]}


def test_the_system_is_to_blame_where_the_client_kept_the_rules() -> None:
    """Both rules of the order."""
    assert blame("ann: [0 1] [2]", "ann: 1 0 2") == {"reordered-in-batch": (1, 0)}
    assert blame("ann: [0 1] [2]", "ann: 2 0 1") == {"reordered-across-batches": (2, 0)}


def test_a_breach_explains_disorder_within_its_batches() -> None:
    """Two calls in flight can break the order, says the contract: of the calls that were."""
    assert blame("ann: [0 1]|[2]", "ann: 1 0 2") == {"reordered-in-batch": (0, 1)}
    assert blame("ann: [0 1]|[2] [3 4]", "ann: 0 1 2 4 3") == {"reordered-in-batch": (1, 0)}
    assert blame("ann: [0 1]|[2]; bob: [0 1]", "ann: 0 1 2; bob: 1 0") == {"reordered-in-batch": (1, 0)}


def test_a_breach_explains_disorder_across_batches_where_each_proof_needs_it() -> None:
    """[0] and [3] kept the rules: 0 behind 3 is the system's, 0 behind 1 alone might be the client's."""
    assert blame("ann: [0] [1]|[2] [3]", "ann: 1 0 2 3") == {"reordered-across-batches": (0, 1)}
    assert blame("ann: [0] [1]|[2] [3]", "ann: 1 3 0 2") == {"reordered-across-batches": (1, 1)}


def disorder(sent: str, stored: str) -> tuple[int, int]:
    """Events and visitors out of the visitor's own order that only the client is to blame for."""
    numbers = tally(case(sent, stored)).numbers
    return numbers["disorder"], numbers["disorder/visitors"]


def test_what_a_breach_left_without_an_order_and_came_out_of_order_is_the_clients() -> None:
    """The log is no worse than the contract allows, yet the visitor's own order is gone."""
    assert disorder("ann: [0 1]|[2]", "ann: 2 0 1") == (2, 1)
    assert disorder("ann: [0 1]|[2]", "ann: 0 1 2") == (0, 0)
    assert disorder("ann: [0]? [1]; bob: [0]? [1]", "ann: 1 0; bob: 1 0") == (2, 2)


def test_disorder_without_a_breach_is_not_the_clients() -> None:
    """What the contract orders is the system's; a client may also pass its events in any order that it likes."""
    assert disorder("ann: [0] [1]", "ann: 1 0") == (0, 0)
    assert disorder("ann: [1] [0]", "ann: 1 0") == (0, 0)
