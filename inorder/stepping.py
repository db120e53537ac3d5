"""How the load of a capacity run is stepped: `[capacity]` of a scenario, and `[step]` of each of its steps."""

import re
from math import ceil, log, log2
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from inorder.bounds import Count, NonNegative, Positive

if TYPE_CHECKING:  # a line names metrics, and knows the scenario that holds it
    from inorder.sla import Sla


class Stepping(Struct, forbid_unknown_fields=True, frozen=True):
    """From which rate to which, how long a step is, and how narrow the answer shall be; rates are batches a second."""

    from_per_s: Positive
    to_per_s: Positive
    """No step offers more."""
    factor: Annotated[float, Meta(gt=1, le=10)] = 2.0
    """From step to step, until one breaks the SLA; then the interval is halved (geometrically)."""
    step_s: Annotated[float, Meta(ge=1, le=3600)] = 20.0
    """Time in which a step is measured, seconds."""
    warm_up_s: Annotated[float, Meta(gt=0, le=3600)] = 5.0
    """Time at the step's rate before that, seconds: left out of all that is measured."""
    precision: Annotated[float, Meta(ge=0.01, le=1)] = 0.1
    """The answer is narrow enough when the SLA broke at no more than 1 + precision times the rate at which it held."""
    most_steps: Annotated[int, Meta(ge=1, le=200)] = 24
    at_least_per_s: Positive | None = None
    """What the system must take: the run passes if the SLA held there, and fails if it broke."""

    def expected_steps(self) -> tuple[int, int]:
        """How many steps there can be, each made once; and at most, each repeated because it decided nothing."""
        up = 1 + ceil(log(self.to_per_s / self.from_per_s) / log(self.factor) - 1e-9)
        halved = max(0, ceil(log2(log(self.factor) / log(1 + self.precision)) - 1e-9))
        return min(up + halved, self.most_steps), min(2 * (up + halved), self.most_steps)


class Step(Struct, forbid_unknown_fields=True, frozen=True):
    """What one step offers, a second."""

    target_per_s: Positive
    """Batches that were asked for."""
    offered_per_s: Positive
    """Batches that its visitors have to send: visitors are whole, so it is a little more than was asked for."""
    offered_events_per_s: NonNegative
    """Events in them."""
    number: Count


_UNSHOWN = 0.025
"""Chance at which a share that no call showed is still taken to be possible: the upper end of its 95 % interval."""


def check(stepping: Stepping, lines: "list[Sla]") -> tuple[str, str] | None:
    """(place, reason) of what no single value can show; `lines`: the scenario's SLA."""
    if stepping.to_per_s < stepping.from_per_s:
        return "capacity.to_per_s", f"expected at least from_per_s, got {stepping.to_per_s:g}"
    if not lines:
        return "sla", "expected at least one objective, for [capacity] asks at which rate they hold"
    least = stepping.at_least_per_s
    if least is not None and not stepping.from_per_s <= least <= stepping.to_per_s:
        return "capacity.at_least_per_s", f"expected from_per_s to to_per_s, got {least:g}"
    for line in lines:
        calls, what = _needed(line)
        if stepping.from_per_s * stepping.step_s < calls:
            return (
                "capacity.from_per_s",
                f"expected at least {calls / stepping.step_s:g}, so that a step has {calls:g} batches for {what}, "
                f"got {stepping.from_per_s:g}",
            )
    return None


def _needed(line: "Sla") -> tuple[float, str]:
    """How many batches a step must have to decide a line at all, and for what; 0: nobody knows beforehand."""
    if found := re.fullmatch(r"(?:batch\.\w+_ms|ratio)\.p([\d.]+)", line.metric):
        return 100 / (100 - float(found[1])), line.metric
    most = line.max or 0.0
    if (
        0 < most < 1
        and line.slices_s is None
        and re.fullmatch(r"batch\.(?:rejected|indeterminate|error)_share", line.metric)
    ):
        # If none of so many is hit, the interval of the share ends at the limit.
        return ceil(log(_UNSHOWN) / log(1 - most)), f"{line.metric} of at most {most:g}"
    return 0, line.metric
