"""The share of calls that started late and by how much; Locust's own figures beside ours."""

import numpy as np
import pandas as pd
import pytest

from analysis import page_latency, page_timing, words
from analysis.timing import LATE_MS, Timed, document, lateness
from inorder.locust_times import LocustTimes, Times
from tests.analysis import cases


def calls(late_ms: list[float], kind: int = 0, every_s: float = 1.0) -> pd.DataFrame:
    """One call every second, each this late."""
    intended = every_s * np.arange(len(late_ms))
    return pd.DataFrame({"kind": kind, "intended": intended, "sent": intended + np.array(late_ms) / 1000})


def timed(late_ms: list[float], warm_up_s: float = 0.0, kind: int = 0, locust: LocustTimes | None = None) -> Timed:
    return Timed.of(calls(late_ms, kind), warm_up_s, locust)


def test_a_call_is_late_beyond_a_millisecond() -> None:
    """At the bound it is not; the percentiles are of the late ones alone."""
    found = lateness(np.array([0.0, LATE_MS, 1.5, 4.0, 20.0, 0.2, 0.3, 0.4]))
    assert found == {"n": 8, "late_share": 3 / 8, "late_ms_p50": 4.0, "late_ms_p99": 20.0, "late_ms_max": 20.0}


def test_nothing_late_has_a_share_and_no_time() -> None:
    """And where there is no call there is no share."""
    none = {"late_ms_p50": None, "late_ms_p99": None, "late_ms_max": None}
    assert lateness(np.array([0.1, 0.9])) == {"n": 2, "late_share": 0.0, **none}
    assert lateness(np.zeros(0)) == {"n": 0, "late_share": None, **none}


def test_kinds_are_told_apart_and_repeats_put_together() -> None:
    """The calls of all repeats count; the warm-up of each is left out."""
    runs = [timed([9.0, 0.0, 5.0], warm_up_s=1.0), timed([9.0, 0.0, 7.0], warm_up_s=1.0, kind=1)]
    found = document([*runs, *runs], 1.0)
    assert found["left_out"] == {"batch": 2, "ordinary": 2}
    assert found["schedule"]["batch"]["n"] == 4
    assert found["schedule"]["batch"]["late_share"] == 0.5
    assert found["schedule"]["ordinary"]["late_ms_max"] == pytest.approx(7.0)
    assert found["locust"] is None


def test_of_locusts_figures_the_repeats_are_put_together() -> None:
    """Counts add up, percentiles are means, the longest is the longest; a run without them is passed over."""
    one, two = Times(10, 1, 2, 3, 4.5), Times(30, 3, 4, 5, 6.5)
    runs = [timed([0.0], locust=LocustTimes(batch=own)) for own in (one, two)]
    found = document([*runs, timed([0.0])], 0.0)
    assert found["locust"] == {"batch": {"n": 40, "p50": 2.0, "p95": 3.0, "p99": 4.0, "max": 6.5}, "ordinary": None}


def test_the_page_says_what_a_warm_up_left_out_and_what_was_late() -> None:
    """With the rule, in numbers."""
    verdict = {"timing": document([timed([9.0, 0.0, 5.0, 0.0], warm_up_s=1.0)], 1.0)}
    rows = {name: text.replace(words.THIN, " ") for name, text in page_timing.rows(verdict)}
    assert rows["Warm-up"].startswith("Calls intended in the first 1 s (1 batch call and 0 ordinary calls) are left out")
    assert rows["Schedule"].startswith(
        "Left more than 1 ms after the intended instant: 33.3 % of 3 batch calls (those by 5"
    )
    assert "ordinary" not in rows["Schedule"]
    none = dict(page_timing.rows({"timing": document([timed([0.0])], 0.0)}))
    assert none["Warm-up"] == "None: all calls are in the times."
    assert "0\u202f% of 1 batch call." in none["Schedule"]


def test_the_page_shows_locusts_figure_beside_ours_as_a_warning() -> None:
    """Only where both are there; a verdict from before knows nothing of it."""
    case = cases.passing()
    case.verdict["timing"] = document([timed([0.0], locust=LocustTimes(batch=Times(10, 1, 2, 6, 9)))], 0.0)
    case.verdict["latency_ms"]["batch"]["p99"] = 940.0
    warning = page_latency.locust_warning(case)
    assert warning is not None
    assert warning["value"].replace(words.THIN, " ") == "6 ms"
    assert "940 ms, 157 times as much" in warning["text"].replace(words.THIN, " ")
    del case.verdict["timing"]
    assert page_latency.locust_warning(case) is None
    assert page_timing.rows({}) == []
