"""How long confirmation takes: exact percentiles of response and service time of both kinds.

Response time of a batch = ack - first_intended: waiting for a connection, re-sends and backing off all count.
Service time = done - sent of the call that confirmed it.
"""

from typing import Any

import pandas as pd

from analysis.samples import KINDS, confirmed, middle_summary, summary


def latencies(batches: pd.DataFrame) -> dict[str, Any]:
    """The keys `batch` and `ordinary` of `latency_ms` of one run."""
    found: dict[str, Any] = {}
    for kind, code in KINDS.items():
        response, _ = confirmed(batches, kind)
        service, _ = confirmed(batches, kind, "service_s")
        found[kind] = {
            **summary(response),
            "service": summary(service),
            "unconfirmed": int((batches["kind"].to_numpy() == code).sum()) - len(response),
        }
    return found


def combine(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The same of several repeats."""
    if len(runs) == 1:
        return runs[0]
    return {
        kind: middle_summary([run[kind] for run in runs])
        | {"service": middle_summary([run[kind]["service"] for run in runs])}
        for kind in KINDS
    }
