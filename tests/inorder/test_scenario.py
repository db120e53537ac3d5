"""Scenario files: what is read, and how bad ones are refused."""

import json
from pathlib import Path

import pytest

from inorder import scenario
from inorder.errors import UnusableInput
from inorder.sla import check_measurable

GOOD = """
question = "Does it hold?"
[visitors]
count = 10
[[phases]]
name = "all"
duration_s = 3
returning = 1.0
"""
WARM = "warm_up_s = 3\n" + GOOD + '[[phases]]\nname = "rest"\nduration_s = 1\n[[sla]]\n'
"""A warm-up as long as the first of two phases."""
HABITS = ('on_retry = "overtake"', 'queue_order = "text"', "flush_again_s = 0.5", "queue_limit = 9", 'live = "overtakes"')
SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"


def parse(text: str) -> scenario.Scenario:
    return scenario.parse(text, Path("some/storm.toml"))


def test_a_scenario_takes_its_name_from_its_file_and_the_rest_from_defaults() -> None:
    """The least that a file must say is a question, how many visitors, and one phase."""
    read = parse(GOOD)
    assert read.name == "storm"
    assert read.client.batch_size == 20
    assert read.phases[0].returning == 1.0


def test_phase_bounds_follow_each_other() -> None:
    """Phases lie end to end from zero."""
    read = parse(GOOD + '[[phases]]\nname = "rest"\nduration_s = 2.5')
    assert read.phase_bounds() == [("all", 0.0, 3.0), ("rest", 3.0, 5.5)]
    assert read.phases_s == 5.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("= 3", "= -3"), "phases[0].duration_s: expected float > 0.0, got -3"),
        (GOOD.replace("= 3", "= nan"), "phases[0].duration_s: expected"),
        (GOOD.replace("= 3", "= inf"), "phases[0].duration_s: expected"),
        (GOOD.replace("count = 10", 'count = "ten"'), "visitors.count: expected int, got str, got 'ten'"),
        (GOOD.replace("count = 10", "count = 0"), "visitors.count: expected int >= 1, got 0"),
        (GOOD + "[client]\nbatchsize = 3", "client: unknown key 'batchsize'; known here: batch_size"),
        (GOOD + '[client]\nconnection = "old"', "client.connection: expected one of fresh, kept, got 'old'"),
        ("speed = 3\n" + GOOD, "unknown key 'speed'; known here: question"),
        (GOOD.replace('question = "Does it hold?"', ""), "the key 'question' is missing"),
        (
            GOOD.replace("returning = 1.0", 'arrival = "soon"'),
            "phases[0].arrival: expected one of burst, uniform, waves, got 'soon'",
        ),
        (GOOD + '[[phases]]\nname = "all"\nduration_s = 1', "phases[1].name: expected a name of its own"),
        (GOOD + '[[phases]]\nname = "b"\nduration_s = 1\nreturning = 0.5', "add up to at most 1, got 1.5"),
        (GOOD + '[[sla]]\nmetric = "batch.p95"\nmax = 1', "sla[0].metric: no such metric: 'batch.p95'"),
        (GOOD + '[[sla]]\nmetric = "drain_s.p95"', "sla[0]: expected exactly one of max and min"),
        (GOOD + '[[sla]]\nmetric = "drain_s.p95"\nmax = 1\nphase = "x"', "sla[0].phase: expected one of all, got 'x'"),
        (GOOD + '[[sla]]\nmetric = "drain_s.p95"\nmax = inf', "sla[0].max: expected a number"),
        (GOOD + '[[sla]]\nmetric = "drain_s.p95"\nmax = 1\nsizes = [1, 2]', "sla[0].sizes: drain_s.p95 is not told by"),
        (GOOD + '[[sla]]\nmetric = "ratio.p95"\nmax = 1\nsizes = [3, 2]', "expected [from, to] with 1 <= from <= to"),
        (GOOD + '[[sla]]\nmetric = "ratio.p95"\nmax = 1\nsizes = [3]', "sla[0].sizes: expected array of length 2"),
        (GOOD + '[[sla]]\nmetric = "ratio.p95"\nmax = 1\nslices_s = 10', "expected slices_s and held_share together"),
        (GOOD + '[[sla]]\nmetric = "ratio.p95"\nmax = 1\nslices_s = 10\nheld_share = 1.1', "expected float <= 1"),
        (GOOD + '[[sla]]\nmetric = "anomalies.lots"\nmax = 0', "sla[0].metric: no such metric: 'anomalies.lots'"),
        (GOOD + '[[sla]]\nmetric = "anomalies.lost"\nmax = 0\nphase = "all"', "sla[0].phase: anomalies.lost is counted"),
        (GOOD + '[[sla]]\nmetric = "drain_s.p95"\nmax = 1\nstop = true', "sla[0].stop: drain_s.p95 cannot be decided"),
        (GOOD + '[[sla]]\nmetric = "ratio.p95"\nmax = 1\nstop = true', "sla[0].stop: ratio.p95 cannot be decided"),
        (GOOD + '[[sla]]\nmetric = "anomalies.lost"\nmax = 1\nstop = true', "sla[0].stop: anomalies.lost cannot be"),
        (GOOD + '[[sla]]\nmetric = "batch.response_ms.p9"\nmin = 1\nstop = true', "only a line with max can be known"),
        ("warm_up_s = 3\n" + GOOD, "warm_up_s: expected less than the phases' 3 s, got 3"),
        ("warm_up_s = -1\n" + GOOD, "warm_up_s: expected float >= 0.0, got -1"),
        (
            WARM + 'metric = "drain_s.p95"\nmax = 1\nphase = "all"',
            "sla[0].phase: expected one that outlasts warm_up_s, got 'all'",
        ),
        (GOOD + "[validity]\ncpu_share = 0", "validity.cpu_share: expected float > 0.0, got 0"),
        (GOOD + "[client]\nvisitors_per_call = 2\ncalls_in_flight = 2", "client: expected calls_in_flight = 1"),
        (GOOD + '[client]\non_retry = "later"', "client.on_retry: expected one of overtake, requeue, wait, got"),
        (GOOD + "[client]\nqueue_limit = 0", "client.queue_limit: expected int >= 1, got 0"),
        (GOOD + "[client]\nflush_again_s = 0", "client.flush_again_s: expected float > 0.0, got 0"),
        *(
            (GOOD + f"[client]\n{setting}\n{other}", f"client: expected {key} with {setting.split()[0]} = ")
            for setting in HABITS
            for other, key in (
                ("visitors_per_call = 2", "visitors_per_call = 1"),
                ("calls_in_flight = 2", "calls_in_flight = 1"),
                ('backlog = "ordinary"', "backlog = 'batches'"),
            )
        ),
        (
            GOOD + '[client]\non_retry = "requeue"\nflush_again_s = 1',
            "client: expected on_retry = 'wait' with flush_again_s",
        ),
        (GOOD + "[client]\nbatch_timeout_s = 2\nflush_again_s = 2", "expected flush_again_s below batch_timeout_s, got 2"),
        (
            GOOD.replace("returning", 'arrival = "burst"\nwithin_s = 9\nreturning'),
            "phases[0].within_s: expected at most",
        ),
        (GOOD.replace("[visitors]", "[visitors"), "no valid TOML"),
        (GOOD + "[visitors.extra]\nx = 1", "visitors: unknown key 'extra'"),
    ],
)
def test_a_bad_scenario_is_refused_in_one_line_that_names_the_place(text: str, said: str) -> None:
    """Which file, where in it, and what was expected."""
    with pytest.raises(UnusableInput) as refused:
        parse(text)
    line = str(refused.value)
    assert line.startswith("some/storm.toml: ")
    assert said in line
    assert "\n" not in line


