"""The load of a plan in this process alone, without Locust: for short runs, which its start would outlast."""

import time
from collections.abc import Callable
from pathlib import Path

import gevent

from inorder.driver.crew import Member
from inorder.driver.target import Target
from inorder.plan import Plan

_START_DELAY_S = 0.05
"""From the naming of the start to the start: the connections are waiting for work by then."""
_CHECK_S = 0.05


def drive(plan: Plan, target: Target, folder: Path, on_start: Callable[[float], None]) -> float:
    """Make the load into the run folder `folder`; returns how long it took, seconds.

    `on_start` is told the instant of CLOCK_MONOTONIC that is zero of the run's clock, about when it comes.
    """
    member = Member(_unheard)
    engine = member.prepare(plan, target, folder, 0, 1)
    connections = [gevent.spawn(member.work) for _ in range(plan.scenario.client.connections)]
    gevent.sleep(0)
    origin = time.monotonic() + _START_DELAY_S
    on_start(origin)
    engine.start(origin)
    while not engine.finished:
        gevent.sleep(_CHECK_S)
    load_s = engine.now()
    member.close()
    gevent.joinall(connections, raise_error=True)
    return load_s


def _unheard(path: str, service_ms: float, size: int, error: str) -> None:
    """There is nobody to report a call to."""
