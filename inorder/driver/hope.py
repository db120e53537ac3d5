"""Which lines of the SLA (`stop = true`) are lost for certain while the load goes on: what a process counts, and the rule.

A percentile is lost once more calls than it allows, of as many as the whole run can hold, had no confirmation within the
limit. A share is lost once so many calls are hit that even as many calls as can follow would leave it above the limit.
Nothing is extrapolated: a run that would have met its limit is never stopped.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf
from typing import Protocol

from inorder.history import CONFIRMED, INDETERMINATE, REJECTED, Outcome
from inorder.plan import Plan
from inorder.run import Stopped
from inorder.scenario import Scenario
from inorder.sla import Sla
from inorder.visitor import Call

_HITS = {"rejected": (REJECTED,), "indeterminate": (INDETERMINATE,), "error": (REJECTED, INDETERMINATE)}
_WORDS = {"rejected": "were rejected", "indeterminate": "had no certain answer", "error": "were not confirmed"}


class Ended(Protocol):
    """How a call ended."""

    outcome: Outcome
    again: bool


@dataclass(frozen=True)
class Said:
    """What a process says of its lines, one number a line: calls planned, and calls that missed the limit so far."""

    planned: list[int]
    hits: list[int]


class _Line:
    """A line, taken apart for counting."""

    def __init__(self, number: int, line: Sla, scenario: Scenario) -> None:
        self.number, self.line = number, line
        self.kind, _, rest = line.metric.partition(".")
        self.what = rest.partition("_")[0]
        self.timed = "_ms." in rest
        self.limit = line.max or 0.0
        bounds = {name: (start, end) for name, start, end in scenario.phase_bounds()}
        start, self.end = bounds[line.phase] if line.phase else (0.0, inf)
        self.start = max(start, scenario.warm_up_s)
        self.sizes = line.sizes or (0, 1 << 30)
        self.hits = 0

    def covers(self, intended: float, count: int) -> bool:
        return self.start <= intended < self.end and (self.kind != "batch" or self.sizes[0] <= count <= self.sizes[1])


def stop_lines(scenario: Scenario) -> list[tuple[int, Sla]]:
    """The lines that may end the load, with their numbers."""
    return [(number, line) for number, line in enumerate(scenario.sla) if line.stop]


class Hope:
    """What one process counts: told of each call as it begins and ends."""

    def __init__(self, plan: Plan, senders: Iterable[int]) -> None:
        """`senders`: those of this process."""
        self._lines = [_Line(number, line, plan.scenario) for number, line in stop_lines(plan.scenario)]
        batches, ordinary = planned(plan, senders) if self._lines else (Counter(), 0)
        self._planned = [
            sum(many for size, many in batches.items() if own.sizes[0] <= size <= own.sizes[1])
            if own.kind == "batch"
            else ordinary
            for own in self._lines
        ]
        self._open: dict[str, tuple[str, float, int]] = {}
        """Batches and ordinary calls without a confirmation that may still come: kind, first intended, events."""

    def __bool__(self) -> bool:
        """Whether any line may end the load."""
        return bool(self._lines)

    def begins(self, call: Call, intended: float) -> None:
        """A call leaves that could have left at `intended`."""
        if call.attempt == 1:
            self._open[call.batch] = (call.kind, intended, call.count)

    def ends(self, call: Call, answer: Ended, intended: float, sent: float, done: float) -> None:
        """A call that was intended at `intended` has its end, seconds of the run."""
        for own in self._lines:
            hit = not own.timed and own.kind == call.kind and answer.outcome in _HITS[own.what]
            own.hits += hit and own.covers(intended, call.count)
        known = self._open.get(call.batch)
        if known is None:  # another call of the batch had a confirmation before
            return
        if answer.outcome == CONFIRMED:
            del self._open[call.batch]
            for own in self._lines:
                if own.timed and own.kind == call.kind and own.covers(known[1], call.count):
                    own.hits += 1000 * (done - (sent if own.what == "service" else known[1])) > own.limit
        elif call.kind == "ordinary" or not answer.again:
            del self._open[call.batch]
            for own in self._lines:  # it can never be confirmed any more; one that was rejected has no time
                if own.what == "response" and answer.outcome == INDETERMINATE and own.kind == call.kind:
                    own.hits += own.covers(known[1], call.count)

    def said(self, now: float) -> Said:
        """How it stands: those that ended late, and those that have been open for longer than the limit."""
        hits = [own.hits for own in self._lines]
        for place, own in enumerate(self._lines):
            if own.what == "response":
                before = now - own.limit / 1000
                hits[place] += sum(
                    kind == own.kind and first < before and own.covers(first, count)
                    for kind, first, count in self._open.values()
                )
        return Said(self._planned, hits)


def planned(plan: Plan, senders: Iterable[int]) -> tuple[Counter[int], int]:
    """What senders mean to send at most: batches by size, and ordinary calls."""
    client = plan.scenario.client
    batches: Counter[int] = Counter()
    ordinary = 0
    for sender in senders:
        online = plan.online(sender)
        splits = [plan.split(number, online) for number in plan.numbers(sender)]
        before = sum(split.before for split in splits)
        ordinary += before
        if plan.times(sender, before, online).back is None:
            continue
        ordinary += sum(split.after for split in splits)
        backlog = sum(split.backlog for split in splits)
        if client.backlog == "ordinary":
            ordinary += backlog
            continue
        whole, rest = divmod(backlog, client.batch_size)
        if whole:
            batches[client.batch_size] += whole
        if rest:
            batches[rest] += 1
    return batches, ordinary


def most_calls(line: Sla, scenario: Scenario, planned: int, hits: int) -> int:
    """How many calls a share can be of in the end, re-sends among them, `planned` of which are not re-sends.

    A call is sent again only after one that failed, so of all failures each adds at most one call; of one sort of them,
    or of a stretch of the run, it can only be said that a batch has at most `attempts` calls.
    """
    if line.metric.startswith("ordinary."):
        return planned
    whole = line.metric == "batch.error_share" and line.phase is None and not scenario.warm_up_s
    most = planned + hits if whole else planned * scenario.client.attempts
    return most if scenario.client.flush_again_s is None else 2 * most


def first_lost(scenario: Scenario, said: Iterable[Said], now: float) -> Stopped | None:
    """The first line that is lost for certain, by what all processes say at `now` (seconds of the run)."""
    each = list(said)
    for place, (number, line) in enumerate(stop_lines(scenario)):
        planned, hits = (
            sum(column) for column in ([own.planned[place] for own in each], [own.hits[place] for own in each])
        )
        told = _late(line, planned, hits) if "_ms." in line.metric else _hit(line, scenario, planned, hits)
        if told is not None:
            name = line.name or line.metric
            return Stopped(line=number, name=name, at_s=round(now, 1), sentence=f"stopped early at {now:.1f} s: {told}")
    return None


def _late(line: Sla, planned: int, hits: int) -> str | None:
    percent = "100" if line.metric.endswith(".max") else line.metric.partition(".p")[2]
    allowed = max(0, planned - max(1, ceil(Fraction(percent) * planned / 100)))
    if hits <= allowed:
        return None
    what = "batches" if line.metric.startswith("batch.") else "ordinary calls"
    kind = "had no confirmation within" if ".response_ms" in line.metric else "took longer than"
    return f"{hits:,} of at most {planned:,} {what} {kind} {line.max:g} ms, and the limit allows {allowed:,}"


def _hit(line: Sla, scenario: Scenario, planned: int, hits: int) -> str | None:
    most = most_calls(line, scenario, planned, hits)
    limit = Fraction(str(line.max))
    if hits <= limit * most:
        return None
    kind, _, what = line.metric.removesuffix("_share").partition(".")
    return f"{hits:,} {kind} calls of at most {most:,} {_WORDS[what]}, and the limit allows {int(limit * most):,}"
