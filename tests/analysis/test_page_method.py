"""What ran and how to judge it again: of evidence made elsewhere nothing is said that only a driven run has."""

from pathlib import Path

import pytest

from analysis import page_method, report, run_checks, summary
from analysis.judgement import Judgement
from analysis.verdict import judge
from inorder.foreign import Given, gather
from tests.analysis import cases
from tests.analysis.synthetic import with_infos
from tests.analysis.test_page import Parsed, render

SENT = (
    '{"type": "sent", "call": "c1", "batch": "b1", "kind": "batch", "attempt": 1, "intended": %s, "sent": %s, '
    '"events": [["ann", 0, 3]]}\n{"type": "done", "call": "c1", "done": %s, "outcome": "confirmed", "status": 200}\n'
)
CLOSED = '{"type": "closed", "worker": "w0", "calls": 1, "events": 3}\n'


def given(folder: Path, start: float = 0.1, closed: bool = False, readings: int = 1) -> Judgement:
    """A history of one call and a stored log, as somebody else would give them."""
    history = folder / "history.jsonl"
    history.write_text(SENT % (start, start, start + 0.2) + (CLOSED if closed else ""), encoding="utf-8")
    stored = [folder / f"stored-{number}.csv" for number in range(readings)]
    for path in stored:
        path.write_text("position,visitor,seq\n5,ann,0\n6,ann,1\n7,ann,2\n", encoding="utf-8")
    return judge([gather(Given([history], stored), folder / "judged")])


def text(case: Judgement) -> str:
    """The words of the page."""
    return " ".join(Parsed(render(case)).texts)


def test_a_driven_run_says_what_ran_and_how_to_run_it_again() -> None:
    """Seed, system, load, and both commands."""
    case = cases.passing()
    names = [name for name, _ in page_method.method(case)]
    assert {"Load", "Load model", "Phases", "Seed", "System", "Generators"} <= {*names}
    assert "Run it again inorder run" in text(case)
    assert "seed 1" in summary.render(case, "run-1")


@pytest.mark.parametrize("sandbox", [True, False])
def test_it_says_how_its_events_are_found_and_deleted(sandbox: bool) -> None:
    """On the page and in summary.md, by the names of the run's visitors; a sandbox is gone with its store."""
    case = cases.passing()
    case = Judgement(case.verdict, with_infos(case.runs, sandbox=sandbox, prefix="kqzzabcd"))
    row = dict(page_method.method(case))["Its events"]
    assert "^kqzzabcd[0-9]+$" in row
    assert ("LIKE 'kqzzabcd%'" in row) != sandbox
    assert row in text(case)
    assert "kqzzabcd" in summary.render(case, "run-1")


def test_a_quota_is_told_and_kept_when_it_is_run_again() -> None:
    """And a target file is named as it was."""
    case = cases.passing()
    case = Judgement(case.verdict, with_infos(case.runs, sandbox=False, calls_per_s=25.0))
    assert "at most 25 calls a second, by its quota" in dict(page_method.method(case))["System"]
    told = command(cases.passing(), processes=1, sandbox=False, calls_per_s=25.0, target_file="my shop.toml")
    assert told.endswith(" --seed 1 --target 'my shop.toml' --max-rate 25")


def command(case: Judgement, **facts: object) -> str:
    """How to run a case again, whose run.json says otherwise in some."""
    case = Judgement(case.verdict, with_infos(case.runs, **facts))
    return str(page_method.again(case, Path("reports/run 1"))["run"]).replace(" \\\n  ", " ")


def test_it_is_run_again_as_it_was() -> None:
    """By the scenario of the run folder, with its seed, processes, servers, click log and repeats."""
    assert command(cases.passing(), processes=1) == "inorder run 'reports/run 1/scenario.toml' --seed 1"
    assert command(cases.passing()).endswith(" --seed 1 --processes 2")
    targets = "https://a.example/1.0, https://b.example/1.0"
    told = command(cases.passing(), processes=1, sandbox=False, target=targets, behaviour="my clicks.csv")
    assert told.endswith(
        " --seed 1 --target https://a.example/1.0 --target https://b.example/1.0 --behaviour 'my clicks.csv'"
    )
    told = command(cases.repeats(), processes=1)
    assert told == "inorder run 'reports/run 1/repeats/1/scenario.toml' --seed 1 --repeats 5"


