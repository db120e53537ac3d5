"""One run from its beginning to the stored log: the target is checked, the load is made, the log is read back.

Driving and reading only: judging is another room's, and starts from the run folder that is left here.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from select import select

import msgspec

from inorder import counters, enough, run, scenario, sla
from inorder.driven import driven
from inorder.errors import UnusableInput
from inorder.events import Namespace
from inorder.plan import Plan, plan_of, with_timeouts
from inorder.ports import free_port
from inorder.progress import Pace, Told
from inorder.readback import live
from inorder.readback.identities import Identities
from inorder.readback.live import Live
from inorder.readback.opening import check_way, reader_of
from inorder.readback.settle import Reader, read_log
from inorder.readback.unanswered import quiet_until
from inorder.readback.ways import Files
from inorder.run import RunFolder, RunInfo
from inorder.scenario import Scenario
from inorder.system import Progress, System, environment
from inorder.targets import reach, safety
from inorder.targets.system import Named, named

CHECKOUT = Path(__file__).resolve().parent.parent
LOCUSTFILE = CHECKOUT / "locustfiles" / "visitors.py"
_QUIT_S = 20.0
"""After a Ctrl-C the generator has so long to end by itself."""

Say = Callable[[str], None]


def read_back_of(system: Named, written: Scenario) -> Reader:
    """The reader of the system's stored log; raises UnusableInput where it cannot be read in the way that is named."""
    return reader_of(system, written.readback.page)


def run_info(
    plan: Plan, system: Named, *, sandbox: bool, processes: int, repeat: int = 1, behaviour: Path | None = None
) -> RunInfo:
    """The facts of a run that is about to begin."""
    return RunInfo(
        run="",
        scenario=plan.scenario.name,
        seed=plan.scenario.seed,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        prefix=plan.namespace.prefix,
        target=", ".join(system.bases),
        target_file=str(system.path.resolve()) if system.path else None,
        sandbox=sandbox,
        processes=processes,
        calls_per_s=system.given.safety.calls_per_s,
        repeat=repeat,
        behaviour=str(behaviour) if behaviour else plan.scenario.visitors.behaviour,
        versions=run.versions(),
        machine=run.machine(),
    )


def new_folder(name: str) -> Path:
    """A folder for a run of scenario `name` that is not there yet."""
    named = Path("reports") / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    others = (named.with_name(f"{named.name}-{number}") for number in count(2))
    return next(path for path in chain([named], others) if not path.exists())


class Run(msgspec.Struct, kw_only=True):
    """What `inorder run` was asked for."""

    file: Path
    text: str | None = None
    """A scenario in the place of the one in `file`, which then says only where its click log is relative to."""
    targets: list[str] = []
    """Base addresses of the system's servers, or one target file; none: a sandbox is started."""
    processes: int = 1
    seed: int | None = None
    behaviour: Path | None = None
    partner_id: str | None = None
    ca_file: str | None = None
    yes_load: list[str] = []
    """Hosts that may be sent load, though they are not this machine's own."""
    max_rate: float | None = None
    """Never more calls in any second."""

    def system(self, written: Scenario) -> Named | None:
        """What `--target` names, else the scenario; None: a sandbox is to be started."""
        given = self.targets or ([str(self.file.parent / written.target)] if written.target else [])
        return self.permitted(named(given, self.partner_id, self.ca_file)) if given else None

    def permitted(self, system: Named) -> Named:
        """A system with what was said of load against it."""
        return safety.permitted(system, self.yes_load, self.max_rate)


def conduct(asked: Run, out: Path, repeat: int, say: Say, progress: Progress) -> RunFolder:
    """Make one run into `out`, which must not exist; a Ctrl-C ends the load, and what was written stays."""
    if not LOCUSTFILE.exists():
        raise UnusableInput("run: needs the checkout of inorder (its locustfiles/ and analysis/), not only the wheel")
    text, written = scenario_of(asked)
    if out.exists():
        raise UnusableInput(f"{out}: exists already; a run is never overwritten, name another --out")
    own = asked.system(written)
    plan = plan_of(written, repeat, asked.behaviour, asked.file.parent, own)
    enough.check(plan, asked.file)
    with ExitStack() as stack:
        if own is not None:
            check_way(own, written, asked.file)
            safety.target_of(own, asked.processes)  # refused in one line before anything is started
        system = System(written, own.bases if own else [])
        stack.callback(system.stop)
        stack.enter_context(environment(system.secrets))
        direct = own or asked.permitted(named(system.direct, asked.partner_id))
        where = direct.at(system.bases)
        reach.check(direct, safety.target_of(direct, asked.processes))
        reader = read_back_of(direct, written)
        reader.check()
        after = reader.last_position()
        info = run_info(
            plan, direct, sandbox=own is None, processes=asked.processes, repeat=repeat,
            behaviour=asked.behaviour,
        )  # fmt: skip
        info.run = out.name
        info.reading = run.Reading(after=after)
        folder = RunFolder.create(out, text, info)
        stack.enter_context(driven(out))
        say(f"{written.name}: {written.question.strip()}")
        for sentence in direct.notes:
            say(sentence)
        say(f"{written.visitors.count:,} visitors against {', '.join(direct.bases)}{' (sandbox)' if info.sandbox else ''}")

        origin: float | None = None

        def told(so_far: Told) -> None:
            nonlocal origin
            origin = so_far.get("origin", origin)
            if "stopped" in so_far:
                info.stopped = msgspec.convert(so_far["stopped"], run.Stopped)
            counters.write(folder.metrics_file, so_far, written.name, info.run)
            progress(so_far)

        watch = _watch(direct, written, after, stack)
        _make_load(asked, folder, info, where, repeat, system.told(told))
        if info.exit_code and not info.interrupted:
            say(f"the generator ended with exit code {info.exit_code}, see {folder.path / 'generator.log'}")
        folder.write_info(info)
        say("reading the stored log back")
        try:
            read_back(folder, reader, direct, written, origin)
            if watch is not None and origin is not None:
                _note_live(folder, watch, origin)
        except KeyboardInterrupt:
            info.interrupted = True
            folder.write_info(info)
        finally:
            reader.close()
            note_faults(folder, system)
    return folder


