"""The processes of one run, led from preparation to a common start and to the end.

Works on a Locust runner that it is given, by its messages, and imports nothing of Locust. The lead (the local runner,
or the master) has each process build its part of the visitors, then names one instant as zero of the run's clock, and
knows the end when every process has said that it is finished, or is lost.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gevent
import msgspec
from gevent.event import Event

from inorder.driver.engine import Engine, Report
from inorder.driver.hope import Said, first_lost, stop_lines
from inorder.driver.target import Target
from inorder.errors import InorderError
from inorder.history import HistoryWriter, closed
from inorder.plan import Plan
from inorder.run import Stopped
from inorder.scenario import Scenario

_PREPARE, _READY, _GO, _PROGRESS = "inorder-prepare", "inorder-ready", "inorder-go", "inorder-progress"
_STOP = "inorder-stop"
_REPORT_S = 0.5
LOOK_S = 0.25
"""How often the lines that may end the load are looked at, and told of by a worker."""
_PREPARE_LIMIT_S = 300.0
"""A process that has not built its visitors after so long never will."""
_ASK_AGAIN_S = 2.0
"""A worker that has not said that it is ready is asked again so often."""
_CLOSE_LIMIT_S = 10.0
"""A worker that has not closed its history so long after the end never will."""
_START_DELAY_S = 0.5
"""From the naming of the common instant to the instant: every process must have heard of it."""

log = logging.getLogger("inorder")


def limit_s(scenario: Scenario) -> float:
    """After so long a run has ended whatever happens, seconds from its start: its calls' time-outs have passed."""
    return scenario.phases_s + scenario.drain_limit_s + scenario.client.batch_timeout_s + 30.0


def _boot() -> str:
    """What tells this machine, since it was started, from others: those share no monotonic clock."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def to_locust(fire: Callable[..., None]) -> Report:
    """A report that fires Locust's request event, so that its page and its figures show the load."""

    def report(path: str, service_ms: float, size: int, error: str) -> None:
        fire(
            request_type="POST", name=path, response_time=service_ms, response_length=size,
            exception=RuntimeError(error) if error else None, context={},
        )  # fmt: skip

    return report


class Member:
    """The part of one process that makes load: its engine, and the greenlets that work for it."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.engine: Engine | None = None
        self._there = Event()

    def prepare(self, plan: Plan, target: Target, folder: Path, worker: int, workers: int) -> Engine:
        """Build this process's visitors and its history file."""
        (folder / "history").mkdir(parents=True, exist_ok=True)
        history = HistoryWriter(folder / "history" / f"w{worker}.jsonl")
        self.engine = Engine(plan, target, history, worker, workers, self._report)
        self._there.set()
        return self.engine

    def work(self) -> None:
        """What one connection does, from before the start to the end of the run."""
        self._there.wait()
        if self.engine is not None:
            self.engine.work()

    def close(self) -> None:
        """The load is over or was cut off: write the closing line, once."""
        self._there.clear()
        engine, self.engine = self.engine, None
        if engine is not None:
            engine.close(interrupted=not engine.finished)


