"""What an SLO becomes as a line of an SLA, and what is said of the rest."""

from pathlib import Path
from typing import Any

import pytest

from inorder.errors import UnusableInput
from inorder.sla import Sla
from tests.inorder.openslo.documents import TIME, lines, only, ratio, read, slo, source, threshold


def wanted(line: Sla) -> dict[str, Any]:
    """What a line says, without what is not given, its name and its source."""
    found = {key: getattr(line, key) for key in "metric max min phase sizes slices_s held_share".split()}
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("metric", "objective", "line"),
    [
        ("batch.response_ms", "op: lte, value: 1500, target: 0.95", {"metric": "batch.response_ms.p95", "max": 1500}),
        ("batch.response_ms", "op: lt, value: 9, targetPercent: 99.9", {"metric": "batch.response_ms.p99.9", "max": 9}),
        ("ordinary.service_ms", "op: lte, value: 9, target: 1", {"metric": "ordinary.service_ms.max", "max": 9}),
        ("drain_s", "op: lte, value: 9, target: 0.9995", {"metric": "drain_s.p99.95", "max": 9}),
        ("visibility_ms", "op: gte, value: 2, target: 0.999", {"metric": "visibility_ms.p0.1", "min": 2}),
        ("visibility_ms", "op: gt, value: 2, target: 0.7", {"metric": "visibility_ms.p30", "min": 2}),
        ("batch.response_ms.p95", "op: lte, value: 1500", {"metric": "batch.response_ms.p95", "max": 1500}),
        ("confirmed_events_per_s", "op: gte, value: 200, target: 0.5", {"metric": "confirmed_events_per_s", "min": 200}),
        ("anomalies.lost", "op: lte, value: 0", {"metric": "anomalies.lost", "max": 0}),
        ("batch.error_share", "op: lte, value: 0.01", {"metric": "batch.error_share", "max": 0.01}),
    ],
)
def test_a_threshold_is_a_limit(tmp_path: Path, metric: str, objective: str, line: dict[str, Any]) -> None:
    """Of a stem the percentile that is within the limit exactly if the target's share of calls is; else as it stands."""
    assert wanted(only(tmp_path, slo(objective, sli=threshold(metric)))) == line


@pytest.mark.parametrize(
    ("parts", "metric"),
    [
        ({"bad": "batch.error_share", "total": "batch.calls"}, "batch.error_share"),
        ({"bad": "ordinary.rejected_share", "total": "ordinary.calls"}, "ordinary.rejected_share"),
        ({"bad": "ordinary.lost_share", "total": "ordinary.events"}, "ordinary.lost_share"),
        ({"bad": "duplicate_share", "total": "batch.events"}, "duplicate_share"),
        ({"good": "batch.confirmed", "total": "batch.calls"}, "batch.error_share"),
        ({"raw": "batch.indeterminate_share"}, "batch.indeterminate_share"),
    ],
)
def test_a_ratio_is_the_share_of_what_is_bad(tmp_path: Path, parts: dict[str, str], metric: str) -> None:
    """At most what the target leaves; and no digit of a float's own."""
    made = {key: source(value) for key, value in parts.items()} | {"rawType": "failure", "counter": "true"}
    assert wanted(only(tmp_path, slo("target: 0.999", sli=ratio(**made)))) == {"metric": metric, "max": 0.001}


def test_time_slices_hold_in_their_share(tmp_path: Path) -> None:
    """The target is of the slices, the slice's own target of the calls in each."""
    objective = "op: lte, value: 9, target: 0.9, timeSliceTarget: 0.99, timeSliceWindow: 30s"
    slices = {"slices_s": 30, "held_share": 0.9}
    line = only(tmp_path, slo(objective, method="Timeslices"))
    assert wanted(line) == {"metric": "batch.response_ms.p99", "max": 9, **slices}
    share = ratio(bad=source("batch.error_share"), total=source("batch.calls"))
    line = only(tmp_path, slo(objective.partition("9, ")[2], sli=share, method="Timeslices"))
    assert wanted(line) == {"metric": "batch.error_share", "max": 0.01, **slices}
    whole = slo(objective, sli=threshold("ratio.p95"), method="Timeslices")
    assert wanted(only(tmp_path, whole)) == {"metric": "ratio.p95", "max": 9, **slices}
    assert "timeSliceTarget is left out: ratio.p95 is one number a slice." in read(tmp_path, whole).left_out[0]


@pytest.mark.parametrize(("window", "seconds"), [("5", 300), ("0.5", 30), ("1m", 60), ("2h", 7200), ("1d", 86400)])
def test_a_window_is_a_duration_or_minutes(tmp_path: Path, window: str, seconds: float) -> None:
    """As the specification reads a plain number."""
    objective = f"op: lte, value: 9, target: 0.9, timeSliceTarget: 0.99, timeSliceWindow: {window}"
    assert only(tmp_path, slo(objective, method="Timeslices")).slices_s == seconds


def test_phase_and_sizes_are_the_sources(tmp_path: Path) -> None:
    """They bind the line as they do in a scenario; in a ratio both parts must have the same."""
    more = ", phase: storm, sizes: [1, 5]"
    line = only(tmp_path, slo("op: lte, value: 9, target: 0.5", sli=threshold("batch.response_ms", more)))
    assert (line.phase, line.sizes) == ("storm", (1, 5))
    both = ratio(bad=source("batch.error_share", more), total=source("batch.calls", more))
    assert only(tmp_path, slo("target: 0.5", sli=both)).sizes == (1, 5)
    one = ratio(bad=source("batch.error_share", more), total=source("batch.calls"))
    with pytest.raises(UnusableInput, match=r"total.* expected batch.calls, of the same phase and sizes"):
        read(tmp_path, slo("target: 0.5", sli=one))


