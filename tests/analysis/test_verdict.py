"""From a run folder to the verdict: what fails, what leaves it open, and that nothing unchecked passes."""

from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from analysis.catalogue import ANOMALIES
from analysis.verdict import judge
from inorder.errors import UnusableInput
from inorder.run import Stopped
from tests.analysis.judged import found
from tests.analysis.language import Case, case
from tests.analysis.material import write
from tests.analysis.test_witnesses import SENTENCES

CLEAN = "ann: [0 1] [2 3] (4)", "ann: 0 1 2 3 4"


def judged(path: Path, given: Case, sla: str = "", **changes: Any) -> dict[str, Any]:
    """The verdict of a case, by way of a run folder."""
    return judge([write(given, path / "run", sla, **changes)]).verdict


def test_a_clean_run_passes(tmp_path: Path) -> None:
    """Nothing found, everything checked: no reason is given."""
    verdict = judged(tmp_path, case(*CLEAN))
    assert (verdict["verdict"], verdict["reasons"]) == ("pass", [])
    assert not any(verdict["anomalies"].values())
    assert verdict["events"] == {
        "sent": 5,
        "confirmed": 5,
        "stored": 5,
        "batch": {"sent": 4, "confirmed": 4, "stored": 4},
        "ordinary": {"sent": 1, "confirmed": 1, "stored": 1},
    }
    assert verdict["visitors"] == {"total": 1, "affected": 0}
    states = {line["id"]: line["verdict"] for line in verdict["promises"]}
    assert {name for name, state in states.items() if state != "held"} == {"nothing-rejected"}
    assert states["nothing-rejected"] == "unchecked"


def test_the_document_is_json_with_every_key_of_the_format(tmp_path: Path) -> None:
    """It survives encoding as it is, and every anomaly is there, zero or not."""
    verdict = judged(tmp_path, case(*CLEAN))
    assert msgspec.json.decode(msgspec.json.encode(verdict)) == verdict
    keys = (
        "format verdict reasons anomalies blame breaches events visitors ordinary latency_ms sla validity unsupported"
        " witnesses".split()
    )
    assert set(keys) <= set(verdict)
    assert list(verdict["anomalies"]) == ANOMALIES
    assert len(ANOMALIES) == 16


@pytest.mark.parametrize("anomaly", SENTENCES)
def test_a_run_folder_is_judged_as_the_case_in_memory(tmp_path: Path, anomaly: str) -> None:
    """Writing, merging and reading again change nothing."""
    sent, stored, sentence = SENTENCES[anomaly]
    verdict = judged(tmp_path, case(sent, stored))
    assert {name: count for name, count in verdict["anomalies"].items() if count} == found(sent, stored)
    assert sentence in [own["sentence"] for own in verdict["witnesses"]]


FAILS = ("reordered-in-batch", "reordered-across-batches", "lost", "ghost", "phantom", "misrouted")


@pytest.mark.parametrize("anomaly", [*FAILS, "duplicate-unexplained"])
def test_a_broken_promise_fails_the_run(tmp_path: Path, anomaly: str) -> None:
    """It is named first among the reasons, the visitor is affected, and the promise is broken."""
    sent, stored, _ = SENTENCES[anomaly]
    verdict = judged(tmp_path, case(sent, stored))
    assert verdict["verdict"] == "fail"
    assert verdict["reasons"][0].startswith(f"{anomaly}: 1 event of 1 visitor")
    assert verdict["visitors"]["affected"] == 1
    assert verdict["blame"] == {"system": 1, "client": 0}
    assert [line["verdict"] for line in verdict["promises"] if anomaly in line["anomalies"]] == ["broken"]


@pytest.mark.parametrize("anomaly", ["duplicate-explained", "zombie"])
def test_what_breaks_no_promise_is_only_counted(tmp_path: Path, anomaly: str) -> None:
    """Found, told, and the run passes; the client kept its rules, and the order was put to the test."""
    verdict = judged(tmp_path, case("ann: [0 1]?. [2]", "ann: 0 1 2 0 1"))
    assert verdict["anomalies"][anomaly] == 2
    assert (verdict["verdict"], verdict["blame"]) == ("pass", {"system": 0, "client": 0})
    assert verdict["visitors"]["affected"] == 0


def test_exactly_once_makes_an_explained_duplicate_fail(tmp_path: Path) -> None:
    """The scenario promises more than the API."""
    verdict = judged(tmp_path, case("ann: [0 1]?.", "ann: 0 1 0 1", exactly_once=True))
    assert verdict["verdict"] == "fail"
    assert verdict["blame"]["system"] == 2
    [line] = [line for line in verdict["promises"] if line["id"] == "no-duplicates"]
    assert (line["verdict"], line["found"]) == ("broken", 2)


