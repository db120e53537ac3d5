"""The fast judge against the plain one, on histories that nobody thought of."""

import os

from hypothesis import HealthCheck, given, settings

from analysis.promises import ANOMALIES
from tests.analysis.histories import cases
from tests.analysis.judged import tally
from tests.analysis.language import Case
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
        names = ("reordered-in-batch", "reordered-across-batches")
        assert {name: numbers[f"{name}/client"] for name in names if numbers[f"{name}/client"]} == oracle.by_client()
        assert numbers["disorder"] == oracle.disorder()
        assert numbers["parallel"] == len({id(other) for _, other in oracle.parallel()})
        assert numbers["unacknowledged"] == len({other.name for *_, other in oracle.unacknowledged()})
        assert numbers["pairs"] == len(oracle.unacknowledged())
        measures = ("reordered", "lost", "unseen", "duplicated", "ghost", "corrupt", "misrouted")
        ordinary = {name: numbers[f"ordinary/{name}"] for name in measures if numbers[f"ordinary/{name}"]}
        assert ordinary == oracle.ordinary()
        assert (found.extents, found.n_reordered) == oracle.reordering()
        checked = oracle.checked()
        assert {name: (numbers[f"{name}/checked"], numbers[f"{name}/visitors"]) for name in checked} == checked
        for name in names:
            shown = {own.visitor: own.gap for own in found.witnesses if own.anomaly == name}
            gaps = oracle.smallest_gaps(within=name == "reordered-in-batch")
            assert shown == {visitor: STEP * gap for visitor, gap in gaps.items()}
