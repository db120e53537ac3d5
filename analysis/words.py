"""How numbers, metrics and verdicts are put into words: the same on the page, in summary.md and in junit.xml."""

import math
import re
from typing import Any

THIN = "\u202f"
"""Narrow no-break space, between a number and its unit."""

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,2})?)$")

_METRICS = {
    "batch.response_ms": "Batch response time",
    "batch.service_ms": "Batch service time",
    "ordinary.response_ms": "Ordinary response time",
    "ordinary.service_ms": "Ordinary service time",
    "ratio": "Batch over ordinary response time",
    "batch.rejected_share": "Batch calls that were rejected",
    "ordinary.rejected_share": "Ordinary calls that were rejected",
    "batch.error_share": "Batch calls that were not confirmed",
    "ordinary.error_share": "Ordinary calls that were not confirmed",
    "batch.indeterminate_share": "Batch calls with no certain answer",
    "ordinary.indeterminate_share": "Ordinary calls with no certain answer",
    "ordinary.reordered_share": "Ordinary events stored out of order",
    "ordinary.lost_share": "Ordinary events lost",
    "ordinary.duplicated_share": "Ordinary events stored twice or more",
    "visibility_ms": "From confirmed to readable",
    "drain_s": "Backlog of a returning visitor confirmed",
    "confirmed_events_per_s": "Events confirmed a second",
    "confirmed_batches_per_s": "Batches confirmed a second",
    "duplicate_share": "Batch events stored twice or more",
    "anomalies.system": "Anomalies that are the system's",
}

VERDICTS = {
    "pass": "pass",
    "held": "held",
    "fail": "FAIL",
    "broken": "BROKEN",
    "inconclusive": "inconclusive",
    "undecided": "undecided",
    "unchecked": "not checked",
}
"""How a verdict of a line is written."""


def icon(verdict: str) -> str:
    """The shape that stands beside a verdict: good, bad or open."""
    return {"pass": "good", "held": "good", "fail": "bad", "broken": "bad"}.get(verdict, "open")


def count(number: float) -> str:
    """A whole number with thousands separators."""
    return f"{round(number):,}"


def significant(number: float, digits: int = 3) -> str:
    """A measured number: `digits` digits that mean something, but never a whole number cut short."""
    if not math.isfinite(number):
        return "–"
    if number == 0:
        return "0"
    decimals = max(0, digits - 1 - int(f"{number:.{digits - 1}e}".partition("e")[2]))
    text = f"{number:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals > digits else text
    return text.replace("-", "−")


def share(value: float | None) -> str:
    """A share of 1 in percent; tiny shares keep two digits, so that 0 % always means none."""
    if value is None or not math.isfinite(value):
        return "–"
    percent = 100 * value
    if percent == 0 or abs(percent) >= 99.95:
        return f"{percent:.0f}{THIN}%"
    return f"{significant(percent, 2 if percent < 10 else 3)}{THIN}%"


def quantity(value: float | None, unit: str) -> str:
    """A measured number with its unit; "–" where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if unit in {"share", "%"}:
        return share(value)
    if unit in {"ratio", "×", "x"}:
        return f"{significant(value)}{THIN}×"
    number = significant(value) if unit else exact(value, unit)  # what has no unit is counted
    return f"{number}{THIN}{unit.removeprefix('events')}".rstrip(THIN)


def interval(value: float, low: float | None, high: float | None, unit: str = "") -> str:
    """`[992, 1,810]`: the ends of an interval with as many decimals as their value has; empty where there is none."""
    if low is None or high is None:
        return ""
    factor = 100 if unit in {"share", "%"} else 1
    size = abs(factor * value) or abs(factor * high)
    digits = 2 if value else 1  # an end of an interval around nothing is told by its first digits
    decimals = max(0, digits - math.floor(math.log10(size))) if size else 0
    ends = (f"{factor * end:,.{decimals}f}" for end in (low, high))
    return "[{}, {}]".format(*("0" if float(end.replace(",", "")) == 0 else end.replace("-", "−") for end in ends))


def seconds(value: float | None) -> str:
    """A length of time in a sentence: in milliseconds where it is short."""
    if value is not None and value < 1:
        return quantity(1000 * value, "ms")
    return quantity(value, "s")


def exact(value: float | None, unit: str) -> str:
    """A number that somebody wrote down, such as a limit, with its unit and without digits that were not written."""
    if value is None or not math.isfinite(value):
        return "–"
    if unit in {"share", "%"}:
        return f"{100 * value:,.10g}{THIN}%"
    name = {"ratio": "×", "x": "×"}.get(unit, unit).removeprefix("events")
    return f"{value:,.10g}{THIN}{name}".rstrip(THIN)


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 visitor`, `33 visitors`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def verb(number: int, one: str, many: str) -> str:
    """The form of a verb that fits the number."""
    return one if number == 1 else many


def listed(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def capital(sentence: str) -> str:
    """The sentence with a capital first letter and the rest as it is."""
    return sentence[:1].upper() + sentence[1:]


def sentence(text: str) -> str:
    """The text with a full stop, if it has no end of its own."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def percentile(name: str) -> str:
    """`p50` is the median, `p95` the 95th percentile, `max` the longest."""
    if name == "max":
        return "longest"
    if name == "p50":
        return "median"
    found = PERCENTILE.search(name)
    if not found:
        return name
    digits = found[1]
    ending = {"1": "st", "2": "nd", "3": "rd"}.get(digits[-1], "th")
    return f"{digits}{'th' if digits[-2:] in {'11', '12', '13'} and '.' not in digits else ending} percentile"


