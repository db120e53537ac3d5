"""A run is valid when all generators ended well, kept their schedule, and the log was read to its end."""

from typing import Any

import pytest

from analysis import words
from analysis.judgement import Judgement
from analysis.run_checks import early, is_valid, run_checks
from inorder.run import Reading
from tests.analysis import cases, loads
from tests.analysis.synthetic import VALIDITY, with_infos


def told(judgement: Judgement) -> str:
    """The sentences of the conditions that were not kept."""
    return " ".join(check.sentence for check in run_checks(judgement) if check.ok is False)


def test_a_good_run_is_valid() -> None:
    """Every condition is known and kept."""
    assert is_valid(cases.passing())
    assert all(check.ok for check in run_checks(cases.passing()))


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"workers_lost": 1}, "1 of 2 load generators reported to the end"),
        ({"interrupted": True}, "interrupted or cut off"),
        ({"crashed": 3}, "failed 3 times"),
        ({"counts_differ": 2}, "2 closing lines do not fit"),
        ({"unsent": 1207}, "1,207 events that were due were never sent"),
        ({"late_starts_ms_p99": 412.0}, "Calls left 412"),
        ({"loop_lag_ms_p99": 101.0}, "clock ticked 101"),
        ({"cpu_share": 0.97}, "busiest generator process used 97"),
    ],
)
def test_each_fault_of_the_generator_is_named(found: dict[str, Any], sentence: str) -> None:
    """With its number, and it makes the run not valid."""
    case = cases.passing()
    case.verdict["validity"] = VALIDITY | found
    assert not is_valid(case)
    assert sentence in told(case)


@pytest.mark.parametrize(("share", "ok"), [(0.009, True), (0.02, None)])
def test_what_a_quota_held_back_is_told_and_makes_no_run_invalid(share: float, ok: bool | None) -> None:
    """A few calls shape nothing; more leave open how long things took."""
    case = cases.passing()
    calls = sum(sum(outcomes.values()) for outcomes in case.verdict["calls"].values())
    case.verdict["validity"] = VALIDITY | {"held_back": int(share * calls)}
    (check,) = [check for check in run_checks(case) if "quota" in check.name]
    assert check.ok is ok
    assert is_valid(case)


def test_what_an_overload_leaves_unsent_is_no_fault() -> None:
    """The steps of a capacity run may be meant to be one; nor is all said to have been sent."""
    case = cases.passing()
    case.verdict["validity"] = VALIDITY | {"unsent": 12}
    case.verdict["capacity"] = {"sentence": "stopped early at 2.0 s"}
    assert is_valid(case)
    assert not any("sent" in check.name for check in run_checks(case))


@pytest.mark.parametrize(
    ("reading", "sentence"),
    [
        (Reading(complete=False, error="connection refused"), "not read to its end: connection refused"),
        (Reading(complete=True, settled=False, waited_s=120), "still grew 120"),
        (Reading(rows=5, complete=True, settle_s=2, again=7), "2 rows came into the log after it had not grown for 2 s"),
    ],
)
def test_each_fault_of_the_reading_is_named(reading: Reading, sentence: str) -> None:
    """A log that is not known to its end can hide a loss."""
    case = cases.passing()
    assert sentence in told(Judgement(case.verdict, with_infos(case.runs, reading=reading)))


@pytest.mark.parametrize(
    ("reading", "sentence"),
    [
        (
            Reading(rows=5, complete=True, settled=True, settle_s=2),
            "(5 rows) and then did not grow for 2 s. It was read once.",
        ),
        (
            Reading(rows=5, complete=True, settled=True, settle_s=2, again=5),
            "for 2 s. It was read a second time (5 rows): 2 readings were compared.",
        ),
        (
            Reading(rows=5, complete=True, settled=True, settle_s=2, again_error="refused"),
            "for 2 s. A second reading was not finished.",
        ),
        (
            Reading(rows=1, complete=True, settled=True),
            "The log was given with 1 row, and counts as settled. It was read once.",
        ),
    ],
)
def test_how_often_the_log_was_read_is_told(reading: Reading, sentence: str) -> None:
    """What vanished can only be seen by reading again."""
    case = cases.passing()
    case.verdict["readings"] = 2 if reading.again else 1
    checks = run_checks(Judgement(case.verdict, with_infos(case.runs, reading=reading)))
    told = next(check.sentence for check in checks if check.name == "log read back to its end")
    assert sentence in told.replace(words.THIN, " ")


def test_a_run_without_an_end_is_cut_off() -> None:
    """run.json without an end: the run was killed."""
    case = cases.passing()
    assert "cut off" in told(Judgement(case.verdict, with_infos(case.runs, ended=None)))


def test_what_is_not_known_is_not_called_broken() -> None:
    """Evidence from other clients has no clock of a generator: that is open, not bad."""
    case = cases.passing()
    case.verdict["validity"] = VALIDITY | {"late_starts_ms_p99": None, "loop_lag_ms_p99": None, "cpu_share": None}
    assert is_valid(case)
    assert sum(check.ok is None for check in run_checks(case)) == 3


def test_what_was_not_kept_comes_first() -> None:
    """The reader sees the fault before the rest."""
    assert next(check.ok for check in run_checks(cases.invalid())) is False


def test_a_load_that_an_objective_ended_is_valid_and_says_so() -> None:
    """What was not sent then is no fault of the generator; of repeats it is said how many were ended."""
    case = cases.CASES["stopped"]()
    assert is_valid(case)
    sentence = "The load was stopped early, at 4.2 s (its phases last 20 s): an objective was lost for certain. "
    assert sentence in " ".join(check.sentence for check in run_checks(case) if not check.usual).replace(words.THIN, " ")
    several = early(loads.stopped(repeats=3, early=2)).replace(words.THIN, " ")
    assert several.startswith("The load of 2 of 3 repeats was stopped early, first at 4.2 s ")
    assert early(cases.passing()) == ""
    assert not any("stopped" in check.sentence for check in run_checks(cases.passing()))
