"""What an objective is measured by: the SLI's metric, where inorder has it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from inorder.errors import UnusableInput
from inorder.openslo.part import Part

TYPE = "inorder"
"""The `type` of a metric source that names a metric of inorder."""
_WHOLE = (
    {
        f"{kind}.{fate}_share": f"{kind}.calls"
        for kind in ("batch", "ordinary")
        for fate in ("rejected", "indeterminate", "error")
    }
    | {f"ordinary.{fate}_share": "ordinary.events" for fate in ("reordered", "lost", "duplicated")}
    | {"duplicate_share": "batch.events"}
)
"""Each share of what is bad, and the `total` that it is a share of."""
_GOOD = {f"{kind}.confirmed": f"{kind}.error_share" for kind in ("batch", "ordinary")}
"""What is good, and the share of all else."""


class Inexpressible(Exception):
    """Sound OpenSLO that no line of an SLA can say; the reason follows on "… is left out: "."""


@dataclass(frozen=True)
class Indicator:
    """A metric of docs/scenarios.md or its stem, and what it is taken of."""

    metric: str
    phase: str | None
    sizes: tuple[int, int] | None
    ratio: bool = False
    """The metric is the share of what is bad, and the objective's target the share of what is good."""


@dataclass(frozen=True)
class Named:
    """What an SLO may refer to by name: the SLIs and the data sources of its file."""

    slis: Mapping[str, Part]
    sources: Mapping[str, Part]


def indicator_of(spec: Part, named: Named) -> Indicator:
    """The indicator of the SLO with this `spec`; raises Inexpressible where inorder does not measure it."""
    given = spec.one_of("indicator", "indicatorRef")
    if given.path.endswith("Ref"):
        name = given.text()
        if name not in named.slis:
            raise given.wrong("the name of an SLI in this file")
        given = named.slis[name]
    metric = given.need("spec").one_of("thresholdMetric", "ratioMetric")
    if metric.path.endswith("thresholdMetric"):
        return _measured(metric, named)
    return _ratio(metric, named)


def _ratio(metric: Part, named: Named) -> Indicator:
    """The share of what is bad, however the ratio is written."""
    raw, total = metric.get("raw"), metric.get("total")
    if (raw is None) == (total is None):
        raise UnusableInput(f"{metric.place}: expected either raw, or total with one of good and bad")
    if raw is not None:
        indicator = _measured(raw, named)
        if metric.need("rawType").word("success", "failure") == "success":
            raise Inexpressible(f"{TYPE} has shares of what is bad, and none of successes to be `raw`")
        return _share(indicator, raw)
    assert total is not None
    part = metric.one_of("good", "bad")
    indicator, whole = _measured(part, named), _measured(total, named)
    if part.path.endswith("good"):
        if indicator.metric not in _GOOD:
            raise _metric(part).wrong(f"one of {', '.join(_GOOD)}")
        indicator = replace(indicator, metric=_GOOD[indicator.metric])
    share = _share(indicator, part)
    if whole != replace(indicator, metric=_WHOLE[share.metric]):
        raise _metric(total).wrong(f"{_WHOLE[share.metric]}, of the same phase and sizes as what it is divided into")
    return share


def _share(indicator: Indicator, part: Part) -> Indicator:
    if indicator.metric not in _WHOLE:
        raise _metric(part).wrong(f"one of {', '.join(_WHOLE)}")
    return replace(indicator, ratio=True)


def _metric(part: Part) -> Part:
    return part.need("metricSource").need("spec").need("metric")


def _measured(part: Part, named: Named) -> Indicator:
    """What a metric source names, where it is inorder's."""
    source = part.need("metricSource")
    kind, reference = source.get("type"), source.get("metricSourceRef")
    if kind is None and reference is None:
        raise UnusableInput(f"{source.place}: expected type or metricSourceRef")
    if kind is None and reference is not None:
        found = named.sources.get(reference.text())
        if found is None:
            raise Inexpressible(f"its metrics come from the data source {reference.text()!r}, which is not in this file")
        kind = found.need("spec").need("type")
    assert kind is not None
    if kind.text() != TYPE:
        raise Inexpressible(f"its metrics come from {kind.text()}, not from {TYPE}")
    spec = source.need("spec")
    for key in spec.table():
        if key not in ("metric", "phase", "sizes"):
            raise UnusableInput(f"{spec.place}: unknown key {key!r}; known here: metric, phase, sizes")
    phase, sizes = spec.get("phase"), spec.get("sizes")
    return Indicator(
        spec.need("metric").text(), None if phase is None else phase.text(), None if sizes is None else _sizes(sizes)
    )


def _sizes(part: Part) -> tuple[int, int]:
    match part.value:
        case [int(low), int(high)] if bool not in (type(low), type(high)):
            return low, high
    raise part.wrong("[from, to], two whole numbers")


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST_S = 1e9


def seconds(part: Part) -> float:
    """A duration, in seconds: 1m, 12h, or a number of minutes."""
    expected = "a number of minutes, or a whole number with one of s, m, h, d and w, such as 1m"
    if isinstance(part.value, str):
        found = re.fullmatch(r"(\d{1,9})([smhdwMQY])", part.value)
        if not found:
            raise part.wrong(expected)
        if found[2] not in _SECONDS:
            raise Inexpressible(f"a slice of {part.value} has no fixed length")
        length = float(found[1]) * _SECONDS[found[2]]
    else:
        length = 60 * part.number(expected)
    if not 0 < length < _LONGEST_S:
        raise part.wrong(expected)
    return length
