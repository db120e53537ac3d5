"""Each anomaly of the catalogue, and beside it the nearest look-alike that is innocent."""

import pytest

from tests.analysis.judged import found, tally
from tests.analysis.language import case


def test_a_faithful_log_has_no_anomaly() -> None:
    """Batches stored as they were sent, of two visitors and with a shared call."""
    assert found("ann: [0 1] [2 3]; bob: [0]; ann+bob: [a4 b1 a5]", "ann: 0 1 2 3; bob: 0 1; ann: 4 5") == {}


def test_events_of_one_batch_that_change_places_are_reordered_in_batch() -> None:
    """0 must precede 1, and 1 is stored before it."""
    assert found("ann: [0 1 2]", "ann: 1 0 2") == {"reordered-in-batch": 1}


def test_the_order_of_a_batch_is_the_order_in_which_it_was_passed() -> None:
    """A client may pass its events in any order: the index counts, not the seq."""
    assert found("ann: [1 0 2]", "ann: 1 0 2") == {}
    assert found("ann: [1 0 2]", "ann: 0 1 2") == {"reordered-in-batch": 1}


def test_every_event_that_comes_too_late_counts() -> None:
    """2 is stored early: 0 and 1 must both precede it, so both are reordered (and the batch of 2 is split)."""
    assert found("ann: [0 1] [2 3]", "ann: 2 0 1 3") == {"reordered-across-batches": 2, "split": 1}


def test_a_batch_stored_before_an_earlier_confirmed_one_is_reordered_across() -> None:
    """The second batch was sent after the first was confirmed."""
    assert found("ann: [0 1] [2 3]", "ann: 2 3 0 1") == {"reordered-across-batches": 2}


def test_batches_in_flight_together_have_no_order() -> None:
    """Neither was confirmed before the other was sent."""
    assert found("ann: [0 1]|[2 3]", "ann: 2 3 0 1") == {}


def test_a_batch_without_a_certain_answer_must_precede_nothing() -> None:
    """It may take effect at any time; but what was confirmed before it was sent still comes first."""
    assert found("ann: [0]? [1]", "ann: 1 0") == {"recovered": 1}
    assert found("ann: [0] [1]?", "ann: 1 0") == {"reordered-across-batches": 1, "recovered": 1}


def test_a_resent_batch_counts_from_its_first_call_and_to_its_first_success() -> None:
    """[1] was sent again after [0] was confirmed, but first before it: no order."""
    assert found("ann: [1]? [0] [1]", "ann: 1 0") == {}
    assert found("ann: [0]?. [1]", "ann: 1 0") == {"reordered-across-batches": 1}


def test_an_event_is_reordered_once_for_each_rule_that_it_breaks() -> None:
    """0 stands behind 1 of its own batch and behind 2 of the next."""
    assert found("ann: [0 1] [2]", "ann: 1 2 0") == {
        "reordered-in-batch": 1,
        "reordered-across-batches": 1,
        "split": 1,
    }


def test_the_first_copy_is_judged() -> None:
    """The second copy of 0 stands behind 1, which a re-send may cause; the first does not."""
    assert found("ann: [0]?. [1]", "ann: 0 1 0") == {"duplicate-explained": 1, "zombie": 1}


def test_visitors_have_no_order_between_them() -> None:
    """A shared call is judged for each of its visitors by itself."""
    assert found("ann+bob: [a0 b0 a1]; bob: [1]", "bob: 0 1; ann: 0 1") == {}
    assert found("ann+bob: [a0 b0 a1]; bob: [1]", "bob: 1 0; ann: 1 0") == {
        "reordered-in-batch": 1,
        "reordered-across-batches": 1,
    }


def test_a_confirmed_event_missing_from_a_settled_log_is_lost() -> None:
    """The log was read to its end after the settle time."""
    assert found("ann: [0 1]", "ann: 0") == {"lost": 1}


def test_a_confirmed_event_missing_from_an_unsettled_log_is_unseen() -> None:
    """It may still come: nothing that must come later is stored."""
    assert found("ann: [0 1]", "ann: 0", settled=False) == {"unseen": 1}


