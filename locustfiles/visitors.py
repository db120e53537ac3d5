"""Many visitors that go offline, come back and send ordered batches: the scenario named by --scenario, on Locust.

A Locust user is a connection; the visitors are inorder's. Alone (`locust -f locustfiles/visitors.py --scenario …`) it
starts a sandbox where no --host is given (base addresses with commas between them: the servers of one system), and
judges the run at its end. Under `inorder run` (INORDER_RUN names the folder) it only makes the load.
"""

import json
import logging
import os
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import gevent
from gevent.subprocess import run as run_process
from locust import LoadTestShape, User, constant, events, task
from locust.env import Environment
from locust.runners import WorkerRunner
from locust.stats import RequestStats, StatsEntry

from inorder import conduct, locust_times, scenario, sla
from inorder.driver.crew import Lead, Member, follow, to_locust
from inorder.driver.target import Target
from inorder.errors import InorderError, UnusableInput
from inorder.locust_times import LocustTimes, Times
from inorder.plan import Plan, plan_of
from inorder.progress import line
from inorder.run import Reading, RunFolder
from inorder.scenario import Scenario
from inorder.system import System
from inorder.targets import reach, safety, system
from inorder.targets.system import Named

log = logging.getLogger("inorder")
_PROGRESS_S = 1.0


class _Load:
    """What this process knows of the load: filled in by the listeners below."""

    member: Member
    lead: Lead | None = None
    lead_started = False
    plan: Plan
    named: Named
    """The system itself, though the load goes through proxies."""
    folder: Path | None = None
    ended: Path | None = None
    counted: tuple[Path, RequestStats] | None = None
    """The folder of the last run and Locust's statistics, which have the workers' last reports only at the very end."""
    judging: gevent.Greenlet | None = None
    system: System | None = None
    told = False
    """Whether the faults of the system have been told the start of the load."""


load = _Load()


class Connection(User):
    """A connection: serves whichever visitor is due."""

    wait_time = constant(0)

    @task
    def serve(self) -> None:
        """Serve until the run is over, then rest until Locust stops this user."""
        load.member.work()
        gevent.sleep(3600)


class AllConnections(LoadTestShape):
    """All connections at once, before the load begins; ends when the visitors are done."""

    def tick(self) -> tuple[int, float] | None:
        """(users, users a second), or None at the end."""
        if load.lead is not None and load.lead_started:
            if not load.lead.advance():
                load.lead_started = False
                return None
            if load.lead.origin is not None and load.system is not None and not load.told:
                load.told = True
                load.system.start(load.lead.origin)
        connections = load.plan.scenario.client.connections
        return connections, float(connections)


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--scenario", help="scenario file (TOML)", include_in_web_ui=False, required=True)
    parser.add_argument("--seed", type=int, help="another seed than the scenario's", include_in_web_ui=False)
    parser.add_argument("--behaviour", help="click log to replay (JSON Lines or CSV)", include_in_web_ui=False)
    parser.add_argument(
        "--repeat",
        type=int,
        default=1,
        help="which repeat: other arrivals of the same visitors",
        include_in_web_ui=False,
    )
    parser.add_argument("--partner-id", help="partnerId (or INORDER_PARTNER_ID)", include_in_web_ui=False)
    parser.add_argument("--ca-file", help="certificates to trust instead of the system's", include_in_web_ui=False)
    parser.add_argument("--yes-load", action="append", help="host that may be sent load", include_in_web_ui=False)
    parser.add_argument("--max-rate", type=float, help="calls a second, at most, in all", include_in_web_ui=False)
    parser.add_argument("--target-file", help="what the system is (TOML); --host is where", include_in_web_ui=False)


@events.init.add_listener
def _begin(environment: Environment, **_: Any) -> None:
    options = environment.parsed_options
    try:
        file = Path(options.scenario)
        written = scenario.load(file)
        if written.capacity is not None:
            raise UnusableInput(f"{file}: capacity: expected no such table: `inorder run` makes its steps")
        sla.check_measurable(written, file)
        if options.seed is not None:
            written = scenario.with_seed(written, options.seed)
        behaviour = Path(options.behaviour) if options.behaviour else None
        own = _named(environment, written, file)
        load.plan = plan_of(written, options.repeat, behaviour, file.parent, own)
        runner = environment.runner
        load.member = Member(to_locust(environment.events.request.fire))
        if isinstance(runner, WorkerRunner):
            follow(runner, load.member, load.plan, lambda bases, rate: _worker_target(own, options, bases, rate))
            return
        if "INORDER_RUN" in os.environ:  # the caller has started the system, and checked it
            target = safety.target_of(_at(own, options, environment.host))
        else:
            if own is not None:
                safety.target_of(own, options.processes or 1)  # before proxies of this machine stand before it
            load.system = System(written, own.bases if own else [])
            os.environ.update(load.system.secrets)
            load.named = _at(own, options, ", ".join(load.system.direct))
            for sentence in load.named.notes:
                log.info(sentence)
            reach.check(load.named, safety.target_of(load.named, options.processes or 1))
            with closing(conduct.read_back_of(load.named, written)) as reader:
                reader.check()
            environment.host = ", ".join(load.system.bases)
            target = safety.target_of(_at(own, options, environment.host))
    except InorderError as error:
        print(f"inorder: {error}", file=sys.stderr)
        if load.system is not None:
            load.system.stop()
        if not isinstance(environment.runner, WorkerRunner):
            environment.runner.quit()  # a master tells its workers, which would wait for it otherwise
        sys.exit(2)
    load.lead = Lead(runner, load.member, load.plan, target)
    gevent.spawn(_show_progress, load.lead)


