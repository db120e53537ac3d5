"""`inorder slo`, and `--slo` before any load: what is printed, and what is refused in one line."""

import sys
from pathlib import Path

import pytest

from inorder import cli, scenario
from tests.inorder.openslo.documents import slo, threshold

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "scenarios" / "slo" / "checkout.yaml"
GOOD = "op: lte, value: 9, target: 0.9"
SMOKE = ROOT / "scenarios" / "smoke.toml"


def ended(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    """The exit code of `inorder` with these arguments."""
    monkeypatch.setattr(sys, "argv", ["inorder", *map(str, arguments)])
    with pytest.raises(SystemExit) as raised:
        cli.main()
    return raised.value.code


def test_the_example_becomes_lines_of_a_scenario(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed can stand at the end of a scenario; what no line says stands above it, as comments."""
    assert ended(monkeypatch, "slo", EXAMPLE) == 0
    printed = capsys.readouterr().out
    made = scenario.parse(SMOKE.read_text() + printed, SMOKE)
    added = made.sla[len(scenario.load(SMOKE).sla) :]
    assert [(line.metric, line.max, line.slices_s) for line in added] == [
        ("batch.response_ms.p95", 1500, None),
        ("batch.response_ms.p99", 3000, None),
        ("ordinary.error_share", 0.01, 1),
    ]
    comments = [line for line in printed.splitlines() if line.startswith("#")]
    assert [comment.partition(": ")[2] for comment in comments] == [
        "SLO 'backlog-confirmed': timeWindow (28d) is left out: a run is judged over its own time.",
        "SLO 'catalogue-available' is left out: its metrics come from Prometheus, not from inorder.",
    ]


def test_several_files_are_printed_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bad one leaves no half of a scenario behind."""
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(slo(GOOD))
    bad.write_text("[")
    assert ended(monkeypatch, "slo", good, EXAMPLE) == 0
    assert capsys.readouterr().out.count("[[sla]]") == 4
    assert ended(monkeypatch, "slo", good, bad) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"inorder: {bad}: line 1: no valid YAML: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("sli", "said"),
    [
        (threshold("batch.response_ms", ", phase: storm"), "phase: expected one of quiet, return, after, got 'storm'"),
        (threshold("batch.response_ms", ", sizes: [50, 60]"), "sizes: no batch has more than client.batch_size = 20"),
    ],
)
def test_a_run_is_refused_by_an_objective_that_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sli: str, said: str
) -> None:
    """Before any load, at the place in the OpenSLO file, and no run folder is left."""
    file, out = tmp_path / "slo.yaml", tmp_path / "run"
    file.write_text(slo(GOOD, sli=sli))
    assert ended(monkeypatch, "run", SMOKE, "--slo", file, "--out", out) == 2
    assert capsys.readouterr().err.startswith(f"inorder: {file}: SLO 'fast': spec.objectives[0]: {said}")
    assert not out.exists()