@pytest.mark.parametrize(
    ("sent", "stored", "gone"),
    [
        ("ann: [0 1]", "ann: 1", "lost"),  # the later one of its batch is there
        ("ann: [0] [1]", "ann: 1", "lost"),  # a batch that was sent after its success is there
        ("ann: [0]|[1]", "ann: 1", "unseen"),  # a batch without an order says nothing
        ("ann: [0] (1)", "ann: 1", "unseen"),  # an ordinary call may overtake
        ("ann: [0]; bob: [0]", "bob: 0", "unseen"),  # another visitor has no order with it
    ],
)
def test_what_must_come_later_proves_a_loss_in_an_unsettled_log(sent: str, stored: str, gone: str) -> None:
    """Only an event that must come later shows that the log was read past the place of the missing one."""
    assert found(sent, stored, settled=False) == {gone: 1}


def test_an_unconfirmed_event_is_never_lost() -> None:
    """Rejected, without a certain answer, or without any answer on file: it need not be stored."""
    assert found("ann: [0]! [1]", "ann: 1") == {}
    assert found("ann: [0]? [1]", "ann: 1") == {}
    assert found("ann: [0]- [1]", "ann: 1") == {}


def test_a_resend_that_is_confirmed_makes_a_missing_event_lost() -> None:
    """One success is enough, whatever the other calls of the batch came to."""
    assert found("ann: [0]?!.", "ann: ") == {"lost": 1}


def test_a_rejected_event_that_is_stored_is_a_ghost() -> None:
    """Only rejected calls carried it."""
    assert found("ann: [0]!! [1]", "ann: 0 1") == {"ghost": 1}


def test_a_rejected_call_beside_one_that_may_have_worked_makes_no_ghost() -> None:
    """A rejected and a lost answer: what is stored comes from the second."""
    assert found("ann: [0]!. [1]", "ann: 0 1") == {}
    assert found("ann: [0]!? [1]", "ann: 0 1") == {"recovered": 1}


def test_an_event_that_no_call_carried_is_a_phantom() -> None:
    """Of a visitor of the run, or of one that it does not have; copies of it are the same event."""
    assert found("ann: [0]", "ann: 0 7") == {"phantom": 1}
    assert found("ann: [0]", "ann: 0; cat: 0") == {"phantom": 1}
    assert found("ann: [0]", "ann: 0 7 7 8 8 9") == {"phantom": 3}


def test_an_event_of_an_unanswered_call_is_no_phantom() -> None:
    """The line before the call left is enough: a worker that was killed leaves no second."""
    assert found("ann: [0] [1]-", "ann: 0 1") == {"recovered": 1}


def test_another_payload_is_corrupt() -> None:
    """The identity is known, the digest differs; the event is not also lost or a phantom."""
    assert found("ann: [0 1]", "ann: 0 1*") == {"corrupt": 1}


def test_a_corrupt_event_counts_once_however_many_copies_differ() -> None:
    """A changed copy beside a good one is enough, and two of them are one event."""
    assert found("ann: [0]?.", "ann: 0 0*") == {"corrupt": 1, "duplicate-explained": 1}
    assert found("ann: [0]?.", "ann: 0* 0*") == {"corrupt": 1, "duplicate-explained": 1}


def test_an_event_under_another_visitor_is_misrouted_and_nothing_else() -> None:
    """Neither lost for the one nor a phantom of the other; its payload names the other visitor, so that is no news."""
    assert found("ann: [0 1]; bob: [0]", "ann: 0; bob: 0 a1") == {"misrouted": 1}
    assert found("ann: [0 1]; bob: [0]", "ann: 0; bob: 0 a1*") == {"misrouted": 1}


def test_a_log_of_misrouted_rows_alone_is_misrouted() -> None:
    """Every row then names another visitor in its identity than it is stored under."""
    assert found("ann: [0 1]; bob: [0]?", "bob: a0 a1") == {"misrouted": 2}


def test_a_misrouted_row_has_no_place_in_the_order() -> None:
    """What stands under another visitor is not out of order there, nor a second copy."""
    assert found("ann: [0 1]; bob: [0]", "bob: a1; ann: 0; bob: 0") == {"misrouted": 1}
    assert found("ann: [0 1]; bob: [0]", "ann: 0 1; bob: 0 a1") == {"misrouted": 1}


def test_the_same_seq_of_two_visitors_is_no_misrouting() -> None:
    """Each visitor counts from 0."""
    assert found("ann: [0]; bob: [0]", "ann: 0; bob: 0") == {}


