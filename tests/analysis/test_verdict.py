"""From a run folder to the verdict: what passes, what fails, and what is the client's own doing."""

from pathlib import Path

import msgspec
import pytest

from analysis.catalogue import ANOMALIES
from tests.analysis.judged import found, judged
from tests.analysis.language import CLEAN, case
from tests.analysis.test_witnesses import SENTENCES


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
