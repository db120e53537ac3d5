"""Two run folders compared: the verdict, and the files that say it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from analysis.compare.report import compare_and_write
from tests.analysis.capacity.machines import step
from tests.analysis.compare.ladders import ladder, laid_out
from tests.analysis.compare.made import Made, judged_into

NEW = Made(noise=2)


def compared(base: Path, new: Path, **how: float) -> dict[str, Any]:
    """compare.json of two folders, which is written beside NEW."""
    out = new.parent / "out"
    written = compare_and_write([base], [new], out, tolerance=how.get("tolerance", 0.05), tolerance_ms=0.5)
    found: dict[str, Any] = json.loads((out / "compare.json").read_text())
    assert found == written.document
    return found


def words(found: dict[str, Any]) -> dict[str, str]:
    """What is said of each judged time and of each change."""
    times = {f"{own['kind']} {own['name']}": own["word"] for own in found["times"] if own["judged"]}
    return times | {own["name"]: own["word"] for own in found["changes"]}


def summary(new: Path) -> str:
    """The comment for a pull request, with spaces for its thin ones."""
    return (new.parent / "out" / "summary.md").read_text().replace("\u202f", " ")


def cases(new: Path) -> dict[str | None, str | None]:
    """The test cases of junit.xml: failure, error, skipped or None."""
    root = ElementTree.parse(new.parent / "out" / "junit.xml").getroot()
    found = {own.get("name"): own[0].tag if len(own) else None for own in root.iter("testcase")}
    told = [root.get(key) for key in ("tests", "failures", "errors", "skipped")]
    assert told == [str(len(found)), *(str([*found.values()].count(tag)) for tag in ("failure", "error", "skipped"))]
    return found


def test_slower_times_regress(base: Path, tmp_path: Path) -> None:
    """30 %: all six times, the first of them in the headline, each with its interval."""
    new = replace(NEW, slower=1.3).folder(tmp_path / "slow")
    found = compared(base, new)
    assert found["verdict"] == "regressed"
    assert found["headline"].startswith("Worse beyond the tolerance of 5\u202f%: typical batch response time +")
    assert found["headline"].endswith("And 5 more.")
    assert len(found["reasons"]) == 6
    said = summary(new)
    assert said.startswith("## ❌ REGRESSED: case\n")
    assert "\nNEW slow against BASE base. Tolerance 5 %.\n" in said
    row = next(line for line in said.splitlines() if line.startswith("| typical batch response time"))
    assert row.endswith("| ❌ WORSE |")
    assert "20.2 ms | 26.0 ms | **+29.7 %** [+2" in row
    assert [tag for name, tag in cases(new).items() if name and "response" in name] == ["failure"] * 6
    assert cases(new)["verdict"] == "failure"


def test_faster_times_improve(base: Path, tmp_path: Path) -> None:
    """And nothing else is worse."""
    new = replace(NEW, slower_batches=0.7).folder(tmp_path / "fast")
    found = compared(base, new)
    assert found["verdict"] == "improved"
    assert found["headline"].startswith("Better beyond the tolerance of 5\u202f%: typical batch response time −")
    assert set(cases(new).values()) == {None}
    assert summary(new).startswith("## ✅ IMPROVED: case\n")


def test_the_same_system_shows_no_evidence(base: Path, tmp_path: Path) -> None:
    """What is least known is said with its interval, for an open question is no proof that nothing changed."""
    new = NEW.folder(tmp_path / "same")
    found = compared(base, new)
    assert (found["verdict"], found["reasons"], found["better"]) == ("no evidence", [], [])
    assert "2 of 6 judged times lie within it; least is known of the 99th percentile of batch" in found["headline"]
    assert "| ◐ open |" in summary(new)


def test_within_a_wide_tolerance_nothing_is_worse(base: Path, tmp_path: Path) -> None:
    """30 % slower where half as much again is allowed."""
    found = compared(base, replace(NEW, slower=1.3).folder(tmp_path / "slow"), tolerance=0.6)
    assert found["verdict"] == "no evidence"
    assert found["headline"].endswith("All 6 judged times lie within it.")


def test_an_anomaly_regresses_whatever_the_times(base: Path, tmp_path: Path) -> None:
    """Twice as fast, and one visitor's batch is stored the wrong way round."""
    new = replace(NEW, slower=0.5, swapped=1).folder(tmp_path / "wrong")
    found = compared(base, new)
    assert found["verdict"] == "regressed"
    assert found["reasons"] == ["reordered-in-batch: 1 in NEW, none in BASE"]
    assert found["headline"] == "Wrong: reordered-in-batch: 1 in NEW, none in BASE."
    assert len(found["better"]) == 6
    assert "| reordered-in-batch | 0 | 1 | ❌ WORSE |" in summary(new)
    assert "\nBetter:\n" in summary(new)
    assert {name for name, tag in cases(new).items() if tag} == {"verdict", "reordered-in-batch"}


