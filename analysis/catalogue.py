"""Every anomaly by its name, and which of them fail a run."""

from inorder.scenario import Promises
from inorder.sla import ANOMALIES as ANOMALIES

FAILING = frozenset(
    "reordered-in-batch reordered-across-batches lost ghost phantom corrupt misrouted duplicate-unexplained "
    "vanished rewritten".split()
)
"""Those that break a promise of the API; a scenario may promise more."""


PROMISED = {
    "exactly_once": "duplicate-explained",
    "atomic_batches": "torn",
    "contiguous_batches": "split",
    "keep_last": "zombie",
}
"""What a scenario may promise beyond the API, and the anomaly, else only counted, that then fails the run."""


def failing(promises: Promises) -> frozenset[str]:
    """The anomalies that fail a run, given what its scenario promises beyond the API."""
    return FAILING | {anomaly for name, anomaly in PROMISED.items() if getattr(promises, name)}