def test_a_client_has_no_habits_of_its_own_accord() -> None:
    """Each is on only where it is asked for."""
    assert parse(GOOD).client.habits() == {}
    for setting in HABITS:
        assert list(parse(GOOD + f"[client]\n{setting}").client.habits()) == [setting.split()[0]]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The reason is the system's own."""
    with pytest.raises(UnusableInput, match=r"none\.toml: cannot be read: No such file"):
        scenario.load(tmp_path / "none.toml")


def test_a_seed_out_of_range_is_refused() -> None:
    """Seeds are 63 bits."""
    assert scenario.with_seed(parse(GOOD), 7).seed == 7
    with pytest.raises(UnusableInput, match="--seed"):
        scenario.with_seed(parse(GOOD), -1)


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.toml")), ids=lambda file: file.stem)
def test_every_scenario_of_the_repository_opens_with_its_question(file: Path) -> None:
    """The first line is the question that the scenario answers; and each has objectives."""
    read = scenario.load(file)
    assert file.read_text(encoding="utf-8").startswith(f'question = "{read.question}"')
    assert read.question.endswith("?")
    assert read.sla


def test_the_schema_names_every_key() -> None:
    """Editors complete from it."""
    schema = json.dumps(scenario.json_schema())
    for struct in (scenario.Visitors, scenario.Client, scenario.Phase, scenario.Sla):
        assert all(f'"{key}"' in schema for key in struct.__struct_fields__)


def line(metric: str, more: str = "") -> str:
    return f'[[sla]]\nmetric = "{metric}"\nmax = 0.5\n{more}\n'


