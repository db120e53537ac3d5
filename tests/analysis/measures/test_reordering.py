"""The measures of order against their definitions, and by hand."""

import pickle
from time import perf_counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.measures import density
from analysis.measures.reordering import Reordering, as_json, in_order, measure
from analysis.measures.runs import Lengths
from tests.analysis.measures import oracle

ORDERS = st.lists(st.integers(0, 30), unique=True, max_size=14)
VISITORS = st.lists(st.one_of(ORDERS, ORDERS.map(sorted), ORDERS.map(lambda sent: sorted(sent, reverse=True))), max_size=5)


def measured(*visitors: list[int]) -> Reordering:
    """The measures of visitors, each the ranks sent in the order stored; every other visitor number stays unused."""
    number = np.repeat(2 * np.arange(len(visitors)), [len(sent) for sent in visitors])
    return measure(number, np.array([rank for sent in visitors for rank in sent], np.int64))


def together(lengths: list[int]) -> Lengths:
    """The numbers of some lengths."""
    return Lengths(len(lengths), sum(lengths), sum(length**2 for length in lengths), max(lengths, default=0))


@given(VISITORS)
@example([])
@example([[]])
@example([[3], [2, 1], [0, 1, 2]])
def test_every_measure_is_what_its_definition_gives(visitors: list[list[int]]) -> None:
    """For several visitors at once, in order, reversed and in any other order, with gaps between the ranks."""
    found, expected = measured(*visitors), oracle.measures(visitors)
    assert found.events == sum(len(sent) for sent in visitors)
    assert (found.runs, found.open_runs) == (together(expected.runs), together(expected.open_runs))
    for name in set(expected._fields) - {"runs", "open_runs"}:
        assert getattr(found, name) == getattr(expected, name), name
    assert found.extent_max == max(expected.extents, default=0)


@given(VISITORS, VISITORS)
def test_parts_add_up_to_the_whole(some: list[list[int]], others: list[list[int]]) -> None:
    """Whoever measured which visitors, and wherever: what comes back by pickle is added up."""
    whole = measured(*some)
    whole.add(pickle.loads(pickle.dumps(measured(*others))))
    assert whole == measured(*some, *others)


@given(VISITORS)
def test_visitors_in_order_need_only_be_counted(visitors: list[list[int]]) -> None:
    """Their numbers of events give what measuring them gives."""
    assert in_order(np.array([len(sent) for sent in visitors], np.int64)) == measured(*[sorted(sent) for sent in visitors])


@pytest.mark.parametrize(
    ("stored", "extents", "n_reordered", "ended"),
    [
        ([1, 2, 3, 5, 6, 7, 8, 4, 9, 10], {4: 1}, {4: 1}, [7]),
        ([1, 2, 3, 4, 7, 5, 6, 8, 9, 10], {1: 1, 2: 1}, {0: 1, 1: 1}, [5, 0]),
        ([1, 2, 3, 7, 8, 9, 10, 4, 5, 6, 11], {4: 1, 5: 1, 6: 1}, {0: 2, 4: 1}, [7, 0, 0]),
    ],
    ids=["one late", "one early", "four early"],
)
def test_extents_n_and_runs_by_hand(
    stored: list[int], extents: dict[int, int], n_reordered: dict[int, int], ended: list[int]
) -> None:
    """One late event, two behind one that is early, three behind four that are: the measures of RFC 4737."""
    found = measured(stored)
    assert (found.extents, found.n_reordered, found.runs) == (extents, n_reordered, together(ended))


def test_displacements_as_in_a_published_example() -> None:
    """1 6 7 2 3 4 5 8: two packets four places early, four packets two places late."""
    found = measured([1, 6, 7, 2, 3, 4, 5, 8])
    assert found.displacements == {0: 2, -4: 2, 2: 4}
    assert found.occupancies == {0: 3, 1: 1, 2: 4}


def test_what_is_lost_gets_no_receive_index() -> None:
    """3 is lost: 4 stands where 2 should, two numbers early, and 2 where 4 should; 5 and 6 are in their places."""
    assert measured([1, 4, 2, 5, 6]).displacements == {0: 3, -2: 1, 2: 1}


@given(st.permutations(range(12)), st.integers(0, 12))
def test_within_the_threshold_the_densities_are_those_of_a_stream(sent: list[int], threshold: int) -> None:
    """The algorithms of RFC 5236 guess what is lost from a threshold; they agree where nothing is beyond it."""
    found = measured(sent)
    if max(map(abs, found.displacements)) <= threshold:
        assert oracle.receive_indices(sent, threshold) == found.displacements
    if max(found.occupancies) <= threshold:
        assert oracle.buffered(sent, threshold) == found.occupancies


def test_what_is_beyond_the_threshold_is_counted_together() -> None:
    """One event 100 places early, and the 100 behind it one late; while they come, up to 100 wait for none but it."""
    found = measured([100, *range(100)], [*range(1, 101), 0])
    limit = density.THRESHOLD
    assert found.displacements == {-limit - 1: 1, -1: 100, 1: 100, limit + 1: 1}
    assert found.occupancies == {**dict.fromkeys(range(2, limit + 1), 1), 1: 101, limit + 1: 36, 0: 2}


