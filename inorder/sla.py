"""An objective of a scenario (`[[sla]]`): which metrics there are, and which lines can be measured at all."""

import re
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from inorder.bounds import Positive
from inorder.errors import UnusableInput

if TYPE_CHECKING:  # a scenario holds its lines
    from inorder.scenario import Scenario

ANOMALIES = (
    "reordered-in-batch reordered-across-batches lost unseen ghost phantom corrupt misrouted duplicate-unexplained "
    "duplicate-explained zombie torn recovered split vanished rewritten"
).split()
"""Every anomaly, in the order in which it is reported."""

_PERCENTILE = r"p\d{1,2}(?:\.\d{1,2})?"
_TIMES = r"(?:batch|ordinary)\.(?:response|service)_ms"
_STEM = rf"(?:{_TIMES}|visibility_ms|drain_s)"
STEMS = re.compile(_STEM)
"""What has a value of its own for each call, event or visitor, and so percentiles."""
METRICS = re.compile(
    rf"(?:{_STEM}\.(?:{_PERCENTILE}|max)"
    rf"|ratio\.{_PERCENTILE}"
    r"|(?:batch|ordinary)\.(?:rejected|indeterminate|error)_share"
    r"|ordinary\.(?:reordered|lost|duplicated)_share"
    r"|confirmed_(?:events|batches)_per_s"
    rf"|anomalies\.(?:system|{'|'.join(ANOMALIES)})"
    r"|duplicate_share)"
)
"""The metrics that an SLA line may name; docs/scenarios.md says what each means."""

_OF_BATCHES = re.compile(r"batch\.|ratio\.|drain_s\.|duplicate_share|confirmed_batches_per_s")
"""Those that need batches."""
_OF_ORDINARY = re.compile(r"ordinary\.|ratio\.")
"""Those that need ordinary calls."""
_OF_SIZES = re.compile(r"batch\.|ratio\.|visibility_ms\.|duplicate_share")
"""Those that can be told of batches of some sizes."""
_OF_ORDER = re.compile(r"ordinary\.(?:reordered|lost|duplicated)_share|duplicate_share")
"""Those that a warm-up leaves nothing out of."""
_LIVE = re.compile(rf"{_TIMES}\.(?:{_PERCENTILE}|max)|(?:batch|ordinary)\.(?:rejected|indeterminate|error)_share")
"""Those that can be known to be lost while the load goes on."""