QUIET = GOOD.replace("count = 10", "count = 10\nonline_before = 0\nonline_after = 0")
LATER = GOOD.replace("returning = 1.0", '[[phases]]\nname = "back"\nduration_s = 1\nreturning = 1.0')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            QUIET + line("ordinary.response_ms.p95"),
            "sla[0].metric: ordinary.response_ms.p95 cannot be measured: all events",
        ),
        (QUIET + line("ratio.p95"), "sla[0].metric: ratio.p95 cannot be measured: all events go in batches"),
        (GOOD + line("drain_s.p9") + line("ratio.p9", "sizes = [21, 30]"), "sla[1].sizes: no batch has more than client."),
        (GOOD + line("visibility_ms.p95") + "[readback]\nlive_s = 0", "readback.live_s = 0 reads no log"),
        (LATER + line("batch.response_ms.p95", 'phase = "all"'), "cannot be measured in 'all': no visitor has returned"),
        (
            LATER + line("confirmed_batches_per_s", 'phase = "back"\nslices_s = 1.1\nheld_share = 0.9'),
            "sla[0].slices_s: 'back' is measured for less than one slice of 1.1 s",
        ),
        (
            "drain_limit_s = 5" + LATER + line("confirmed_batches_per_s", "slices_s = 100\nheld_share = 0.9"),
            "slices_s: the run is measured for ",
        ),
        (GOOD + 2 * line("drain_s.p95"), "sla[1]: expected each line once, got sla[0] again"),
        (LATER.replace("1.0", "0.0") + line("drain_s.p95"), "no visitor returns in any phase"),
        (
            GOOD + line("drain_s.p95") + '[client]\nbacklog = "ordinary"',
            "there is no batch, for the backlog goes in ordinary",
        ),
        (GOOD.replace("= 10", "= 10\nonline_share = 1") + line("drain_s.p95"), "no batch, for every visitor stays online"),
    ],
)
def test_a_run_that_is_certain_to_measure_nothing_for_a_line_is_refused(text: str, said: str) -> None:
    """Before any load: which line, and why. The scenario itself can be read, to judge what others did."""
    with pytest.raises(UnusableInput) as refused:
        check_measurable(parse(text), Path("some/storm.toml"))
    assert str(refused.value).startswith("some/storm.toml: sla[")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        QUIET + '[client]\nbacklog = "ordinary"\n' + line("ordinary.response_ms.p95"),
        QUIET.replace("online_after = 0", "online_after = 0.1") + line("ratio.p95"),
        GOOD + line("batch.error_share", "sizes = [20, 30]"),
        LATER + line("batch.response_ms.p95", 'phase = "back"') + line("ordinary.response_ms.p95", 'phase = "all"'),
        LATER + line("visibility_ms.p95", 'phase = "all"'),
        LATER + line("confirmed_batches_per_s", 'phase = "back"\nslices_s = 1.0\nheld_share = 0.9'),
    ],
)
def test_a_line_that_may_be_measured_is_let_pass(text: str) -> None:
    """Only what is certain is refused."""
    check_measurable(parse(text), Path("some/storm.toml"))


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("max = 2", "sla[0].max: expected a share, 0 or more and below 1 (2 % is 0.02), got 2"),
        ("max = 1", "sla[0].max: expected a share"),
        ("max = -0.1", "sla[0].max: expected a share"),
        ("min = 0", "sla[0].min: expected a share, above 0 and at most 1 (98 % is 0.98), got 0"),
        ("min = 98", "sla[0].min: expected a share"),
    ],
)
def test_a_limit_that_no_share_can_miss_or_meet_is_refused(limit: str, said: str) -> None:
    """Somebody wrote per cent."""
    with pytest.raises(UnusableInput) as refused:
        parse(f'{GOOD}[[sla]]\nmetric = "batch.error_share"\n{limit}\n')
    assert said in str(refused.value)


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.toml")), ids=lambda file: file.stem)
def test_every_line_of_the_repository_can_be_measured(file: Path) -> None:
    """Its scenarios are to be run."""
    check_measurable(scenario.load(file), file)


@pytest.mark.parametrize(
    "line",
    [
        'metric = "drain_s.p95"\nmax = 1\nphase = "rest"',
        'metric = "drain_s.p95"\nmax = 1',
        'metric = "ordinary.lost_share"\nmax = 0.1\nphase = "all"',
    ],
)
def test_a_line_that_a_warm_up_leaves_something_of_is_read(line: str) -> None:
    """A phase that outlasts it, no phase at all, or a metric of order, which has no warm-up."""
    assert parse(WARM + line).warm_up_s == 3.0
