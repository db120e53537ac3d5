"""metrics.prom after judging: the verdict as Prometheus text."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from analysis import prometheus
from analysis.judgement import Judgement
from tests.analysis import cases


def samples(case: Judgement) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The samples by name and labels, without those of the run."""
    text = prometheus.render(case, "run-1").decode()
    return {
        (sample.name, frozenset((own, value) for own, value in sample.labels.items() if own not in ("run", "scenario"))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("case", cases.CASES)
def test_every_case_is_read_by_prometheus(case: str) -> None:
    """With exactly one verdict that is 1."""
    read = samples(cases.CASES[case]())
    assert sum(value for (name, _), value in read.items() if name == "inorder_verdict") == 1


def test_the_numbers_are_those_of_the_verdict() -> None:
    """Anomalies, events, times in seconds, objectives."""
    case = cases.failing()
    verdict, read = case.verdict, samples(case)
    for name, number in verdict["anomalies"].items():
        assert read["inorder_anomalies", frozenset({("anomaly", name)})] == number
    assert read["inorder_verdict", frozenset({("verdict", "fail")})] == 1
    at = frozenset({("kind", "batch"), ("quantile", "0.95")})
    assert read["inorder_response_seconds", at] == pytest.approx(verdict["latency_ms"]["batch"]["p95"] / 1000)
    line = verdict["sla"][0]
    where = frozenset({("objective", line["name"]), ("metric", line["metric"]), ("phase", line["phase"] or "")})
    assert read["inorder_objective_value", where] == pytest.approx(line["value"])
    assert read["inorder_objective_met", where] == (line["verdict"] == "pass")


def test_what_was_not_measured_is_no_number() -> None:
    """A percentile without calls has no sample, rather than 0."""
    case = cases.passing()
    case.verdict["latency_ms"]["ordinary"]["p99"] = None
    names = [at for name, at in samples(case) if name == "inorder_response_seconds"]
    assert frozenset({("kind", "ordinary"), ("quantile", "0.99")}) not in names
    assert frozenset({("kind", "ordinary"), ("quantile", "0.95")}) in names
