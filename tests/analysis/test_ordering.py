"""The order of stored events, judged fast, against its definitions read off pair by pair."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis import ordering
from analysis.ordering import Sequence

# Part (its visitor is half of it), and for each part its ranks; an event of a part stands at an index in it.
EVENTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), unique=True, max_size=16)
RANKS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3)), min_size=6, max_size=6)


def stored(events: list[tuple[int, int]], ranks: list[tuple[int, int]]) -> Sequence:
    """Events (part, index) in stored order within their visitor; ranks: per part, of sent and how much later acked."""
    events = sorted(events, key=lambda event: event[0] // 2)
    part = np.array([part for part, _ in events], np.int64)
    sent = np.array([ranks[part][0] for part, _ in events], np.int64)
    later = np.array([ranks[part][1] for part, _ in events], np.int64)
    number = np.array([10 * part + index for part, index in events], np.int64)
    return Sequence(number, part // 2, part, np.array([index for _, index in events], np.int64), sent, sent + later)


def pairs(events: Sequence, rule: Callable[[int, int], bool]) -> list[list[int]]:
    """For each place, the earlier places of its visitor whose event must come later than its own by a rule."""
    return [
        [earlier for earlier in range(own) if events.visitor[earlier] == events.visitor[own] and rule(own, earlier)]
        for own in range(len(events))
    ]


@given(EVENTS, RANKS)
def test_across_batches_an_event_is_late_behind_one_that_was_sent_after_its_success(
    events: list[tuple[int, int]], ranks: list[tuple[int, int]]
) -> None:
    """The nearest of those is the cause."""
    found = stored(events, ranks)
    expected = pairs(found, lambda own, other: bool(found.sent[other] >= found.acked[own]))
    assert ordering.across(found).tolist() == [bool(earlier) for earlier in expected]
    at = np.flatnonzero(ordering.across(found))
    assert ordering.across_cause(found, at).tolist() == [expected[place][-1] for place in at.tolist()]


@given(EVENTS, RANKS)
def test_within_a_batch_an_event_is_late_behind_a_later_one_of_it(
    events: list[tuple[int, int]], ranks: list[tuple[int, int]]
) -> None:
    """The nearest of those is the cause."""
    found = stored(events, ranks)
    same = found.part
    expected = pairs(found, lambda own, other: bool(same[other] == same[own] and found.index[other] > found.index[own]))
    assert ordering.within(found).tolist() == [bool(earlier) for earlier in expected]
    at = np.flatnonzero(ordering.within(found))
    assert ordering.within_cause(found, at).tolist() == [expected[place][-1] for place in at.tolist()]


@given(EVENTS, RANKS)
def test_a_rule_can_be_broken_where_it_speaks_of_an_event_and_another(
    events: list[tuple[int, int]], ranks: list[tuple[int, int]]
) -> None:
    """Within a batch: another event of the part; across batches: one of the visitor sent after this one, or before."""
    found = stored(events, ranks)
    part, visitor, sent, acked = (column.tolist() for column in (found.part, found.visitor, found.sent, found.acked))
    assert ordering.can_break_within(found).tolist() == [part.count(own) > 1 for own in part]
    others = range(len(found))
    assert ordering.can_break_across(found).tolist() == [
        any(visitor[o] == visitor[own] and (sent[o] >= acked[own] or sent[own] >= acked[o]) for o in others)
        for own in others
    ]


@given(EVENTS, RANKS)
def test_the_visitors_own_order_is_that_of_the_seqs(events: list[tuple[int, int]], ranks: list[tuple[int, int]]) -> None:
    """Events are numbered by visitor and seq."""
    found = stored(events, ranks)
    expected = pairs(found, lambda own, other: bool(found.event[other] > found.event[own]))
    assert ordering.out_of_own_order(found).tolist() == [bool(earlier) for earlier in expected]