class Lead:
    """Leads a run; `members`: what each process said last, by worker number."""

    def __init__(self, runner: Any, member: Member, plan: Plan, target: Target) -> None:
        self._runner = runner
        self._member = member
        self._plan = plan
        self._target = target
        self._distributed = hasattr(runner, "clients")
        self._workers: dict[str, int] = {}
        self.members: dict[int, dict[str, Any]] = {}
        self.origin: float | None = None
        self.lost: set[int] = set()
        self.stopped: Stopped | None = None
        """Why the load was ended before its time."""
        self._began = self._asked = time.monotonic()
        self._told: dict[str, Any] = {}
        if self._distributed:
            runner.register_message(_READY, self._on_member)
            runner.register_message(_PROGRESS, self._on_member)

    def begin(self, folder: Path, secrets: dict[str, str]) -> None:
        """Have every process build its visitors for the run that is written to `folder`.

        `secrets`: of a sandbox of the run's own, which workers that were forked before it cannot know.
        """
        self._began = time.monotonic()
        self.members, self.origin, self.lost, self.stopped = {}, None, set(), None
        if self._distributed:
            self._workers = {client: number for number, client in enumerate(sorted(self._runner.clients))}
            bases = self._target.base
            self._told = {"folder": str(folder), "workers": self._workers, "bases": bases, "secrets": secrets}
            self._told["calls_per_s"] = self._target.calls_per_s  # of all together: none may keep another quota
            self._ask(self._workers)
        else:
            engine = self._member.prepare(self._plan, self._target, folder, 0, 1)
            self._workers = {"local": 0}
            self.members[0] = said(engine)

    def _ask(self, clients: Iterable[str]) -> None:
        """Have workers prepare themselves."""
        self._asked = time.monotonic()
        for client in clients:
            self._runner.send_message(_PREPARE, self._told, client_id=client)

    def _on_member(self, msg: Any, **_: Any) -> None:
        self.members[msg.data["worker"]] = msg.data

    def advance(self) -> bool:
        """Start the load when all are ready, take note of who is lost; False when the run has ended. Called often."""
        if not self._distributed and self._member.engine is not None:
            self.members[0] = said(self._member.engine)
        for client, number in self._workers.items() if self._distributed else ():
            node = self._runner.clients.get(client)
            if (node is None or node.state == "missing") and not self._done(number) and number not in self.lost:
                self.lost.add(number)
                log.warning("worker w%d is lost; the run goes on without its visitors", number)
        awaited = [number for number in self._workers.values() if number not in self.lost]
        if self.origin is None:
            if all(number in self.members for number in awaited):
                self._go()
            elif time.monotonic() - self._began > _PREPARE_LIMIT_S:
                log.error("a worker did not get ready within %.0f s", _PREPARE_LIMIT_S)
                return False
            elif self._distributed and time.monotonic() - self._asked > _ASK_AGAIN_S:
                # A worker that is connected may not listen yet: on a busy machine it is still being set up.
                self._ask(client for client, number in self._workers.items() if number not in self.members)
            return True
        if self.now() > limit_s(self._plan.scenario):
            log.error("a worker did not end in time")
            return False
        return not all(self._done(number) for number in awaited)

    def _done(self, number: int) -> bool:
        return bool(self.members.get(number, {}).get("finished"))

    def _go(self) -> None:
        self.origin = time.monotonic() + _START_DELAY_S
        if self._distributed:
            wall = time.time() + _START_DELAY_S
            self._runner.send_message(_GO, {"monotonic": self.origin, "wall": wall, "boot": _boot()})
        elif self._member.engine is not None:
            self._member.engine.start(self.origin)
        if stop_lines(self._plan.scenario):
            gevent.spawn(self._watch, self.origin)

    def _watch(self, origin: float) -> None:
        """Look whether a line is lost for certain, until the run ends."""
        while self.origin == origin and self.look() and not all(map(self._done, self._workers.values())):
            gevent.sleep(LOOK_S)

    def look(self) -> bool:
        """Stop the load where a line is lost for certain, by what the processes said last; whether there is hope."""
        engine = self._member.engine
        if not self._distributed and engine is not None:
            self.members[0] = said(engine)
        counts = [Said(**member["hope"]) for member in self.members.values() if "hope" in member]
        self.stopped = first_lost(self._plan.scenario, counts, self.now())
        if self.stopped is None:
            return True
        log.warning("%s: %s", self.stopped.name, self.stopped.sentence)
        if self._distributed:
            self._runner.send_message(_STOP)
        elif engine is not None:
            engine.stop()
        return False

    def wait_for_closing(self, folder: Path) -> None:
        """Wait, for a few seconds at most, until the workers that are not lost have closed their histories."""
        until = time.monotonic() + _CLOSE_LIMIT_S
        files = [folder / "history" / f"w{number}.jsonl" for number in self._workers.values() if number not in self.lost]
        while time.monotonic() < until and not all(closed(file) for file in files):
            gevent.sleep(0.1)

    def now(self) -> float:
        """Seconds of the run's clock; negative before the start."""
        return -1.0 if self.origin is None else time.monotonic() - self.origin

    def progress(self) -> dict[str, Any]:
        """What all processes together have done: for people to watch."""
        total: dict[str, Any] = {"t": round(self.now(), 1), "phase": "preparing", "lost": len(self.lost)}
        total["ends"] = self._plan.scenario.phases_s
        if self.origin is not None:
            total["phase"] = next(
                (name for name, _, end in self._plan.scenario.phase_bounds() if self.now() < end), "draining"
            )
            total["origin"] = self.origin
        for member in self.members.values():
            for key, value in member.items():
                if key not in ("worker", "finished", "hope"):
                    total[key] = total.get(key, 0) + value
        if self.stopped is not None:
            total["stopped"] = msgspec.to_builtins(self.stopped)
        return total


def said(engine: Engine) -> dict[str, Any]:
    """What a process says of itself while it works."""
    return {
        "worker": int(engine.name[1:]),
        "finished": engine.finished,
        "planned": engine.planned,
        "backlog": engine.backlog,
        **engine.progress,
        **({"hope": asdict(engine.hope.said(engine.now()))} if engine.hope else {}),
    }


def follow(runner: Any, member: Member, plan: Plan, target: Callable[[str, float | None], Target]) -> None:
    """Make a worker's runner listen to the lead; `target` makes one from the base addresses and the quota that it names."""

    def prepare(msg: Any, **_: Any) -> None:
        worker = msg.data["workers"][runner.client_id]
        if member.engine is not None:  # asked again, while it was being built
            runner.send_message(_READY, said(member.engine))
            return
        try:
            os.environ.update(msg.data["secrets"])
            made = target(msg.data["bases"], msg.data["calls_per_s"])
            engine = member.prepare(plan, made, Path(msg.data["folder"]), worker, len(msg.data["workers"]))
        except (InorderError, OSError) as error:
            log.error("worker w%d cannot work: %s", worker, error)
            runner.quit()
            return
        runner.send_message(_READY, said(engine))

    def go(msg: Any, **_: Any) -> None:
        engine = member.engine
        if engine is None:
            return
        # One machine has one monotonic clock; from another one the wall clock is the only bridge.
        shared = msg.data["boot"] == _boot() != ""
        engine.start(msg.data["monotonic"] if shared else time.monotonic() + msg.data["wall"] - time.time())
        gevent.spawn(report, engine)

    def report(engine: Engine) -> None:
        while member.engine is engine:
            runner.send_message(_PROGRESS, said(engine))
            if engine.finished:
                return
            gevent.sleep(LOOK_S if engine.hope else _REPORT_S)

    def stop(msg: Any, **_: Any) -> None:
        if member.engine is not None:
            member.engine.stop()

    runner.register_message(_PREPARE, prepare)
    runner.register_message(_GO, go)
    runner.register_message(_STOP, stop)