def test_an_unseen_event_leaves_the_verdict_open(tmp_path: Path) -> None:
    """It is not called lost before the log has settled; the promise is undecided."""
    verdict = judged(tmp_path, case("ann: [0 1] [2]", "ann: 0 1", settled=False))
    assert verdict["verdict"] == "inconclusive"
    assert verdict["anomalies"]["unseen"] == 1
    [line] = [line for line in verdict["promises"] if line["id"] == "nothing-lost"]
    assert line["verdict"] == "undecided"
    assert any(reason.startswith("unseen: 1 event of 1 visitor") for reason in verdict["reasons"])
    assert any("was not read to its end" in reason for reason in verdict["reasons"])


def test_a_failure_outranks_what_is_open(tmp_path: Path) -> None:
    """Both are told, the failure first."""
    verdict = judged(tmp_path, case("ann: [0 1] [2]", "ann: 1 0", settled=False))
    assert verdict["verdict"] == "fail"
    assert verdict["reasons"][0].startswith("reordered-in-batch")
    assert any(reason.startswith("unseen") for reason in verdict["reasons"])


def test_the_clients_breach_leaves_the_verdict_open(tmp_path: Path) -> None:
    """The log is as the contract allows; what is out of order is the client's doing."""
    verdict = judged(tmp_path, case("ann: [0 1]|[2] [3]", "ann: 2 0 1 3"))
    assert verdict["verdict"] == "inconclusive"
    assert verdict["breaches"] == {"parallel": 1, "unacknowledged": 1}
    assert verdict["blame"] == {"system": 0, "client": 2}
    assert verdict["client_disorder"] == {"events": 2, "visitors": 1}
    assert verdict["reasons"] == [
        "The client broke the rules (sent 1 call while another of the visitor was in flight and sent 1 batch before "
        "the success of an earlier one), so 1 pair of batches was left without an order."
    ]
    assert {line["id"] for line in verdict["promises"] if line["verdict"] == "undecided"} == {"order-across-batches"}


def test_a_breach_that_leaves_every_batch_an_order_says_nothing_of_pairs(tmp_path: Path) -> None:
    """A live event left during the only batch."""
    verdict = judged(tmp_path, case("ann: [0 1]|(2)", "ann: 0 1 2"))
    assert verdict["verdict"] == "inconclusive"
    assert verdict["reasons"] == ["The client broke the rules (sent 1 call while another of the visitor was in flight)."]


def test_what_the_client_did_to_its_own_sequence_is_counted_and_decides_nothing(tmp_path: Path) -> None:
    """A queue sorted as text, and one that dropped its oldest events: each keeps the rules, and so does the system."""
    verdict = judged(tmp_path, case("ann: [0] [2] [1]; bob: [3 4] [5]", "ann: 0 2 1; bob: 3 4 5"))
    assert verdict["client"] == {"out_of_sequence": 1, "never_sent": 3}
    assert (verdict["verdict"], verdict["breaches"]) == ("pass", {"parallel": 0, "unacknowledged": 0})
    assert verdict["blame"] == {"system": 0, "client": 0}
    assert judged(tmp_path / "b", case(*CLEAN))["client"] == {"out_of_sequence": 0, "never_sent": 0}


def test_one_breach_is_enough(tmp_path: Path) -> None:
    """Nothing was in flight together, yet a batch was sent before the success of the one before."""
    verdict = judged(tmp_path, case("ann: [0 1]? [2 3] [4]", "ann: 0 1 2 3 4"))
    assert (verdict["verdict"], verdict["breaches"]) == ("inconclusive", {"parallel": 0, "unacknowledged": 2})
    assert [line["id"] for line in verdict["promises"] if line["verdict"] == "undecided"] == ["order-across-batches"]


def test_an_anomaly_that_the_breach_explains_does_not_fail(tmp_path: Path) -> None:
    """It is blamed on the client, and the promise is undecided."""
    verdict = judged(tmp_path, case("ann: [0 1]|[2]", "ann: 1 0 2"))
    assert verdict["verdict"] == "inconclusive"
    assert verdict["anomalies"]["reordered-in-batch"] == 1
    assert verdict["blame"] == {"system": 0, "client": 1}
    assert [line["verdict"] for line in verdict["promises"][:2]] == ["undecided", "unchecked"]


def test_the_system_fails_beside_a_client_that_broke_the_rules(tmp_path: Path) -> None:
    """Another visitor kept them."""
    verdict = judged(tmp_path, case("ann: [0 1]|[2]; bob: [0 1]", "ann: 1 0 2; bob: 1 0"))
    assert (verdict["verdict"], verdict["blame"]) == ("fail", {"system": 1, "client": 1})


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