def test_an_sli_and_a_data_source_are_found_by_name(tmp_path: Path) -> None:
    """Wherever they stand in the file."""
    text = slo("op: lte, value: 9, target: 0.95").replace(f"indicator: {{spec: {TIME}}}", "indicatorRef: time")
    named = TIME.replace("type: inorder", "metricSourceRef: ours")
    sli = f"apiVersion: openslo/v1\nkind: SLI\nmetadata: {{name: time}}\nspec: {named}\n"
    data = "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: ours}\nspec: {type: inorder}\n"
    assert only(tmp_path, text, sli, data).metric == "batch.response_ms.p95"
    with pytest.raises(UnusableInput, match="from the data source 'ours', which is not in this file"):
        read(tmp_path, text, sli)
    with pytest.raises(UnusableInput, match=r"spec.indicatorRef: expected the name of an SLI in this file, got 'time'"):
        read(tmp_path, text)


def test_a_line_bears_the_name_that_is_shown(tmp_path: Path) -> None:
    """That of the SLO, and of the objective where it has one; else its number, where there are several."""
    one = "op: lte, value: 9, target: 0.9"
    assert only(tmp_path, slo(one)).name == "fast"
    found = lines(tmp_path, slo(one, f"displayName: most, {one}").replace("name: fast", "name: fast, displayName: Quick"))
    assert [line.name for line in found] == ["Quick (1)", "Quick: most"]
    assert found[1].source == f"{tmp_path}/slo.yaml: SLO 'fast': spec.objectives[1]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (slo("op: lt, value: 9, target: 0.9"), "spec.objectives[0]: op lt is taken as lte: a value at the limit is"),
        (slo("op: gt, value: 9, target: 0.9"), "spec.objectives[0]: op gt is taken as gte"),
        (slo("op: lte, value: 9, target: 0.9, totalTarget: 1"), "'totalTarget' is left out: OpenSLO v1 has no such"),
        (slo("op: lte, value: 9, target: 0.9, timeSliceWindow: 5"), "timeSliceWindow is left out: only budgetingMethod"),
        (slo("op: lte, value: 9, target: 0.9", sli=threshold("ratio.p95")), "target is left out: ratio.p95 is one number"),
        (slo("op: gt, target: 0.9", sli=ratio(raw=source("duplicate_share"), rawType="failure")), "op is left out: an obj"),
        (
            slo("op: lte, value: 9, target: 0.9", more="timeWindow: [{duration: 1M, calendar: {}}]"),
            "SLO 'fast': timeWindow (1M) is left out: a run is judged over its own time.",
        ),
        (slo("op: lte, value: 9, target: 0.9", more="alertPolicies: [a]"), "alertPolicies is left out"),
        (
            slo("op: lte, value: 9, target: 0.9", more="composite: {}"),
            "'composite' is left out: OpenSLO v1 has no such",
        ),
        (slo("op: lte, value: 9, target: 0.9") + "---\nkind: Service\n", "other kinds are left out: 1 (Service)."),
    ],
)
def test_what_a_line_does_not_say_is_told(tmp_path: Path, text: str, said: str) -> None:
    """One sentence each; the line is there all the same, and without such things there is none."""
    found = read(tmp_path, text)
    assert len(found.lines) == len(found.left_out) == 1
    assert said in found.left_out[0]
    assert read(tmp_path, slo("op: lte, value: 9, target: 0.9")).left_out == ()


CLASSIC = TIME.replace("inorder", "Prometheus")
WINDOW = "op: lte, value: 9, target: 0.9, timeSliceTarget: 0.99, timeSliceWindow: 1M"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            slo("op: lte, value: 9, target: 0.9", sli=CLASSIC),
            "is left out: its metrics come from Prometheus, not from",
        ),
        (slo("target: 0.9", method="RatioTimeslices"), "is left out: budgetingMethod RatioTimeslices is the mean"),
        (
            slo("target: 0.9", sli=ratio(raw=source("batch.error_share"), rawType="success")),
            "none of successes to be",
        ),
        (slo("op: lte, value: 9, target: 0.99999"), "objectives[0] is left out: it asks for percentile 99.999, and"),
        (slo("op: gte, value: 9, target: 1"), "objectives[0] is left out: it asks for percentile 0, and"),
        (slo("op: lte, value: 9, target: 0.9, compositeWeight: 2"), "with compositeWeight it is a part of a composite."),
        (slo(WINDOW, method="Timeslices"), "objectives[0] is left out: a slice of 1M has no fixed length."),
    ],
)
def test_what_no_line_can_say_is_told_and_is_all_there_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Beside an SLO that can be expressed it is a sentence; a file of nothing else is an error that holds it."""
    good = slo("op: lte, value: 9, target: 0.9", name="good")
    found = read(tmp_path, text, good)
    assert [line.name for line in found.lines] == ["good"]
    assert any(said in sentence for sentence in found.left_out)
    assert any("nothing of it can be expressed" in own or "'fast' is left out" in own for own in found.left_out)
    with pytest.raises(UnusableInput, match="expected an SLO that can be expressed, found none: ") as refused:
        read(tmp_path, text)
    assert said in str(refused.value)
