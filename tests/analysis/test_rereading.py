"""Two readings of one log: what vanished, what was rewritten, and what may change without harm."""

from pathlib import Path

import pytest

from analysis.verdict import judge
from tests.analysis.judged import found, tally
from tests.analysis.language import case
from tests.analysis.material import write

SENT = "ann: [0 1] [2 3]; bob: [0]"


@pytest.mark.parametrize("earlier", ["ann: 0 1 2 3; bob: 0", "ann: 0 1 2 3", "ann: 0 1", ""])
def test_a_log_that_only_grew_has_no_anomaly(earlier: str) -> None:
    """Each earlier reading is the beginning of the later one."""
    assert found(SENT, "ann: 0 1 2 3; bob: 0", earlier=earlier) == {}


def test_a_row_that_is_gone_has_vanished_and_is_not_lost_too() -> None:
    """It was stored, for it was seen; had it never been seen, it were lost."""
    assert found(SENT, "ann: 0 1 2 . ; bob: 0", earlier="ann: 0 1 2 3; bob: 0") == {"vanished": 1}
    assert found(SENT, "ann: 0 1 2 . ; bob: 0", earlier="ann: 0 1 2 . ; bob: 0") == {"lost": 1}


def test_a_tail_that_is_gone_has_vanished() -> None:
    """A replica that lags, or a failover that lost the tail: a row each."""
    assert found(SENT, "ann: 0 1 2", earlier="ann: 0 1 2 3; bob: 0") == {"vanished": 2}


def test_one_of_two_copies_that_is_gone_has_vanished() -> None:
    """Copies are counted: as many as are fewer."""
    assert found("ann: [0]?.", "ann: 0", earlier="ann: 0 0") == {"vanished": 1}
    assert found("ann: [0]?.", "ann: . 0", earlier="ann: 0 0") == {"vanished": 1}


def test_a_row_without_a_call_vanishes_too() -> None:
    """A phantom in the first reading, gone in the second: rows of the log are counted, whoever sent them."""
    assert found("ann: [0]", "ann: 0", earlier="ann: 0 7") == {"vanished": 1}
    assert found("ann: [0]", "ann: 0 .", earlier="ann: 0 _") == {"vanished": 1}


def test_a_row_at_another_position_is_rewritten() -> None:
    """The log may grow, and not move."""
    assert found("ann: [0 1]", "ann: 0 . 1", earlier="ann: 0 1") == {"rewritten": 1}
    assert found("ann: [0]|[1]", "ann: 1 0", earlier="ann: 0 1") == {"rewritten": 2}


def test_a_row_that_changed_its_payload_is_rewritten() -> None:
    """Neither reading is the beginning of the other; and what is read last is not what was sent."""
    assert found("ann: [0]", "ann: 0*", earlier="ann: 0") == {"corrupt": 1, "rewritten": 1}
    assert found("ann: [0]", "ann: 0*", earlier="ann: 0*") == {"corrupt": 1}


def test_a_row_that_slipped_in_below_the_end_is_rewriting() -> None:
    """Who had read to the end would never see it; behind the end it is new, and all is well."""
    assert found("ann: [0 1 2]", "ann: 0 1 2", earlier="ann: 0 . 2") == {"rewritten": 1}
    assert found("ann: [0 1 2]", "ann: 0 1 2", earlier="ann: 0 1") == {}
    assert found("ann: [0]; bob: [0]", "ann: 0; bob: 0", earlier="ann: . ; bob: 0") == {"rewritten": 1}


def test_another_identity_in_a_place_is_one_gone_and_one_new() -> None:
    """0 vanished, and 1 slipped into its place."""
    assert found("ann: [0]|[1]", "ann: 1", earlier="ann: 0") == {"vanished": 1, "rewritten": 1}


def test_each_reading_is_compared_with_the_next() -> None:
    """Gone in the second, back in the third below what had been read: once vanished, once rewritten."""
    assert found("ann: [0 1]", "ann: 0 1", earlier=("ann: 0 1", "ann: . 1")) == {"vanished": 1, "rewritten": 1}
    assert found("ann: [0 1]", "ann: 0 1", earlier=("ann: 0", "ann: 0 1")) == {}


def test_what_vanished_of_an_unanswered_batch_makes_it_not_torn() -> None:
    """It was stored whole."""
    assert found("ann: [0 1]?", "ann: 0", earlier="ann: 0 1") == {"recovered": 1, "vanished": 1}
    assert found("ann: [0 1]?", "ann: 0", earlier="ann: 0") == {"recovered": 1, "torn": 1}


def test_a_reading_says_when_each_event_was_seen_first() -> None:
    """Of several readings the earliest that held it."""
    given = case("ann: [0]", "ann: 0", earlier=("", "ann: 0"))
    assert tally(given).measured("visibility/ms").tolist() == [1000 * (1e6 - 0.5)]


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ("ann: 0 . ", "ann: seq 1 (batch ann0+ann1, confirmed at 0.500 s) stood at 12 in an earlier reading of the log,"),
        ("ann: 0 . 1", "stood at 12 in an earlier reading of the log, and stands at 14 in a later one"),
        ("ann: 0 1*", "at 12 is not what an earlier reading of the log held there"),
    ],
)
def test_the_verdict_names_the_rows(tmp_path: Path, stored: str, sentence: str) -> None:
    """A failed run, blamed on the system, with a witness; and the check is no longer among those that could not run."""
    verdict = judge([write(case("ann: [0 1]", stored, earlier="ann: 0 1"), tmp_path / "run")]).verdict
    assert verdict["verdict"] == "fail"
    assert sentence in verdict["witnesses"][-1]["sentence"]
    assert verdict["blame"]["system"] >= 1
    assert not any("vanished" in told for told in verdict["unsupported"])


def test_a_slipped_in_row_has_a_witness(tmp_path: Path) -> None:
    """It says how far the earlier reading had come."""
    given = case("ann: [0 1 2]", "ann: 0 1 2", earlier="ann: 0 . 2")
    verdict = judge([write(given, tmp_path / "run")]).verdict
    (witness,) = verdict["witnesses"]
    assert witness["sentence"].endswith("is stored at 12; an earlier reading had come to 14 without it")
    assert (witness["visitor"], witness["blame"], witness["earlier_position"]) == ("ann", "system", None)


@pytest.mark.parametrize("stored", ["ann: 0 . ; bob: 0", "ann: 0 . . 1; bob: 0", "ann: 0 1*; bob: 0"])
def test_a_visitor_whose_rows_changed_is_hit(stored: str) -> None:
    """By what vanished as by what was rewritten; bob's rows are as they were."""
    before = "ann: 0 1; bob: 0" if stored.count(".") < 2 else "ann: 0 1"
    assert tally(case("ann: [0 1]; bob: [0]", stored, earlier=before)).numbers["affected"] == 1
