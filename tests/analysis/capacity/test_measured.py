"""One step in numbers, from the frames of its run."""

import numpy as np
import pandas as pd
import pytest
from msgspec import structs

from analysis.capacity.measured import BINS, in_flight, measure
from analysis.judgement import RunFrames
from inorder.scenario import Phase
from inorder.stepping import Step
from tests.analysis.synthetic import frames

OFFERED = Step(target_per_s=10, offered_per_s=10.4, offered_events_per_s=104, number=3)


def run(rows: list[tuple[int, float, float, int]]) -> RunFrames:
    """A step with a second of warm-up and two that are measured; rows: kind, intended, ack, events."""
    table = pd.DataFrame(rows, columns=["kind", "first_intended", "ack", "events"])
    table["response_s"] = table["ack"] - table["first_intended"]
    table["service_s"] = (table["response_s"] / 2).where(np.isfinite(table["ack"]))
    table["phase"] = ["warm-up" if t < 1 else "measured" if t < 3 else "after" for t in table["first_intended"]]
    calls = pd.DataFrame({"kind": table["kind"], "sent": table["first_intended"], "done": table["ack"]})
    like = frames(50)
    scenario = structs.replace(like.scenario, phases=[Phase("warm-up", 1.0), Phase("measured", 2.0)], step=OFFERED)
    return RunFrames(like.info, scenario, calls, table, {}, {}, np.array([]))


ROWS = [(0, 0.5, 0.6, 5), (0, 0.9, 1.1, 7), (0, 1.2, 1.4, 3), (1, 1.3, 1.35, 1), (0, 2.0, 2.6, 9), (0, 2.9, 3.2, 4)]


def test_rates_are_of_what_was_confirmed_in_the_measured_time() -> None:
    """Due in the warm-up and confirmed after it counts; confirmed after the end does not; ordinary calls never do."""
    found = measure(run(ROWS), [], [])
    assert found.confirmed_per_s == 3 / 2
    assert found.confirmed_events_per_s == (7 + 3 + 9) / 2
    assert found.bins.mean() == pytest.approx(found.confirmed_events_per_s)
    assert len(found.bins) == BINS
    assert (found.number, found.target_per_s, found.offered_per_s) == (3, 10, 10.4)


def test_times_are_of_what_was_due_in_the_measured_time() -> None:
    """The warm-up is left out; what was never confirmed is longer than all the rest."""
    found = measure(run(ROWS), [], [])
    assert found.p50_ms == pytest.approx(300)
    assert found.p95_ms == pytest.approx(600)
    assert found.service_p50_ms == pytest.approx(150)
    lost = measure(run([*ROWS, (0, 2.5, np.inf, 2)]), [], [])
    assert lost.p50_ms == pytest.approx(300)
    assert lost.p95_ms is None


def test_calls_in_flight_are_a_mean_over_the_measured_time() -> None:
    """Each call counts for as long as it was out; without an answer, to the end."""
    calls = pd.DataFrame({"kind": [0, 0, 1, 0], "sent": [0.5, 1.5, 1.0, 2.0], "done": [1.5, 2.0, 3.0, np.nan]})
    assert in_flight(calls, 1.0, 3.0) == pytest.approx((0.5 + 0.5 + 1.0) / 2)


@pytest.mark.parametrize(
    ("verdicts", "held", "missed"),
    [
        (["pass", "pass"], True, ()),
        (["pass", "fail", "inconclusive"], False, ("b",)),
        (["inconclusive", "pass"], None, ("a",)),
    ],
)
def test_a_step_holds_where_each_line_passes(verdicts: list[str], held: bool | None, missed: tuple[str, ...]) -> None:
    """And breaks where one fails, whatever the others are."""
    lines = [{"name": name, "verdict": verdict} for name, verdict in zip("abc", verdicts, strict=False)]
    found = measure(run(ROWS), lines, [])
    assert (found.held, found.missed) == (held, missed)


def test_a_step_that_is_not_valid_says_nothing() -> None:
    """Whatever its objectives are."""
    found = measure(run(ROWS), [{"name": "a", "verdict": "fail"}], ["Calls left late."]).as_json()
    assert (found["valid"], found["held"], found["why"], found["run"]) == (False, None, "Calls left late.", "steps/3")
