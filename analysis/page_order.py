"""What stands in the section on order: how much of it was kept by batches and by ordinary calls, measure by measure."""

from collections.abc import Callable
from typing import Any

from analysis import words
from analysis.judgement import Judgement

Measures = dict[str, Any]
"""The key `reordering` or `batch_reordering` of a verdict."""
_NONE = "–"


def reordering_notes(judgement: Judgement) -> list[str]:
    """The margin of the section."""
    ordinary, found = judgement.verdict["ordinary"], []
    if judgement.verdict["batch_reordering"]["events"]:
        found.append(
            "None of these numbers is judged; what breaks a promise stands in section 1. Events of batches are "
            "compared in the order sent, also where a breach of the client left that order open."
        )
    if not ordinary["events"]:
        return found
    found.append(
        "Ordinary calls promise no order: each may be processed by another server. What is seen here is the reason "
        "for batches, and is not judged."
    )
    if ordinary.get("checked"):
        found.append(
            "Here every later call counts. Behind one that was sent after their own answer, the contrast in section 1, "
            f"{words.share(ordinary['reordered_share'])} are stored."
        )
    names = ("lost", "duplicated", "ghost", "corrupt", "misrouted")
    told = [f"{words.count(ordinary[name])} {name}" for name in names if ordinary.get(name) is not None]
    found.append(f"Of {words.plural(ordinary['events'], 'ordinary event')} {words.listed(told)}.")
    return found


def measures(judgement: Judgement) -> list[dict[str, str]]:
    """The rows of the table: name, half a sentence on what it tells, and how it is for batches and ordinary calls."""
    kinds = {"batch": judgement.verdict["batch_reordering"], "ordinary": judgement.verdict["reordering"]}
    threshold = max(own["density"]["threshold"] for own in kinds.values())
    return [
        {"name": name.format(threshold=threshold), "tells": tells}
        | {kind: told(own) if own["events"] or told is _events else _NONE for kind, own in kinds.items()}
        for name, tells, told in _MEASURES
    ]


def _share(value: float | None) -> str:
    """A share that is 0 or 100 % only if it is none or all."""
    if value is not None and 0.9995 <= value < 1:
        return f">{words.THIN}99.9{words.THIN}%"
    return words.share(value)


def _count(value: float | None) -> str:
    return _NONE if value is None else words.count(value)


def _joined(*parts: str) -> str:
    """Several numbers of one measure; one dash where none is known."""
    return _NONE if {*parts} == {_NONE} else " / ".join(parts)


def _events(own: Measures) -> str:
    return words.count(own["events"])


def _reordered(own: Measures) -> str:
    return f"{_share(own['ratio'])} ({words.count(own['reordered'])})"


def _extent(own: Measures) -> str:
    return _joined(*(_count(own[f"extent_{level}"]) for level in ("p50", "p95", "max")))


def _runs(own: Measures) -> str:
    """The longest of all runs, of which one that nothing ended may have been longer; the mean of those that ended."""
    ended, still = own["runs"], own["runs"]["open"]
    longest = max(ended["max"] or 0, still["max"] or 0)
    least = f"≥{words.THIN}" if longest > (ended["max"] or 0) else ""
    mean = _NONE if ended["mean"] is None else words.significant(ended["mean"])
    return _joined(f"{least}{words.count(longest)}", mean)


def _inversions(own: Measures) -> str:
    if own["inversion_share"] is None:
        return _NONE
    return f"{_share(own['inversion_share'])} ({words.count(own['inversions'])})"


def _removals(own: Measures) -> str:
    return f"{words.count(own['removals'])} ({_share(own['removal_share'])})"


def _displacement(own: Measures) -> str:
    density = own["density"]
    shares = density["shares"]
    # Added up as written, a whole would come out a hair below 1.
    near = min(1.0, round(sum(shares.get(place, 0.0) for place in ("-1", "0", "1")), 12))
    beyond = density["above"] + density["below"]
    return _joined(*map(_share, (shares.get("0", 0.0), near, beyond)))


_MEASURES: tuple[tuple[str, str, Callable[[Measures], str]], ...] = (
    ("Events", "stored, the first copy of each; what is not stored is not in the sequence", _events),
    ("Reordered", "share stored behind an event sent later; one early event makes many", _reordered),
    (
        "Extent: p50 / p95 / max",
        "places back to the earliest such event: what a buffer must span",
        _extent,
    ),
    (
        "Reordering-free run: longest / mean",
        "events in order until one is reordered; ≥: nothing ended it",
        _runs,
    ),
    ("Inversions", "share of pairs in the wrong order: 50 % random, 100 % reversed", _inversions),
    ("Fewest events to move", "without them the rest is in order (n − LIS)", _removals),
    (
        "Displacement: in place / within ±1 / beyond ±{threshold}",
        "share of events so far from their place among those stored",
        _displacement,
    ),
)