def _watch(direct: Named, written: Scenario, after: int, stack: ExitStack) -> Live | None:
    """Look at the end of the log from now on, where the scenario asks for it; `stack` ends it at the latest."""
    every_s = live.every_s(written)
    if every_s is None:
        return None
    watch = live.Live(read_back_of(direct, written), every_s, after)
    stack.callback(watch.close)
    watch.start()
    return watch


def _note_live(folder: RunFolder, watch: Live, origin: float) -> None:
    """Write down what was seen of the log during the load; the last look is made now that all is stored."""
    watch.stop()
    watch.look()
    info = folder.info()
    info.live = watch.write(folder.live_file, origin)
    folder.write_info(info)


def scenario_of(asked: Run) -> tuple[str, Scenario]:
    """The scenario that is asked for, as text and read, under the seed that is asked for."""
    text = asked.text
    written = scenario.load(asked.file) if text is None else scenario.parse(text, asked.file)
    sla.check_measurable(written, asked.file)
    if asked.seed is not None:
        written = scenario.with_seed(written, asked.seed)
    return asked.file.read_text(encoding="utf-8") if text is None else text, written


def read_back(folder: RunFolder, reader: Reader, system: Named, written: Scenario, origin: float | None = None) -> None:
    """Read the stored log of `system` into the folder, and note how it went.

    `origin`: the instant of time.monotonic that is zero of the run's clock; None: nobody knows it any more.
    """
    info = folder.info()
    after = info.reading.after if info.reading else -1
    identities = Identities(Namespace(info.prefix), system.dialect, origin)
    way, client = system.given.readback, with_timeouts(written, system.given.timeouts).client
    late_s = (isinstance(way, Files) and way.wait_s) or 0.0
    settled_from = quiet_until(folder, client, late_s, origin)
    info.reading = read_log(folder, reader, identities, written.readback, time.monotonic, after, settled_from)
    folder.write_info(info)


def _make_load(asked: Run, folder: RunFolder, info: RunInfo, where: Named, repeat: int, progress: Progress) -> None:
    """Run the generator as a process of its own, and follow it to its end."""
    port = free_port()
    file = asked.file if asked.text is None else folder.scenario_file
    command = [
        sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary",
        "--host", ", ".join(where.bases), "--scenario", str(file), "--seed", str(info.seed), "--repeat", str(repeat),
        "--loglevel", "WARNING",
    ]  # fmt: skip
    if where.path:
        command += ["--target-file", str(where.path)]
    if asked.partner_id:
        command += ["--partner-id", asked.partner_id]
    if asked.behaviour:
        command += ["--behaviour", str(asked.behaviour)]
    if asked.ca_file:
        command += ["--ca-file", asked.ca_file]
    for host in asked.yes_load:
        command += ["--yes-load", host]
    if asked.max_rate is not None:
        command += ["--max-rate", str(asked.max_rate)]
    if asked.processes > 1:
        address = ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(port)]
        command += ["--processes", str(asked.processes), *address, "--master-host", "127.0.0.1"]
        command += ["--master-port", str(port)]
    reads, writes = os.pipe()
    environment = {**os.environ, "INORDER_RUN": str(folder.path.resolve()), "INORDER_PROGRESS_FD": str(writes)}
    began = time.monotonic()
    with (folder.path / "generator.log").open("wb") as log:
        # A session of its own, so that a Ctrl-C reaches it once, from here, and its children end with it.
        process = subprocess.Popen(
            command, stdout=log, stderr=log, pass_fds=(writes,), env=environment, start_new_session=True
        )
    os.close(writes)
    try:
        _follow(process, reads, progress)
        info.exit_code = process.wait()
    except KeyboardInterrupt:
        info.interrupted = True
        info.exit_code = _interrupt(process)
    finally:
        os.close(reads)
        _end_group(process.pid)
    _end(info, time.monotonic() - began)


def _end(info: RunInfo, load_s: float) -> None:
    info.load_s = round(load_s, 3)
    info.ended = datetime.now(UTC).isoformat(timespec="seconds")


def note_end(folder: RunFolder, load_s: float, stopped: run.Stopped | None = None) -> None:
    """Write down that the load ended, after `load_s` seconds, and why it was `stopped` before its time."""
    info = folder.info()
    info.stopped = stopped
    _end(info, load_s)
    folder.write_info(info)


def note_faults(folder: RunFolder, system: System) -> None:
    """Write down what was wrong on purpose, and how often it did harm."""
    info = folder.info()
    info.faults = system.report()
    folder.write_info(info)


def _follow(process: "subprocess.Popen[bytes]", reads: int, progress: Progress) -> None:
    """Pass on what the generator says, until it has ended."""
    pace, rest = Pace(), b""
    while True:
        ready, _, _ = select([reads], [], [], 0.5)
        if not ready:
            if process.poll() is not None:
                return
            continue
        said = os.read(reads, 65536)
        if not said:
            return
        *lines, rest = (rest + said).split(b"\n")
        for line in lines:
            progress(pace.add(json.loads(line)))


def _interrupt(process: "subprocess.Popen[bytes]") -> int:
    """Let the generator end as it does on a Ctrl-C; kill it if it does not."""
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(_QUIT_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        return process.wait()


def _end_group(group: int) -> None:
    """End whatever is left of the generator's processes."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
