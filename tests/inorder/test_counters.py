"""metrics.prom while the load goes on is what a collector of Prometheus reads."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from inorder import counters


def test_counters_are_read_by_prometheus(tmp_path: Path) -> None:
    """Each with the scenario and the run, and a name from outside does no harm."""
    file = tmp_path / "metrics.prom"
    counters.write(file, {"t": 3.5, "calls": 7, "confirmed": 40, "lost": 1}, "storm", 'a"b\\')
    read = {
        (sample.name, sample.labels["scenario"], sample.labels["run"]): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }
    assert read["inorder_calls_total", "storm", 'a"b\\'] == 7
    assert read["inorder_events_confirmed_total", "storm", 'a"b\\'] == 40
    assert read["inorder_run_seconds", "storm", 'a"b\\'] == 3.5
    assert read["inorder_workers_lost", "storm", 'a"b\\'] == 1


def test_it_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """No second file is left, and the numbers are the last ones."""
    file = tmp_path / "metrics.prom"
    for calls in (1, 2):
        counters.write(file, {"t": 0.0, "calls": calls}, "storm", "run-1")
    assert [own.name for own in tmp_path.iterdir()] == ["metrics.prom"]
    assert 'inorder_calls_total{run="run-1",scenario="storm"} 2.0' in file.read_text()


def test_a_disk_that_takes_none_of_it_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load is not ended for want of metrics."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(counters, "write_to_textfile", refuse)
    counters.write(tmp_path / "metrics.prom", {"t": 0.0}, "storm", "run-1")
    assert list(tmp_path.iterdir()) == []