def test_more_copies_than_calls_are_unexplained() -> None:
    """One call, two rows; a rejected call explains none."""
    assert found("ann: [0]", "ann: 0 0") == {"duplicate-unexplained": 1}
    assert found("ann: [0]!.", "ann: 0 0") == {"duplicate-unexplained": 1}
    assert found("ann: [0]?.", "ann: 0 0 0") == {"duplicate-unexplained": 1}


def test_a_resend_explains_a_second_copy() -> None:
    """The first answer was lost, not the call: two rows for two calls that were not rejected."""
    assert found("ann: [0]?.", "ann: 0 0") == {"duplicate-explained": 1}
    assert found("ann: [0]?.", "ann: 0") == {}


def test_a_ghost_is_no_duplicate_until_it_is_stored_twice() -> None:
    """One copy is one copy, though no call explains it."""
    assert found("ann: [0]!", "ann: 0") == {"ghost": 1}
    assert found("ann: [0]!", "ann: 0 0") == {"ghost": 1, "duplicate-unexplained": 1}


def test_a_late_second_copy_is_a_zombie() -> None:
    """Who keeps the last copy sees 0 and 1 after 2, which they must precede."""
    assert found("ann: [0 1]?. [2]", "ann: 0 1 2 0 1") == {"duplicate-explained": 2, "zombie": 2}


def test_a_batch_stored_twice_in_a_row_makes_no_zombie() -> None:
    """The last copies are in order."""
    assert found("ann: [0 1]?. [2]", "ann: 0 1 0 1 2") == {"duplicate-explained": 2}


def test_a_zombie_may_stand_within_its_own_batch() -> None:
    """The last 0 stands behind the last 1."""
    assert found("ann: [0 1]?.", "ann: 0 1 0") == {"duplicate-explained": 1, "zombie": 1}


def test_a_zombie_may_be_proved_by_the_first_row_of_the_log() -> None:
    """1 stands there alone, and both copies of 0 behind it."""
    assert found("ann: [0]?. [1]", "ann: 1 0 0") == {
        "reordered-across-batches": 1,
        "duplicate-explained": 1,
        "zombie": 1,
    }


def test_a_single_late_copy_is_no_zombie() -> None:
    """It is reordered, and has only one copy."""
    assert found("ann: [0] [1]", "ann: 1 0") == {"reordered-across-batches": 1}


def test_a_part_of_an_unanswered_batch_is_torn() -> None:
    """Counted in batches; what is there was recovered."""
    assert found("ann: [0 1 2]?", "ann: 0 2") == {"torn": 1, "recovered": 2}


@pytest.mark.parametrize("stored", ["ann: 0 1", "ann: "])
def test_an_unanswered_batch_that_is_whole_or_absent_is_not_torn(stored: str) -> None:
    """All or nothing is what was promised."""
    assert "torn" not in found("ann: [0 1]?", stored)


def test_a_part_of_a_confirmed_batch_is_lost_and_not_torn() -> None:
    """Its missing events were confirmed."""
    assert found("ann: [0 1]", "ann: 0") == {"lost": 1}


def test_a_part_of_a_rejected_batch_is_a_ghost_and_not_torn() -> None:
    """Nothing of it may be there."""
    assert found("ann: [0 1]!", "ann: 0") == {"ghost": 1}


def test_a_batch_is_torn_between_its_visitors() -> None:
    """Ann's part is whole, Bob's is missing: also where they are judged in different buckets."""
    given = case("ann+bob: [a0 b0]?", "ann: 0")
    for buckets in (1, 3):
        assert tally(given, buckets).numbers["torn"] == 1
    assert [own.anomaly for own in tally(given, 3).witnesses] == ["recovered", "torn"]


def test_a_torn_batch_is_not_decided_before_the_log_has_settled() -> None:
    """The rest may still come."""
    assert found("ann: [0 1]?", "ann: 0", settled=False) == {"recovered": 1}
    shown = tally(case("ann: [0 1]?", "ann: 0", settled=False)).witnesses
    assert [witness.anomaly for witness in shown] == ["recovered"]


def test_an_event_stored_without_a_certain_answer_is_recovered() -> None:
    """Only calls without a certain answer carried it."""
    assert found("ann: [0]?", "ann: 0") == {"recovered": 1}
    assert found("ann: [0]??", "ann: 0") == {"recovered": 1}


def test_a_resend_that_is_confirmed_leaves_nothing_to_recover() -> None:
    """The outcome is known after all."""
    assert found("ann: [0]?.", "ann: 0") == {}


