"""OpenSLO files the whole way: a run with `--slo`, and judging again with it and without."""

from pathlib import Path

import pytest

from tests.crowd_runs import inorder, scenario, verdict
from tests.inorder.openslo.documents import slo, threshold

EASY = slo("op: lte, value: 60000, target: 0.5", name="easy", more="timeWindow: [{duration: 28d}]")
HARD = slo("op: lte, value: 0.001, target: 0.5", name="hard", sli=threshold("batch.service_ms"))


def sources(run: Path) -> list[tuple[str, str, str]]:
    """Each line of verdict.json: its name, where it came from, its verdict."""
    return [(line["name"], line["source"], line["verdict"]) for line in verdict(run)["sla"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with an objective of its own and one of an OpenSLO file."""
    folder = tmp_path_factory.mktemp("slo")
    (folder / "easy.yaml").write_text(EASY)
    (folder / "hard.yaml").write_text(HARD)
    own = '[[sla]]\nmetric = "batch.error_share"\nmax = 0.9\n'
    done = inorder("run", scenario(folder, sla=own), "--slo", folder / "easy.yaml", "--out", folder / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SLO 'easy': timeWindow (28d) is left out" in done.stdout.replace("\n", "")
    return folder


def test_a_run_is_judged_by_the_file_now_and_later(folder: Path) -> None:
    """The lines are in the run folder's scenario, and verdict.json says which file each came from."""
    run, easy = folder / "run", f"{folder}/easy.yaml: SLO 'easy': spec.objectives[0]"
    expected = [("batch.error_share", "scenario.toml", "pass"), ("easy", easy, "pass")]
    assert sources(run) == expected
    assert inorder("judge", run).returncode == 0
    assert sources(run) == expected
    assert inorder("judge", run, "--slo", folder / "easy.yaml").returncode == 0
    assert sources(run) == expected


def test_judging_by_a_file_changes_the_verdict_and_not_the_run(folder: Path) -> None:
    """Judging again without it is as before."""
    run = folder / "run"
    before = (run / "scenario.toml").read_text()
    done = inorder("judge", run, "--slo", folder / "hard.yaml")
    assert done.returncode == 1, done.stdout + done.stderr
    assert sources(run)[2:] == [("hard", f"{folder}/hard.yaml: SLO 'hard': spec.objectives[0]", "fail")]
    assert (run / "scenario.toml").read_text() == before
    assert inorder("judge", run).returncode == 0
    assert len(sources(run)) == 2


def test_evidence_from_elsewhere_is_judged_by_a_file(folder: Path) -> None:
    """What does not fit leaves no folder, so that the command can be given again."""
    [history], stored = (folder / "run" / "history").iterdir(), folder / "run" / "evidence" / "stored.parquet"
    given = ("judge", "--history", history, "--stored", stored, "--out", folder / "given")
    (folder / "storm.yaml").write_text(slo("op: lte, value: 9, target: 0.5", sli=threshold("drain_s", ", phase: x")))
    done = inorder(*given, "--slo", folder / "storm.yaml")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "SLO 'fast': spec.objectives[0]: phase: expected one of history, got 'x'" in done.stderr
    assert inorder(*given, "--slo", folder / "hard.yaml").returncode == 1
    assert [line[0] for line in sources(folder / "given")] == ["hard"]
