"""A tally holds what was found of some visitors, and what is found of others is added to it."""

from collections import Counter

import numpy as np
import pytest

from analysis.catalogue import ANOMALIES
from analysis.tally import WITNESSES, Tally, Witness, closest
from tests.analysis.judged import tally
from tests.analysis.language import Case, case

SENT = """
    ann: [0 1] [2]; bob: [0] [1]; cat: [0]?; dan: [0]!; eve: [0]?. [1]; fay: [0 1]?; gus: [0 1]|[2]; hal: (0) (1) (2)! (3);
    ian: [0] [1]; joe: [0] [1]; kim: [0]??; leo: [0]; max: [0 1] [2]; ned: (0) (1)|(2); pam: [0] [1]; quo: [0]|[1]
"""
EARLIER = "max: 0 1 2 2"
STORED = """
    max: . 1 2; ann: 1 0 2; bob: 1 0; cat: 0; dan: 0; eve: 0 1 0; fay: 1; gus: 0 2 1; hal: 1 0 1 2*; ian: 0 _;
    joe: 0* 1 1 7; kim: 0 0; bob: l0 n2; ned: 1 0; quo: 1 0; max: 0
"""


def all_kinds(settled: bool = True) -> Case:
    """A case that has a bit of everything: each anomaly, ordinary calls that went wrong, and visitors that are plain."""
    return case(f"{SENT}; zed: [0 1] [2]", f"{STORED}; zed: 0 1 2", settled, EARLIER, keep_last=True)


def test_each_anomaly_that_is_found_is_shown() -> None:
    """At least one witness of each, and none of what was not found."""
    found = tally(all_kinds())
    shown = {witness.anomaly for witness in found.witnesses}
    assert shown == {name for name in ANOMALIES if found.numbers[name]}
    assert shown >= set(ANOMALIES) - {"unseen"}
    unsettled = tally(all_kinds(settled=False))
    assert "unseen" in {witness.anomaly for witness in unsettled.witnesses}


def test_each_anomaly_has_its_culprit() -> None:
    """What breaks no promise is nobody's; only gus's and quo's clients broke a rule."""
    blames: dict[str, set[str]] = {}
    for witness in (*tally(all_kinds()).witnesses, *tally(all_kinds(settled=False)).witnesses):
        blames.setdefault(witness.anomaly, set()).add(witness.content["blame"])
    nobody = {"unseen", "duplicate-explained", "torn", "recovered", "split"}
    assert blames == {name: {"nobody" if name in nobody else "system"} for name in ANOMALIES}


@pytest.mark.parametrize(("plain_apart", "tallies"), [(True, 2), (False, 1)])
@pytest.mark.parametrize("settled", [True, False])
def test_what_a_tally_holds_already_is_added_to(
    monkeypatch: pytest.MonkeyPatch, settled: bool, plain_apart: bool, tallies: int
) -> None:
    """Every number that a check counts, whichever checks counted before it; `tallies`: how many a bucket begins."""
    given = all_kinds(settled)
    alone = tally(given, plain_apart=plain_apart)
    held = dict.fromkeys(alone.numbers, 1000)
    monkeypatch.setattr("analysis.bucket.Tally", lambda: Tally(Counter(held)))
    found = tally(given, plain_apart=plain_apart)
    whole = {"split", "split/client", "parallel", "unacknowledged", "torn", "torn/undecided"}  # counted over all buckets
    for name in set(held) - whole:
        assert found.numbers[name] == alone.numbers[name] + 1000 * tallies, name


def test_equal_names_are_put_together() -> None:
    """Marks are kept in the order in which they came; a name that nobody marked has none."""
    one, other = Tally(Counter(lost=1)), Tally(Counter(lost=2, ghost=1))
    one.mark("split", np.array([3, 1]))
    other.mark("split", np.array([2]))
    other.mark("lag", np.array([0.5]))
    one.add(other)
    assert one.numbers == {"lost": 3, "ghost": 1}
    assert (one.marked("split").tolist(), one.measured("lag").tolist()) == ([3, 1, 2], [0.5])
    assert (one.marked("none").tolist(), one.measured("none").tolist()) == ([], [])
    assert (one.marked("none").dtype, one.measured("none").dtype) == (np.int64, np.float64)


def test_the_closest_few_of_each_anomaly_are_kept() -> None:
    """By their gap, then by name; as many as are shown, of each anomaly."""
    many = [Witness("lost", gap, visitor, {}) for gap, visitor in ((5, "a"), (1, "c"), (1, "b"), (9, "d"), (2, "e"))]
    other = Witness("ghost", 7, "z", {})
    kept = closest([*many, other])
    assert WITNESSES == 3
    assert [(witness.anomaly, witness.visitor) for witness in kept] == [
        ("ghost", "z"),
        ("lost", "b"),
        ("lost", "c"),
        ("lost", "e"),
    ]