def test_another_call_inside_a_batch_splits_it() -> None:
    """Counted in batches: the batch of 0 and 1 has an event of another call between them."""
    assert found("ann: [0 1]|[2]", "ann: 0 2 1") == {"split": 1}
    assert found("ann: [0 1] (2)", "ann: 0 2 1") == {"split": 1}


def test_what_stands_beside_a_batch_does_not_split_it() -> None:
    """Nor do other visitors, further copies of the batch itself, and what no call carried."""
    assert found("ann: [0 1]|[2]", "ann: 2 0 1") == {}
    assert found("ann: [0 1]; bob: [0]", "ann: 0; bob: 0; ann: 1") == {}
    assert "split" not in found("ann: [0 1]?.", "ann: 0 0 1 1")
    assert found("ann: [0 1]", "ann: 0 7 1") == {"phantom": 1}


def test_a_second_copy_of_another_batch_splits_too() -> None:
    """It is another call's event, whatever brought it there."""
    assert found("ann: [0]?. [1 2]", "ann: 0 1 0 2") == {"duplicate-explained": 1, "zombie": 1, "split": 1}


def test_a_batch_split_for_two_visitors_counts_once() -> None:
    """It is one batch, also where its visitors are judged in different buckets."""
    given = case("ann+bob: [a0 a1 b0 b1]|[a2 b2]", "ann: 0 2 1; bob: 0 2 1")
    assert {tally(given, buckets).numbers["split"] for buckets in (1, 3)} == {1}


def test_a_row_without_an_identity_leaves_losses_of_its_visitor_open() -> None:
    """The missing event may be that row; of another visitor it says nothing."""
    assert found("ann: [0 1]; bob: [0]", "ann: 0 _; bob: 0") == {}
    assert found("ann: [0 1]; bob: [0]", "ann: 0 _") == {"lost": 1}
    assert found("ann: [0 1]?", "ann: 0 _") == {"recovered": 1}


def test_a_row_without_an_identity_is_counted() -> None:
    """How many rows, of how many visitors, and how many missing events they may be."""
    numbers = tally(case("ann: [0 1 2]; bob: [0]", "ann: 0 _ _; bob: 0 _; cat: _")).numbers
    assert [numbers[f"unread/{name}"] for name in ("rows", "visitors", "events")] == [3, 2, 2]
    assert numbers["phantom"] == 0


def ordinary(sent: str, stored: str, settled: bool = True) -> dict[str, int]:
    """The measures of ordinary calls that are not zero, but for what is merely there."""
    numbers = tally(case(sent, stored, settled)).numbers
    names = ("reordered", "lost", "unseen", "duplicated", "ghost", "corrupt", "misrouted")
    return {name: numbers[f"ordinary/{name}"] for name in names if numbers[f"ordinary/{name}"]}


def test_ordinary_calls_out_of_order_are_measured_and_no_anomaly() -> None:
    """1 was made after the answer to 0, and is stored before it: expected reordering."""
    assert ordinary("ann: (0) (1)", "ann: 1 0") == {"reordered": 1}
    assert found("ann: (0) (1)", "ann: 1 0") == {}
    assert ordinary("ann: (0)|(1)", "ann: 1 0") == {}
    assert ordinary("ann: (0)?. (1)", "ann: 0 1 0") == {"duplicated": 1}


def test_batches_and_ordinary_calls_have_no_order_between_them() -> None:
    """An ordinary call promises none, so it breaks none, on either side."""
    for sent in ("ann: [0] (1)", "ann: (0) [1]"):
        assert found(sent, "ann: 1 0") == {}
        assert ordinary(sent, "ann: 1 0") == {}


def test_what_becomes_of_ordinary_events_is_measured() -> None:
    """Lost, stored twice, though rejected, changed or elsewhere; without an answer it may be either way."""
    assert ordinary("ann: (0)", "ann: ") == {"lost": 1}
    assert ordinary("ann: (0) (1)", "ann: 1", settled=False) == {"unseen": 1}
    assert ordinary("ann: (0)", "ann: 0 0") == {"duplicated": 1}
    assert ordinary("ann: (0)!", "ann: 0") == {"ghost": 1}
    assert ordinary("ann: (0)", "ann: 0*") == {"corrupt": 1}
    assert ordinary("ann: (0); bob: (0)", "bob: 0 a0") == {"misrouted": 1}
    assert ordinary("ann: (0)?", "ann: 0") == ordinary("ann: (0)?", "ann: ") == {}
