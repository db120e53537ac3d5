"""What a bucket measures beside its anomalies: how long visitors took to drain, and when events could be seen."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.verdict import judge
from inorder.run import LiveReading
from tests.analysis.judged import tally
from tests.analysis.language import case
from tests.analysis.material import write


@pytest.mark.parametrize(
    ("sent", "drained", "undrained"),
    [
        ("ann: [0] [1] [2]", [2.5], 0),  # first sent at 0, the last confirmed at 2.5
        ("ann: [0]?.", [1.5], 0),  # the second call was confirmed
        ("ann: [0] [1]!", [0.5], 0),  # a rejected batch is over, and not waited for
        ("ann: [0] [1]?", [], 1),  # without a certain answer nothing is over
        ("ann: [0]? [1]", [], 1),
        ("ann: [0]!", [], 1),  # nothing was ever confirmed
        ("ann: (0) [1] (2)", [0.5], 0),  # ordinary calls are not part of the backlog
        ("ann: (0)", [], 0),  # no backlog at all
        ("ann: [0]; bob: [0] [1]; ann: [1]", [3.5, 1.5], 0),  # each visitor from its own first batch
        ("ann+bob: [a0 b0] [b1]", [0.5, 1.5], 0),
    ],
)
def test_a_visitor_is_drained_when_its_last_batch_is_confirmed(sent: str, drained: list[float], undrained: int) -> None:
    """From the instant that it wanted to send its first batch; a visitor left without an answer is counted apart."""
    found = tally(case(sent, None))
    assert sorted(found.measured("drain/s").tolist()) == pytest.approx(sorted(drained))
    assert len(found.measured("drain/intended")) == len(drained)
    assert found.numbers["undrained"] == undrained


def seen(path: Path, sent: str, stored: str, seen_at: list[float | None]) -> dict[str, Any]:
    """The verdict on a log whose rows were first seen at these instants."""
    folder = write(case(sent, stored), path / "run")
    table = pq.read_table(folder.stored_file)
    column = table.schema.get_field_index("seen_at")
    pq.write_table(table.set_column(column, "seen_at", [seen_at]), folder.stored_file)
    judged = judge([folder])
    assert (judged.verdict["visibility_ms"] or {"n": 0})["n"] == len(judged.runs[0].visibility_ms)
    return {"ms": sorted(judged.runs[0].visibility_ms.tolist()), "summary": judged.verdict["visibility_ms"]}


def test_visibility_is_from_the_answer_to_the_first_sight_of_the_first_copy(tmp_path: Path) -> None:
    """Confirmed at 0.5 and 1.5; the second copy, the unknown instant and what was never confirmed do not count."""
    found = seen(tmp_path, "ann: [0 1] [2] [3]? [4]", "ann: 0 1 0 2 3 4", [0.7, 0.8, 3.0, 1.6, 2.7, None])
    assert found["ms"] == pytest.approx([100, 200, 300])
    assert found["summary"]["p50"] == pytest.approx(200)
    assert found["summary"]["n"] == 3


def test_a_log_that_was_read_after_the_load_shows_no_lag(tmp_path: Path) -> None:
    """The first row was seen after the last answer (1.5 s): when it could have been seen is not known."""
    assert seen(tmp_path, "ann: [0] [1]", "ann: 0 1", [1.5, 1.6]) == {"ms": [], "summary": None}
    assert len(seen(tmp_path / "b", "ann: [0] [1]", "ann: 0 1", [1.4, 1.6])["ms"]) == 2


def test_looks_during_the_load_tell_when_a_row_could_be_seen(tmp_path: Path) -> None:
    """The first look that reached its position; of a row behind the last one nothing is known, whenever it was read."""
    folder = write(case("ann: [0 1] [2] [3]", "ann: 0 1 2 3"), tmp_path / "run")
    positions = pq.read_table(folder.stored_file)["position"].to_pylist()
    looks = {"position": [positions[0], positions[2]], "seen_at": [0.7, 2.5]}  # confirmed at 0.5, 1.5 and 2.5
    pq.write_table(pa.table(looks), folder.live_file)
    assert sorted(judge([folder]).runs[0].visibility_ms.tolist()) == pytest.approx([200, 1000, 2000])


def test_without_the_last_look_there_is_no_lag(tmp_path: Path) -> None:
    """And a line on it says why."""
    sla = '[[sla]]\nmetric = "visibility_ms.p50"\nmax = 1\n'
    folder = write(case("ann: [0 1]", "ann: 0 1"), tmp_path / "run", sla)
    info = folder.info()
    info.live = LiveReading(every_s=0.5, looks=3, error="not there")
    folder.write_info(info)
    (line,) = judge([folder]).verdict["sla"]
    assert line["value"] is None
    assert line["reason"] == "the log could not be looked at to the end of the load: not there"
