"""A scenario: a written load, what is promised of it, and the file that it is read from (TOML)."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from inorder.bounds import Count, NonNegative, Positive, Share
from inorder.client import Client
from inorder.errors import UnusableInput
from inorder.events import MAX_VISITOR
from inorder.faults.fault import Fault
from inorder.faults.fault import check as check_fault
from inorder.invalid import explain
from inorder.sla import Sla, flaw, refusal
from inorder.stepping import Step, Stepping
from inorder.stepping import check as check_stepping
from inorder.text_file import text_of, toml_of


class Visitors(Struct, forbid_unknown_fields=True, frozen=True):
    """Who acts."""

    count: Annotated[int, Meta(ge=1, le=MAX_VISITOR)]
    behaviour: str = "synthetic"
    """`synthetic`, or the path of a click log (JSON Lines or CSV), relative to the scenario's file."""
    online_share: Share = 0.0
    """Share of the visitors that never go offline: each of their events is an ordinary call."""
    online_before: Share = 0.1
    """Share of a returning visitor's events that it makes online, before going offline."""
    online_after: Share = 0.05
    """Share of a returning visitor's events that it makes online again, once its backlog is confirmed."""
    pause_s: Positive = 1.0
    """Mean pause between two events made online after the return, exponential."""


class Phase(Struct, forbid_unknown_fields=True, frozen=True):
    """A stretch of the scenario with one behaviour, in real time."""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    duration_s: Positive
    returning: Share = 0.0
    """Share of the offline visitors that come back in this phase."""
    arrival: Literal["burst", "uniform", "waves"] = "uniform"
    """`burst`: all within `within_s` of the phase's start; `uniform`: over the phase; `waves`: `waves` bursts."""
    within_s: Positive = 1.0
    waves: Count = 1


class Readback(Struct, forbid_unknown_fields=True, frozen=True):
    """How the stored log is read back after the load."""

    settle_s: Positive = 2.0
    """The log has settled when it did not grow for so long."""
    limit_s: Positive = 120.0
    """Reading stops after so long; a log that still grows then is not settled."""
    page: Annotated[int, Meta(ge=1, le=100_000)] = 10_000
    readings: Annotated[int, Meta(ge=1, le=2)] = 2
    """2: once settled, the log is read again from its beginning, to see whether anything vanished or was rewritten."""
    live_s: NonNegative | None = None
    """How often the end of the log is looked at during the load, seconds, for `visibility_ms`; 0: never. Not given: each
    half second where a line of the SLA needs it."""


class Sandbox(Struct, forbid_unknown_fields=True, frozen=True):
    """Settings of the sandbox that is started when a run names no target."""

    servers: Annotated[int, Meta(ge=1, le=64)] = 4
    store: Literal["sqlite", "postgresql"] = "sqlite"
    """With postgresql (an embedded server) each of the servers is a process with an address of its own."""
    flush_ms: Positive = 100.0
    """Longest time that a server keeps an ordinary call before it stores it."""
    replication_delay_ms: NonNegative = 0.0
    """Time added between the commit of a batch and its answer, as a replica would add it."""
    commit_ms: NonNegative = 0.0
    """A commit takes at least so long, and `row_us` microseconds more for each of its events: a slower disk."""
    row_us: NonNegative = 0.0
    quota_per_s: NonNegative = 0.0
    """Calls a second before 429; 0: no quota."""
    max_events: Count = 1000
    max_bytes: Count = 1_048_576


class Validity(Struct, forbid_unknown_fields=True, frozen=True):
    """Beyond these limits the generator, not the system, shaped the numbers: the run is inconclusive."""

    late_start_ms_p99: Positive = 100.0
    """p99 of how late calls left although a connection was free, milliseconds."""
    loop_lag_ms_p99: Positive = 100.0
    """p99 of how late the generator's own clock tick was served, milliseconds."""
    cpu_share: Positive = 0.95
    """Share of a core that the busiest generator process may use: one at its core's limit cannot keep a schedule."""


class Promises(Struct, forbid_unknown_fields=True, frozen=True):
    """What the system promises beyond the contract: what is else only counted then fails."""

    exactly_once: bool = False
    """An event that is stored twice after a re-send fails the run."""
    atomic_batches: bool = False
    """A batch without a certain answer that is stored in part fails the run."""
    contiguous_batches: bool = False
    """Another call's events inside a batch fail the run."""
    keep_last: bool = False
    """A consumer keeps the last copy of an event: a last copy out of order fails the run."""
    ordinary_lossless: bool = False
    """A confirmed ordinary call that is not stored fails the run."""


