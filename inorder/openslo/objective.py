"""An objective of an SLO as a line of an SLA, and what of it the line does not say."""

from dataclasses import dataclass, field

from inorder.openslo.indicator import Indicator, Inexpressible, seconds
from inorder.openslo.part import Part
from inorder.sla import METRICS, STEMS, Sla, malformed, refusal

SLICES = "Timeslices"
_KEYS = "displayName op value target targetPercent timeSliceTarget timeSliceWindow".split()
_COMPOSITE = "indicator indicatorRef compositeWeight".split()
_OPS = ("lte", "lt", "gte", "gt")


@dataclass
class _Reading:
    """An objective that is being read."""

    part: Part
    indicator: Indicator
    sliced: bool
    notes: list[str] = field(default_factory=list)

    def left_out(self, why: str, *keys: str) -> None:
        """Note which of these keys are there and say nothing in the line."""
        self.notes += [f"{key} is left out: {why}" for key in keys if self.part.get(key) is not None]

    def target(self) -> float:
        """The share of calls, or of slices, that must be good."""
        given = self.part.one_of("target", "targetPercent")
        return given.share(100 if given.path.endswith("Percent") else 1)

    def good(self) -> float:
        """The share of calls that must be good: over all, or in each slice."""
        return self.part.need("timeSliceTarget").share() if self.sliced else self.target()


def line_of(part: Part, name: str, indicator: Indicator, method: str) -> tuple[Sla, list[str]]:
    """The objective as a line, and a sentence for each thing that the line does not say.

    `method`: Occurrences or Timeslices. Raises Inexpressible where no line says it, UnusableInput where it is no objective.
    """
    reading = _Reading(part, indicator, method == SLICES)
    for key in part.table():
        if key in _COMPOSITE:
            raise Inexpressible(f"with {key} it is a part of a composite")
        if key not in _KEYS:
            reading.notes.append(f"{key!r} is left out: OpenSLO v1 has no such key")
    metric, upper, limit = _shares(reading) if indicator.ratio else _threshold(reading)
    slices_s = held_share = None
    if reading.sliced:
        slices_s, held_share = seconds(part.need("timeSliceWindow")), reading.target()
    else:
        reading.left_out("only budgetingMethod Timeslices has slices", "timeSliceTarget", "timeSliceWindow")
    line = Sla(
        metric, name, max=limit if upper else None, min=None if upper else limit, phase=indicator.phase,
        sizes=indicator.sizes, slices_s=slices_s, held_share=held_share, source=part.place,
    )  # fmt: skip
    if wrong := malformed(line):
        raise refusal(line, 0, part.whole, wrong)
    return line, reading.notes


def _shares(reading: _Reading) -> tuple[str, bool, float]:
    """At most so much of all may be bad."""
    reading.left_out("an objective of a ratio needs none", "op", "value")
    return reading.indicator.metric, True, round(1 - reading.good(), 12)


def _threshold(reading: _Reading) -> tuple[str, bool, float]:
    """(metric, whether it may not be above the limit, the limit)."""
    op, limit = reading.part.need("op").word(*_OPS), reading.part.need("value").number()
    upper, metric = op in ("lte", "lt"), reading.indicator.metric
    if op in ("lt", "gt"):
        reading.notes.append(f"op {op} is taken as {op}e: a value at the limit is within it")
    if STEMS.fullmatch(metric):
        return _percentile(metric, reading.good(), upper), upper, limit
    if reading.sliced:
        reading.left_out(f"{metric} is one number a slice", "timeSliceTarget")
    else:
        reading.left_out(f"{metric} is one number a run", "target", "targetPercent")
    return metric, upper, limit


def _percentile(stem: str, good: float, upper: bool) -> str:
    """The percentile that is within a limit exactly if this share of all values is."""
    percent = round(100 * (good if upper else 1 - good), 10)
    if upper and percent == 100:
        return f"{stem}.max"
    metric = f"{stem}.p{str(percent).removesuffix('.0')}"
    if percent == 0 or not METRICS.fullmatch(metric):
        raise Inexpressible(f"it asks for percentile {percent:.10g}, and {stem} has those of 0.01 to 99.99, and max")
    return metric
