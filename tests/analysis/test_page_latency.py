"""The tables of the section on latency: percentiles with Locust's beside them, ratios by phase and size, the warning."""

from typing import Any

import pytest

from analysis import page_latency, words
from analysis.judgement import Judgement
from tests.analysis import cases


def with_locust(own_ms: float, locust_ms: float | None, kind: str = "batch") -> Judgement:
    """A case whose p99 of a kind is `own_ms`, and by Locust `locust_ms`; of the other kind Locust says nothing."""
    case = cases.passing()
    case.verdict["latency_ms"][kind]["p99"] = own_ms
    said = None if locust_ms is None else {"n": 9, "p50": 1.0, "p95": 2.0, "p99": locust_ms, "max": 99.0}
    case.verdict["timing"]["locust"] = {"batch": None, "ordinary": None} | {kind: said}
    return case


def test_locust_has_columns_where_it_said_something() -> None:
    """Behind those of its kind; without any the table has four columns; a level that Locust has not is a dash."""
    table = page_latency.percentiles(with_locust(500.0, 123.0))
    assert table["columns"] == [
        ("batch", "response"),
        ("batch", "service"),
        ("batch", "by Locust"),
        ("ordinary", "response"),
        ("ordinary", "service"),
    ]
    rows = dict(table["rows"])
    assert (rows["p99"][0], rows["p99"][2], rows["p99.9"][2]) == ("500", "123", "–")
    assert len(page_latency.percentiles(cases.tiny())["columns"]) == 4


@pytest.mark.parametrize(
    ("own_ms", "locust_ms", "beside"),
    [
        (500.0, 100.0, "it is 500 ms, 5.0 times as much."),
        (102.0, 100.0, "it is 102 ms, here about the same."),
        (20.0, 100.0, "it is 20.0 ms, less: Locust also counts the warm-up and calls that failed"),
    ],
)
def test_the_warning_holds_locust_against_the_intended_start(own_ms: float, locust_ms: float, beside: str) -> None:
    """How much it leaves out, and never that a much smaller time is about the same."""
    found = page_latency.locust_warning(with_locust(own_ms, locust_ms))
    assert found is not None
    assert found["title"] == "Locust’s own p99 of batches"
    assert found["value"].replace(words.THIN, " ") == "100 ms"
    assert beside in found["text"].replace(words.THIN, " ")


def test_the_warning_is_of_ordinary_calls_where_no_batch_is_known() -> None:
    """And there is none where Locust said nothing."""
    found = page_latency.locust_warning(with_locust(50.0, 10.0, "ordinary"))
    assert found is not None
    assert found["title"] == "Locust’s own p99 of ordinary calls"
    assert page_latency.locust_warning(with_locust(50.0, None)) is None
    assert page_latency.locust_warning(cases.tiny()) is None


def groups(case: Judgement) -> dict[str, list[dict[str, Any]]]:
    """The groups of the table by title."""
    return {group["title"]: group["rows"] for group in page_latency.against_ordinary(case)}


def test_batches_stand_against_ordinary_calls_in_all_and_in_parts() -> None:
    """By phase with the ordinary calls of the phase; by size against all of them, which are not said again."""
    found = groups(cases.passing())
    assert [*found] == ["", "By phase", "By events in the batch, against all ordinary calls"]
    assert [row["name"] for row in found["By phase"]] == ["calm", "storm", "after the storm"]
    sizes = found["By events in the batch, against all ordinary calls"]
    assert [row["name"] for row in sizes] == ["1–5", "6–19", "20"]
    assert [row["ordinary"] for row in sizes] == [None] * 3
    [whole] = found[""]
    value, span = whole["ratios"][0]
    assert value.endswith("×")
    assert span.startswith("[")


def test_a_part_without_batches_has_dashes() -> None:
    """Nobody came back in the calm: there is no ratio, and no number stands for it."""
    calm = groups(cases.passing())["By phase"][0]
    assert (calm["n"], calm["batch"]) == ("0", ["–"] * 3)
    assert calm["ratios"] == [("–", "")] * 3
    assert "–" not in calm["ordinary"]


def test_a_single_part_is_not_told_twice() -> None:
    """One phase is the whole; and without either kind there is nothing to hold against each other."""
    case = cases.passing()
    for name in ("by_phase", "by_size"):
        case.verdict["latency_ms"][name] = case.verdict["latency_ms"][name][:1]
    assert [*groups(case)] == [""]
    assert groups(cases.control()) == groups(cases.client()) == {}