def _named(environment: Environment, written: Scenario, file: Path) -> Named | None:
    """The system that is named, in this order, by --target-file, --host or the scenario."""
    options = environment.parsed_options
    given = options.target_file or environment.host or (written.target and str(file.parent / written.target))
    return _permitted(system.named([given], options.partner_id, options.ca_file), options) if given else None


def _at(own: Named | None, options: Any, bases: str) -> Named:
    """It, or a sandbox where none is named, at the addresses that the load goes to."""
    if own:
        return own.at([bases])
    return _permitted(system.named([bases], options.partner_id, options.ca_file), options)


def _worker_target(own: Named | None, options: Any, bases: str, calls_per_s: float | None) -> Target:
    """Where a worker sends its load, under the quota of all."""
    return safety.target_of(safety.permitted(_at(own, options, bases), (), calls_per_s))


def _permitted(named: Named, options: Any) -> Named:
    return safety.permitted(named, options.yes_load or (), options.max_rate)


@events.test_start.add_listener
def _start(environment: Environment, **_: Any) -> None:
    if load.lead is None:
        return
    options = environment.parsed_options
    if load.judging is not None:
        load.judging.join()  # the log of the run before must be read before this one adds to it
    if "INORDER_RUN" in os.environ:
        folder = Path(os.environ["INORDER_RUN"])
    else:
        text = Path(options.scenario).read_text(encoding="utf-8")
        info = conduct.run_info(
            load.plan,
            load.named,
            sandbox=load.system is not None and bool(load.system.secrets),
            processes=options.processes or 1,
            repeat=options.repeat,
            behaviour=Path(options.behaviour) if options.behaviour else None,
        )
        with closing(conduct.read_back_of(load.named, load.plan.scenario)) as reader:
            # What an earlier run stored under the same names is not this run's.
            info.reading = Reading(after=reader.last_position())
        folder = conduct.new_folder(load.plan.scenario.name)
        info.run = folder.name
        RunFolder.create(folder, text, info)
    load.folder, load.told = folder, False
    load.lead.begin(folder, load.system.secrets if load.system is not None else {})
    load.lead_started = True


@events.test_stop.add_listener
def _stop(environment: Environment, **_: Any) -> None:
    load.member.close()
    if load.lead is None or load.folder is None:
        return
    load.lead_started = False
    folder, load.folder = load.folder, None
    load.counted = folder, environment.stats
    if "INORDER_RUN" in os.environ:
        # The verdict is the caller's; a failed request is its evidence, not this process's failure.
        environment.process_exit_code = 0
        if load.lead.stopped is not None:
            _tell(int(os.environ.get("INORDER_PROGRESS_FD", "-1")), load.lead.progress())
        return
    conduct.note_end(RunFolder.open(folder), load.lead.now(), load.lead.stopped)
    if load.system is not None:
        conduct.note_faults(RunFolder.open(folder), load.system)
    if environment.parsed_options.headless:
        load.ended = folder  # a master's workers close their histories only when it quits
    else:
        _note_times(*load.counted)
        # Beside the page, which takes no new run while this listener has not returned.
        load.judging = gevent.spawn(_judge, folder)


def _judge(folder: Path) -> int:
    """Read back and judge in another process: either keeps a core busy, and would freeze the web page."""
    return run_process([sys.executable, "-m", "inorder", "judge", str(folder), "--read-back"]).returncode


def _note_times(folder: Path, stats: RequestStats) -> None:
    """Write down what Locust's own statistics say: it is shown beside what was measured."""
    times = LocustTimes(batch=_times(stats, batch=True), ordinary=_times(stats, batch=False))
    with suppress(OSError):  # a run is worth judging without it
        locust_times.write(RunFolder(folder).locust_file, times)


def _times(stats: RequestStats, batch: bool) -> Times | None:
    """All calls of a kind taken together, as Locust itself takes them together."""
    total = StatsEntry(stats, "", "POST")
    for (name, _), entry in stats.entries.items():
        if (name == load.plan.dialect.batch_path) == batch:
            total.extend(entry)
    if not total.num_requests:
        return None
    return Times(
        total.num_requests,
        *(total.get_response_time_percentile(share) for share in (0.5, 0.95, 0.99)),
        max=total.max_response_time,
    )


@events.quit.add_listener
def _quit(exit_code: int, **_: Any) -> None:
    if load.counted is not None:
        _note_times(*load.counted)
    if load.judging is not None:
        load.judging.join()
    if load.ended is not None and load.lead is not None:
        load.lead.wait_for_closing(load.ended)
        exit_code = _judge(load.ended)
    if load.system is not None:
        load.system.stop()
    if load.ended is not None:
        sys.exit(exit_code)


def _show_progress(lead: Lead) -> None:
    """Tell the caller (INORDER_PROGRESS_FD) each second, or the log each ten, how far the load is."""
    fd = int(os.environ.get("INORDER_PROGRESS_FD", "-1"))
    shown = 0
    while True:
        gevent.sleep(_PROGRESS_S)
        if not load.lead_started:
            continue
        progress = lead.progress()
        if fd >= 0:
            _tell(fd, progress)
        elif (shown := shown + 1) % 10 == 0:
            log.info(line(progress))


def _tell(fd: int, progress: dict[str, Any]) -> None:
    with suppress(OSError):
        os.write(fd, json.dumps(progress).encode() + b"\n")
