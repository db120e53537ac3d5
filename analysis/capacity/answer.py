"""The answer of a capacity run, from its steps: `capacity` of verdict.json."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from analysis.arrays import Floats
from analysis.capacity import knee, search, usl
from analysis.capacity.measured import Step
from analysis.intervals import Estimate, over_repeats
from analysis.repeats import LEVEL
from inorder.stepping import Stepping

_LESS = 0.03
"""Throughput falls where a step confirms less than another by more than this share, beyond what chance would do."""
_NEAR = 0.95
"""Steps that did not keep up and confirmed at least this share of the highest count as at the peak."""


def answer(steps: Sequence[Step], settings: Stepping, size_fit: dict[str, Any] | None) -> dict[str, Any]:
    """The key `capacity`. `size_fit`: of the lightest step, as in `latency_ms`."""
    ordered = sorted(steps, key=lambda step: (step.offered_per_s, step.number))
    valid = [step for step in ordered if step.valid]
    whole = made(steps)
    now = search.interval(whole)
    top = max(valid, key=lambda step: step.confirmed_events_per_s, default=None)
    knee_at, falls = _knee(valid), falls_beyond(valid)
    law = law_of(valid)
    return {
        "unit": "batches/s",
        "held": _offered(whole, now.held),
        "broken": _offered(whole, now.beyond) if now.why in ("broken", "undecided") else None,
        "precision": settings.precision,
        "limited_by": limited_by(steps, now),
        "sentence": sentence(steps, now, settings),
        "events_per_batch": _events_per_batch(valid),
        "peak_events_per_s": peak(valid, top).as_json(),
        "steps": [step.as_json() for step in ordered],
        "size_fit": size_fit,
        "usl": None if law is None else law.as_json(),
        "usl_note": _about(valid, law),
        "knee": knee_at,
        "falls_beyond": None if falls is None else {"offered_per_s": falls.offered_per_s},
    }


def made(steps: Sequence[Step]) -> list[Step]:
    """The steps that were made to their end: one that was interrupted says nothing about its rate."""
    return [step for step in steps if not step.cut]


def limited_by(steps: Sequence[Step], now: search.Interval) -> str:
    """What ended the search on its way up.

    `system`, `generator`, `invalid` (a step that says nothing for another reason), `interrupted`, or `range`: the highest
    rate was held.
    """
    if now.beyond is None:
        return "range" if len(made(steps)) == len(steps) else "interrupted"
    step = _deciding(made(steps), now.beyond)
    if now.why != "invalid" or step is None:
        return "system"
    return "generator" if step.generator else "invalid"


def found(now: search.Interval, settings: Stepping) -> bool:
    """Whether the interval between held and broken is there, and narrow enough."""
    return search.narrow(now, settings) and now.why != "invalid"


def sentence(steps: Sequence[Step], now: search.Interval, settings: Stepping) -> str:
    """The answer in one or two sentences; rates with three digits."""
    whole = made(steps)
    held, beyond = (_offered(whole, target) for target in (now.held, now.beyond))
    told = "no step held the SLA"
    cut = next((step for step in steps if step.cut), None)
    at = "" if cut is None else f"interrupted in the step of {_rate(cut.offered_per_s)}"
    if now.held is not None and held is not None:
        told = f"SLA held at {_rate(held)} batches/s ({_rate(_events(whole, now.held))} events/s) offered"
    if not steps:
        return "No step was made."
    if beyond is None:
        end = ", not broken at any higher rate that was tried" if now.held is not None else ""
        return f"{_capital(told)}{f', {at}' if at else end}."
    end = {
        "broken": f"broken at {_rate(beyond)}",
        "undecided": f"not decided at {_rate(beyond)}, which counts as not held",
        "invalid": f"not valid at {_rate(beyond)}, which counts as not held",
        "generator": f"and at {_rate(beyond)} the generator, not the system, reached its limit",
    }["generator" if limited_by(steps, now) == "generator" else now.why or "broken"]
    extra = ""
    if now.held is not None and not search.narrow(now, settings):
        extra = f" The steps ended before the interval was as narrow as {100 * settings.precision:g} %."
    above = [step.offered_per_s for step in steps if step.valid and step.held and step.target_per_s > (now.beyond or 0)]
    if above:
        extra += f" It also held at {', '.join(map(_rate, sorted(above)))}, above a rate at which it did not."
    if at:
        extra += f" The run was {at}."
    return f"{_capital(told)}, {end}.{extra}"


def law_of(valid: Sequence[Step]) -> usl.Usl | None:
    """The scalability law through the valid steps; one point a step."""
    return usl.fit(np.array([step.in_flight for step in valid]), np.array([step.confirmed_per_s for step in valid]))


def _about(valid: Sequence[Step], law: usl.Usl | None) -> str:
    """What the law does not show, in a sentence."""
    if law is None and len(valid) < usl.FEWEST:
        return f"No scalability law: it needs {usl.FEWEST} valid steps, and got {len(valid)}."
    if law is None:
        return "No scalability law: the calls in flight hardly differ from step to step."
    if law.peak_n.value is None:
        return "β is not distinguishable from 0, so the law shows no load beyond which throughput falls."
    return ""


def _knee(valid: Sequence[Step]) -> dict[str, float | None] | None:
    x, n, fine = (
        np.array([getattr(step, name) for step in valid], float) for name in ("confirmed_per_s", "in_flight", "keeps_up")
    )
    at = knee.knee(x, n, fine) if len(valid) else None
    if at is None:
        return None
    known = sorted((s.confirmed_per_s, s.p95_ms) for s in valid if s.keeps_up and s.p95_ms is not None)
    loads: Floats = np.array([load for load, _ in known], float)
    p95 = np.array([value for _, value in known], float)
    return {"offered_per_s": at, "p95_ms": float(np.interp(at, loads, p95)) if len(known) > 1 else None}


def falls_beyond(valid: Sequence[Step]) -> Step | None:
    """The step of the highest throughput, if one that was offered more confirmed less beyond doubt; valid, by load.

    Doubt: Welch's test on the steps' bins, one-sided, at 95 % shared among the steps compared.
    """
    top = max(valid, key=lambda step: step.confirmed_events_per_s, default=None)
    later = [] if top is None else [step for step in valid if step.offered_per_s > top.offered_per_s]
    for step in later:
        assert top is not None
        if step.confirmed_events_per_s >= (1 - _LESS) * top.confirmed_events_per_s:
            continue
        if stats.ttest_ind(top.bins, step.bins, equal_var=False, alternative="greater").pvalue < (1 - LEVEL) / len(later):
            return top
    return None


def peak(valid: Sequence[Step], top: Step | None) -> Estimate:
    """The highest throughput in events a second: over the steps at it that were offered more than they confirmed.

    With two such steps or more the interval is over them; with one over its bins; with none only the lower end is known.
    """
    if top is None:
        return Estimate(None)
    full = [s for s in valid if not s.keeps_up and s.confirmed_events_per_s >= _NEAR * top.confirmed_events_per_s]
    if not full:
        return Estimate(top.confirmed_events_per_s, top.confirmed_events_per_s, None)
    return over_repeats([s.confirmed_events_per_s for s in full] if len(full) > 1 else full[0].bins.tolist())


def _events_per_batch(valid: Sequence[Step]) -> float | None:
    batches = sum(step.offered_per_s for step in valid)
    return sum(step.offered_events_per_s for step in valid) / batches if batches else None


def _deciding(steps: Sequence[Step], target: float | None) -> Step | None:
    """The step that stands for a rate: the last one of it that decided something, else the last one."""
    mine = [step for step in steps if step.target_per_s == target]
    return next((s for s in reversed(mine) if s.valid and s.held is not None), mine[-1] if mine else None)


def held_step(steps: Sequence[Step]) -> Step | None:
    """The step at which the SLA held, of the highest such rate."""
    whole = made(steps)
    return _deciding(whole, search.interval(whole).held)


def _offered(steps: Sequence[Step], target: float | None) -> float | None:
    step = _deciding(steps, target)
    return None if step is None else step.offered_per_s


def _events(steps: Sequence[Step], target: float | None) -> float:
    step = _deciding(steps, target)
    return 0.0 if step is None else step.offered_events_per_s


def _rate(value: float) -> str:
    """Three digits, more only of a whole number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
