"""Which faults were active around a witness."""

from typing import Any

import pytest

from analysis.active import around, told


def fault(name: str, from_s: float = 0.0, until_s: float | None = None, unit: str = "events") -> dict[str, Any]:
    """A fault as in verdict.json."""
    return {"fault": name, "from_s": from_s, "until_s": until_s, "unit": unit}


def witness(*spans: tuple[float, float | None]) -> dict[str, Any]:
    """A witness whose evidence is of one batch a span; one more batch is only drawn beside."""
    batches = [{"name": f"b{at}", "sent": sent, "done": done} for at, (sent, done) in enumerate(spans)]
    return {
        "sentence": "ann: seq 1 is lost",
        "events": [[at, f"b{at}", 0, None] for at in range(len(spans))],
        "batches": [*batches, {"name": "beside", "sent": 0.0, "done": 100.0}] if spans else [],
    }


@pytest.mark.parametrize(
    ("spans", "names"),
    [
        ([(1.0, 2.0)], ["always", "early"]),
        ([(4.9, 5.1)], ["always", "early"]),
        ([(5.0, 6.0)], ["always"]),
        ([(6.0, 8.0)], ["always", "between", "late"]),
        ([(1.0, 2.0), (9.0, 9.5)], ["always", "early", "late"]),
        ([(5.0, 5.5), (7.0, 7.5)], ["always"]),
        ([(1.0, None)], ["always", "early", "between", "late"]),
        ([], []),
    ],
)
def test_a_fault_is_active_while_a_batch_is_on_its_way(spans: list[tuple[float, float | None]], names: list[str]) -> None:
    """From its sending to its answer; without an answer to the end. A fault of the reading may be behind any witness."""
    found = [
        fault("always"),
        fault("early", 0, 5),
        fault("between", 6.5, 6.9),
        fault("late", 8),
        fault("reading", unit="rows"),
    ]
    assert around(witness(*spans), found) == [*names, "reading"]


def test_the_sentence_says_it() -> None:
    """And says where no fault was active; without faults nothing is added."""
    assert told(witness((1.0, 2.0)), [fault("early", 0, 5)])["sentence"] == "ann: seq 1 is lost (active: early)"
    assert told(witness((6.0, 7.0)), [fault("early", 0, 5)])["sentence"] == "ann: seq 1 is lost (no fault was active)"
    assert told(witness((1.0, 2.0)), [])["sentence"] == "ann: seq 1 is lost"
