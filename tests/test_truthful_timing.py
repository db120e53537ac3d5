"""On a server that stands still for one second of every five, the reported response time is what the stalls imply."""

from typing import Any

import numpy as np
import pytest

from analysis.intervals import percentile
from benchmarks.stall import implied_ms, measure, text_of

SECONDS, RATE = 10.0, 200.0
CONNECTIONS = 3
"""So few that those in a stall are less than 1 % of the calls: who counts from the send sees nothing of it at the p99."""

Stalled = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def stalled(tmp_path_factory: pytest.TempPathFactory) -> Stalled:
    """(verdict, what the stalls imply by kind, milliseconds) of ten seconds of load."""
    return measure(tmp_path_factory.mktemp("stall") / "run", text_of(RATE, SECONDS, CONNECTIONS))


@pytest.mark.parametrize("kind", ["batch", "ordinary"])
def test_the_response_p99_is_what_the_stalls_imply(stalled: Stalled, kind: str) -> None:
    """Within 5 %, from the drawn instants and the server's own log: nothing that waits to be sent is left out."""
    verdict, implied = stalled
    truth = percentile(np.sort(implied[kind]), "99")
    assert truth > 700
    assert verdict["latency_ms"][kind]["n"] == len(implied[kind]) > 0.4 * RATE * SECONDS
    assert verdict["latency_ms"][kind]["p99"] == pytest.approx(truth, rel=0.05)


@pytest.mark.parametrize("kind", ["batch", "ordinary"])
def test_who_counts_from_the_send_sees_little_of_it(stalled: Stalled, kind: str) -> None:
    """The service time of the same calls: the stall hides in what was not sent meanwhile."""
    verdict, _ = stalled
    assert verdict["latency_ms"][kind]["service"]["p99"] < 0.5 * verdict["latency_ms"][kind]["p99"]


@pytest.mark.parametrize("kind", ["batch", "ordinary"])
def test_the_late_starts_are_told(stalled: Stalled, kind: str) -> None:
    """About as many as were due in a stall, by up to its length; the generator itself is not to blame."""
    verdict, implied = stalled
    found = verdict["timing"]["schedule"][kind]
    assert found["n"] == len(implied[kind])
    assert found["late_share"] > 0.8 * float(np.mean(implied[kind] > 1))
    assert found["late_ms_p99"] == pytest.approx(1000, rel=0.1)
    assert verdict["validity"]["waited_for_connection"] > 0.1


def test_a_stall_implies_the_wait_to_its_end() -> None:
    """Nothing before it and nothing after it."""
    assert implied_ms(np.array([0.9, 1.0, 1.75, 2.0]), [(1.0, 2.0)]).tolist() == [0, 1000, 250, 0]
