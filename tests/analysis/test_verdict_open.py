"""What leaves a verdict open: nothing that was not checked passes."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from analysis.verdict import judge
from tests.analysis.judged import judged
from tests.analysis.language import CLEAN, case
from tests.analysis.material import write


def test_a_run_without_batches_is_open(tmp_path: Path) -> None:
    """The control that sends its backlog by ordinary calls: reordering is seen, and is no anomaly."""
    verdict = judged(tmp_path, case("ann: (0) (1) (2)", "ann: 1 0 2"))
    assert verdict["verdict"] == "inconclusive"
    assert verdict["reasons"] == ["No batch was sent, so the promise of order was not tested."]
    ordinary = verdict["ordinary"]
    assert (ordinary["events"], ordinary["reordered"], ordinary["reordered_share"]) == (3, 1, 1 / 3)
    assert verdict["reordering"]["extents"] == {"1": 1}
    assert verdict["reordering"]["ratio"] == 1 / 3


def test_a_run_in_which_no_two_events_had_an_order_is_open(tmp_path: Path) -> None:
    """A single event can be in no wrong order."""
    verdict = judged(tmp_path, case("ann: [0]; bob: [0]", "ann: 0; bob: 0"))
    assert verdict["verdict"] == "inconclusive"
    assert verdict["reasons"] == ["No two stored events of a visitor had an order, so the promise of order was not tested."]


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ("ann: [0 1]! [0 1]!; bob: (0)!", "Each of 3 calls was rejected, the first with 400"),
        ("ann: [0 1]!", "The only call was rejected with 400"),
        ("ann: [0 1]! [0 1]!; bob: (0)", "Each of 2 batch calls was rejected, the first with 400"),
        ("ann: [0 1]?!", "No two stored events of a visitor had an order"),
    ],
)
def test_a_run_whose_calls_were_rejected_says_so(tmp_path: Path, sent: str, line: str) -> None:
    """How many, and how the first was answered: nothing of it was stored."""
    verdict = judged(tmp_path, case(sent, "bob: 0" if sent.endswith("(0)") else ""))
    assert verdict["verdict"] == "inconclusive"
    assert verdict["reasons"] == [f"{line}, so the promise of order was not tested."]


def test_ordinary_losses_fail_only_where_that_is_promised(tmp_path: Path) -> None:
    """The API promises nothing of the kind."""
    lossy = "ann: [0 1] (2)", "ann: 0 1"
    verdict = judged(tmp_path / "a", case(*lossy))
    assert (verdict["verdict"], verdict["visitors"]["affected"]) == ("pass", 0)
    verdict = judged(tmp_path / "b", case(*lossy, ordinary_lossless=True))
    assert verdict["verdict"] == "fail"
    assert verdict["reasons"] == ["lost: 1 event of ordinary calls, confirmed and not stored."]
    assert verdict["ordinary"]["lost_share"] == 1.0
    assert verdict["visitors"]["affected"] == 1


@pytest.mark.parametrize(
    ("anomaly", "sent", "stored"),
    [
        ("ghost", "ann: [0 1] (2)!", "ann: 0 1 2"),
        ("corrupt", "ann: [0 1] (2)", "ann: 0 1 2*"),
        ("misrouted", "ann: [0 1] (2); bob: [0]", "ann: 0 1; bob: a2 0"),
    ],
)
def test_no_ordinary_event_may_be_wrong(tmp_path: Path, anomaly: str, sent: str, stored: str) -> None:
    """Order is not promised of an ordinary call; truth is."""
    verdict = judged(tmp_path, case(sent, stored))
    assert (verdict["verdict"], verdict["ordinary"][anomaly]) == ("fail", 1)
    assert verdict["reasons"][0].startswith(f"{anomaly}: 1 event of ordinary calls")
    assert not any(verdict["anomalies"].values())


def test_without_a_stored_log_nothing_passes(tmp_path: Path) -> None:
    """Every check that needs it is named, every promise is unchecked; the client's breaches are still seen."""
    verdict = judged(tmp_path, case("ann: [0 1]|[2]", None), reading=None)
    assert verdict["verdict"] == "inconclusive"
    assert "there is no stored log" in verdict["unsupported"][0]
    assert [reason for reason in verdict["reasons"] if "not tested" in reason] == []
    assert {line["verdict"] for line in verdict["promises"]} == {"unchecked"}
    assert {line["per_million"] for line in verdict["promises"]} == {None}
    assert verdict["breaches"]["parallel"] == 1


