"""`inorder run` of a scenario with [capacity]: step after step, each driven and judged, until the answer is narrow."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from msgspec import structs

from inorder import conduct, steps
from inorder.cli.base import console, disk, judge_and_end, progress
from inorder.costs import lasting
from inorder.driven import driven
from inorder.errors import InorderError, UnusableInput
from inorder.run import RunFolder
from inorder.scenario import Scenario

LoadLine = Callable[[Callable[[str, float], None]], Callable[[dict[str, Any]], None]]


def run_steps(judging: Any, asked: conduct.Run, out: Path, load_line: LoadLine, *, as_json: bool) -> NoReturn:
    """Make the steps into `out`/steps, and end with the verdict of all; a Ctrl-C ends it, and what is there is judged."""
    text, written = conduct.scenario_of(asked)
    if written.capacity is None:
        raise UnusableInput(f"{asked.file}: capacity: expected the table")
    _begin(out, text)
    console.print(f"{written.name}: {written.question.strip()}", markup=False)
    console.print(_beforehand(written), markup=False)
    judged: list[Any] = []
    folders: list[RunFolder] = []
    with driven(out):
        while (rate := judging.next_rate(judged, written.capacity)) is not None:
            number = len(judged) + 1
            folder = out / "steps" / str(number)
            console.print(f"step {number}: {rate:g} batches/s", markup=False)
            try:
                step = steps.of(text, written, number, rate, asked.file, asked.behaviour)
                with disk(folder), progress() as shown:
                    mine = structs.replace(asked, text=step, seed=None)
                    made = conduct.conduct(mine, folder, 1, _quiet, load_line(shown))
            except KeyboardInterrupt:
                shutil.rmtree(folder, ignore_errors=True)  # it was not under way yet, and would be no step
                break
            except InorderError as error:
                raise _cut_off(error, folders, out) from None
            folders.append(made)
            judged.append(judging.judge_step(made))
            console.print(judged[-1].told, markup=False)
            if made.info().interrupted:
                console.print("interrupted: what was written is judged")
                break
    if not folders:
        shutil.rmtree(out)
        raise UnusableInput(f"{out}: interrupted before the first step was made")
    judge_and_end(judging, folders, out, as_json=as_json, steps=judged)


def _begin(out: Path, text: str) -> None:
    try:
        out.mkdir(parents=True)
        (out / "scenario.toml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnusableInput(f"{out}: cannot be made: {error.strerror}") from None


def _cut_off(error: InorderError, made: list[RunFolder], out: Path) -> InorderError:
    """What to say of a step that cannot be made; of the first one nothing stays, so that the command can be given again."""
    if not made:
        shutil.rmtree(out)
        return error
    shutil.rmtree(out / "steps" / str(len(made) + 1), ignore_errors=True)
    steps_made = f"{len(made)} step{'s' if len(made) > 1 else ''}"
    return UnusableInput(f"step {len(made) + 1}: {error}; `inorder judge {out}` judges the {steps_made} before it")


def _beforehand(written: Scenario) -> str:
    """How long it takes, before it begins."""
    settings = written.capacity
    assert settings is not None
    usual, most = settings.expected_steps()
    step_s = settings.warm_up_s + settings.step_s
    longest_s = most * (step_s + written.drain_limit_s + written.readback.settle_s)
    return (
        f"{settings.from_per_s:g} to {settings.to_per_s:g} batches/s in at most {usual} steps of {step_s:g} s "
        f"({most} where steps decide nothing and are repeated): {lasting(usual * step_s)} of load, "
        f"{lasting(longest_s)} at the longest, and the time to judge each"
    )


def _quiet(_: str) -> None:
    """What a run says of itself; a step's line says it shorter."""
