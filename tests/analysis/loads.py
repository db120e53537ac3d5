"""Cases of a load that is not of one piece: stopped early, judged in slices and by size, or stepped to find capacity."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from analysis.capacity import answer
from analysis.judgement import Judgement
from inorder.run import Stopped
from inorder.stepping import Stepping
from tests.analysis.capacity.machines import stepped as steps_of
from tests.analysis.synthetic import frames, judgement, objective, with_infos

AT_S = 4.2


def stopped(repeats: int = 1, early: int = 1) -> Judgement:
    """The load was ended because an objective was lost for certain, in `early` of the repeats; another one is missed."""
    runs = [frames(2000, seed=seed) for seed in range(1, repeats + 1)]
    why = f"stopped early at {AT_S} s: 412 of at most 4,000 batches had no confirmation within 20 ms, the limit allows 200"
    found = Stopped(line=1, name="batch.response_ms.p99", at_s=AT_S, sentence=why)
    runs = [*with_infos(runs[:early], stopped=found), *runs[early:]]
    case = judgement(runs, "fail", reasons=[f"batch.response_ms.p99: {why}."], unsent=31_000)
    lines = case.verdict["sla"]
    lines[0] |= {"limit": 0.01 * lines[0]["value"], "verdict": "fail"}
    lines[1] |= {"limit": 4 * lines[1]["value"], "verdict": "fail", "reason": why}
    case.verdict["stopped"] = {name: getattr(found, name) for name in ("name", "at_s", "sentence")}
    case.verdict["validity"]["unsent"] = 31_000
    return case


def sliced() -> Judgement:
    """Objectives of slices and of sizes of batches, after a warm-up; one is missed, and of each one is undecided."""
    run = frames()
    case = judgement([replace(run, scenario=msgspec.structs.replace(run.scenario, warm_up_s=1.5))], "fail")
    p95 = case.verdict["latency_ms"]["batch"]["p95"]
    more = "the limit lies within the interval of one run: at least 5 repeats would decide it"

    def line(verdict: str, **own: Any) -> dict[str, Any]:
        made = objective("batch.response_ms.p95", p95, round(2 * p95), **own)
        undecided = verdict == "inconclusive"
        return made | {
            "verdict": verdict,
            "reason": more if undecided else None,
            "repeats_needed": 5 if undecided else None,
        }

    def held(number: int, of: int, needed: float) -> dict[str, Any]:
        return {"length_s": 1.0, "of": of, "held": number, "share": number / of if of else None, "needed": needed}

    case.verdict["sla"] = [
        line("pass", slices=held(118, 120, 0.9)),
        line("fail", slices=held(40, 120, 0.99)),
        line("inconclusive", slices=held(12, 12, 0.99)),
        line("inconclusive", slices=held(0, 0, 0.99)),
        line("pass", sizes=[1, 5], phase="storm"),
        line("inconclusive", sizes=[20, 20]),
    ]
    case.verdict["reasons"] = ["batch.response_ms.p95 held in 40 of 120 slices of 1 s, 99 % needed."]
    return case


def stepped() -> Judgement:
    """A capacity run: its steps, the knee and the law, with the times of the highest step that held."""
    steps = steps_of(np.random.default_rng(1), servers=4)
    settings = Stepping(from_per_s=12, to_per_s=1200)
    case = judgement([frames(2000)])
    fit = case.verdict["latency_ms"]["size_fit"]
    case.verdict["capacity"] = answer.answer(steps, settings, fit) | {"shown": "steps/4"}
    return case
