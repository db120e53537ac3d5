"""Who acts when: how each visitor's events are split, and the instants drawn beforehand (the open model).

A *sender* is what has calls in flight: a visitor's device, or a gateway that carries several visitors. All answers
here are hashes of (seed, sender), so any process can give them for its own part of the senders.
"""

from dataclasses import dataclass
from math import log
from pathlib import Path
from zlib import crc32

from msgspec.structs import replace

from inorder import clicklog
from inorder.behaviour import Behaviour, Synthetic
from inorder.carrying import Placed
from inorder.clicklog import Replay
from inorder.dialects import VISITOR_EVENTS
from inorder.dialects.base import Dialect
from inorder.events import Namespace
from inorder.randomness import draws, unit
from inorder.scenario import Phase, Scenario
from inorder.targets.file import Timeouts
from inorder.targets.system import Named


@dataclass(frozen=True, slots=True)
class Split:
    """How many of a visitor's events are made online before, offline, and online after the return."""

    before: int
    backlog: int
    after: int
    dropped: int = 0
    """Of those made offline the oldest, which a limited queue drops: they come before `backlog` and are never sent."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a sender acts, seconds from the start: its ordinary calls before the return, and the return (or None)."""

    before: list[float]
    back: float | None

    @property
    def first(self) -> float | None:
        """The first instant at which the sender does anything, None if it never does."""
        return self.before[0] if self.before else self.back


class Plan:
    """The plan of a scenario; `repeat` draws other arrivals for the same visitors and events."""

    def __init__(
        self,
        scenario: Scenario,
        behaviour: Behaviour,
        namespace: Namespace,
        repeat: int = 1,
        dialect: Dialect = VISITOR_EVENTS,
    ) -> None:
        self.scenario = scenario
        self.dialect = dialect
        self.namespace = namespace
        self.behaviour = behaviour
        self.repeat = repeat
        self._per_call = scenario.client.visitors_per_call
        self.senders = -(-scenario.visitors.count // self._per_call)
        bounds = scenario.phase_bounds()
        self._phases = [(phase, start) for phase, (_, start, _) in zip(scenario.phases, bounds, strict=True)]

    def numbers(self, sender: int) -> range:
        """The visitor numbers of a sender (senders count from 0, visitors from 1)."""
        first = sender * self._per_call + 1
        return range(first, min(first + self._per_call, self.scenario.visitors.count + 1))

    def online(self, sender: int) -> bool:
        """Whether the sender never goes offline."""
        return unit(draws(self.scenario.seed, "plan", sender, 1)[0]) < self.scenario.visitors.online_share

    def split(self, number: int, online: bool) -> Split:
        """How the events of visitor `number` are split; shares are rounded at random, so that means are kept."""
        size = self.behaviour.size(number)
        if online:
            return Split(size, 0, 0)
        # Drawn by visitor, where `online` is drawn by sender: the second index keeps the two streams apart.
        early, late = draws(self.scenario.seed, "plan", number, 2, index=1)
        before = int(size * self.scenario.visitors.online_before + unit(early))
        after = int(size * self.scenario.visitors.online_after + unit(late))
        before = min(before, size - 1)
        after = min(after, size - 1 - before)
        offline = size - before - after
        kept = min(offline, self.scenario.client.queue_limit or offline)
        return Split(before, kept, after, offline - kept)

    def times(self, sender: int, before: int, online: bool) -> Times:
        """The instants of a sender whose visitors make `before` events online before the return."""
        drawn = [unit(draw) for draw in draws(self.scenario.seed, "arrival", sender, 3 + before, index=self.repeat)]
        back = None if online else self._return(*drawn[:3])
        window = self.scenario.phases_s if back is None else back
        return Times(sorted(share * window for share in drawn[3:]), back)

    def pause(self, sender: int, left: int) -> float:
        """Seconds that an online sender waits before the event that leaves it `left` more to come, exponential."""
        draw = draws(self.scenario.seed, "pause", sender, 1, index=left)[0]
        return -self.scenario.visitors.pause_s * log(1.0 - unit(draw))

    def _return(self, pick: float, place: float, wave: float) -> float | None:
        """The instant of a return, None for a visitor that stays offline."""
        for phase, start in self._phases:
            if pick < phase.returning:
                return start + _within(phase, place, wave)
            pick -= phase.returning
        return None


def _within(phase: Phase, place: float, wave: float) -> float:
    """Seconds from the start of `phase` to a return in it."""
    if phase.arrival == "burst":
        return place * phase.within_s
    if phase.arrival == "waves":
        return int(wave * phase.waves) * phase.duration_s / phase.waves + place * phase.within_s
    return place * phase.duration_s


def plan_of(
    scenario: Scenario,
    repeat: int = 1,
    behaviour: Path | None = None,
    beside: Path = Path(),
    system: Named | None = None,
) -> Plan:
    """The plan of a scenario with the behaviour that it names, for a system: its dialect, and its time-outs if it has some.

    `behaviour`: a click log in the place of the scenario's own; `beside`: the folder that the scenario's own path is
    relative to; `system` None: a sandbox.
    """
    namespace = Namespace(prefix_of(scenario))
    if behaviour is None and scenario.visitors.behaviour != "synthetic":
        behaviour = beside / scenario.visitors.behaviour
    model: Behaviour
    if behaviour is None:
        model = Synthetic(scenario.seed, namespace)
    else:
        model = Replay(clicklog.read(behaviour), namespace)
    if system is not None and system.carrying is not None:
        model = Placed(model, namespace, system.carrying, scenario.seed)
    if system is None:
        return Plan(scenario, model, namespace, repeat)
    return Plan(with_timeouts(scenario, system.given.timeouts), model, namespace, repeat, system.dialect)


def with_timeouts(scenario: Scenario, given: Timeouts) -> Scenario:
    """The scenario with the time-outs that a system has of its own."""
    client = scenario.client
    client = replace(
        client,
        batch_timeout_s=given.batch_s or client.batch_timeout_s,
        ordinary_timeout_s=given.ordinary_s or client.ordinary_timeout_s,
    )
    return replace(scenario, client=client)


def prefix_of(scenario: Scenario) -> str:
    """What the names of a scenario's visitors begin with: eight letters from its name and seed."""
    (draw,) = draws(scenario.seed, "plan", crc32(scenario.name.encode()), 1, index=2)
    return "".join(chr(ord("a") + (draw >> 5 * place) % 26) for place in range(8))
