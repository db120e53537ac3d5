"""What stands in the section on latency as tables: percentiles, and batches against ordinary calls by phase and size."""

from typing import Any

from analysis import words
from analysis.judgement import Judgement

_LEVELS = ("p50", "p75", "p90", "p95", "p99", "p99.9", "max")
_SHORT = ("p50", "p95", "p99")
_NONE = "–"
_KINDS = ("batch", "ordinary")


def percentiles(judgement: Judgement) -> dict[str, Any]:
    """The table of percentiles: its columns, and a row a level; Locust's own beside them where they are known."""
    latency, locust = judgement.verdict["latency_ms"], _locust(judgement)
    columns = []
    for kind in _KINDS:
        times = latency.get(kind) or {}
        columns += [(kind, "response", times), (kind, "service", times.get("service") or {})]
        columns += [(kind, "by Locust", locust[kind])] if locust.get(kind) else []
    return {
        "columns": [(kind, what) for kind, what, _ in columns],
        "rows": [(level, [_number(times.get(level)) for *_, times in columns]) for level in _LEVELS],
    }


def against_ordinary(judgement: Judgement) -> list[dict[str, Any]]:
    """Groups of rows, each a share of the batches with its percentiles and its ratios to ordinary calls; may be empty."""
    latency = judgement.verdict["latency_ms"]
    if not (latency.get("batch") or {}).get("n") or not (latency.get("ordinary") or {}).get("n"):
        return []
    whole = _row("All", latency["batch"], latency["ordinary"], latency)
    groups = [("", [whole])]
    phases = latency.get("by_phase") or []
    if len(phases) > 1:
        groups.append(("By phase", [_row(own["phase"], own["batch"] or {}, own["ordinary"] or {}, own) for own in phases]))
    sizes = latency.get("by_size") or []
    if len(sizes) > 1:
        groups.append(
            ("By events in the batch, against all ordinary calls", [_row(_size(own), own, {}, own) for own in sizes])
        )
    return [{"title": title, "rows": rows} for title, rows in groups]


def _row(name: str, batch: dict[str, Any], ordinary: dict[str, Any], ratios: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "n": words.count(batch.get("n") or 0),
        "batch": [_number(batch.get(level)) for level in _SHORT],
        "ordinary": [_number(ordinary.get(level)) for level in _SHORT] if ordinary else None,
        "ratios": [_ratio(ratios.get(f"ratio_{level}")) for level in _SHORT],
    }


def _size(own: dict[str, Any]) -> str:
    first, last = own["from"], own["to"]
    return f"{first}" if first == last else f"{first}–{last}"


def _ratio(found: dict[str, Any] | None) -> tuple[str, str]:
    """A ratio and its interval; a dash where there is none."""
    if not found or found.get("value") is None:
        return _NONE, ""
    return f"{words.significant(found['value'])}×", words.interval(found["value"], found.get("low"), found.get("high"))


def locust_warning(judgement: Judgement) -> dict[str, str] | None:
    """Locust's own 99th percentile beside that from the intended start, where both are known."""
    latency, locust = judgement.verdict["latency_ms"], _locust(judgement)
    for kind, many in (("batch", "batches"), ("ordinary", "ordinary calls")):
        own, theirs = (latency.get(kind) or {}).get("p99"), (locust.get(kind) or {}).get("p99")
        if own and theirs:
            times = own / theirs
            beside = f"{words.significant(times, 2)} times as much" if times >= 1.05 else "here about the same"
            if times < 0.95:  # of repeats Locust's is the mean and ours the middle one
                beside = "less: Locust also counts the warm-up and calls that failed, and of repeats it is the mean"
            return {
                "title": f"Locust’s own p99 of {many}",
                "value": words.exact(round(theirs, 1), "ms"),  # Locust has rounded it
                "text": f"From the intended start it is {words.quantity(own, 'ms')}, {beside}. Locust counts each call "
                "from its send: what a visitor waited before it is not in it, nor what earlier calls of it took.",
            }
    return None


def _locust(judgement: Judgement) -> dict[str, Any]:
    return (judgement.verdict.get("timing") or {}).get("locust") or {}


def _number(value: float | None) -> str:
    return _NONE if value is None else words.significant(value)
