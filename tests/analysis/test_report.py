"""Writing a report: which files there are, what is rewritten, and how large and quick it is."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from analysis import report
from analysis.judgement import Judgement
from tests.analysis import cases
from tests.analysis.synthetic import frames, judgement


def test_all_files_of_a_report_are_there(tmp_path: Path) -> None:
    """And the path of the page is given back."""
    index = report.write(cases.failing(), tmp_path)
    assert index == tmp_path / "index.html"
    assert {path.name for path in tmp_path.iterdir()} == {
        "verdict.json", "summary.md", "junit.xml", "metrics.prom", "index.html", "figures",
    }  # fmt: skip
    drawn = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert {"latency-percentiles", "latency-over-time", "storm", "batch-size", "reordering", "witness-1"} <= drawn


def test_nothing_but_the_report_is_touched(tmp_path: Path) -> None:
    """History and evidence are never written again; pictures of an older judgement go."""
    for name in ("history/w0.jsonl", "scenario.toml", "figures/witness-99.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    report.write(cases.tiny(), tmp_path)
    assert (tmp_path / "history/w0.jsonl").read_text() == "old"
    assert (tmp_path / "scenario.toml").read_text() == "old"
    assert not (tmp_path / "figures/witness-99.png").exists()


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("part", ["summary.render", "prometheus.render", "style.png", "page.render"])
def test_a_disk_that_is_full_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """Whole, and nothing beside it: no new verdict beside an old page."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    report.write(cases.failing(), tmp_path)
    before = _contents(tmp_path)
    monkeypatch.setattr(f"analysis.report.{part}", refuse)
    with pytest.raises(OSError, match="No space"):
        report.write(cases.tiny(), tmp_path)
    assert _contents(tmp_path) == before


def test_a_report_that_is_half_replaced_has_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes last, and the old one goes first; judging once more mends it."""
    report.write(cases.failing(), tmp_path)
    replace = Path.replace

    def stopped(path: Path, target: Path) -> Path:
        if path.name == "summary.md":
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", stopped)
        with pytest.raises(KeyboardInterrupt):
            report.write(cases.tiny(), tmp_path)
    assert not (tmp_path / "verdict.json").exists()
    report.write(cases.tiny(), tmp_path)
    report.write(cases.tiny(), tmp_path / "fresh")
    assert (tmp_path / "verdict.json").read_bytes() == (tmp_path / "fresh" / "verdict.json").read_bytes()


def test_judging_again_gives_the_same_bytes(tmp_path: Path) -> None:
    """So that a difference between two reports is a difference between two runs."""
    for name in ("one/run", "other/run"):
        report.write(cases.failing(), tmp_path / name)
    one = {path.relative_to(tmp_path / "one"): path.read_bytes() for path in (tmp_path / "one").rglob("*.*")}
    other = {path.relative_to(tmp_path / "other"): path.read_bytes() for path in (tmp_path / "other").rglob("*.*")}
    assert one == other


def test_verdict_json_keeps_its_keys_in_order_and_is_json(tmp_path: Path) -> None:
    """Numbers of NumPy are numbers; what is no finite number is null, for JSON has no other."""
    case = cases.tiny()
    case.verdict["more"] = {"inf": float("inf"), "nan": np.float64("nan"), "count": np.int64(3), "list": (np.bool_(True),)}
    report.write(case, tmp_path)
    written = json.loads((tmp_path / "verdict.json").read_text())
    assert written["more"] == {"inf": None, "nan": None, "count": 3, "list": [True]}
    assert list(written) == list(case.verdict)


def test_the_page_meets_no_number_that_is_none() -> None:
    """Infinity and NaN are taken out before any sentence is made, at any depth."""
    assert report.plain({"a": [float("inf"), (float("nan"), 1.5)], 2: np.float64("-inf")}) == {
        "a": [None, [None, 1.5]],
        "2": None,
    }


def test_a_run_of_a_million_events_is_a_small_page_soon(tmp_path: Path) -> None:
    """Figures aggregate: the page must not grow with the run."""
    case = judgement([frames(77_000)])
    assert case.verdict["events"]["batch"]["sent"] > 900_000
    started = time.monotonic()
    index = report.write(case, tmp_path)
    assert time.monotonic() - started < 20
    assert index.stat().st_size < 1_000_000


@pytest.mark.parametrize("case", ["empty", "tiny", "control"])
def test_where_there_is_nothing_to_draw_a_sentence_says_why(case: str) -> None:
    """Never an empty figure."""
    for picture in report.pictures(cases.CASES[case]()).values():
        assert picture.draw is not None or "not drawn" in picture.caption


def test_witnesses_beyond_a_dozen_are_told_and_not_drawn() -> None:
    """A system that breaks everything must not make a page without end."""
    case = cases.failing()
    case.verdict["witnesses"] = [cases.WITNESSES["across"]] * 40
    drawn = report.pictures(Judgement(case.verdict, case.runs))
    assert sum(name.startswith("witness-") for name in drawn) == report.MOST_WITNESSES_DRAWN
