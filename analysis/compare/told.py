"""How a comparison is put into words: names, changes and their intervals, from the rows of compare.json."""

import math
from typing import Any

from analysis import words

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
VERDICT_ICONS = {"regressed": "bad", "improved": "good", "no evidence": "good", "inconclusive": "open"}


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


def percent(share: float | None) -> str:
    """`+12.3 %`, `−4 %`, from tenfold on as a factor: `13 ×`."""
    if share is None or not math.isfinite(share):
        return "–"
    if share >= 9:
        return words.quantity(1 + share, "×")
    return f"{_signed(f'{100 * share:+.1f}')}{words.THIN}%"


def change_text(own: dict[str, Any]) -> str:
    """`+12.3 %`."""
    return percent(own["change"]["value"])


def interval_text(own: dict[str, Any]) -> str:
    """`[+8.1 % to +16.7 %]`; empty where there is none."""
    change = own["change"]
    return "" if change["low"] is None else f"[{percent(change['low'])} to {percent(change['high'])}]"


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
