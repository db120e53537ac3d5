"""What may be compared, and what is refused in one line before anything is written."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.compare.sides import open_sides, run_times
from inorder.errors import UnusableInput
from inorder.run import RunFolder
from tests.analysis.capacity.machines import step
from tests.analysis.compare.ladders import laid_out
from tests.analysis.compare.made import Made, judged_into

SMALL = Made(visitors=30)


def refusal(base: list[Path], new: list[Path]) -> str:
    """What is said of sides that cannot be compared."""
    with pytest.raises(UnusableInput) as raised:
        open_sides(base, new)
    said = str(raised.value)
    assert "\n" not in said
    return said


def test_a_run_is_not_held_against_itself(base: Path) -> None:
    """By whatever path it is named, and neither twice on one side."""
    twice = f"{base / '../base'}: expected each run once, got it twice"
    assert refusal([base], [base / "../base"]) == twice
    assert refusal([base, base / "../base"], [base.parent / "other"]) == twice


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda run: shutil.rmtree(run), "{run}: expected a run folder, and there is no folder"),
        (
            lambda run: (run / "verdict.json").unlink(),
            "{run}: not judged yet: expected verdict.json, which `inorder judge {run}` writes",
        ),
        (lambda run: (run / "verdict.json").write_text("{"), "{run}/verdict.json: no valid JSON: Input data was truncated"),
        (
            lambda run: (run / "verdict.json").write_text("[]"),
            "{run}/verdict.json: no verdict of a run: Expected `object`, got `array`",
        ),
        (
            lambda run: (run / "verdict.json").write_text('{"verdict": "pass", "anomalies": {"lost": "many"}}'),
            "{run}/verdict.json: no verdict of a run: Expected `int`, got `str` - at `$.anomalies[...]`",
        ),
        (lambda run: (run / "run.json").unlink(), "{run}: no run folder: run.json is missing"),
        (lambda run: (run / "scenario.toml").unlink(), "{run}: no run folder: scenario.toml is missing"),
    ],
)
def test_what_is_no_judged_run_is_refused(base: Path, tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    """The file, and what was expected of it."""
    run = SMALL.folder(tmp_path / "run")
    spoil(run)
    assert refusal([base], [run]) == said.format(run=run)


@pytest.mark.parametrize(
    ("file", "left", "said"),
    [
        ("evidence/stored.parquet", 100, "{run}/evidence: stored.parquet cannot be read: "),
        ("locust.json", 0, "{run}/locust.json: expected Locust's times by kind: "),
    ],
)
def test_a_run_of_which_a_file_is_broken_is_refused(base: Path, tmp_path: Path, file: str, left: int, said: str) -> None:
    """Its verdict was made of what is no longer there."""
    run = SMALL.folder(tmp_path / "run")
    (run / "locust.json").write_bytes(b"{}")
    broken = run / file
    broken.write_bytes(broken.read_bytes()[:left])
    assert refusal([base], [run]).startswith(said.format(run=run))


@pytest.mark.parametrize(
    "file", ["calls.parquet", "merge.json", "events/bucket-0000.parquet", "stored/bucket-0000.parquet"]
)
def test_what_was_merged_is_merged_again_where_it_is_broken(base: Path, tmp_path: Path, file: str) -> None:
    """The history and the log are there, so nothing is missing: the times are those that they were."""
    run = SMALL.folder(tmp_path / "run")
    before = open_sides([base], [run])[1].confirmed_per_s
    broken = run / "evidence" / file
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    assert open_sides([base], [run])[1].confirmed_per_s == before
    assert broken.read_bytes() == whole


def test_runs_of_different_scenarios_are_refused(base: Path, tmp_path: Path) -> None:
    """On two sides or on one."""
    other = SMALL.folder(tmp_path / "other", scenario="storm")
    said = f"{other}: expected a run of case, as {base} is, got one of storm"
    assert refusal([base], [other]) == said
    assert refusal([base, other], [SMALL.folder(tmp_path / "new")]) == said


def test_runs_of_different_loads_are_refused(base: Path, tmp_path: Path) -> None:
    """One scenario by name, and another number of visitors: the first key that differs is named."""
    other = SMALL.folder(tmp_path / "other")
    file = other / "scenario.toml"
    file.write_text(file.read_text().replace("count = 10", "count = 20"))
    said = f"{other}: expected the load of {base}, and [visitors] of its scenario differs: count = 20, expected 10"
    assert refusal([base], [other]) == said


def test_another_target_sandbox_or_limit_is_no_other_load(base: Path, tmp_path: Path) -> None:
    """They are what is compared, or do not touch the load."""
    limit = '[sandbox]\nservers = 2\n[[sla]]\nmetric = "batch.response_ms.p95"\nmax = 100\n'
    one, other = open_sides([base], [SMALL.folder(tmp_path / "other", limit, target="https://elsewhere/1.0")])
    assert (len(one.runs), len(other.runs)) == (1, 1)


def test_a_capacity_run_is_compared_with_its_like(base: Path, tmp_path: Path) -> None:
    """Not with a run of one load, on either side or on the same one."""
    ladder = laid_out(tmp_path / "ladder", [step(12), step(24, False)])
    assert refusal([ladder], [base]) == f"{base}: expected a capacity run, as the other side is one"
    assert refusal([base], [ladder]) == f"{base}: expected a capacity run, as the other side is one"
    assert refusal([base, ladder], [ladder]) == f"{ladder}: expected each run once, got it twice"
    other = laid_out(tmp_path / "other", [step(12), step(24, False)])
    assert refusal([base, ladder], [other]) == f"{ladder}: a capacity run is compared with capacity runs only"


def test_capacity_runs_are_compared_by_the_load_that_was_asked_for(tmp_path: Path) -> None:
    """Their steps differ in any case."""
    steps = [step(12), step(24, False)]
    one, other = laid_out(tmp_path / "one", steps), laid_out(tmp_path / "other", steps, from_per_s=24.0)
    said = f"{other}: expected the load of {one}, and [capacity] of its scenario differs: from_per_s = 24.0, expected 12.0"
    assert refusal([one], [other]) == said
    shutil.rmtree(other / "steps")
    assert refusal([one], [other]) == f"{other}: no capacity run: expected steps/1/run.json"


def test_each_repeat_is_a_run(base: Path, tmp_path: Path) -> None:
    """Those of a folder with repeats, in their order, and those of several folders."""
    for number in range(1, 4):
        replace(SMALL, arrivals=number, noise=5).folder(tmp_path / "many" / "repeats" / str(number), repeat=number)
    many = judged_into(tmp_path / "many", {"verdict": "pass", "anomalies": {}, "visitors": {}, "latency_ms": {}})
    one, other = open_sides([many], [base, SMALL.folder(tmp_path / "new")])
    assert [run.key for run in one.runs] == [(1, 1), (2, 2), (3, 3)]
    assert [run.label for run in other.runs] == ["base", "new"]
    assert (len(one.verdicts), len(other.verdicts)) == (1, 2)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"interrupted": True}, "The run was interrupted."),
        ({"ended": None}, "The run was cut off: run.json has no end."),
        ({"processes": 3}, "2 of 3 generator processes left no closing line: what they would have sent is missing."),
    ],
)
def test_why_a_run_cannot_be_relied_on_is_told(base: Path, tmp_path: Path, facts: dict[str, object], why: str) -> None:
    """With the side and the run."""
    one, other = open_sides([base], [SMALL.folder(tmp_path / "new", **facts)])
    assert (one.invalid, other.invalid) == ([], [f"NEW, new: {why}"])


def test_a_warm_up_is_left_out(tmp_path: Path) -> None:
    """By when a call was due, as it is when a run is judged."""
    run = SMALL.folder(tmp_path / "run")
    (run / "scenario.toml").write_text("warm_up_s = 14.0\n" + (run / "scenario.toml").read_text())
    late, whole = run_times(RunFolder.open(run)).times, SMALL.times().times
    for place, times in whole.items():
        kept = times.at >= 14.0
        assert 0 < kept.sum() < len(times)
        assert sorted(late[place].ms) == pytest.approx(sorted(times.ms[kept]))
