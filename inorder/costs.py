"""What a run will cost its system, from the plan alone: calls, events, bytes, time, and the rate at its peak.

The senders are played against answers that all come after the same short time, so the figures are those of a healthy
system: no call is sent again. Of a large crowd a part is played, and stands for the rest.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from inorder.backlog import sender_of
from inorder.driver.quota import WINDOW_S
from inorder.history import CONFIRMED, Outcome
from inorder.plan import Plan
from inorder.schedule import Schedule, first_instants
from inorder.visitor import Call, Next, Sender

ANSWER_S = 0.1
"""A call is taken to be answered after so long."""
MOST_PLAYED = 5_000
"""Of more senders than this a part is played."""


@dataclass
class _Confirmed:
    """How each call ends."""

    outcome: Outcome = CONFIRMED
    again: bool = False
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Costs:
    """Of one run, without what is sent again."""

    batches: int
    ordinary: int
    """Ordinary calls."""
    events: int
    bytes: int
    """Of the requests, heads and bodies."""
    time_s: float
    """From the start to the last call, where no quota holds it back."""
    peak_per_s: int
    """Calls in the busiest second."""
    exact: bool
    """Whether all senders were played."""
    phases_s: float
    limit_s: float
    """The run ends after so long at the latest, with what is then left unsent."""
    quota_per_s: float | None = None
    quota_time_s: float | None = None
    """From the start to the last call under the quota; None: there is none."""

    @property
    def calls(self) -> int:
        """Of both kinds."""
        return self.batches + self.ordinary

    @property
    def held_back(self) -> bool:
        """Whether the quota makes the run longer, or its peak lower."""
        return self.quota_per_s is not None and self.peak_per_s > self.quota_per_s


def played(plan: Plan, senders: Iterable[int]) -> Iterator[tuple[float, Call]]:
    """(second, call) of each call that these senders make, in the order of their instants."""
    schedule = Schedule(first_instants(plan, senders)[0])
    crowd: dict[int, Sender] = {}
    answer = _Confirmed()

    def put(number: int, places: Next) -> None:
        for due, lane in places:
            schedule.push(due, number, lane)

    while (due := schedule.next_due()) is not None:
        place = schedule.pop_due(due)
        assert place is not None
        _, number, lane = place
        sender = crowd.get(number)
        if sender is None:
            sender = crowd[number] = sender_of(plan, number)
            put(number, sender.start()[1:])
        call = sender.next_call(lane, due)
        if call is None:
            put(number, sender.close_lane(lane, due))
            continue
        put(number, sender.beside(lane, call, due))
        yield due, call
        put(number, sender.answered(lane, call, answer, due + ANSWER_S))


def costs_of(plan: Plan, head: Callable[[str], int], calls_per_s: float | None = None, processes: int = 1) -> Costs:
    """The costs of a plan; `head`: bytes of the head of a call to a path, without the digits of its length."""
    step = -(-plan.senders // MOST_PLAYED)
    seconds: Counter[int] = Counter()
    kinds: Counter[str] = Counter()
    events = size = last = 0.0
    heads: dict[str, int] = {}
    for at, call in played(plan, range(0, plan.senders, step)):
        seconds[int(at)] += 1
        kinds[call.kind] += 1
        events += call.count
        if call.path not in heads:
            heads[call.path] = head(call.path)
        size += heads[call.path] + len(str(len(call.body))) + 4 + len(call.body)
        last = at
    share = plan.senders / len(range(0, plan.senders, step))
    rate = None if calls_per_s is None else int(calls_per_s / processes) * processes / WINDOW_S
    return Costs(
        batches=round(kinds["batch"] * share),
        ordinary=round(kinds["ordinary"] * share),
        events=round(events * share),
        bytes=round(size * share),
        time_s=last,
        peak_per_s=round(max(seconds.values(), default=0) * share),
        exact=step == 1,
        phases_s=plan.scenario.phases_s,
        limit_s=plan.scenario.phases_s + plan.scenario.drain_limit_s,
        quota_per_s=rate,
        quota_time_s=None if rate is None else max(last, _under(rate, seconds, share)),
    )


def _under(rate: float, seconds: Counter[int], share: float) -> float:
    """When the last call leaves at this rate, seconds from the start: what is due waits, and none is left out."""
    free = 0.0
    for second in sorted(seconds):
        free = max(free, second) + seconds[second] * share / rate
    return free


def told(costs: Costs) -> list[str]:
    """The costs in sentences."""
    about = "" if costs.exact else "about "
    what = f"{costs.batches:,} batches, {costs.ordinary:,} ordinary calls"
    lines = [
        f"{about}{costs.calls:,} calls ({what}) with {costs.events:,} events, {_size(costs.bytes)} of requests; what "
        "fails is sent again and comes on top",
        f"{lasting(costs.time_s)} where each call is answered within {ANSWER_S:g} s, at most {about}{costs.peak_per_s:,} "
        f"calls in a second; after {lasting(costs.limit_s)} the run ends whatever is left",
    ]
    if costs.quota_per_s is None or costs.quota_time_s is None:
        return lines
    quota = f"the quota lets {costs.quota_per_s:,.4g} calls a second leave"
    if not costs.held_back:
        return [*lines, f"{quota}, and holds none back"]
    lines.append(
        f"{quota}, and holds calls back: the last one leaves after {lasting(costs.quota_time_s)}; objectives on response "
        "times, drain times and rates stay open, the order is judged as ever"
    )
    if costs.quota_time_s > costs.limit_s:
        missing = costs.quota_time_s - costs.phases_s
        lines.append(
            f"that is longer than the run may last: give it drain_limit_s = {missing:.0f} or more, or fewer visitors"
        )
    return lines


def _size(count: float) -> str:
    units = ["bytes", "kB", "MB", "GB"]
    while count >= 1000 and len(units) > 1:
        count /= 1000
        del units[0]
    return f"{count:,.3g} {units[0]}"


def lasting(seconds: float) -> str:
    """A time that is only expected: in minutes from two minutes on."""
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.0f} min"