@pytest.mark.parametrize(
    ("folder", "named"),
    [("my/run 1", "'my/run 1'"), ("reports/x/steps/2", "reports/x/steps/2"), ("/tmp/run", "."), (".", ".")],
)
def test_it_is_judged_again_where_it_lies(folder: str, named: str) -> None:
    """The folder as it was named, but for a path of this machine; what judging reads is apart from what it writes."""
    told = page_method.again(cases.passing(), Path(folder))
    assert told["judge"] == f"inorder judge \\\n  {named}"
    assert bool(told["where"]) == (folder == "/tmp/run")
    assert not {*told["reads"]} & {*told["writes"]}


def test_given_evidence_has_no_target_seed_or_load_of_ours(tmp_path: Path) -> None:
    """Nothing was driven, so nothing can be run again; it is judged again from its folder."""
    case = given(tmp_path)
    facts = dict(page_method.method(case))
    assert not {"Load", "Load model", "Phases", "Seed", "System", "Started", "Machine", "Generators"} & {*facts}
    assert facts["Evidence"].startswith("Made elsewhere: a history of 1 call of 1 visitor, and a stored log.")
    page = text(case)
    assert "Judge it again inorder judge \\ run-1 Reads" in page
    assert "Run it again" not in page
    assert "inorder run" not in page
    assert "--repeats" not in page
    assert "seed" not in summary.render(case, "run-1")


def test_a_history_without_closing_lines_is_not_said_to_be_complete(tmp_path: Path) -> None:
    """None of its processes can have reported to the end; that is open, and not broken."""
    case = given(tmp_path)
    told = " ".join(check.sentence for check in run_checks.run_checks(case))
    assert "The history has no closing lines, so whether it is complete cannot be told." in told
    assert "load generator" not in told
    assert run_checks.is_valid(case)
    assert run_checks.standing(case) == "valid as far as can be told"
    assert "Is the run valid? As far as can be told." in text(case)


def test_a_history_with_closing_lines_is_counted_by_its_files(tmp_path: Path) -> None:
    """They may be of any client, so they are not called load generators."""
    told = " ".join(check.sentence for check in run_checks.run_checks(given(tmp_path, closed=True)))
    assert "1 of 1 history file has a closing line." in told
    assert "load generator" not in told


def test_a_limit_that_nobody_asked_for_is_not_told(tmp_path: Path) -> None:
    """The scenario that is made up around a history has the longest limits that there are."""
    case = given(tmp_path)
    assert case.runs[0].scenario.validity.late_start_ms_p99 >= run_checks.UNLIMITED_MS
    assert "999,999,999" not in text(case)
    told = " ".join(check.sentence for check in run_checks.run_checks(case))
    assert "late" not in told
    assert "busy" not in told


def test_a_history_in_seconds_of_the_epoch_is_drawn_from_its_first_call(tmp_path: Path) -> None:
    """The page says what its figures count from, and no bin is as long as the years before."""
    case = given(tmp_path, start=1.764e9)
    storm = report.pictures(case)["storm"]
    assert storm.caption.startswith("Rates in bins of 0.5")
    assert "The run in time, 0 to 0.5 s" in storm.alt
    assert "1,764,000,000" in text(case)


@pytest.mark.parametrize(("readings", "told"), [(1, "One, so that"), (2, "Two, each compared"), (3, "Three, each")])
def test_given_readings_are_told(tmp_path: Path, readings: int, told: str) -> None:
    """One cannot show what vanished."""
    case = given(tmp_path, readings=readings)
    assert dict(page_method.method(case))["Readings of the log"].startswith(told)
    assert run_checks.is_compared(case) == (readings > 1)


def test_two_readings_of_a_run_are_counted() -> None:
    """How many rows each had, in the header and among the methods."""
    case = cases.passing()
    reading = case.runs[0].info.reading
    assert reading is not None
    case = Judgement(case.verdict, with_infos(case.runs, reading=reading))
    rows = f"{reading.rows:,}"
    assert dict(page_method.method(case))["Readings of the log"].startswith(f"Two, compared row by row ({rows} rows, then ")
    assert f"It was read a second time ({rows} rows): 2 readings were compared." in text(case)
