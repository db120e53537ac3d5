"""A run that cannot be relied on is never called passed: each condition alone is named, with its numbers."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from analysis import summary
from analysis.verdict import judge
from inorder.run import Reading, RunFolder
from tests.analysis.language import CLEAN, case
from tests.analysis.material import history_lines, write

INVALID: dict[str, dict[str, Any]] = {
    "The run was interrupted.": {"interrupted": True},
    "The run was cut off: run.json has no end.": {"ended": None},
    "2 of 3 generator processes left no closing line": {"processes": 3},
    "The stored log was not read to its end: gone.": {"reading": Reading(rows=5, error="gone")},
    "The stored log had not settled 9.0 s after": {"reading": Reading(rows=5, complete=True, waited_s=9.0)},
    "The log was read with 6 rows, but 5 are there.": {"reading": Reading(rows=6, complete=True, settled=True)},
    "run.json does not say how the stored log was read.": {"reading": None},
}


@pytest.mark.parametrize("reason", INVALID)
def test_a_run_that_cannot_be_relied_on_is_open(tmp_path: Path, reason: str) -> None:
    """Each condition alone makes the verdict inconclusive and is named."""
    verdict = judge([write(case(*CLEAN), tmp_path / "run", **INVALID[reason])]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert [told for told in verdict["reasons"] if reason in told]


CLOSED: dict[str, dict[str, Any]] = {
    "w0 states 9 calls and 5 events, its lines hold 3 and 5.": {"calls": 9},
    "w0 states 3 calls and 9 events, its lines hold 3 and 5.": {"events": 9},
    "The generator itself failed 2 times.": {"crashed": 2},
    "7 events that were due were never sent.": {"unsent": 7},
    "The run was interrupted.": {"interrupted": True},
    "The busiest generator process used 96% of a core, the limit is 95%": {"cpu_share": 0.96},
    "The generator's clock was served late: p99 250.0 ms, the limit is 100 ms.": {"loop_lag_ms_p99": 250.0},
}


@pytest.mark.parametrize("reason", CLOSED)
def test_a_closing_line_can_make_a_run_invalid(tmp_path: Path, reason: str) -> None:
    """Totals that do not fit, failures, events never sent, a clock that was late."""
    folder = write(case(*CLEAN), tmp_path / "run")
    *lines, last = history_lines(case(*CLEAN))
    closed = msgspec.json.decode(last) | CLOSED[reason]
    rewrite(folder, [*lines, msgspec.json.encode(closed).decode()])
    verdict = judge([folder]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert [told for told in verdict["reasons"] if reason in told]


def test_a_generator_with_some_of_its_core_left_is_valid(tmp_path: Path) -> None:
    """Exactly at the limit too; and a scenario may ask for more room."""
    folder = write(case(*CLEAN), tmp_path / "run")
    *lines, last = history_lines(case(*CLEAN))
    rewrite(folder, [*lines, msgspec.json.encode(msgspec.json.decode(last) | {"cpu_share": 0.95}).decode()])
    assert judge([folder]).verdict["verdict"] == "pass"
    folder.scenario_file.write_text(folder.scenario_file.read_text("utf-8") + "[validity]\ncpu_share = 0.5\n", "utf-8")
    assert judge([folder]).verdict["verdict"] == "inconclusive"


PACED = '[[sla]]\nmetric = "batch.response_ms.p50"\nmax = 1000000\n[[sla]]\nmetric = "ordinary.lost_share"\nmax = 0\n'
WIDE = " ".join(f"[{seq} {seq + 1}]" for seq in range(0, 400, 2))


@pytest.mark.parametrize(("held", "verdict"), [(0, "pass"), (2, "pass"), (3, "inconclusive")])
def test_a_quota_that_held_back_more_than_a_hundredth_hides_the_times(tmp_path: Path, held: int, verdict: str) -> None:
    """Of two hundred calls; the count is told in any case, and no more than the lines on times is left open."""
    given = case(f"ann: {WIDE}", f"ann: {' '.join(map(str, range(400)))}")
    folder = write(given, tmp_path / "run", sla=PACED)
    *lines, last = history_lines(given)
    rewrite(folder, [*lines, msgspec.json.encode(msgspec.json.decode(last) | {"held_back": held}).decode()])
    found = judge([folder])
    assert found.verdict["validity"]["held_back"] == held
    assert found.verdict["sla"][0]["verdict"] == verdict
    assert any("quota" in reason for reason in found.verdict["reasons"]) == (verdict != "pass")
    assert ("The quota of the target held back" in summary.render(found, "run")) == bool(held)
    assert ("it, and not the system, set response times" in summary.render(found, "run")) == (verdict != "pass")


def rewrite(folder: RunFolder, lines: list[str]) -> None:
    """Replace the history of the run."""
    (folder.history / "w0.jsonl").write_text("".join(line + "\n" for line in lines), "utf-8")


@pytest.mark.parametrize(
    ("intended", "ready", "late"), [(0.0, 0.0, 300.0), (0.0, 0.3, 0.0), (0.0, None, 300.0), (0.2, 0.0, 100.0)]
)
def test_a_late_start_counts_from_when_a_connection_was_free(
    tmp_path: Path, intended: float, ready: float | None, late: float
) -> None:
    """sent - max(intended, ready): waiting for a connection is not the generator's lateness; it is counted apart."""
    folder = write(case("ann: [0 1]", "ann: 0 1"), tmp_path / "run")
    sent = msgspec.json.decode(history_lines(case("ann: [0 1]", None))[0])
    sent |= {"sent": 0.3, "intended": intended, "ready": ready}
    rest = history_lines(case("ann: [0 1]", None))[1:]
    rewrite(folder, [msgspec.json.encode(sent).decode(), *rest])
    verdict = judge([folder]).verdict
    assert verdict["validity"]["late_starts_ms_p99"] == pytest.approx(late)
    assert verdict["verdict"] == ("inconclusive" if late > 100.001 else "pass")
    waited = None if ready is None else float(ready - intended > 0.001)
    assert verdict["validity"]["waited_for_connection"] == waited


def test_a_torn_last_line_is_counted_and_the_lost_worker_named(tmp_path: Path) -> None:
    """A worker killed in the middle: what it wrote is judged, its last answer is missing."""
    folder = write(case(*CLEAN), tmp_path / "run")
    text = "".join(line + "\n" for line in history_lines(case(*CLEAN))[:-1])
    (folder.history / "w0.jsonl").write_text(text[:-8], "utf-8")
    verdict = judge([folder]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert (verdict["validity"]["torn_lines"], verdict["validity"]["workers_lost"]) == (1, 1)
    assert verdict["calls"]["ordinary"] == {"confirmed": 0, "rejected": 0, "indeterminate": 1}
    assert not any(verdict["anomalies"].values())
