"""Numbers and metrics in words."""

import pytest

from analysis import words


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (1234.5, "1,234"), (99.95, "100"), (12.34, "12.3"), (1.2345, "1.23"), (0.012345, "0.0123"), (-2.5, "−2.50")],
)
def test_a_measured_number_keeps_three_digits(number: float, text: str) -> None:
    """Three digits that mean something, whole numbers whole, thousands apart."""
    assert words.significant(number) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (1, "100 %"), (0.026, "2.6 %"), (0.00016, "0.016 %"), (0.477, "47.7 %"), (None, "–")]
)
def test_no_share_but_none_is_zero(share: float | None, text: str) -> None:
    """A share that is not zero never reads as 0 %."""
    assert words.share(share).replace(words.THIN, " ") == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (48.0, "", "48"),
        (1711.2, "ms", "1,711 ms"),
        (5200, "events/s", "5,200 /s"),
        (4.16, "ratio", "4.16 ×"),
        (0.001, "share", "0.10 %"),
    ],
)
def test_a_quantity_has_its_unit(value: float, unit: str, text: str) -> None:
    """Number and unit, with a narrow space that does not break."""
    assert words.quantity(value, unit).replace(words.THIN, " ") == text


def test_a_limit_is_written_as_it_was() -> None:
    """No digits that the scenario did not have."""
    assert words.limit({"limit": 1500.0, "sense": "max", "unit": "ms"}).replace(words.THIN, " ") == "≤ 1,500 ms"
    assert words.limit({"limit": 0.01, "sense": "min", "unit": "share"}).replace(words.THIN, " ") == "≥ 1 %"


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "text"),
    [
        (1711, 991.8, 1810, "ms", "[992, 1,810]"),
        (0.0233, 0.000791, 0.0459, "s", "[0.0008, 0.0459]"),
        (16.9, -0.05, 33.8, "ms", "[−0.1, 33.8]"),
        (0.0, 0.0, 0.0002, "share", "[0, 0.020]"),
        (0.0, 0.0, 0.001466, "share", "[0, 0.15]"),
        (0.0, 0.0, 0.0, "share", "[0, 0]"),
        (5.0, None, None, "ms", ""),
    ],
)
def test_an_interval_has_the_decimals_of_its_value(
    value: float, low: float | None, high: float | None, unit: str, text: str
) -> None:
    """So that both ends can be compared with the value at a glance."""
    assert words.interval(value, low, high, unit) == text


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("batch.response_ms.p95", "Batch response time, 95th percentile"),
        ("batch.response_ms.max", "Batch response time, longest"),
        ("ordinary.service_ms.p50", "Ordinary service time, median"),
        ("ratio.p99.9", "Batch over ordinary response time, 99.9th percentile"),
        ("visibility_ms.p1", "From confirmed to readable, 1st percentile"),
        ("drain_s.p12", "Backlog of a returning visitor confirmed, 12th percentile"),
        ("confirmed_events_per_s", "Events confirmed a second"),
        ("batch.rejected_share", "Batch calls that were rejected"),
    ],
)
def test_every_kind_of_metric_has_words(metric: str, text: str) -> None:
    """A reader need not know the names of metrics."""
    assert words.metric(metric) == text


def test_an_objective_is_named_as_the_scenario_names_it() -> None:
    """A name of its own is kept; without one the metric is put into words, with its phase."""
    assert words.objective({"name": "Checkout feels quick", "metric": "ratio.p50"}) == "Checkout feels quick"
    line = {"name": "ratio.p50", "metric": "ratio.p50", "phase": "storm"}
    assert words.objective(line) == "Batch over ordinary response time, median, phase storm"
    assert words.in_sentence(line) == "Batch over ordinary response time (median), phase storm"


def test_lists_read_as_sentences() -> None:
    """`a`, `a and b`, `a, b and c`."""
    assert [words.listed([*"abc"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
