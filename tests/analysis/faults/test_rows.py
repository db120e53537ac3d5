"""What counts as expected: each way in which a run may differ from its row is told."""

from typing import Any

import pytest
from msgspec.structs import replace

from analysis.catalogue import ANOMALIES
from analysis.faults.page import headline, render
from analysis.faults.rows import as_json, finding
from inorder.faults.injection import Report
from inorder.matrix.rows import Row
from inorder.run import Reading, RunInfo

LOSES = Row(fault="drops-one-event", side="server", expected="lost", blame="system")
SWALLOWS = Row(fault="swallow", side="network", expected="duplicate-explained", allowed=["zombie"])
HEALTHY = Row(fault="healthy", side="none", expected="none")


def verdict(of: str = "pass", system: int = 0, client: int = 0, parallel: int = 0, **found: int) -> dict[str, Any]:
    """As in verdict.json."""
    anomalies = dict.fromkeys(ANOMALIES, 0) | {name.replace("_", "-"): count for name, count in found.items()}
    return {
        "verdict": of,
        "reasons": ["a reason"],
        "anomalies": anomalies,
        "blame": {"system": system, "client": client},
        "breaches": {"parallel": parallel, "unacknowledged": 0},
        "client": {"out_of_sequence": 0, "never_sent": 0},
    }


def info(fault: str | None = None, injected: int = 0, struck: int = 1) -> RunInfo:
    """As in run.json."""
    made = RunInfo(
        run="r", scenario="s", seed=1, started="", prefix="p", target="t", sandbox=True, processes=1, exit_code=0
    )  # fmt: skip
    made.reading = Reading(complete=True, settled=True)
    if fault:
        report = Report(
            fault=fault, side="server", does="does", rate=0.1, from_s=0.0, until_s=None, injected=injected,
            unit="events", struck=struck,
        )  # fmt: skip
        made.faults = [report]
    return made


LOST = {"of": "fail", "system": 3, "lost": 3}


@pytest.mark.parametrize(
    ("row", "found", "facts", "wrong"),
    [
        (LOSES, LOST, info("drops-one-event", 3), []),
        (SWALLOWS, {"duplicate_explained": 5, "zombie": 1}, info("swallow", 5), []),
        (HEALTHY, {}, info(), []),
        (HEALTHY, {"of": "inconclusive"}, info(), []),
        (LOSES, LOST, info("drops-one-event", 4), ["3 found, 4 injected"]),
        (replace(LOSES, exact=False), LOST, info("drops-one-event", 4), []),
        (LOSES, LOST, info("drops-one-event", 3, struck=0), ["the fault never struck"]),
        (LOSES, LOST | {"corrupt": 2}, info("drops-one-event", 3), ["corrupt found 2 times, which is not expected"]),
        (
            LOSES,
            {},
            info("drops-one-event", 3),
            ["blame: expected system, got nobody", "lost was not found", "the verdict is pass, not fail"],
        ),
        (
            HEALTHY,
            LOST,
            info(),
            [
                "lost found 3 times, which is not expected",
                "the system is blamed for 3",
                "blame: expected nobody, got system",
                "the verdict is fail: a reason",
            ],
        ),
        (HEALTHY, {"parallel": 2}, info(), ["blame: expected nobody, got client"]),
        (replace(HEALTHY, blame="client", expected="parallel"), {"parallel": 2}, info(), []),
        (HEALTHY, {}, replace(info(), exit_code=1), ["the run did not end well"]),
        (HEALTHY, {}, replace(info(), reading=Reading(complete=True)), ["the run did not end well"]),
    ],
)
def test_what_is_not_as_expected_is_told(row: Row, found: dict[str, Any], facts: RunInfo, wrong: list[str]) -> None:
    """Each reason by itself; nothing else is complained of."""
    told = finding(row, 1, "runs/x", verdict(**found), facts).wrong
    assert len(told) == len(wrong)
    assert all(own.startswith(expected) for own, expected in zip(told, wrong, strict=True))


def test_the_runs_of_a_row_add_up() -> None:
    """Found and injected over all seeds; one bad run makes the row not ok, and is named."""
    good = finding(LOSES, 1, "runs/a", verdict(**LOST), info("drops-one-event", 3))
    bad = finding(LOSES, 2, "runs/b", verdict(**LOST), info("drops-one-event", 5))
    row = as_json(LOSES, [good, bad])
    assert (row["found"], row["injected"], row["recall"], row["blame"]) == ({"lost": 6}, 8, 0.75, "system")
    assert (row["runs"], row["runs_ok"], row["seeds"], row["ok"]) == (2, 1, [1, 2], False)
    assert row["wrong"] == [{"seed": 2, "folder": "runs/b", "why": ["3 found, 5 injected"]}]
    assert as_json(LOSES, [good])["ok"]


def test_the_page_says_first_whether_all_is_as_expected() -> None:
    """The headline counts faults found, and what was blamed on a system that kept the contract."""
    good = as_json(LOSES, [finding(LOSES, 1, "runs/a", verdict(**LOST), info("drops-one-event", 3))])
    healthy = as_json(HEALTHY, [finding(HEALTHY, 1, "runs/h", verdict(), info())])
    wrong = as_json(HEALTHY, [finding(HEALTHY, 1, "runs/h", verdict(**LOST), info())])
    assert headline([good, healthy]) == (
        "1 of 1 fault found under their own name. Nothing blamed on the system in 1 run in which it kept the contract."
    )
    assert "3 anomalies blamed" in headline([wrong])
    assert ">AS EXPECTED</h1>" in render([good, healthy], "m", 1.0).replace("\n", "")
    page = render([good, wrong], "m<x>", 1.0)
    assert "NOT AS EXPECTED" in page
    assert "the system is blamed for 3" in page
    assert "m&lt;x&gt;" in page
    assert "http" not in page.replace("http-equiv", "")
