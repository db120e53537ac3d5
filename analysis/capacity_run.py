"""Judges a capacity run: each of its steps as the run that it is, and all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from analysis import reasons, report, validity
from analysis.capacity import answer, measured, search
from analysis.capacity.measured import Step
from analysis.catalogue import failing
from analysis.judgement import Judgement
from analysis.one_run import OneRun, judge_run
from analysis.verdict import document, together
from inorder import scenario as scenarios
from inorder.errors import UnusableInput
from inorder.run import RunFolder
from inorder.scenario import Scenario
from inorder.stepping import Stepping


@dataclass(frozen=True)
class JudgedStep:
    """A step: the run, its own verdict, and what it says about capacity."""

    run: OneRun
    verdict: dict[str, Any]
    step: Step

    @property
    def target_per_s(self) -> float:
        """As the search asks for it."""
        return self.step.target_per_s

    @property
    def held(self) -> bool | None:
        """As the search asks for it."""
        return self.step.held

    @property
    def valid(self) -> bool:
        """As the search asks for it."""
        return self.step.valid

    @property
    def told(self) -> str:
        """The step in a line, for who waits for it."""
        step = self.step
        word = "not valid" if not step.valid else {True: "held", False: "broken", None: "not decided"}[step.held]
        late = "–" if step.p95_ms is None else f"{step.p95_ms:,.0f} ms"
        why = "" if step.valid and step.held else f" ({step.why.rstrip('.')})"
        return (
            f"step {step.number}: {step.offered_per_s:.4g} batches/s offered, {step.confirmed_per_s:.4g} confirmed, "
            f"p95 {late}: {word}{why}"
        )


def folders_of(path: Path) -> list[RunFolder]:
    """The folders of the steps of the run at `path`, in the order in which they were made; none: no capacity run.

    Raises UnusableInput where one between them is missing: the answer would be another one.
    """
    found = sorted(int(folder.name) for folder in (path / "steps").glob("*") if folder.name.isdecimal())
    missing = sorted(set(range(1, max(found, default=0) + 1)) - set(found))
    if missing:
        raise UnusableInput(f"{path / 'steps' / str(missing[0])}: the step is missing: expected steps 1 to {found[-1]}")
    return [RunFolder.open(path / "steps" / str(number)) for number in found]


def judge_step(folder: RunFolder, jobs: int = 1, dask: str | None = None) -> JudgedStep:
    """Judge a step and write its report."""
    run = judge_run(folder, jobs, dask)
    if run.frames.scenario.step is None:
        raise UnusableInput(f"{folder.scenario_file}: step: the table is missing: expected a step of a capacity run")
    judgement = Judgement(document([run]), [run.frames])
    report.write(judgement, folder.path)
    return JudgedStep(run, judgement.verdict, _step(run, judgement.verdict["sla"]))


def _step(run: OneRun, lines: list[dict[str, Any]]) -> Step:
    """What a step says about capacity. Work that was left unsent makes none invalid: an overload is what a step may be."""
    info, scenario = run.frames.info, run.frames.scenario
    invalid = validity.reasons(replace(run.validity, unsent=0), info, scenario, run.merged)
    step = measured.measure(run.frames, lines, invalid)
    late = bool(validity.limits(run.validity, scenario))
    return replace(step, generator=late, cut=run.validity.interrupted or info.ended is None)


def next_rate(steps: Sequence[JudgedStep], settings: Stepping) -> float | None:
    """The rate of the next step, batches a second; None: the run is at its end."""
    return search.next_rate(steps, settings)


def asked_of(path: Path, steps: Sequence[JudgedStep]) -> Scenario:
    """The scenario of the whole run, with the name and the seed that it ran under."""
    written = scenarios.load(path / "scenario.toml")
    if not steps or written.capacity is None:
        raise UnusableInput(f"{path}: expected a capacity run: steps, and a scenario with the table capacity")
    first = steps[0].run.frames.info
    return structs.replace(written, name=first.scenario, seed=first.seed)


def judge(steps: Sequence[JudgedStep], path: Path) -> Judgement:
    """All steps together. Times and objectives are of one step, the highest that held; what was stored, of all."""
    asked = asked_of(path, steps)
    settings = asked.capacity
    assert settings is not None
    each = [own.step for own in steps]
    shown = _shown(steps)
    verdict = document([own.run for own in steps])
    for name in ("latency_ms", "drain_s", "visibility_ms", "phases", "sla", "interval", "runs"):
        verdict[name] = shown.verdict[name]
    # Of the lightest step: near the limit most of a service time is waiting inside the system, and no cost of a batch.
    capacity = answer.answer(each, settings, _lightest(steps).verdict["latency_ms"].get("size_fit"))
    failed, open_ = _reasons(steps, capacity, settings)
    cut = any(step.cut for step in each)
    verdict |= {
        "verdict": "fail" if failed else "inconclusive" if open_ else "pass",
        "reasons": failed + open_,
        "run": path.resolve().name,
        "question": asked.question,
        "capacity": capacity | {"shown": f"steps/{shown.step.number}"},
        "validity": shown.verdict["validity"] | {"interrupted": cut},
    }
    own = shown.run.frames
    everywhere = together([own.run for own in steps]).reordering["ordinary"]
    frames = replace(
        own,
        info=structs.replace(own.info, seed=asked.seed, run=verdict["run"]),
        extents=dict(sorted(everywhere.extents.items())),
        n_reordered=dict(sorted(everywhere.n_reordered.items())),
    )
    return Judgement(verdict, [frames])


def _shown(steps: Sequence[JudgedStep]) -> JudgedStep:
    """The step whose times are shown: the highest that held, else the one of the lowest rate."""
    held = answer.held_step([own.step for own in steps])
    if held is not None:
        return next(own for own in steps if own.step is held)
    return _lightest(steps)


def _lightest(steps: Sequence[JudgedStep]) -> JudgedStep:
    """The valid step of the lowest rate; where none is valid, of all."""
    return min(steps, key=lambda own: (not own.valid, own.step.offered_per_s))


def _reasons(judged: Sequence[JudgedStep], capacity: dict[str, Any], settings: Stepping) -> tuple[list[str], list[str]]:
    """What fails the whole, and what leaves it open."""
    runs, made = [own.run for own in judged], answer.made([own.step for own in judged])
    tally = together(runs)
    promises = runs[0].frames.scenario.promises
    bad = failing(promises)
    failed = reasons.failures(tally, bad, runs[0].frames.scenario, [])
    # How a generator fared is its step's to say; but where a log was not read to its end, order was not judged.
    unread = [
        f"Step {own.frames.scenario.step.number}: the stored log was not read to its end or had not settled."
        for own in runs
        if own.frames.scenario.step is not None and own.merged.stored is not None and not own.frames.info.settled
    ]
    # Nor does it tell anything that a step had no time for.
    whole = [replace(own.run, invalid=[]) for own in judged if not own.step.cut]
    open_ = [*unread, *reasons.doubts(whole, tally, bad, [])]
    if len(made) < len(runs):
        open_.append("The run was interrupted.")
    now, sentence = search.interval(made), capacity["sentence"]
    least = settings.at_least_per_s
    if least is None:
        return failed, open_ if answer.found(now, settings) else [sentence, *open_]
    wanted = f"{sentence} At least {least:g} batches/s were asked for."
    if now.beyond is not None and now.why == "broken" and now.beyond <= least:
        return [*failed, wanted], open_
    return failed, open_ if now.held is not None and now.held >= least else [wanted, *open_]
