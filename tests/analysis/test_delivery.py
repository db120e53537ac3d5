"""What became of each event, where counting by identity or by batch is easily wrong."""

import pytest

from tests.analysis.judged import found, tally
from tests.analysis.language import case


@pytest.mark.parametrize(
    ("stored", "phantoms", "visitors"),
    [
        ("ann: 0 7; bob: 0", 1, 1),
        ("ann: 0 7 7; bob: 0", 1, 1),  # an identity counts once, however often it is stored
        ("ann: 0 7 8 7; bob: 0", 2, 1),
        ("ann: 0 7; bob: 0 7", 2, 2),  # the same seq of two visitors is two
        ("ann: 0 7; bob: 0 a7", 1, 1),  # wherever it is stored
        ("ann: 0; bob: 0 _", 0, 0),
    ],
)
def test_a_phantom_is_an_identity_that_no_call_carried(stored: str, phantoms: int, visitors: int) -> None:
    """Told by visitor and seq."""
    numbers = tally(case("ann: [0]; bob: [0]", stored)).numbers
    assert (numbers["phantom"], numbers["phantom/visitors"]) == (phantoms, visitors)


def test_duplicates_name_their_batches() -> None:
    """Both kinds, an event each time: batch 1 is stored twice, and once more than its calls allow."""
    numbers = tally(case("bob: [0]; ann: [0 1]?. [2]", "bob: 0; ann: 0 0 1 1 1 2")).marked("duplicate")
    assert sorted(numbers.tolist()) == [1, 1]


def test_a_later_event_that_is_stored_proves_a_loss_only_to_those_before_it() -> None:
    """0 and 1 must come before 2 and are lost; whether 3 is, nobody knows yet."""
    assert found("ann: [0 1] [2] [3]", "ann: 2", settled=False) == {"lost": 2, "unseen": 1}
    assert found("ann: [0 1 2]", "ann: 1", settled=False) == {"lost": 1, "unseen": 1}
    assert found("ann: [0]|[1]", "ann: 1", settled=False) == {"unseen": 1}
    assert found("ann: [0] (1)", "ann: 1", settled=False) == {"unseen": 1}
