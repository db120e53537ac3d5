"""A crowd without a network: plays the senders of a plan against answers that a test gives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inorder import scenario
from inorder.backlog import sender_of
from inorder.history import CONFIRMED, Outcome
from inorder.plan import Plan, plan_of
from inorder.schedule import Schedule, first_instants
from inorder.visitor import Call, Sender

BASE = """
question = "?"
seed = 5
[visitors]
count = {count}
online_before = 0.2
online_after = 0.1
online_share = {online}
[client]
{client}
[[phases]]
name = "quiet"
duration_s = 4
[[phases]]
name = "back"
duration_s = 6
returning = {returning}
"""


@dataclass
class Reply:
    """How a call ends; a visitor.Answer."""

    outcome: Outcome = CONFIRMED
    again: bool = False
    retry_after_s: float | None = None
    takes_s: float | None = None
    """How long the call takes; None: as long as all do."""


@dataclass
class Played:
    """A call as it was played: from `sent` to `done`."""

    sender: int
    lane: int
    call: Call
    attempt: int
    intended: float
    sent: float
    done: float


def plan(count: int = 20, client: str = "", online: float = 0.0, returning: float = 1.0, repeat: int = 1) -> Plan:
    """A plan of a small scenario."""
    text = BASE.format(count=count, client=client, online=online, returning=returning)
    return plan_of(scenario.parse(text, Path("crowd.toml")), repeat)


def play(
    plan: Plan,
    reply: Callable[[Call], Reply] = lambda call: Reply(),
    takes_s: float = 0.05,
    senders: list[int] | None = None,
) -> list[Played]:
    """Play all senders to their end, each call taking `takes_s`; calls of different lanes overlap."""
    members = range(plan.senders) if senders is None else senders
    schedule = Schedule(first_instants(plan, members)[0])
    crowd: dict[int, Sender] = {}
    played = []
    # A call's end is played when the next place is due later, as an event loop would.
    open_calls: list[tuple[float, int, Played, Reply]] = []
    now = 0.0
    while len(schedule) or open_calls:
        due = schedule.next_due()
        if open_calls and (due is None or min(open_calls, key=lambda entry: entry[:2])[0] <= due):
            entry = min(open_calls, key=lambda entry: entry[:2])
            open_calls.remove(entry)
            done, _, one, answer = entry
            now = max(now, done)
            for when, lane in crowd[one.sender].answered(one.lane, one.call, answer, done):
                schedule.push(when, one.sender, lane)
            continue
        place = schedule.pop_due(due or 0.0)
        assert place is not None
        when, number, lane = place
        now = max(now, when)
        if number not in crowd:
            crowd[number] = sender_of(plan, number)
            for other_due, other_lane in crowd[number].start()[1:]:
                schedule.push(other_due, number, other_lane)
        call = crowd[number].next_call(lane, when)
        if call is None:
            for then, other in crowd[number].close_lane(lane, now):
                schedule.push(then, number, other)
            continue
        for then, other in crowd[number].beside(lane, call, now):
            schedule.push(then, number, other)
        answer = reply(call)
        done = now + (takes_s if answer.takes_s is None else answer.takes_s)
        one = Played(number, lane, call, call.attempt, call.intended, now, done)
        played.append(one)
        open_calls.append((one.done, len(played), one, answer))
    assert all(sender.unsent == 0 or sender.gave_up for sender in crowd.values())
    return played
