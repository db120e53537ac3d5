"""The order in which batches are stored: whose fault zombies are, which visitors are hit, and what was checked."""

import pytest

from tests.analysis.judged import tally
from tests.analysis.language import case


@pytest.mark.parametrize(
    ("sent", "stored", "client"),
    [
        ("ann: [0]?. [1]", "ann: 0 1 0", 0),
        ("ann: [0 1]?.", "ann: 0 1 0", 0),
        ("ann: [0 1]?.|[5]", "ann: 0 1 5 0", 1),  # its batch was in flight together with another
        ("ann: [0]?.|[5] [1]", "ann: 0 5 1 0", 1),
        ("ann: [0]?. [1]|[5]", "ann: 0 1 5 0", 1),  # each batch that proves it had a share in a breach
        ("ann: [0]?. [1]|[5] [6]", "ann: 0 1 5 6 0", 0),  # the last one had not
        ("ann: [0 1]?. [2]|[5]", "ann: 0 1 2 5 0", 0),  # the order across batches is the client's, that within is not
        ("ann: [0]?.|[5] [1]; bob: [0]?. [1]; cat: [0 1]?.|[5]", "ann: 0 5 1 0; bob: 0 1 0; cat: 0 1 0 5", 2),
    ],
)
def test_a_breach_explains_a_zombie_where_each_proof_needs_it(sent: str, stored: str, client: int) -> None:
    """As it explains first copies that are out of order; one zombie of each visitor."""
    numbers = tally(case(sent, stored)).numbers
    assert (numbers["zombie"], numbers["zombie/client"]) == (sent.count(":"), client)
    assert numbers["zombie/visitors"] == sent.count(":")


@pytest.mark.parametrize(
    ("promise", "sent", "stored"),
    [
        ("keep_last", "ann: [0]?. [1]; bob: [0]", "ann: 0 1 0; bob: 0"),
        ("contiguous_batches", "ann: [0 1]|[2]; bob: [0]", "ann: 0 2 1; bob: 0"),
        ("exactly_once", "ann: [0]?.; bob: [0]", "ann: 0 0; bob: 0"),
    ],
)
def test_a_visitor_is_hit_only_by_what_breaks_a_promise(promise: str, sent: str, stored: str) -> None:
    """The same evidence hits nobody where nothing is promised beyond the API."""
    assert tally(case(sent, stored)).numbers["affected"] == 0
    assert tally(case(sent, stored, **{promise: True})).numbers["affected"] == 1
    others = {"keep_last": True, "contiguous_batches": True, "exactly_once": True, promise: False}
    assert tally(case(sent, stored, **others)).numbers["affected"] == (promise == "keep_last")  # its copies are two, too


@pytest.mark.parametrize(
    ("sent", "stored", "checked"),
    [
        ("ann: [0 1]", "ann: 0", 0),  # one event has no inside
        ("ann: [0 1 2]", "ann: 0 1", 2),
        ("ann: [0 1 2]", "ann: 0 0", 0),
        ("ann: [0] [1]", "ann: 0 0 1", 0),
        ("ann: (0) [1 2]", "ann: 0 1 2", 2),
        ("ann: [0 1]; bob: [0 1 2]", "ann: 0 1 1; bob: 0 2 1", 5),
    ],
)
def test_a_batch_is_contiguous_where_two_of_its_events_are_stored(sent: str, stored: str, checked: int) -> None:
    """The events counted are those stored of such batches, however often."""
    for plain_apart in (True, False):
        numbers = tally(case(sent, stored), plain_apart=plain_apart).numbers
        assert numbers["contiguous-batches/checked"] == checked
        assert numbers["contiguous-batches/visitors"] == sum(bool(checked) for _ in sent.split(";"))


@pytest.mark.parametrize(
    ("anomaly", "promise", "sent", "stored"),
    [
        ("split", "contiguous_batches", "ann: [0 1]|[2]", "ann: 0 2 1"),
        ("zombie", "keep_last", "ann: [0]?.|[5] [1]", "ann: 0 5 1 0"),
    ],
)
def test_what_breaks_no_promise_is_nobodys_fault(anomaly: str, promise: str, sent: str, stored: str) -> None:
    """Not even the client's, whose breach explains it where it is promised."""
    for promises, blame in (({}, "nobody"), ({promise: True}, "client")):
        shown = tally(case(sent, stored, **promises)).witnesses
        assert {witness.content["blame"] for witness in shown if witness.anomaly == anomaly} == {blame}