class Scenario(Struct, forbid_unknown_fields=True, frozen=True):
    """A whole scenario; `name` is the file's stem where it is not given."""

    question: Annotated[str, Meta(min_length=1)]
    visitors: Visitors
    phases: list[Phase] = []
    """At least one; none where there is `capacity`, whose steps have phases of their own."""
    name: str = ""
    seed: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)] = 1
    warm_up_s: NonNegative = 0.0
    """Calls intended in the first seconds have no part in times, ratios and rates; order is judged of them too."""
    target: str | None = None
    """A target file, relative to this one; None: what `--target` names, else a sandbox."""
    client: Client = Client()
    promises: Promises = Promises()
    sla: list[Sla] = []
    readback: Readback = Readback()
    sandbox: Sandbox = Sandbox()
    validity: Validity = Validity()
    faults: list[Fault] = []
    """What is wrong on purpose: of the sandbox's server, or of the network between it and the load."""
    capacity: Stepping | None = None
    """The load is stepped, to find what the system can take; `visitors.count` then follows from each step's rate."""
    step: Step | None = None
    """What a step of a capacity run offers; the run writes it into the scenario of the step."""
    drain_limit_s: Positive = 60.0
    """Time after the last phase that visitors have to finish; then the run ends with what is left unsent."""

    @property
    def phases_s(self) -> float:
        """Length of all phases, seconds."""
        return sum(phase.duration_s for phase in self.phases)

    def phase_bounds(self) -> list[tuple[str, float, float]]:
        """(name, start, end) of each phase, seconds from the start of the run."""
        bounds, start = [], 0.0
        for phase in self.phases:
            bounds.append((phase.name, start, start + phase.duration_s))
            start += phase.duration_s
        return bounds


def load(path: Path) -> Scenario:
    """Read and check a scenario; raises UnusableInput with one line that says where and what was expected."""
    return parse(text_of(path), path)


def parse(text: str, path: Path) -> Scenario:
    """Check the text of a scenario; `path` is named in errors and gives the default name."""
    document = toml_of(text, path)
    try:
        scenario = msgspec.convert(document, Scenario)
    except msgspec.ValidationError as error:
        raise UnusableInput(f"{path}: {explain(str(error), document, Scenario)}") from None
    if not scenario.name:
        scenario = msgspec.structs.replace(scenario, name=path.stem)
    _cross_check(scenario, path)
    return scenario


def _cross_check(scenario: Scenario, path: Path) -> None:
    """What no single value can show: names that must exist, shares that must add up."""

    def refuse(place: str, reason: str) -> UnusableInput:
        return UnusableInput(f"{path}: {place}: {reason}")

    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", scenario.name):
        raise refuse("name", f"expected letters, digits, _ and -, got {scenario.name!r}")
    if scenario.capacity:
        if reason := check_stepping(scenario.capacity, scenario.sla):
            raise refuse(*reason)
        if scenario.phases:
            raise refuse("phases", "expected none beside [capacity], whose steps have their own")
        if scenario.warm_up_s:
            raise refuse("warm_up_s", "expected none beside [capacity], which has its own")
        if scenario.client.backlog != "batches":
            raise refuse("client.backlog", "expected 'batches' with [capacity], whose rates are batches a second")
        if scenario.visitors.online_share >= 1:
            raise refuse("visitors.online_share", "expected below 1 with [capacity]: somebody must send batches")
    elif not scenario.phases:
        raise refuse("phases", "expected at least one")
    names = [phase.name for phase in scenario.phases]
    for number, phase in enumerate(scenario.phases):
        if phase.name in names[:number]:
            raise refuse(f"phases[{number}].name", f"expected a name of its own, got {phase.name!r} again")
        if phase.arrival == "burst" and phase.within_s > phase.duration_s:
            raise refuse(f"phases[{number}].within_s", f"expected at most duration_s, got {phase.within_s}")
        if phase.arrival == "waves" and phase.within_s * phase.waves > phase.duration_s:
            raise refuse(f"phases[{number}].within_s", f"expected at most duration_s / waves, got {phase.within_s}")
    if scenario.phases and scenario.warm_up_s >= scenario.phases_s:
        raise refuse("warm_up_s", f"expected less than the phases' {scenario.phases_s:g} s, got {scenario.warm_up_s:g}")
    returning = sum(phase.returning for phase in scenario.phases)
    if returning > 1 + 1e-9:
        raise refuse("phases", f"expected the shares `returning` to add up to at most 1, got {returning:g}")
    if scenario.visitors.online_before + scenario.visitors.online_after > 1:
        raise refuse("visitors", "expected online_before + online_after to be at most 1")
    if scenario.client.visitors_per_call > 1 and scenario.client.calls_in_flight > 1:
        raise refuse("client", "expected calls_in_flight = 1 for a gateway (visitors_per_call > 1)")
    if scenario.client.visitors_per_call > 1 and scenario.client.backlog == "ordinary":
        raise refuse("client", "expected backlog = 'batches' for a gateway (visitors_per_call > 1)")
    for number, fault in enumerate(scenario.faults):
        check_fault(fault, f"{path}: faults[{number}]")
    if habit := scenario.client.misplaced_habit():
        raise refuse("client", habit)
    for number, line in enumerate(scenario.sla):
        if wrong := flaw(line, scenario):
            raise refusal(line, number, path, wrong)


def with_seed(scenario: Scenario, seed: int) -> Scenario:
    """The same scenario under another seed; raises UnusableInput where that is no seed."""
    if not 0 <= seed < 1 << 63:
        raise UnusableInput(f"--seed: expected 0 to 2^63 - 1, got {seed}")
    return msgspec.structs.replace(scenario, seed=seed)


def json_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file, for editors."""
    return msgspec.json.schema(Scenario)
