"""What verdict.json of both sides say beside the times: anomalies, objectives, capacity, ratio, failed calls."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

LEVEL = 0.95
RATIOS = ("ratio_p50", "ratio_p95", "ratio_p99")
FAILED_TOLERANCE = 0.1
"""A share of failed calls may grow by this part of the tolerance: at 5 % by 0.5 percentage points."""
Verdicts = Sequence[dict[str, Any]]
"""The verdict.json of each folder of a side."""


@dataclass(frozen=True)
class Change:
    """One thing on both sides, as numbers or as words."""

    about: str
    """anomalies, objectives, capacity, calls or ratio."""
    name: str
    base: float | str | None
    new: float | str | None
    unit: str
    word: str
    """worse, better, same or open; `told`: no verdict rests on it."""
    sentence: str = ""
    """Why it is worse or better."""


def changes(base: Verdicts, new: Verdicts, failing: frozenset[str], tolerance: float) -> list[Change]:
    """Everything that both sides say; `failing`: the anomalies that fail a run."""
    return [
        *_anomalies(base, new, failing),
        *_objectives(base, new, tolerance),
        *_capacity(base, new, tolerance),
        *_failed(base, new, tolerance),
        *_ratios(base, new),
    ]


def _anomalies(base: Verdicts, new: Verdicts, failing: frozenset[str]) -> list[Change]:
    """Any that BASE had not is worse. How often one that both have comes is judged by the visitors that it hit."""
    found = []
    names = dict.fromkeys(name for side in (base, new) for verdict in side for name in verdict["anomalies"])
    for name in names:
        before, after = (sum(own["anomalies"].get(name, 0) for own in side) for side in (base, new))
        if not before and not after:
            continue
        fresh = not before and name in failing
        sentence = f"{name}: {after:,} in NEW, none in BASE" if fresh else ""
        found.append(Change("anomalies", name, before, after, "events", "worse" if fresh else "told", sentence))
    hit, total = ([sum(own["visitors"][key] for own in side) for side in (base, new)] for key in ("affected", "total"))
    if sum(hit) and all(total):
        found.append(_visitors(hit, total))
    return found


def _visitors(hit: list[int], total: list[int]) -> Change:
    """Visitors that an anomaly hit: the exact test of two shares, given how many were hit in all."""
    chance = stats.binomtest(hit[1], sum(hit), total[1] / sum(total)).pvalue
    shares = [own / of for own, of in zip(hit, total, strict=True)]
    sure = chance < 1 - LEVEL
    word = ("worse" if shares[1] > shares[0] else "better") if sure else "open"
    sentence = (
        f"visitors hit by an anomaly: {hit[1]:,} of {total[1]:,} in NEW, {hit[0]:,} of {total[0]:,} in BASE" if sure else ""
    )
    return Change("anomalies", "visitors affected", shares[0], shares[1], "share", word, sentence)


def _objectives(base: Verdicts, new: Verdicts, tolerance: float) -> list[Change]:
    """A line that passed and now fails is worse, if it moved by more than the tolerance and the intervals part."""
    found = []
    before, after = (_lines(side) for side in (base, new))
    for key, line in before.items():
        other = after.get(key)
        if other is None:
            continue
        verdicts = (line["verdict"], other["verdict"])
        word, sentence = "told", ""
        if set(verdicts) == {"pass", "fail"} and _moved(line, other, tolerance):
            word = "worse" if verdicts == ("pass", "fail") else "better"
            sentence = f"objective “{line['name']}”: {verdicts[1]} in NEW, {verdicts[0]} in BASE"
        found.append(Change("objectives", line["name"], verdicts[0], verdicts[1], "", word, sentence))
    return found


def _lines(side: Verdicts) -> dict[str, dict[str, Any]]:
    """The objectives of a side by what they measure; of several folders the worst verdict, and what spans them all."""
    found: dict[str, list[dict[str, Any]]] = {}
    for verdict in side:
        for line in verdict.get("sla", []):
            key = repr([line.get(part) for part in ("metric", "phase", "sizes", "limit", "sense")])
            found.setdefault(key, []).append(line)
    return {key: _spanning(lines) for key, lines in found.items()}


def _spanning(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """One line in the place of the same line of several folders; an end that one does not know is not known."""
    order = ("fail", "inconclusive", "pass")
    low, high, value = ([_number(line, key) for line in lines] for key in ("low", "high", "value"))
    worst = min((line["verdict"] for line in lines), key=order.index)
    ends = {"low": float(np.min(low)), "high": float(np.max(high)), "value": math.fsum(value) / len(value)}
    return {**lines[0], **ends, "verdict": worst}


def _moved(line: dict[str, Any], other: dict[str, Any], tolerance: float) -> bool:
    low, high, value = (_number(line, end) for end in ("low", "high", "value"))
    other_low, other_high, other_value = (_number(other, end) for end in ("low", "high", "value"))
    apart = max(other_low - high, low - other_high)  # NaN where an end is not known, which is above nothing
    return apart > 0 and abs(other_value - value) > tolerance * abs(value)


def _number(line: dict[str, Any], key: str) -> float:
    value = line.get(key)
    return math.nan if value is None else float(value)


def _capacity(base: Verdicts, new: Verdicts, tolerance: float) -> list[Change]:
    """Worse where NEW breaks below what BASE held, better where NEW holds above what broke BASE, beyond the tolerance."""
    sides = [[own["capacity"] for own in side if own.get("capacity")] for side in (base, new)]
    if not all(sides):
        return []
    found = []
    held, broken = ([_ends(side, key) for side in sides] for key in ("held", "broken"))
    word, sentence = _ranges((held[0], broken[0]), (held[1], broken[1]), tolerance, "capacity", "batches/s")
    for name, ends in (("load held", held), ("load broken at", broken)):
        found.append(Change("capacity", name, ends[0], ends[1], "batches/s", word, sentence))
        sentence = ""
    peaks = [[own.get("peak_events_per_s") or {} for own in side] for side in sides]
    low, high, value = ([_mean(side, key) for side in peaks] for key in ("low", "high", "value"))
    word, sentence = _ranges((low[0], high[0]), (low[1], high[1]), tolerance, "highest throughput", "events/s")
    found.append(Change("capacity", "highest throughput", value[0], value[1], "events/s", word, sentence))
    return found


def _ends(side: list[dict[str, Any]], key: str) -> float | None:
    """Of several capacity runs the outermost end: what held in all, what broke all; None where one does not know it."""
    known = [own.get(key) if key == "held" else _broken(own) for own in side]
    sure = [end for end in known if end is not None]
    if len(sure) < len(side):
        return None
    return float(min(sure) if key == "held" else max(sure))


def _broken(own: dict[str, Any]) -> float | None:
    """The load that broke the SLA: a step that was only not decided, which ends the search too, is no evidence of that."""
    at = own.get("broken")
    tried = [step for step in own.get("steps", []) if step["offered_per_s"] == at]
    return None if any(step["valid"] and step["held"] is None for step in tried) else at


def _mean(side: list[dict[str, Any]], key: str) -> float | None:
    known = [own[key] for own in side if own.get(key) is not None]
    return math.fsum(known) / len(known) if known else None


Range = tuple[float | None, float | None]


def _ranges(base: Range, new: Range, tolerance: float, what: str, unit: str) -> tuple[str, str]:
    """Whether two ranges lie apart by more than the tolerance; past an end that is not known nothing is."""
    (low, high), (other_low, other_high) = ([math.nan if end is None else end for end in own] for own in (base, new))
    sentence = f"{what}: {_told(new)} {unit} in NEW, {_told(base)} in BASE"
    if other_high < (1 - tolerance) * low:
        return "worse", sentence
    if other_low > (1 + tolerance) * high:
        return "better", sentence
    return ("same" if other_low >= (1 - tolerance) * high and other_high <= (1 + tolerance) * low else "open"), ""


def _told(ends: Range) -> str:
    return "–".join("?" if end is None else f"{end:,.4g}" for end in ends)


def _failed(base: Verdicts, new: Verdicts, tolerance: float) -> list[Change]:
    """Calls that were not confirmed: they have no response time, so a system that refuses calls must not look faster.

    Judged without an interval, as failures come in bursts: worse where their share has grown by more than a tenth of
    the tolerance and by a factor of two.
    """
    found = []
    for kind in ("batch", "ordinary"):
        shares = []
        for side in (base, new):
            calls = [own["calls"][kind] for own in side if own.get("calls")]
            total = sum(sum(own.values()) for own in calls)
            shares.append(1 - sum(own["confirmed"] for own in calls) / total if total else None)
        before, after = shares
        if before is None or after is None:
            continue
        word, sentence = "same", ""
        for one, other, name in ((before, after, "worse"), (after, before, "better")):
            if other > max(2 * one, one + FAILED_TOLERANCE * tolerance):
                word = name
                sentence = f"{kind} calls not confirmed: {100 * after:.2g} % in NEW, {100 * before:.2g} % in BASE"
        found.append(Change("calls", f"{kind} calls not confirmed", before, after, "share", word, sentence))
    return found


def _ratios(base: Verdicts, new: Verdicts) -> list[Change]:
    """Batch over ordinary response time: told, as it follows from the times that are judged."""
    found = []
    for name in RATIOS:
        values = [
            _mean([own["latency_ms"].get(name) or {} for own in side if "latency_ms" in own], "value")
            for side in (base, new)
        ]
        if None not in values:
            found.append(
                Change("ratio", f"batch over ordinary, {name.removeprefix('ratio_')}", values[0], values[1], "×", "told")
            )
    return found