def test_a_stored_log_that_is_cut_off_is_no_log(tmp_path: Path) -> None:
    """The run is judged as far as it goes."""
    folder = write(case(*CLEAN), tmp_path / "run")
    folder.stored_file.write_bytes(folder.stored_file.read_bytes()[:200])
    verdict = judge([folder]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert "stored.parquet cannot be read" in verdict["unsupported"][0]
    assert verdict["latency_ms"]["batch"]["n"] == 2


def test_an_empty_log_that_has_settled_lost_everything(tmp_path: Path) -> None:
    """It is a log, and it was read to its end."""
    verdict = judged(tmp_path, case("ann: [0 1] [2]", ""))
    assert (verdict["verdict"], verdict["anomalies"]["lost"]) == ("fail", 3)


@pytest.mark.parametrize("positions", [[5, 5, 6], [5, 7, 6], [None, 5, 6]])
def test_positions_that_are_no_total_order_judge_no_order(tmp_path: Path, positions: list[int | None]) -> None:
    """Ties, steps back and missing positions: 1 seems to stand before 0, and neither rule is judged by it."""
    folder = write(case("ann: [0 1] [2]", "ann: 1 0 2"), tmp_path / "run")
    table = pq.read_table(folder.stored_file)
    column = table.schema.get_field_index("position")
    pq.write_table(table.set_column(column, "position", [positions]), folder.stored_file)
    verdict = judge([folder]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert verdict["unsupported"][0].startswith("reordered-in-batch, reordered-across-batches, zombie, split:")
    assert verdict["anomalies"]["reordered-in-batch"] == 0
    assert {line["id"]: line["verdict"] for line in verdict["promises"][:3]} == {
        "order-within-batch": "unchecked",
        "order-across-batches": "unchecked",
        "nothing-lost": "held",
    }


def test_rows_without_an_identity_leave_the_verdict_open(tmp_path: Path) -> None:
    """With their number, and how many missing events they may be."""
    verdict = judged(tmp_path, case("ann: [0 1] [2]", "ann: 0 1 _"))
    assert verdict["verdict"] == "inconclusive"
    assert "1 rows of 1 visitors carry no readable identity; 1 missing confirmed events" in verdict["unsupported"][0]
    assert {line["id"] for line in verdict["promises"] if line["verdict"] == "undecided"} >= {"nothing-lost"}


def test_events_without_a_digest_cannot_be_called_uncorrupted(tmp_path: Path) -> None:
    """The promise is unchecked, and the run does not pass."""
    folder = write(case("ann: [0 1] [2]", "ann: 0 1 2"), tmp_path / "run")
    table = pq.read_table(folder.stored_file)
    pq.write_table(table.drop_columns("digest"), folder.stored_file)
    verdict = judge([folder]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert verdict["unsupported"][0] == "corrupt: 3 of 3 stored events have no digest to compare with the one sent."
    assert verdict["promises"][-1]["verdict"] == "unchecked"


def test_one_reading_of_the_log_is_said_and_decides_nothing(tmp_path: Path) -> None:
    """Nothing can be seen to vanish, and nothing of the kind is promised by the contract."""
    verdict = judged(tmp_path, case(*CLEAN))
    assert [sentence[:20] for sentence in verdict["unsupported"]] == ["vanished, rewritten:"]
    assert verdict["verdict"] == "pass"


def test_a_run_without_a_single_call_is_open(tmp_path: Path) -> None:
    """Interrupted before it began: no history file at all."""
    folder = write(case("ann: [0]", ""), tmp_path / "run", interrupted=True)
    (folder.history / "w0.jsonl").unlink()
    verdict = judge([folder]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert "No call was made." in verdict["reasons"]
