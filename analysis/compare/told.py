"""How a comparison is put into words: names, changes and their intervals, from the rows of compare.json."""

import math
from typing import Any

from analysis import words
from analysis.compare.shifts import JUDGED

_QUANTITIES = {"body": "typical", "p95": "95th percentile of", "p99": "99th percentile of"}
WORDS = {
    "worse": "WORSE",
    "better": "better",
    "same": "within tolerance",
    "open": "open",
    "told": "",
    "unknown": "not judged",
}
ICONS = {"worse": "bad", "better": "good", "same": "good", "open": "open"}
_VERDICT_ICONS = {"regressed": "bad", "improved": "good", "inconclusive": "open"}
_AS_FACTORS = 9.0
"""Where a share of change reaches this, it and its interval are told as factors: `13 ×`."""


def icon_of(found: dict[str, Any]) -> str:
    """The shape beside the verdict: no evidence is no good news where nothing is shown to lie within the tolerance."""
    if found["verdict"] != "no evidence":
        return _VERDICT_ICONS[found["verdict"]]
    judged = [own for own in found["times"] if own["judged"]]
    rested = judged or [own for own in found["changes"] if own["about"] == "capacity"]
    return "good" if any(own["word"] in ("same", "better") for own in rested) else "open"


def shown(found: dict[str, Any]) -> dict[str, Any]:
    """compare.json as it is shown: no word stands at what no verdict rests on.

    Of runs that cannot be relied on only the anomalies are judged: a count of wrongs stands in any run.
    """
    invalid = bool(found["invalid"])
    times = [own if own["judged"] and not invalid else own | {"word": "unknown"} for own in found["times"]]
    changes = [own if own["about"] == "anomalies" or not invalid else own | {"word": "told"} for own in found["changes"]]
    return found | {"times": times, "changes": changes}


def name_of(own: dict[str, Any]) -> str:
    """`95th percentile of batch response time`."""
    return f"{_QUANTITIES[own['name']]} {own['kind']} {own['measure']} time"


def asked(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The response times, those that could not be judged too; service times are told beside them."""
    return [own for own in found["times"] if own["measure"] == JUDGED]


def percent(share: float | None, factor: bool = False) -> str:
    """`+12.3 %`, `−4 %`, from tenfold on, or where it is asked for, as a factor: `13 ×`."""
    if share is None or not math.isfinite(share):
        return "–"
    if factor or share >= _AS_FACTORS:
        return words.quantity(1 + share, "×")
    return f"{_signed(f'{100 * share:+.1f}')}{words.THIN}%"


def change_text(own: dict[str, Any]) -> str:
    """`+12.3 %`."""
    return percent(own["change"]["value"], _is_factor(own))


def interval_text(own: dict[str, Any]) -> str:
    """`[+8.1 % to +16.7 %]`, both ends in one unit; empty where there is none."""
    change = own["change"]
    if change["low"] is None:
        return ""
    return "[{} to {}]".format(*(percent(change[end], _is_factor(own)) for end in ("low", "high")))


def _is_factor(own: dict[str, Any]) -> bool:
    return any((own["change"][name] or 0.0) >= _AS_FACTORS for name in ("value", "low", "high"))


TYPICAL = (
    "Of the typical time BASE and NEW are medians. Its change is the median of all differences between a call of NEW and "
    "one of BASE, so it need not be that of the two medians."
)
"""Why a column does not follow from the two beside it."""


def milliseconds_text(own: dict[str, Any]) -> str:
    """`+3.1 ms`, no finer than a hundredth."""
    value = own["change_ms"]["value"]
    if value is None:
        return "–"
    number = f"{value:+.2f}" if abs(value) < 1 else f"{'+' if value > 0 else '−'}{words.significant(abs(value))}"
    return f"{_signed(number)}{words.THIN}ms"


def _signed(number: str) -> str:
    """With a minus sign for a hyphen; nothing has no sign."""
    return number.replace("-", "−") if any(digit in "123456789" for digit in number) else number[1:]


def sentence(own: dict[str, Any]) -> str:
    """A changed time as a sentence without its end."""
    return f"{name_of(own)} {change_text(own)} {interval_text(own)}"


def side_text(value: float | str | None, unit: str) -> str:
    """What one side of another change says."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if unit == "events":
        return words.count(value)
    if unit.endswith("/s"):
        return f"{words.significant(value)}{words.THIN}{unit}"
    return words.quantity(value, unit)
