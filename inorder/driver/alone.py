"""The whole load of a plan in this one process, without Locust: what short runs need that cannot wait for its start.

The connections are the same greenlets that a Locust user would be, so a run made here sends what Locust would send.
"""

import gc
import time
from collections.abc import Callable
from pathlib import Path

import gevent

from inorder.driver.crew import LOOK_S, limit_s
from inorder.driver.engine import Engine
from inorder.driver.hope import first_lost
from inorder.driver.target import Target
from inorder.history import HistoryWriter
from inorder.plan import Plan
from inorder.run import Stopped

_START_DELAY_S = 0.1
"""From the naming of the start to the start: long enough for `on_start` to pass it on."""


def drive(
    plan: Plan,
    target: Target,
    history_folder: Path,
    *,
    origin: float | None = None,
    on_start: Callable[[float], None] | None = None,
    on_stop: Callable[[Stopped], None] | None = None,
) -> float:
    """Make the load of `plan` and write `w0.jsonl` into `history_folder`; returns its length in seconds.

    `origin`: the instant of `time.monotonic()` that is zero of the run's clock, not yet past; None: a moment after all
    is prepared. `on_start` is told of it once, before the first call; calls are late by what it takes beyond 0.1 s.
    `on_stop` is told once where a line of the SLA is lost for certain and so ends the load.
    Ends by the plan's own limit, and on a Ctrl-C, which leaves a history that is closed and says so.
    """
    history_folder.mkdir(parents=True, exist_ok=True)
    thresholds = gc.get_threshold()
    engine = Engine(plan, target, HistoryWriter(history_folder / "w0.jsonl"), 0, 1, _untold)
    users = [gevent.spawn(engine.work) for _ in range(plan.scenario.client.connections)]
    try:
        gevent.sleep(0)  # all wait for work before there is any
        origin = time.monotonic() + _START_DELAY_S if origin is None else origin
        if on_start is not None:
            on_start(origin)
        engine.start(origin)
        if engine.hope:
            users.append(gevent.spawn(_watch, engine, on_stop))
        gevent.joinall(users, timeout=origin + limit_s(plan.scenario) - time.monotonic())
        return time.monotonic() - origin
    finally:
        finished = engine.finished
        gevent.killall(users)
        engine.close(interrupted=not finished)
        # The engine took the collector for a process of its own; this one goes on to the next run.
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def _watch(engine: Engine, on_stop: Callable[[Stopped], None] | None) -> None:
    """End the load as soon as a line is lost for certain."""
    while not engine.over:
        stopped = first_lost(engine.plan.scenario, [engine.hope.said(engine.now())], engine.now())
        if stopped is not None:
            engine.stop()
            if on_stop is not None:
                on_stop(stopped)
            return
        gevent.sleep(LOOK_S)


def _untold(path: str, service_ms: float, size: int, error: str) -> None:
    """Nobody watches: the history has it all."""
