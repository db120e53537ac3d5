"""When a line of the SLA is decided: by its whole interval, and by a single run only far from its limit."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.intervals import NOTHING, Estimate, over_repeats, share_over_repeats
from analysis.repeats import Repeats, Scale

NEAR = 1.25
"""A single run decides nothing within this factor of a limit (of shares: of its odds).

From run to run a 95th percentile had a standard deviation of 5 to 8 %, up to 26 times what one run shows of it: the
factor is three times the larger.
"""
NEAR_UTMOST = 1.5
"""The same for a maximum, which varies twice as much (docs/statistics.md)."""
FEWEST_REPEATS = 5
"""What a single run can say of the repeats needed: with fewer, Student's t is more than three times the deviation."""
MOST_REPEATS = 1000


@dataclass(frozen=True)
class Limit:
    """What a line allows."""

    at: float
    upper: bool
    """True: at most; False: at least."""
    scale: Scale = "positive"
    utmost: bool = False
    """Whether the metric is a maximum: a fact of its run, and of all its calls."""

    def inside(self, value: float) -> bool:
        """The limit itself is inside."""
        return value <= self.at if self.upper else value >= self.at

    @property
    def absolute(self) -> bool:
        """Whether it says "none at all": that is a claim about what was seen, as a promise is, and no estimate."""
        return self.at == 0 if self.upper else self.at == 1 and self.scale == "share"

    def near(self, value: float) -> bool:
        """Whether a single run with this value decides nothing."""
        factor = NEAR_UTMOST if self.utmost else NEAR
        value, at = (_odds(own) if self.scale == "share" else own for own in (value, self.at))
        return at / factor < value < at * factor


@dataclass(frozen=True)
class Decision:
    """What becomes of a line."""

    estimate: Estimate
    verdict: str
    """`pass`, `fail` or `inconclusive`."""
    reason: str | None = None
    """Why it is inconclusive."""
    repeats_needed: int | None = None
    """How many repeats in all would decide it; None: it is decided, or repeats would not."""


def decide(runs: Sequence[Estimate], limit: Limit, reason: str | None = None, worst: Sequence[float] = ()) -> Decision:
    """Decide a line by what each run measured.

    `reason` says why a run has no value or no interval; `worst` holds the values that runs would have if calls without a
    certain answer were late: they can undo a pass.
    """
    decision = _by_value(runs, limit, reason)
    if decision.verdict == "pass" and worst and not all(map(limit.inside, worst)):
        reason = "calls that never had a certain answer are not in the value; counted as late, they miss the limit"
        return Decision(decision.estimate, "inconclusive", reason)
    return decision


def _by_value(runs: Sequence[Estimate], limit: Limit, reason: str | None) -> Decision:
    values = [run.value for run in runs if run.value is not None]
    if len(values) < len(runs) or not values:
        known = _together(runs, values, limit) if values else NOTHING
        return Decision(known, "inconclusive", reason or "nothing was measured")
    estimate = _together(runs, values, limit)
    beyond = [value for value in values if not limit.inside(value)]
    if limit.absolute:
        return Decision(estimate, "fail" if beyond else "pass")
    if limit.utmost and limit.upper and beyond:  # one call is enough to refute it
        return Decision(estimate, "fail")
    if len(values) == 1:
        return _by_one(estimate, limit, reason)
    low, high = (estimate.low, estimate.high)
    if limit.utmost:
        low, high = Repeats.of(values, limit.scale).interval(next_run=True)
    assert low is not None
    assert high is not None
    verdict = _verdict(low, high, limit)
    if verdict != "inconclusive":
        return Decision(estimate, verdict)
    needed = repeats_needed(runs, limit)
    what = "the maximum of another run may lie beyond the limit" if limit.utmost else "the limit lies within the interval"
    more = f"about {needed} repeats would decide it" if needed else f"{MOST_REPEATS} repeats would not decide it either"
    return Decision(estimate, verdict, f"{what}: {more}", needed)


def _by_one(estimate: Estimate, limit: Limit, reason: str | None) -> Decision:
    """A single run: the interval within it has to be inside or outside, and the value far enough from the limit."""
    assert estimate.value is not None
    if reason or estimate.low is None or estimate.high is None:
        return Decision(estimate, "inconclusive", reason or "one run gives no interval", FEWEST_REPEATS)
    verdict = _verdict(estimate.low, estimate.high, limit)
    at_least = f"at least {FEWEST_REPEATS} repeats would"
    if limit.near(estimate.value):
        reason = f"one run cannot decide a line so near its limit: {at_least}"
        return Decision(estimate, "inconclusive", reason, FEWEST_REPEATS)
    if verdict == "inconclusive":
        reason = f"the limit lies within the interval of one run: {at_least} decide it"
        if limit.scale == "share" and limit.upper and not estimate.value:
            reason = f"none was seen, but among too few to tell, for {reason}"
        return Decision(estimate, verdict, reason, FEWEST_REPEATS)
    return Decision(estimate, verdict)


def repeats_needed(runs: Sequence[Estimate], limit: Limit) -> int | None:
    """The smallest number of repeats that decides a line if they go on to scatter so; None: none up to 1000 does."""
    repeats = Repeats.of([run.value for run in runs if run.value is not None], limit.scale)

    def decided(count: int) -> bool:
        low, high = repeats.interval(count, limit.utmost)
        if limit.scale == "share":
            estimate = share_over_repeats(runs, count)
            low, high = estimate.low or 0.0, estimate.high or 0.0
        return _verdict(low, high, limit) != "inconclusive"

    counts = range(len(runs) + 1, MOST_REPEATS + 1)
    place = bisect_left(counts, True, key=decided)  # the more repeats, the narrower
    return counts[place] if place < len(counts) else None


def _together(runs: Sequence[Estimate], values: list[float], limit: Limit) -> Estimate:
    """What the runs say together: a single one what it says itself."""
    if len(runs) == 1:
        return runs[0]
    if limit.utmost:  # the maximum of all is a fact of them, with no interval of its own
        highest = max(values)
        return Estimate(highest, highest, highest)
    return share_over_repeats(runs) if limit.scale == "share" else over_repeats(values, limit.scale)


def _verdict(low: float, high: float, limit: Limit) -> str:
    inside = [limit.inside(end) for end in (low, high)]
    return "pass" if all(inside) else "inconclusive" if any(inside) else "fail"


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")
