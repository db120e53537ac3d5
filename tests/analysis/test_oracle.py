"""The fast judge against the plain one, on histories that nobody thought of."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from analysis.catalogue import ANOMALIES, failing
from analysis.reasons import failures
from inorder.scenario import Promises, Scenario, Visitors
from tests.analysis.histories import cases
from tests.analysis.judged import tally
from tests.analysis.language import Call, Case
from tests.analysis.material import STEP
from tests.analysis.oracle import Oracle

EXAMPLES = int(os.environ.get("INORDER_ORACLE_EXAMPLES", "400"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_the_fast_judge_finds_what_the_definitions_say(case: Case) -> None:
    """Anomalies, blame, breaches and the measures of ordinary calls are those of the oracle, however bucketed."""
    oracle = Oracle(case)
    for buckets in (1, 3):
        found = tally(case, buckets)
        numbers = found.numbers
        assert {name: numbers[name] for name in ANOMALIES if numbers[name]} == oracle.anomalies()
        # Plain visitors counted as a whole, or judged by each check: not one number differs.
        assert found.numbers + Counter() == tally(case, buckets, plain_apart=False).numbers + Counter()
        blamed = ("reordered-in-batch", "reordered-across-batches", "zombie", "split")
        assert {name: numbers[f"{name}/client"] for name in blamed if numbers[f"{name}/client"]} == oracle.by_client()
        names = blamed[:2]
        assert numbers["disorder"] == oracle.disorder()
        assert numbers["parallel"] == len({id(other) for _, other in oracle.parallel()})
        assert numbers["unacknowledged"] == len({other.name for *_, other in oracle.unacknowledged()})
        assert numbers["pairs"] == len(oracle.unacknowledged())
        assert numbers["out-of-sequence"] == oracle.out_of_sequence()
        assert numbers["never-sent"] == oracle.never_sent()
        measures = ("reordered", "lost", "unseen", "duplicated", "ghost", "corrupt", "misrouted")
        ordinary = {name: numbers[f"ordinary/{name}"] for name in measures if numbers[f"ordinary/{name}"]}
        assert ordinary == oracle.ordinary()
        for kind, measured in found.reordering.items():
            assert (measured.extents, measured.n_reordered) == oracle.reordering(kind == "ordinary")
        checked = oracle.checked()
        assert {name: (numbers[f"{name}/checked"], numbers[f"{name}/visitors"]) for name in checked} == checked
        for name in names:
            shown = {own.visitor: own.gap for own in found.witnesses if own.anomaly == name}
            gaps = oracle.smallest_gaps(within=name == "reordered-in-batch")
            assert shown == {visitor: STEP * gap for visitor, gap in gaps.items()}


PROMISES = st.builds(Promises, **dict.fromkeys(Promises.__struct_fields__, st.booleans()))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), PROMISES, st.integers(0, 12))
def test_a_history_without_its_end_shows_nothing_against_a_system_that_kept_its_promises(
    case: Case, promises: Promises, end: int
) -> None:
    """Lines that are missing at the end make no anomaly that is held against it, and the oracle holds the same."""
    whole = replace(case, promises=promises)
    torn = replace(whole, whole=False, calls=tuple(before(float(end), case.calls)))
    for own in (whole, torn):
        assert held(own) == Oracle(own).held_against_the_system()
    if held(torn):
        numbers = tally(whole).numbers
        assert any(numbers[name] for name in failing(promises)) or held(whole)


def held(case: Case) -> bool:
    """Whether anything would fail the run."""
    return bool(failures(tally(case), failing(case.promises), Scenario("?", Visitors(1), promises=case.promises), []))


def before(end: float, calls: Iterable[Call]) -> Iterator[Call]:
    """What a history tells whose lines from an instant on are missing."""
    for call in calls:
        if call.sent < end:
            answered = call.done is not None and call.done < end
            yield call if answered else replace(call, done=None, outcome="indeterminate")


@pytest.mark.parametrize(
    "anomaly", [*ANOMALIES, "client", "disorder", "parallel", "unacknowledged", "out_of_sequence", "never_sent"]
)
def test_every_anomaly_is_among_the_histories(anomaly: str) -> None:
    """What the strategy never makes up would never be compared."""

    def holds(case: Case) -> bool:
        oracle = Oracle(case)
        match anomaly:
            case "client":
                return bool(oracle.by_client())
            case "disorder" | "parallel" | "unacknowledged" | "out_of_sequence" | "never_sent":
                return bool(getattr(oracle, anomaly)())
        return anomaly in oracle.anomalies()

    find(cases(), holds, settings=settings(max_examples=5000, deadline=None, phases=[Phase.generate], database=None))
