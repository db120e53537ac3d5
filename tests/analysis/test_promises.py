"""What a scenario promises beyond the API: what is else only counted fails the run, and only that."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.catalogue import FAILING
from analysis.intervals import at_most_per_million
from analysis.promises import lines
from analysis.tally import Tally
from analysis.verdict import judge
from inorder.merge import merge
from inorder.scenario import Promises
from tests.analysis.language import case
from tests.analysis.material import write

PROMISED = {
    "exactly_once": ("ann: [0]?. [1]", "ann: 0 0 1", "duplicate-explained"),
    "atomic_batches": ("ann: [0 1] [2 3]?", "ann: 0 1 2", "torn"),
    "contiguous_batches": ("ann: [0 1]?. [2] [3 4]", "ann: 0 1 2 3 0 4 1", "split"),
    "keep_last": ("ann: [0]?. [1]", "ann: 0 1 0", "zombie"),
}


@pytest.mark.parametrize("promise", PROMISED)
def test_what_is_promised_fails_the_run(tmp_path: Path, promise: str) -> None:
    """The same evidence passes without the promise, and fails with it, for this reason and by the system's fault."""
    sent, stored, anomaly = PROMISED[promise]
    counted = judge([write(case(sent, stored), tmp_path / "counted")]).verdict
    assert (counted["verdict"], counted["anomalies"][anomaly]) == ("pass", 1)
    failed = judge([write(case(sent, stored, **{promise: True}), tmp_path / "failed")]).verdict
    assert failed["verdict"] == "fail"
    assert [reason.partition(":")[0] for reason in failed["reasons"]] == [anomaly]
    assert failed["anomalies"] == counted["anomalies"]
    assert (failed["blame"]["system"], counted["blame"]["system"]) == (failed["anomalies"][anomaly], 0)
    assert {w["blame"] for w in failed["witnesses"] if w["anomaly"] == anomaly} == {"system"}
    (broken,) = (line for line in failed["promises"] if line["verdict"] == "broken")
    assert anomaly in broken["anomalies"]
    assert broken["checked"] >= broken["found"] >= 1


@pytest.mark.parametrize("promise", PROMISED)
def test_a_promise_that_is_kept_is_a_line_that_held(tmp_path: Path, promise: str) -> None:
    """Each addition has its own line, or its anomaly in one, and a faithful log keeps it."""
    given = case("ann: [0 1]? [0 1] [2 3]?", "ann: 0 1 0 1 2 3" if promise != "exactly_once" else "ann: 0 1 2 3")
    given = replace(given, promises=Promises(**{promise: True}))
    verdict = judge([write(given, tmp_path / "run")]).verdict
    lines = [line for line in verdict["promises"] if PROMISED[promise][2] in line["anomalies"]]
    assert [(line["verdict"], line["checked"] > 0) for line in lines] == [("held", True)]


def test_a_clients_breach_explains_a_split_batch(tmp_path: Path) -> None:
    """Two batches in flight at once may lie inside each other: the client's fault where contiguity is promised."""
    given = case("ann: [0 1]|[2 3]", "ann: 0 2 1 3", contiguous_batches=True)
    verdict = judge([write(given, tmp_path / "run")]).verdict
    assert verdict["verdict"] == "inconclusive"
    assert verdict["anomalies"]["split"] == 2
    assert (verdict["blame"]["system"], {w["blame"] for w in verdict["witnesses"]}) == (0, {"client"})


def test_a_batch_torn_between_visitors_breaks_the_promise_too(tmp_path: Path) -> None:
    """No single visitor shows it, and its visitors are in different buckets."""
    folder = write(case("ann+bob: [a0 b0]?", "ann: 0", atomic_batches=True), tmp_path / "run")
    merge(folder, rows_a_bucket=1)
    verdict = judge([folder]).verdict
    assert verdict["reasons"][0].startswith("torn: 1 batch, without a certain answer and stored in part")
    assert verdict["witnesses"][0]["blame"] == "system"


def line(
    promise: str, numbers: dict[str, int], open_questions: tuple[str, ...] = (), unsupported: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The line of one promise, given what was counted."""
    told = lines(Tally(Counter(numbers)), FAILING, dict.fromkeys(open_questions, True), frozenset(unsupported))
    (own,) = (line for line in told if line["id"] == promise)
    return own


def test_a_line_has_every_key_of_the_format() -> None:
    """What is promised, how much was checked, what was found, and the bound that so many visitors prove."""
    numbers = {"nothing-lost/checked": 50, "nothing-lost/visitors": 9, "lost": 4, "lost/visitors": 2, "unseen": 1}
    assert line("nothing-lost", numbers) == {
        "id": "nothing-lost",
        "name": "Nothing confirmed is lost",
        "detail": "each confirmed event is stored",
        "checked": 50,
        "found": 5,
        "visitors_checked": 9,
        "visitors_found": 3,  # unseen events of whose visitors nothing was counted are one visitor each
        "per_million": at_most_per_million(3, 9),
        "verdict": "broken",
        "anomalies": ["lost", "unseen"],
    }


def test_no_more_visitors_are_hit_than_were_checked() -> None:
    """Phantoms may be of visitors that stored nothing else."""
    own = line("no-phantom", {"no-phantom/checked": 9, "no-phantom/visitors": 2, "phantom": 7, "phantom/visitors": 5})
    assert (own["visitors_checked"], own["visitors_found"], own["per_million"]) == (2, 2, 1e6)


def test_what_leaves_a_promise_open_shows_in_its_line() -> None:
    """Unseen events, a breach of the client's that explains all, and an open question: undecided."""
    held = {"nothing-lost/checked": 5, "nothing-lost/visitors": 1}
    assert line("nothing-lost", held)["verdict"] == "held"
    assert line("nothing-lost", held, open_questions=("nothing-lost",))["verdict"] == "undecided"
    assert line("nothing-lost", held, open_questions=("no-phantom",))["verdict"] == "held"
    assert line("nothing-lost", held | {"unseen": 1, "unseen/visitors": 1})["verdict"] == "undecided"
    order = {"order-within-batch/checked": 5, "order-within-batch/visitors": 1, "reordered-in-batch": 2}
    assert line("order-within-batch", order | {"reordered-in-batch/client": 2})["verdict"] == "undecided"
    assert line("order-within-batch", order | {"reordered-in-batch/client": 1})["verdict"] == "broken"


def test_what_was_not_supported_was_not_checked() -> None:
    """Whatever was counted; without anything to check a promise is unchecked too."""
    numbers = {"uncorrupted/checked": 5, "uncorrupted/visitors": 2}
    own = line("uncorrupted", numbers, unsupported=("uncorrupted",))
    assert (own["verdict"], own["checked"], own["visitors_checked"], own["per_million"]) == ("unchecked", 0, 0, None)
    assert line("uncorrupted", {})["verdict"] == "unchecked"


def test_a_reason_counts_the_visitors_that_the_system_failed(tmp_path: Path) -> None:
    """ann's disorder may be her client's; bob's is not."""
    given = case("ann: [0 1]|[2 3]; bob: [0 1]", "ann: 1 0 2 3; bob: 1 0")
    verdict = judge([write(given, tmp_path / "run")]).verdict
    assert verdict["anomalies"]["reordered-in-batch"] == 2
    assert verdict["reasons"][0].startswith("reordered-in-batch: 1 event of 1 visitor, ")
