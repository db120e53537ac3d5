"""Rows of the table of objectives: what was measured, what is left to the limit, and the share that bars are drawn of."""

from typing import Any

import pytest

from analysis import page_sections, words
from tests.analysis import cases
from tests.analysis.synthetic import objective


def rows(case: str, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a case, with other lines where some are given; narrow spaces made plain."""
    made = cases.CASES[case]()
    made.verdict["sla"] = list(lines) or made.verdict["sla"]
    found = page_sections.objectives(made)
    return [
        {key: own.replace(words.THIN, " ") if isinstance(own, str) else own for key, own in row.items()} for row in found
    ]


@pytest.mark.parametrize(
    ("value", "limit", "more", "margin"),
    [
        (200.0, 500, {}, "+60 %"),
        (2.4, 500, {}, "+99.5 %"),
        (0.001, 500, {}, "+99.9 %"),
        (0.0, 0.01, {"unit": "share"}, "none used"),
        (0.0, 0, {}, "–"),
        (3.0, 0, {}, "–"),
        (600.0, 500, {}, "−20 %"),
        (0.5, 0.005, {"unit": "share"}, "100 × the limit"),
        (5200.0, 2000, {"sense": "min"}, "+160 %"),
        (52_000.0, 2000, {"sense": "min"}, "26 × the limit"),
        (0.0, 2000, {"sense": "min"}, "−100 %"),
        (None, 500, {}, "–"),
    ],
)
def test_a_margin_says_what_is_left_to_the_limit(
    value: float | None, limit: float, more: dict[str, Any], margin: str
) -> None:
    """The whole of it only where nothing is used; where it is many times the limit, how many."""
    [row] = rows("passing", objective("batch.response_ms.p95", value, limit, **more))
    assert row["margin"] == margin


def test_slices_are_told_by_how_many_held() -> None:
    """With the limit of a slice and the share that must hold, and the metric over all beside it."""
    held, broken, undecided, none = rows("sliced")[:4]
    assert held["value"] == "Held in 118 of 120 slices of 1 s"
    assert held["interval"].endswith(" over all)")
    assert (held["within"], broken["within"]) == (" in 90 % of slices", " in 99 % of slices")
    assert (held["margin"], broken["margin"], none["margin"]) == ("+9.3 %", "−66 %", "–")
    assert held["used"] < 1 < broken["used"]
    assert undecided["reason"].endswith("at least 5 repeats would decide it")
    assert none["value"] == "Was measured in no slice of 1 s"


def test_sizes_are_named() -> None:
    """A line of some batches is not one of all."""
    sized, single = rows("sliced")[4:]
    assert sized["statement"] == "Batch response time, 95th percentile, phase storm, batches of 1 to 5 events"
    assert single["statement"] == "Batch response time, 95th percentile, batches of 20 events"


def test_the_line_that_ended_the_load_has_no_margin() -> None:
    """It was measured of a part of the load, by which it may even be met."""
    line = rows("stopped")[1]
    assert line["reason"].startswith("stopped early at 4.2 s: ")
    assert (line["margin"], line["used"], line["low"], line["verdict"]) == ("–", None, None, "fail")


def thin(*lines: dict[str, Any]) -> str:
    """Where the margin is thin in a run that passed with these objectives."""
    case = cases.passing()
    case.verdict["sla"] = list(lines)
    return str(page_sections.where_to_look(case)["sentences"][0]).replace(words.THIN, " ")


def test_the_margin_is_thin_where_an_interval_reaches_nearest_to_its_limit() -> None:
    """Not where the value does: none of few calls may be more than it seems. A single objective has no others."""
    fast = objective("batch.response_ms.p95", 55.0, 500) | {"low": 50.0, "high": 60.0}
    rare = objective("batch.indeterminate_share", 0.0, 0.01, unit="share") | {"low": 0.0, "high": 0.0063}
    rare["name"] = "Batches without an answer"
    told = "“Batches without an answer” uses 0 % of its limit ≤ 1 %, and up to 63.0 % by its interval"
    assert thin(fast, rare).startswith(f"{told}: more than the others.")
    assert thin(rare).startswith(f"{told}.")
    least = objective("confirmed_events_per_s", 200.0, 100, unit="", sense="min") | {"low": 125.0, "high": 220.0}
    assert "uses 50.0 % of its limit ≥ 100, and up to 80.0 % by its interval" in thin(least)