def test_anomalies_that_vanish_improve(tmp_path: Path) -> None:
    """Of 1,100 visitors 20 were hit before, and none is now."""
    before = Made(swapped=12, lost=8).folder(tmp_path / "before")
    found = compared(before, NEW.folder(tmp_path / "after"))
    assert found["verdict"] == "improved"
    assert found["reasons"] == ["visitors hit by an anomaly: 0 of 1,100 in NEW, 20 of 1,100 in BASE"]
    assert words(found)["lost"] == "told"


def test_refused_calls_do_not_pass_for_fast_ones(base: Path, tmp_path: Path) -> None:
    """4 % of the batches are rejected, which have no response time."""
    found = compared(base, replace(NEW, rejected=40).folder(tmp_path / "refusing"))
    assert found["reasons"] == ["batch calls not confirmed: 3.6 % in NEW, 0 % in BASE"]


def test_the_ratio_stands_beside_the_times(base: Path, tmp_path: Path) -> None:
    """A batch that takes half as long again, over an ordinary call that takes as long as before."""
    new = replace(NEW, slower_batches=1.5).folder(tmp_path / "costly")
    own = next(own for own in compared(base, new)["changes"] if own["name"] == "batch over ordinary, p50")
    assert own["new"] / own["base"] == pytest.approx(1.5, rel=0.05)
    assert own["word"] == "told"


@pytest.mark.parametrize("slower", [1.0, 1.4])
def test_of_a_run_that_the_generator_shaped_no_time_is_judged(base: Path, tmp_path: Path, slower: float) -> None:
    """However slow it was: inconclusive, with the reason, and no word at any time."""
    new = replace(NEW, slower=slower).folder(tmp_path / "lagging", processes=2)
    found = compared(base, new)
    why = "NEW, lagging: 1 of 2 generator processes left no closing line: what they would have sent is missing."
    assert (found["verdict"], found["reasons"], found["invalid"]) == ("inconclusive", [why], [why])
    assert found["headline"] == f"Nothing can be said of the times: {why}"
    assert "WORSE" not in summary(new)
    tags = cases(new)
    assert [tags.pop(name) for name in [name for name in tags if name and "time" in name]] == ["skipped"] * 6
    assert {name: tag for name, tag in tags.items() if tag} == {"verdict": "error"}
    page = (tmp_path / "out" / "index.html").read_text()
    assert "No verdict rests on these times" in page
    assert "WORSE" not in page


def test_an_anomaly_stands_in_a_run_that_cannot_be_relied_on(base: Path, tmp_path: Path) -> None:
    """What was stored wrongly was stored wrongly, however the load was made; the times are still not judged."""
    new = replace(NEW, slower=1.4, lost=1).folder(tmp_path / "cut", interrupted=True)
    found = compared(base, new)
    assert (found["verdict"], found["reasons"]) == ("regressed", ["lost: 1 in NEW, none in BASE"])
    assert {name for name, tag in cases(new).items() if tag == "failure"} == {"verdict", "lost"}


def test_what_too_few_calls_leave_unjudged_is_said_everywhere(tmp_path: Path) -> None:
    """150 batches and 300 ordinary calls a side: three times cannot be judged, and of three little is known."""
    few = [Made(visitors=150, noise=noise).folder(tmp_path / str(noise)) for noise in (1, 2)]
    found = compared(*few)
    assert found["verdict"] == "no evidence"
    assert "5\u202f%, and none of the 3 judged times is shown to lie within it; least is known of" in found["headline"]
    assert found["headline"].endswith(" 3 times could not be judged.")
    said = summary(few[1])
    assert said.startswith("## ◐ NO EVIDENCE: case\n")
    assert "| 95th percentile of batch response time | – | – | 150 confirmed calls are too few: 200 are needed |" in said
    skipped = [name for name, tag in cases(few[1]).items() if tag == "skipped"]
    assert skipped == [
        "95th percentile of batch response time",
        "99th percentile of batch response time",
        "99th percentile of ordinary response time",
    ]
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.index("150 confirmed calls are too few: 200 are needed") < page.index("<details>")
    assert '<h1 class="open' in page


