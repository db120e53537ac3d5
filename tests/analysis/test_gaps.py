"""A history that is not whole: what a missing line explains is told, and not held against the system; the rest is."""

from pathlib import Path
from typing import Any

import pytest

from analysis.verdict import judge
from inorder.run import RunFolder
from tests.analysis.language import Case, case
from tests.analysis.material import history_lines, write

EXPLAINED = {
    # sent, stored, the lines that are left of the history, what is found
    "phantom": ("ann: [0 1] [2 3]", "ann: 0 1 2 3", 2),
    "ghost": ("ann: [0 1] [2 3]!.", "ann: 0 1 2 3", 4),
    "duplicate-unexplained": ("ann: [0 1] [2 3]..", "ann: 0 1 2 3 2 3", 4),
}


def torn(path: Path, given: Case, lines: int, sla: str = "", **changes: Any) -> RunFolder:
    """A run whose history ends within the line that follows the first `lines`."""
    folder = write(given, path, sla, **changes)
    written = history_lines(given)
    text = "".join(f"{line}\n" for line in written[:lines]) + written[lines][:-9]
    (folder.history / "w0.jsonl").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("anomaly", EXPLAINED)
def test_what_a_torn_line_explains_is_told_and_fails_nothing(tmp_path: Path, anomaly: str) -> None:
    """The events of the call whose line was cut off; the promise is open, and nobody is blamed."""
    sent, stored, lines = EXPLAINED[anomaly]
    verdict = judge([torn(tmp_path / "run", case(sent, stored), lines)]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert {name: count for name, count in verdict["anomalies"].items() if count} == {anomaly: 2}
    assert verdict["blame"] == {"system": 0, "client": 0}
    assert verdict["visitors"]["affected"] == 0
    assert {own["blame"] for own in verdict["witnesses"]} == {"nobody"}
    assert [own["verdict"] for own in verdict["promises"] if anomaly in own["anomalies"]] == ["undecided"]
    assert (
        f"{anomaly} (2): the history is not whole (w0 ends within a line; 1 closing line is missing), so calls that are "
        "not on file may explain them, and nothing of it is held against the system."
    ) in verdict["reasons"]


@pytest.mark.parametrize("anomaly", EXPLAINED)
def test_the_same_in_a_whole_history_fails(tmp_path: Path, anomaly: str) -> None:
    """Nothing is missing that could explain it."""
    sent, stored, lines = EXPLAINED[anomaly]
    folder = write(case(sent, stored), tmp_path / "run")
    kept = history_lines(case(sent, stored))[:lines]
    carried = sum('"type": "sent"' in line for line in kept)
    closed = f'{{"type": "closed", "worker": "w0", "calls": {carried}, "events": {2 * carried}}}'
    (folder.history / "w0.jsonl").write_text("".join(f"{line}\n" for line in [*kept, closed]), "utf-8")
    verdict = judge([folder]).verdict
    assert (verdict["verdict"], verdict["anomalies"][anomaly], verdict["blame"]["system"]) == ("fail", 2, 2)


@pytest.mark.parametrize(
    ("stored", "promises", "anomaly"),
    [
        ("ann: 1 0 2 3", {}, "reordered-in-batch"),
        ("ann: 1 2 3", {}, "lost"),
        ("ann: 0* 1 2 3", {}, "corrupt"),
        ("ann: 0 0 1 2 3", {"exactly_once": True}, "duplicate-unexplained"),
    ],
)
def test_what_no_missing_line_explains_still_fails(
    tmp_path: Path, stored: str, promises: dict[str, bool], anomaly: str
) -> None:
    """Beside what one does explain; no call makes a second copy right where one is promised."""
    given = case("ann: [0 1] [2 3]", stored, **promises)
    verdict = judge([torn(tmp_path / "run", given, 2)]).verdict
    assert verdict["verdict"] == "fail"
    assert next(reason.partition(":")[0] for reason in verdict["reasons"]) == anomaly
    assert verdict["blame"]["system"] == 1


def test_a_repeat_with_a_whole_history_fails_beside_a_torn_one(tmp_path: Path) -> None:
    """Each run is doubted for itself."""
    given = case("ann: [0 1] [2 3]", "ann: 0 1 2 3")
    doubted = torn(tmp_path / "1", given, 2)
    strange = write(case("ann: [0 1]", "ann: 0 1 9"), tmp_path / "2")
    verdict = judge([doubted, strange]).verdict
    assert verdict["verdict"] == "fail"
    assert verdict["reasons"][0].startswith("phantom: 1 event of ")
    assert verdict["blame"]["system"] == 1


@pytest.mark.parametrize("metric", ["anomalies.phantom", "anomalies.system"])
def test_a_line_on_anomalies_stays_open(tmp_path: Path, metric: str) -> None:
    """It does not count what a missing line explains, and is not met by it either."""
    given = case("ann: [0 1] [2 3]", "ann: 0 1 2 3")
    verdict = judge([torn(tmp_path / "run", given, 2, f'[[sla]]\nmetric = "{metric}"\nmax = 0\n')]).verdict
    assert [line["verdict"] for line in verdict["sla"]] == ["inconclusive"]


def test_a_ghost_of_an_ordinary_call_is_doubted_too(tmp_path: Path) -> None:
    """Its re-send may be the call that is missing."""
    folder = torn(tmp_path / "run", case("ann: [0 1] (2)!.", "ann: 0 1 2"), 4)
    verdict = judge([folder]).verdict
    assert (verdict["verdict"], verdict["ordinary"]["ghost"], verdict["visitors"]["affected"]) == ("inconclusive", 1, 0)


@pytest.mark.parametrize("lines", [0, 1, 2, 3])
def test_a_missing_worker_is_a_gap(tmp_path: Path, lines: int) -> None:
    """Whole lines that are gone with the closing line, or a whole file beside another."""
    given = case("ann: [0 1] [2 3]", "ann: 0 1 2 3")
    folder = write(given, tmp_path / "run", processes=2)
    (folder.history / "w0.jsonl").write_text("".join(f"{line}\n" for line in history_lines(given)[:lines]), "utf-8")
    assert judge([folder]).verdict["verdict"] == "inconclusive"


def test_a_torn_history_of_another_client_is_open(tmp_path: Path) -> None:
    """Its files need no closing line, but each line its end."""
    folder = torn(tmp_path / "run", case("ann: [0 1] [2 3]", "ann: 0 1 2 3"), 2, processes=0)
    verdict = judge([folder]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert verdict["reasons"][0] == "1 history file ends within a line: what stood behind it is missing."
