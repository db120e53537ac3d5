"""What a verdict says of whole runs: objectives, counts, repeats, and a load that was stopped."""

from pathlib import Path

import msgspec
import pytest

from analysis.verdict import judge
from inorder.errors import UnusableInput
from inorder.run import Stopped
from tests.analysis.judged import judged
from tests.analysis.language import CLEAN, case
from tests.analysis.material import write

STEADY = case(
    "ann: " + " ".join(f"[{seq}]" for seq in range(40)), "ann: " + " ".join(map(str, range(40)))
)  # a batch each second, each answered after 500 ms


@pytest.mark.parametrize(
    ("metric", "limit", "verdict", "reason"),
    [
        ("batch.response_ms.p95", 700, "pass", None),
        (
            "batch.response_ms.p95",
            400,
            "fail",
            "batch.response_ms.p95 is 500\u202fms [500, 500], the limit is 400\u202fms.",
        ),
        (
            "ordinary.response_ms.p95",
            400,
            "inconclusive",
            "ordinary.response_ms.p95 has no value, the limit is 400\u202fms: nothing was measured.",
        ),
    ],
)
def test_an_objective_decides_too(tmp_path: Path, metric: str, limit: int, verdict: str, reason: str | None) -> None:
    """Missed: the run fails. Without data: it is open."""
    found = judged(tmp_path, STEADY, f'[[sla]]\nmetric = "{metric}"\nmax = {limit}\n')
    assert (found["verdict"], found["reasons"]) == (verdict, [reason] if reason else [])
    assert [line["verdict"] for line in found["sla"]] == [verdict]


def test_witnesses_say_how_many_more_there_are(tmp_path: Path) -> None:
    """Five events of one visitor are lost: one is shown."""
    verdict = judged(tmp_path, case("ann: [0 1 2 3 4 5]", "ann: 0"))
    assert [(own["anomaly"], own["more"]) for own in verdict["witnesses"]] == [("lost", 4)]


def test_calls_are_counted_by_kind_and_outcome(tmp_path: Path) -> None:
    """Re-sends are the calls of batches beyond the first of each."""
    verdict = judged(tmp_path, case("ann: [0 1]?!. [2]?. [3]! (4)?. (5)", "ann: 0 1 2 4 5"))
    assert verdict["calls"] == {
        "batch": {"confirmed": 2, "rejected": 2, "indeterminate": 2},
        "ordinary": {"confirmed": 2, "rejected": 0, "indeterminate": 1},
    }
    assert verdict["resends"] == 3


def test_repeats_add_up(tmp_path: Path) -> None:
    """Anomalies are summed, the worst verdict counts, and what is not said of every repeat names its own."""
    clean = write(case(*CLEAN), tmp_path / "one", run="one")
    worse = write(case(CLEAN[0], "ann: 1 0 3 2 4"), tmp_path / "two", run="two", interrupted=True)
    verdict = judge([clean, worse]).verdict
    assert (verdict["verdict"], verdict["runs"], verdict["interval"]) == ("fail", 2, "2 repeats")
    assert verdict["run"] == "one, two"
    assert verdict["anomalies"]["reordered-in-batch"] == 2
    assert verdict["visitors"] == {"total": 2, "affected": 1}
    assert "Repeat 2: The run was interrupted." in verdict["reasons"]
    assert verdict["latency_ms"]["batch"]["n"] == 4
    assert len(judge([clean, worse]).runs) == 2


def test_runs_of_different_scenarios_are_no_repeats(tmp_path: Path) -> None:
    """One line says which."""
    folders = [write(case(*CLEAN), tmp_path / name, scenario=name) for name in ("calm", "storm")]
    with pytest.raises(UnusableInput, match="expected repeats of one scenario, got runs of calm, storm"):
        judge(folders)


def test_judging_twice_gives_the_same(tmp_path: Path) -> None:
    """Draws of intervals are always the same, and the evidence is not made again."""
    folder = write(case(*CLEAN), tmp_path / "run")
    first = judge([folder]).verdict
    marker = folder.evidence / "merge.json"
    before = marker.stat().st_mtime_ns
    assert judge([folder]).verdict == first
    assert marker.stat().st_mtime_ns == before


def test_the_frames_carry_phases_and_times(tmp_path: Path) -> None:
    """What the figures are drawn from."""
    folder = write(case("ann: [0 1]?. [2] [3] [4] (5)!", "ann: 0 1 2 3 4"), tmp_path / "run")
    [run] = judge([folder]).runs
    assert run.batches["phase"].tolist() == ["calm"] * 4 + ["storm"]
    assert run.calls["phase"].tolist() == ["calm"] * 5 + ["storm"]
    assert run.batches["response_s"].tolist() == [1.5, 0.5, 0.5, 0.5, float("inf")]
    assert run.batches["service_s"].tolist()[:4] == [0.5, 0.5, 0.5, 0.5]
    assert run.batches["service_s"].isna().tolist() == [False] * 4 + [True]


STOPPED = Stopped(line=1, name="late", at_s=12.3, sentence="stopped early at 12.3 s: 9 batches were late")
LINES = "".join(f'[[sla]]\nmetric = "{metric}.p50"\nmax = 1e6\n' for metric in ("drain_s", "batch.response_ms"))


def test_a_line_that_ended_the_load_fails_the_run_though_its_part_was_within_the_limit(tmp_path: Path) -> None:
    """The reason says why, once; the other line is judged of what there is, and what was left unsent is forgiven."""
    folder = write(case(*CLEAN), tmp_path / "run", LINES, stopped=STOPPED)
    *lines, closing = (folder.history / "w0.jsonl").read_text().splitlines()
    unsent = msgspec.json.encode(msgspec.json.decode(closing) | {"unsent": 7}).decode()
    (folder.history / "w0.jsonl").write_text("\n".join([*lines, unsent]) + "\n")
    verdict = judge([folder]).verdict
    assert verdict["verdict"] == "fail"
    assert [STOPPED.sentence in reason for reason in verdict["reasons"]].count(True) == 1
    assert not any("never sent" in reason for reason in verdict["reasons"])
    assert verdict["stopped"] == {"name": "late", "at_s": 12.3, "sentence": STOPPED.sentence}
    assert verdict["sla"][0]["verdict"] != "fail"
    assert (verdict["sla"][1]["verdict"], verdict["sla"][1]["reason"]) == ("fail", STOPPED.sentence)
    assert verdict["unsent"] == 7


def test_of_repeats_the_first_that_was_stopped_is_told(tmp_path: Path) -> None:
    """One is enough: no mean over repeats saves a line that one of them lost."""
    later = msgspec.structs.replace(STOPPED, at_s=2.0, sentence="stopped early at 2.0 s: again")
    how = [{}, {"stopped": STOPPED}, {"stopped": later}]
    folders = [write(case(*CLEAN), tmp_path / str(number), LINES, **more) for number, more in enumerate(how)]
    verdict = judge(folders).verdict
    assert verdict["stopped"]["at_s"] == 12.3
    assert (verdict["sla"][1]["verdict"], verdict["sla"][1]["reason"]) == ("fail", STOPPED.sentence)


def test_a_run_that_went_to_its_end_was_not_stopped(tmp_path: Path) -> None:
    """The key is there, and empty."""
    assert judged(tmp_path, case(*CLEAN))["stopped"] is None