def test_of_a_few_calls_nothing_can_be_said(tmp_path: Path) -> None:
    """Nine visitors a side: inconclusive, not "no evidence"."""
    few = [Made(visitors=9, noise=noise).folder(tmp_path / str(noise)) for noise in (1, 2)]
    found = compared(*few)
    assert found["verdict"] == "inconclusive"
    assert found["reasons"] == ["no quantity had enough calls to be judged"]


def test_repeats_are_compared_from_run_to_run(tmp_path: Path) -> None:
    """Four on each side, of the same arrivals: their differences."""
    sides = []
    for name, factor in (("before", 1.0), ("after", 1.3)):
        for number in range(1, 5):
            own = Made(visitors=300, arrivals=number, noise=10 * number + len(name), slower=factor)
            own.folder(tmp_path / name / "repeats" / str(number), repeat=number)
        whole = {"verdict": "pass", "anomalies": {}, "visitors": {"total": 300, "affected": 0}, "latency_ms": {}}
        sides.append(judged_into(tmp_path / name, whole))
    found = compared(*sides)
    assert found["verdict"] == "regressed"
    assert found["intervals"] == "4 against 4 runs: differences of repeats with the same arrivals (Student's t)"
    assert len(found["times"][0]["runs"]) == 4


def test_what_else_is_not_alike_is_said(base: Path, tmp_path: Path) -> None:
    """Another address, another machine, another version may be why: they are told, and judged by nobody."""
    new = NEW.folder(
        tmp_path / "away",
        target="https://staging.example/1.0",
        sandbox=False,
        machine={"cpus": 4},
        versions={"python": "3.9"},
    )
    found = compared(base, new)
    assert found["differs"] == [
        "target: https://staging.example/1.0 in NEW, its own sandbox in BASE",
        "cpus: 4 in NEW, unknown in BASE",
        "python: 3.9 in NEW, unknown in BASE",
    ]
    assert "\nNot alike, beside what was measured: target: https://staging.example/1.0 in NEW" in summary(new)
    assert compared(base, NEW.folder(tmp_path / "here", target="http://127.0.0.1:9/1.0"))["differs"] == []


def test_a_system_that_takes_less_regresses(tmp_path: Path) -> None:
    """Two capacity runs, 150 and 100 batches a second: both ranges, and the highest throughput."""
    new = ladder(tmp_path / "new", 100, 2)
    found = compared(ladder(tmp_path / "old", 150), new)
    assert found["verdict"] == "regressed"
    assert (
        found["headline"]
        == "Worse beyond the tolerance of 5\u202f%: capacity: 90.5–98.9 batches/s in NEW, 136–148 in BASE. And 1 more."
    )
    assert found["times"] == []
    assert "| load held | 136 batches/s | 90.5 batches/s | ❌ WORSE |" in summary(new)
    assert cases(new)["load held"] == "failure"


def test_capacity_beyond_the_reach_of_the_generator_is_open(tmp_path: Path) -> None:
    """It held 100, and what the system does beyond that nobody saw: no number is made up for it."""
    beyond = [step(200, valid=False, generator=True, number=number) for number in (2, 3)]
    new = laid_out(tmp_path / "new", [step(100), *beyond])
    found = compared(ladder(tmp_path / "old", 150), new)
    assert found["verdict"] == "no evidence"
    assert {words(found)[name] for name in ("load held", "load broken at", "highest throughput")} == {"open"}
    assert "| load broken at | 148 batches/s | – | ◐ open |" in summary(new)
    assert "the generator, not the system, reached its limit" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize(
    ("new", "heading"),
    [
        (replace(NEW, slower=1.3), "6 of 6 judged times are worse beyond the tolerance<"),
        (replace(NEW, slower_batches=0.7), "3 of 6 judged times are better beyond the tolerance, and none is worse<"),
        (NEW, "No judged time is worse beyond the tolerance; 2 of 6 are shown to lie within it<"),
    ],
)
def test_the_heading_of_the_times_says_what_they_show(base: Path, tmp_path: Path, new: Made, heading: str) -> None:
    """On the page."""
    compared(base, new.folder(tmp_path / "new"))
    assert heading in (tmp_path / "out" / "index.html").read_text()
