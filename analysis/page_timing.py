"""What the page says of the schedule and the warm-up; nothing where a verdict lacks it."""

from typing import Any

from analysis import words
from analysis.timing import LATE_MS

_KINDS = (("batch", "batch call"), ("ordinary", "ordinary call"))


def rows(verdict: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, text) for the methods."""
    timing = verdict.get("timing")
    return [("Warm-up", _warm_up(timing)), ("Schedule", _schedule(timing))] if timing else []


def _warm_up(timing: dict[str, Any]) -> str:
    warm_up_s, left_out = timing["warm_up_s"], timing["left_out"]
    if not warm_up_s:
        return "None: all calls are in the times."
    calls = words.listed([words.plural(left_out[kind], name) for kind, name in _KINDS])
    return (
        f"Calls intended in the first {words.exact(warm_up_s, 's')} ({calls}) are left out of all times, ratios, rates and "
        "shares of outcomes; order is judged of all."
    )


def _schedule(timing: dict[str, Any]) -> str:
    told = []
    for kind, name in _KINDS:
        found = timing["schedule"][kind]
        if not found["n"]:
            continue
        text = f"{words.share(found['late_share'])} of {words.plural(found['n'], name)}"
        if found["late_share"]:
            middle, last, most = (words.quantity(found[f"late_ms_{part}"], "ms") for part in ("p50", "p99", "max"))
            text += f" (those by {middle} at the median, {last} at the 99th percentile, {most} at most)"
        told.append(text)
    if not told:
        return ""
    return (
        f"Left more than {words.exact(LATE_MS, 'ms')} after the intended instant: {words.listed(told)}. Response time "
        "counts from the intended instant, so the wait is in it."
    )
