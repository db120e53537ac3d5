"""Lines that are added to a scenario or to a run folder: they are checked as its own, and told at their own place."""

from pathlib import Path

import pytest

from inorder import scenario, steps
from inorder.errors import UnusableInput
from inorder.objectives import as_toml, to_folder, to_text
from inorder.run import RunFolder, RunInfo
from inorder.sla import Sla, check_measurable

HEAD = 'question = "?"\n'
CROWD = """
[visitors]
count = 10
behaviour = "{behaviour}"
[[phases]]
name = "all"
duration_s = 30
returning = 1.0
"""
OWN = '[[sla]]\nmetric = "batch.error_share"\nmax = 0.01\n'
CAPACITY = HEAD + "[visitors]\ncount = 10\n[capacity]\nfrom_per_s = 20\nto_per_s = 80\n"
LATE = Sla("batch.response_ms.p95", "late", max=1500.0, source="a.yaml: SLO 'late': spec.objectives[0]")


def written(folder: Path, text: str = HEAD + CROWD + OWN, behaviour: str = "synthetic") -> Path:
    """A scenario file."""
    file = folder / "storm.toml"
    file.write_text(text.replace("{behaviour}", behaviour))
    return file


def run_of(folder: Path, text: str) -> RunFolder:
    """The folder of a run of the scenario, as far as its scenario goes."""
    info = RunInfo("r", "storm", 7, started="", prefix="p", target="", sandbox=True, processes=1)
    return RunFolder.create(folder / "run", text, info)


def with_lines(file: Path, *lines: Sla) -> scenario.Scenario:
    """The scenario in the file with the lines."""
    return scenario.parse(to_text(file, lines), file)


def test_the_lines_stand_after_the_scenarios_own(tmp_path: Path) -> None:
    """All else is as it was; a line that is given twice is one."""
    file = written(tmp_path)
    made, own = with_lines(file, LATE, LATE), scenario.load(file)
    assert made.sla == [*own.sla, LATE]
    assert made.phases == own.phases
    assert made.visitors == own.visitors


def test_the_text_may_stand_elsewhere(tmp_path: Path) -> None:
    """It bears the name that its file gave it, and its click log is where it was."""
    file = written(tmp_path, behaviour="clicks.jsonl")
    made = scenario.parse(to_text(file, [LATE]), Path("run/scenario.toml"))
    assert (made.name, made.visitors.behaviour) == ("storm", str(tmp_path / "clicks.jsonl"))
    named = written(tmp_path, 'name = "calm"\n' + HEAD + CROWD)
    assert scenario.parse(to_text(named, [LATE]), Path("run/scenario.toml")).name == "calm"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            Sla("drain_s.p95", max=1, phase="x", source="a.yaml: SLO 'b'"),
            "a.yaml: SLO 'b': phase: expected one of all, got",
        ),
        (Sla("drain_s.p95", source="a.yaml: SLO 'b'"), "a.yaml: SLO 'b': expected exactly one of max and min"),
        (
            Sla("batch.error_share", max=0.5, sizes=(50, 60), source="a.yaml: SLO 'b'"),
            "a.yaml: SLO 'b': sizes: no batch has",
        ),
    ],
)
def test_a_line_that_does_not_fit_is_told_at_its_own_place(tmp_path: Path, line: Sla, said: str) -> None:
    """Not at its place in a scenario that the user never wrote."""
    file = written(tmp_path)
    with pytest.raises(UnusableInput) as refused:
        check_measurable(with_lines(file, LATE, line), file)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "storm.toml: no valid TOML: "),
        (HEAD + 'sla = "none"\n' + CROWD, "storm.toml: sla: expected array, got str, got 'none'"),
        (HEAD + "visitors = 5\n", "storm.toml: visitors: expected object, got int, got 5"),
        (HEAD + CROWD + OWN.replace("0.01", "true"), "storm.toml: sla[0].max: expected float, got bool"),
    ],
)
def test_a_broken_scenario_is_told_as_without_lines(tmp_path: Path, text: str, said: str) -> None:
    """By the file of the scenario."""
    file = written(tmp_path, text)
    with pytest.raises(UnusableInput) as refused:
        with_lines(file, LATE)
    assert said in str(refused.value)


def test_steps_of_a_capacity_run_have_the_lines(tmp_path: Path) -> None:
    """Of what is measured in the step; they are enough for a scenario without lines of its own, but may name no phase."""
    file = written(tmp_path, CAPACITY)
    text = to_text(file, [LATE])
    step = scenario.parse(steps.of(text, scenario.parse(text, file), 1, 4, file), file)
    assert [(line.metric, line.phase, line.source) for line in step.sla] == [(LATE.metric, "measured", LATE.source)]
    assert step.name == "storm"
    with pytest.raises(
        UnusableInput, match=r"^a.yaml: phase: expected none with \[capacity\]: each step is one, got 'all'"
    ):
        with_lines(file, Sla("drain_s.p95", max=1, phase="all", source="a.yaml"))


def test_a_run_folder_is_judged_by_the_lines_too(tmp_path: Path) -> None:
    """Its own file stays as it is, and a line that it has already is judged once."""
    folder = run_of(tmp_path, HEAD + CROWD.format(behaviour="synthetic") + as_toml(LATE))
    before = folder.scenario_file.read_text()
    more = Sla("drain_s.p95", max=5, source="a.yaml")
    made = to_folder(folder, [LATE, more, more])
    assert made.scenario().sla == [LATE, more]
    assert (made.scenario().name, made.scenario().seed) == ("storm", 7)
    assert folder.scenario_file.read_text() == before
    assert folder.scenario().sla == [LATE]
    with pytest.raises(UnusableInput, match=r"^a.yaml: phase: expected one of all, got 'x'"):
        to_folder(folder, [Sla("drain_s.p95", max=5, phase="x", source="a.yaml")])


def test_a_step_is_judged_by_what_is_measured_in_it(tmp_path: Path) -> None:
    """As its own lines are; a count is of the whole step."""
    file = written(tmp_path, CAPACITY + OWN)
    folder = run_of(tmp_path, steps.of(file.read_text(), scenario.load(file), 1, 4, file))
    lines = [LATE, Sla("anomalies.lost", max=0, source="a.yaml")]
    assert [line.phase for line in to_folder(folder, lines).scenario().sla] == ["measured", "measured", None]


def test_a_line_as_toml_is_read_back(tmp_path: Path) -> None:
    """A limit of 0 is a limit."""
    line = Sla("batch.error_share", "none", max=0.0, sizes=(1, 5), slices_s=30.0, held_share=0.9, source="a.yaml")
    file = written(tmp_path, HEAD + CROWD.format(behaviour="synthetic") + as_toml(line))
    assert scenario.load(file).sla == [line]