def test_shares_beyond_the_threshold_stand_apart() -> None:
    """One of 101 events is 100 places late, and 36 are stored while more than 64 wait."""
    content = as_json(measured([*range(1, 101), 0]))
    assert content["density"] == {"threshold": 64, "shares": {"-1": 100 / 101}, "above": 1 / 101, "below": 0}
    assert (max(map(int, content["buffer_density"]["shares"])), content["buffer_density"]["above"]) == (64, 36 / 101)
    early = as_json(measured([100, *range(100)]))["density"]
    assert early == {"threshold": 64, "shares": {"1": 100 / 101}, "above": 0, "below": 1 / 101}


def test_the_worked_example_of_the_docs() -> None:
    """0 3 4 1 2 5, as in docs/measures.md."""
    found = measured([0, 3, 4, 1, 2, 5])
    assert (found.reordered, found.extents, found.n_reordered) == (2, {2: 1, 3: 1}, {2: 1, 0: 1})
    assert (found.runs, found.open_runs) == (together([3, 0]), together([1]))
    assert found.displacements == {-2: 2, 0: 2, 2: 2}
    assert found.occupancies == {0: 3, 1: 1, 2: 2}
    assert (found.inversions, found.pairs, found.removals) == (4, 15, 2)


def test_one_early_event_reorders_all_behind_it_and_is_one_too_many() -> None:
    """Why the ratio is not alone: nine of ten are reordered, and without one event all were in order."""
    content = as_json(measured([9, *range(9)]))
    assert content["ratio"] == 0.9
    assert (content["removals"], content["removal_share"]) == (1, 0.1)
    assert (content["inversions"], content["inversion_share"]) == (9, 0.2)
    assert (content["extent_max"], content["extent_p50"], content["extent_p95"]) == (9, 5, 9)
    assert content["runs"] == {
        **{"count": 9, "mean": 1 / 9, "deviation": pytest.approx(8**0.5 / 9), "max": 1},
        "open": {"count": 1, "mean": 0, "deviation": 0, "max": 0},
    }
    assert content["density"] == {"threshold": 64, "shares": {"-9": 0.1, "1": 0.9}, "above": 0, "below": 0}
    assert content["buffer_density"] == {"threshold": 64, "shares": {"0": 0.1, "1": 0.9}, "above": 0}


def test_nothing_has_no_shares() -> None:
    """Without events there is nothing to divide by."""
    content = as_json(Reordering())
    for name in ("ratio", "inversion_share", "removal_share", "extent_max", "extent_p50", "extent_p95"):
        assert content[name] is None, name
    assert content["density"] == {"threshold": 64, "shares": {}, "above": None, "below": None}
    assert content["runs"]["mean"] is None
    assert (content["events"], content["extents"], content["n_reordered"]) == (0, {}, {})


def test_the_json_has_every_key_of_the_format() -> None:
    """0 2 1 and, of another visitor, 0 1: one event late by one place."""
    assert as_json(measured([0, 2, 1], [0, 1])) == {
        "events": 5,
        "reordered": 1,
        "ratio": 0.2,
        "extent_max": 1,
        "extent_p50": 1,
        "extent_p95": 1,
        "extents": {"1": 1},
        "n_reordered": {"1": 1},
        "runs": {
            **{"count": 1, "mean": 2, "deviation": 0, "max": 2},
            "open": {"count": 2, "mean": 1, "deviation": 1, "max": 2},
        },
        "density": {"threshold": 64, "shares": {"-1": 0.2, "0": 0.6, "1": 0.2}, "above": 0, "below": 0},
        "buffer_density": {"threshold": 64, "shares": {"0": 0.8, "1": 0.2}, "above": 0},
        "inversions": 1,
        "inversion_share": 0.25,
        "removals": 1,
        "removal_share": 0.2,
    }
    assert Lengths().as_json() == {"count": 0, "mean": None, "deviation": None, "max": None}


def test_a_million_events_in_reverse_are_measured_in_seconds() -> None:
    """All that grows with the pairs would take hours; what is found stays small, and is exact where it is no histogram."""
    count = 1_000_000
    start = perf_counter()
    found = measure(np.zeros(count, np.int64), np.arange(count)[::-1].copy())
    assert perf_counter() - start < 15
    assert found.extents == found.n_reordered
    assert found.extents.total() == found.reordered == found.removals == found.extent_max == count - 1
    assert found.inversions == found.pairs == count * (count - 1) // 2
    assert found.runs == Lengths(count - 1, 1, 1, 1)
    assert len(pickle.dumps(found)) < 100_000


def test_swapped_neighbours_count_wherever_they_stand() -> None:
    """Among many visitors in order: each swap is one event late by one place, and one pair."""
    visitors = [[*range(20)] for _ in range(300)]
    for sent in visitors[::3]:
        sent[4], sent[5] = sent[5], sent[4]
    found = measured(*visitors)
    assert found.extents == found.n_reordered == {1: 100}
    assert found.inversions == found.removals == 100
    assert found.runs == together([5] * 100)
    assert found.open_runs == together([14] * 100 + [20] * 200)


def test_visitors_may_be_numbered_in_any_type() -> None:
    """Numbers of buckets are small types: keys of visitor and rank must not overflow them."""
    sent = np.array([5, 0, 300, 299])
    found = measure(np.array([0, 0, 200, 200], np.uint8), sent)
    assert found.displacements == {-5: 1, 5: 1, -1: 1, 1: 1}