def metric(name: str) -> str:
    """A metric of an SLA line in words."""
    if name in _METRICS:
        return _METRICS[name]
    if name.startswith("anomalies."):
        return f"Anomalies: {name.removeprefix('anomalies.')}"
    stem, _, last = name.partition(".p") if ".p" in name else name.rpartition(".")
    last = f"p{last}" if ".p" in name else last
    return f"{_METRICS[stem]}, {percentile(last)}" if stem in _METRICS else name


def objective(line: dict[str, Any]) -> str:
    """What an SLA line states: its own name, else its metric in words, with its phase and sizes."""
    phase = (f", phase {line['phase']}" if line.get("phase") else "") + sizes(line)
    name = str(line.get("name") or "")
    if _is_named(line):
        return name
    return metric(str(line.get("metric") or name)) + phase


def named(line: dict[str, Any]) -> str:
    """What a scenario calls an SLA line: its own name in quotes, for it may be any text, else its metric."""
    return f"“{line['name']}”" if _is_named(line) else str(line["name"])


def _is_named(line: dict[str, Any]) -> bool:
    return bool(line.get("name")) and line["name"] != line.get("metric")


def sizes(line: dict[str, Any]) -> str:
    """`, batches of 1 to 5 events`; empty for a line on all of them."""
    found = line.get("sizes")
    if not found:
        return ""
    first, last = found
    return f", batches of {plural(last, 'event')}" if first == last else f", batches of {first} to {plural(last, 'event')}"


def slices(found: dict[str, Any]) -> str:
    """`held in 11 of 12 slices of 10 s`."""
    length = exact(found["length_s"], "s")
    if not found["of"]:
        return f"was measured in no slice of {length}"
    return f"held in {count(found['held'])} of {count(found['of'])} slices of {length}"


def slices_told(found: dict[str, Any]) -> str:
    """`held in 11 of 12 slices of 10 s (92 % [61.5, 99.8])`, as a sentence needs it that no table stands beside."""
    told, part = slices(found), found["share"]
    ends = interval(part or 0.0, found.get("low"), found.get("high"), "share")
    return f"{told} ({share(part)} {ends})" if ends else told


def needed(found: dict[str, Any]) -> str:
    """The share of the slices that must hold: `99 %`."""
    return exact(found["needed"], "share")


def in_sentence(line: dict[str, Any]) -> str:
    """An objective as the subject of a sentence: `Batch response time (95th percentile)`, or its own name in quotes."""
    if _is_named(line):
        return named(line)
    return re.sub(r", (median|longest|[\d.]+\w\w percentile)", r" (\1)", objective(line))


def margin(value: float) -> str:
    """A signed share of a limit, in percent without digits that nobody needs."""
    percent = 100 * abs(value)
    if 99.5 <= percent < 100:  # the whole limit is not left while something of it is used
        return f"{'+' if value >= 0 else '−'}{min(percent, 99.9):.1f}{THIN}%"
    return f"{'+' if value >= 0 else '−'}{percent:,.{0 if percent >= 10 else 1}f}{THIN}%"


def times(value: float) -> str:
    """How much of something, to stand before it: `132 % of`, `99 times`."""
    return f"{significant(value)} times" if value >= 10 else f"{count(100 * value)}{THIN}% of"


def limit(line: dict[str, object]) -> str:
    """The limit of an SLA line: `≤ 1,500 ms`."""
    sign = "≥" if line.get("sense") == "min" else "≤"
    value = line.get("limit")
    number = float(value) if isinstance(value, int | float) else None
    return f"{sign}{THIN}{exact(number, str(line.get('unit') or ''))}"
