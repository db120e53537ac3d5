"""A line judged: decided by the whole interval of its metric, of the share of slices that held, or by an exact count."""

import re
from typing import Any

from analysis.deciding import Decision, Limit, decide
from analysis.intervals import NOTHING, Estimate
from analysis.sla.material import Measured
from analysis.sla.measure import unit
from inorder.sla import Sla

_PACED = re.compile(r"(?:batch|ordinary)\.response_ms|ratio|drain_s|confirmed_")
"""Metrics that a quota shapes: what waits for it is late, and no more is sent than it allows."""


def judge_line(
    line: Sla, measured: list[Measured], interval: str, stopped: str | None = None, paced: str | None = None
) -> dict[str, Any]:
    """One line of the key `sla`.

    `stopped`: why the load was ended early, because this line was lost; `paced`: why a quota, and not the system, set how
    long things took.
    """
    at = line.max if line.max is not None else line.min
    assert at is not None
    what = unit(line.metric)
    limit = Limit(at, line.max is not None, "share" if what == "share" else "positive", line.metric.endswith(".max"))
    reason = next((own.reason for own in measured if own.reason), None)
    estimates = [own.estimate for own in measured]
    if line.metric.startswith("anomalies."):
        decision = _counted(estimates, limit, reason)
        estimate = decision.estimate
    elif line.held_share is not None:
        shares = [own.slices.share if own.slices is not None else NOTHING for own in measured]
        decision = decide(shares, Limit(line.held_share, False, "share"), reason)
        estimate = decide(estimates, limit).estimate  # shown beside the slices
    else:
        decision = decide(estimates, limit, reason, [own.worst for own in measured if own.worst is not None])
        estimate = decision.estimate
    slices = _slices(line, measured, decision.estimate)
    if stopped is not None:
        decision = Decision(estimate, "fail", stopped)
    elif paced is not None and _PACED.match(line.metric):
        decision = Decision(estimate, "inconclusive", paced)
    return {
        "name": line.name or line.metric,
        "metric": line.metric,
        "source": line.source or "scenario.toml",
        "phase": line.phase,
        "sizes": None if line.sizes is None else list(line.sizes),
        "unit": what,
        "sense": "max" if limit.upper else "min",
        "limit": at,
        **estimate.as_json(),
        "interval": interval,
        "runs": [own.value for own in estimates],
        "verdict": decision.verdict,
        "reason": decision.reason,
        "repeats_needed": decision.repeats_needed,
        "slices": slices,
    }


def _slices(line: Sla, measured: list[Measured], share: Estimate) -> dict[str, Any] | None:
    """The key `slices`: those of all repeats together; `share`: of those that held, with its interval."""
    each = [own.slices for own in measured if own.slices is not None]
    if line.held_share is None or not each:
        return None
    of, held = sum(own.of for own in each), sum(own.held for own in each)
    return {
        "length_s": each[0].length_s,
        "of": of,
        "held": held,
        "share": held / of if of else None,
        "low": share.low,
        "high": share.high,
        "needed": line.held_share,
    }


def _counted(estimates: list[Estimate], limit: Limit, reason: str | None) -> Decision:
    """A count is exact, and each repeat must keep to the limit: the one that is furthest from it counts."""
    known = [own.value for own in estimates if own.value is not None]
    if not known:
        return Decision(NOTHING, "inconclusive", reason or "nothing was measured")
    furthest = max(known) if limit.upper else min(known)
    estimate = Estimate(furthest, furthest, furthest)
    if not limit.inside(furthest):
        return Decision(estimate, "fail")
    if len(known) < len(estimates):
        return Decision(estimate, "inconclusive", reason or "nothing was measured")
    return Decision(estimate, "pass")