class Sla(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """One objective: a metric and its limit (`max`: not above, `min`: not below)."""

    metric: str
    name: str = ""
    max: float | None = None
    min: float | None = None
    phase: str | None = None
    """Only calls that were intended in the phase of this name."""
    sizes: tuple[int, int] | None = None
    """Only batches of so many events, `[from, to]`, both included."""
    slices_s: Positive | None = None
    """The metric is taken in each slice of so many seconds, and `held_share` of the slices must be within the limit."""
    held_share: Annotated[float, Meta(gt=0, le=1)] | None = None
    stop: bool = False
    """The load ends as soon as this line is lost for certain."""
    source: str = ""
    """Where the line was read from, where it was not written for this scenario: the file and the objective in it."""


def flaw(line: Sla, scenario: "Scenario") -> tuple[str, str] | None:
    """What is wrong with a line in its scenario: (key or "", what was expected); None: nothing."""
    if line.phase is not None and scenario.capacity:
        return "phase", f"expected none with [capacity]: each step is one, got {line.phase!r}"
    if wrong := malformed(line):
        return wrong
    names = [phase.name for phase in scenario.phases]
    if line.phase is not None and line.phase not in names:
        return "phase", f"expected one of {', '.join(names)}, got {line.phase!r}"
    warm = [name for name, _, end in scenario.phase_bounds() if end <= scenario.warm_up_s]
    if line.phase in warm and not _OF_ORDER.fullmatch(line.metric):
        return "phase", f"expected one that outlasts warm_up_s, got {line.phase!r}"
    return _stop(line)


def malformed(line: Sla) -> tuple[str, str] | None:
    """What is wrong with a line in any scenario: (key or "", what was expected); None: nothing."""
    if not METRICS.fullmatch(line.metric):
        return "metric", f"no such metric: {line.metric!r}; see docs/scenarios.md"
    if (line.max is None) == (line.min is None):
        return "", "expected exactly one of max and min"
    if not isfinite(line.max if line.min is None else line.min):  # type: ignore[arg-type]  # one of them is there
        return "max" if line.min is None else "min", "expected a number"
    if line.metric.endswith("_share"):
        if line.max is not None and not 0 <= line.max < 1:
            return "max", f"expected a share, 0 or more and below 1 (2 % is 0.02), got {line.max:g}"
        if line.min is not None and not 0 < line.min <= 1:
            return "min", f"expected a share, above 0 and at most 1 (98 % is 0.98), got {line.min:g}"
    counted = line.metric.startswith("anomalies.")
    if counted and line.phase is not None:
        return "phase", f"{line.metric} is counted over the whole run, and has no phases"
    if line.sizes is not None:
        if not _OF_SIZES.match(line.metric):
            return "sizes", f"{line.metric} is not told by size of batch"
        if not 1 <= line.sizes[0] <= line.sizes[1]:
            return "sizes", f"expected [from, to] with 1 <= from <= to, got {list(line.sizes)}"
    if (line.slices_s is None) != (line.held_share is None):
        return "", "expected slices_s and held_share together"
    if line.slices_s is not None and counted:
        return "slices_s", f"{line.metric} is counted over the whole run, and has no slices"
    return None


def refusal(line: Sla, number: int, file: Path | str, wrong: tuple[str, str]) -> UnusableInput:
    """What is `wrong` (as flaw says it) with line `number` of the scenario in `file`, at the place where it was written."""
    key, reason = wrong
    place = f"{line.source}{': ' if key else ''}{key}" if line.source else f"{file}: sla[{number}]{'.' if key else ''}{key}"
    return UnusableInput(f"{place}: {reason}")


def _stop(line: Sla) -> tuple[str, str] | None:
    """Why a line that is to stop the load cannot be known to be lost while it goes on."""
    if not line.stop:
        return None
    if not _LIVE.fullmatch(line.metric):
        return "stop", f"{line.metric} cannot be decided while the load goes on: expected a time or an outcome of calls"
    if line.max is None:
        return "stop", "only a line with max can be known to be lost while the load goes on"
    if line.slices_s is not None:
        return "stop", "a line of time slices cannot be decided while the load goes on"
    if line.sizes is not None and line.metric.endswith("_share"):
        return "stop", "a share of the calls of some sizes cannot be decided while the load goes on"
    return None


def check_measurable(scenario: "Scenario", file: Path) -> None:
    """Refuse to make a run of which a line is certain to measure nothing, or stands twice: raises UnusableInput.

    Evidence from elsewhere may hold what this driver would not do, so judging does not ask.
    """
    known: dict[Sla, int] = {}
    for number, line in enumerate(scenario.sla):
        first = known.setdefault(replace(line, source=""), number)
        if first != number:
            raise refusal(line, number, file, ("", f"expected each line once, got sla[{first}] again"))
    if scenario.capacity is not None:
        return  # each of its steps is a scenario, and is checked by itself
    for number, line in enumerate(scenario.sla):
        if wrong := _unmeasurable(line, scenario):
            raise refusal(line, number, file, wrong)


def _unmeasurable(line: Sla, scenario: "Scenario") -> tuple[str, str] | None:
    """Why nothing of what the line measures can happen in this scenario: only what is certain."""
    visitors, client = scenario.visitors, scenario.client
    online = visitors.online_share + visitors.online_before + visitors.online_after
    batches = client.backlog == "batches" and visitors.online_share < 1
    if _OF_ORDINARY.match(line.metric) and not online and client.backlog == "batches":
        return "metric", f"{line.metric} cannot be measured: all events go in batches (every online share is 0)"
    if line.metric.startswith("visibility_ms") and scenario.readback.live_s == 0:
        return "metric", f"{line.metric} cannot be measured: readback.live_s = 0 reads no log during the load"
    if line.slices_s is not None and line.phase is not None:
        start, end = next((start, end) for name, start, end in scenario.phase_bounds() if name == line.phase)
        if end - max(start, scenario.warm_up_s) < line.slices_s - 1e-9:
            return "slices_s", f"{line.phase!r} is measured for less than one slice of {line.slices_s:g} s"
    if line.slices_s is not None and line.phase is None:
        longest_s = scenario.phases_s + scenario.drain_limit_s - scenario.warm_up_s
        if longest_s < line.slices_s - 1e-9:
            return (
                "slices_s",
                f"the run is measured for {longest_s:g} s at most, less than one slice of {line.slices_s:g} s",
            )
    if not _OF_BATCHES.match(line.metric) and line.sizes is None:
        return None
    if not batches:
        why = "every visitor stays online" if client.backlog == "batches" else "the backlog goes in ordinary calls"
        return "metric", f"{line.metric} cannot be measured: there is no batch, for {why}"
    if line.sizes is not None and line.sizes[0] > client.batch_size:
        return "sizes", f"no batch has more than client.batch_size = {client.batch_size} events, got {list(line.sizes)}"
    back = [phase.name for phase in scenario.phases if phase.returning > 0]
    if not back:
        return "metric", f"{line.metric} cannot be measured: no visitor returns in any phase"
    if line.phase is not None:
        names = [phase.name for phase in scenario.phases]
        early = names.index(line.phase) < names.index(back[0])
        if early or (line.metric.startswith("drain_s") and line.phase not in back):
            return "phase", f"{line.metric} cannot be measured in {line.phase!r}: no visitor has returned there"
    return None
