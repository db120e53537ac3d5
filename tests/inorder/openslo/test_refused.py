"""OpenSLO files that are none, each refused in one line with the file, the place and what was expected."""

from pathlib import Path

import pytest

from inorder import openslo
from inorder.errors import UnusableInput
from tests.inorder.openslo.documents import TIME, ratio, slo, source, threshold

GOOD = "op: lte, value: 9, target: 0.9"
SLICED = "op: lte, value: 9, target: 0.9, timeSliceTarget: 0.99"
BOMB = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"b{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
)
MERGED = "a0: &a0 {x: 1}\n" + "".join(
    f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 10)}]}}\n" for level in range(1, 12)
)


def refused(folder: Path, text: str | bytes) -> str:
    """What is said, after the file's name."""
    file = folder / "slo.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UnusableInput) as raised:
        openslo.read(file)
    said = str(raised.value)
    assert "\n" not in said
    assert len(said) < 600
    assert said.startswith(f"{file}: ")
    return said.removeprefix(f"{file}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected OpenSLO documents, found none"),
        ("---\n# nothing\n---\n", "expected OpenSLO documents, found none"),
        ("- a\n- b", "document 1: expected a mapping, got ['a', 'b']"),
        ("words", "document 1: expected a mapping, got 'words'"),
        ("{a: 1}", "document 1: the key 'kind' is missing"),
        ("a: [1", "line 1: no valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: b: c", "line 1: no valid YAML: mapping values are not allowed here"),
        ("a: 1\n\tb: 2", "line 2: no valid YAML: found character '\\t' that cannot start any token"),
        ("a: \x07", "no valid YAML: unacceptable character #x0007"),
        (b"a: \xff", "expected UTF-8 text, got a broken byte at 3"),
        ("a: !!python/object:os.system x", "line 1: no valid YAML: could not determine a constructor"),
        ("a: *b", "line 1: no valid YAML: found undefined alias 'b'"),
        ("a: 2026-13-45", "no valid YAML: month must be in 1..12"),
        ("a: " + "[" * 5000, "no valid YAML: nested too deep"),
        (f"kind: SLO\n{BOMB}", "expected at most 100,000 values, aliases written out"),
        (f"kind: SLO\n{MERGED}", "expected at most 100,000 values, aliases written out"),
        ("a: &a [*a]", "line 1: an alias stands inside its own anchor"),
        ("a: 1\nb: 2\na: 3", "line 3: expected each key once, got 'a' again"),
        ("#" * (1 << 20) + "\n", "expected at most 1,048,576 characters, got 1,048,577"),
    ],
)
def test_what_is_no_yaml_of_mappings(tmp_path: Path, text: str | bytes, said: str) -> None:
    """Broken, empty, or made to grow: before anything is read of it."""
    assert said in refused(tmp_path, text)


def changed(old: str, new: str) -> str:
    text = slo(GOOD)
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            changed("openslo/v1", "openslo/v1alpha"),
            "document 1: apiVersion: expected openslo/v1, got 'openslo/v1alpha'",
        ),
        (changed("kind: SLO", "kind: Service"), "expected a document of kind SLO, found only Service"),
        (changed("kind: SLO", "kind: [SLO]"), "document 1: kind: expected text, got ['SLO']"),
        (changed("name: fast", "nam: fast"), "document 1: metadata: the key 'name' is missing"),
        (changed("name: fast", "name: 5"), "document 1: metadata.name: expected text, got 5"),
        (changed("name: fast", 'name: "\\e[31m"'), "metadata.name: expected text, got '\\x1b[31m'"),
        (changed("name: fast", 'name: "\\ud800"'), "metadata.name: expected text, got '\\ud800'"),
        (slo(GOOD) + "---\n" + slo(GOOD), "document 2: metadata.name: expected a name that no other SLO has, got 'fast'"),
        (changed("Occurrences", "Sometimes"), "spec.budgetingMethod: expected one of Occurrences, Timeslices, RatioTimes"),
        (changed(f"indicator: {{spec: {TIME}}}", ""), "spec: expected exactly one of indicator and indicatorRef, got 0"),
        (slo(), "SLO 'fast': spec: the key 'objectives' is missing"),
        (slo() + "  - 5\n", "spec.objectives[0]: expected a mapping, got 5"),
        (
            slo().replace("objectives:", "objectives: {}"),
            "spec.objectives: expected a list with at least one entry, got {}",
        ),
        (slo("value: 9, target: 0.9"), "spec.objectives[0]: the key 'op' is missing"),
        (slo("op: eq, value: 9, target: 0.9"), "spec.objectives[0].op: expected one of lte, lt, gte, gt, got 'eq'"),
        (slo("op: lte, target: 0.9"), "spec.objectives[0]: the key 'value' is missing"),
        (slo("op: lte, value: .nan, target: 0.9"), "spec.objectives[0].value: expected a number, got nan"),
        (slo("op: lte, value: .inf, target: 0.9"), "spec.objectives[0].value: expected a number, got inf"),
        (slo("op: lte, value: true, target: 0.9"), "spec.objectives[0].value: expected a number, got True"),
        (slo("op: lte, value: 5 ms, target: 0.9"), "spec.objectives[0].value: expected a number, got '5 ms'"),
        (slo(f"op: lte, value: {'9' * 400}, target: 0.9"), "spec.objectives[0].value: expected a number, got 99999"),
        (slo(f"op: lte, value: 0x{'f' * 9000}, target: 0.9"), "expected a number, got a number of thousands of digits"),
        (slo("op: lte, value: 9, target: 0"), "objectives[0].target: expected a number above 0 and at most 1, got 0"),
        (slo("op: lte, value: 9, target: 95"), "objectives[0].target: expected a number above 0 and at most 1, got 95"),
        (slo("op: lte, value: 9, targetPercent: 101"), "targetPercent: expected a number above 0 and at most 100, got 101"),
        (slo("op: lte, value: 9"), "spec.objectives[0]: expected exactly one of target and targetPercent, got 0"),
        (slo(f"{GOOD}, targetPercent: 90"), "expected exactly one of target and targetPercent, got 2"),
        (slo(GOOD, method="Timeslices"), "spec.objectives[0]: the key 'timeSliceTarget' is missing"),
        (slo(SLICED, method="Timeslices"), "spec.objectives[0]: the key 'timeSliceWindow' is missing"),
        (slo(f"{SLICED}, timeSliceWindow: 0", method="Timeslices"), "timeSliceWindow: expected a number of minutes, or a"),
        (slo(f"{SLICED}, timeSliceWindow: soon", method="Timeslices"), "such as 1m, got 'soon'"),
        (slo(f"{SLICED}, timeSliceWindow: 99999w", method="Timeslices"), "such as 1m, got '99999w'"),
        (slo(GOOD, more="timeWindow: 28d"), "spec.timeWindow: expected a list with at least one entry, got '28d'"),
    ],
)
def test_an_slo_that_is_none(tmp_path: Path, text: str, said: str) -> None:
    """The SLO by its name, the keys to the place, and what stands there."""
    assert said in refused(tmp_path, text)


SPEC = "spec.indicator.spec.thresholdMetric.metricSource"


@pytest.mark.parametrize(
    ("sli", "said"),
    [
        ("{}", "spec.indicator.spec: expected exactly one of thresholdMetric and ratioMetric, got 0"),
        (TIME.replace("type: inorder, ", ""), f"{SPEC}: expected type or metricSourceRef"),
        (threshold("5"), f"{SPEC}.spec.metric: expected text, got 5"),
        (threshold("[batch.response_ms]"), f"{SPEC}.spec.metric: expected text, got ['batch.response_ms']"),
        (threshold("batch.latency"), "spec.objectives[0]: metric: no such metric: 'batch.latency'"),
        (threshold("ratio"), "spec.objectives[0]: metric: no such metric: 'ratio'"),
        (
            threshold("batch.response_ms", ", query: x"),
            f"{SPEC}.spec: unknown key 'query'; known here: metric, phase, sizes",
        ),
        (threshold("batch.response_ms", ", phase: 1"), f"{SPEC}.spec.phase: expected text, got 1"),
        (
            threshold("batch.response_ms", ", sizes: [1]"),
            f"{SPEC}.spec.sizes: expected [from, to], two whole numbers, got [1]",
        ),
        (threshold("batch.response_ms", ", sizes: [true, 2]"), "expected [from, to], two whole numbers, got [True, 2]"),
        (
            threshold("batch.response_ms", ", sizes: [5, 1]"),
            "objectives[0]: sizes: expected [from, to] with 1 <= from <= to",
        ),
        (
            threshold("anomalies.lost", ", phase: storm"),
            "objectives[0]: phase: anomalies.lost is counted over the whole run",
        ),
        (ratio(bad=source("batch.error_share")), "ratioMetric: expected either raw, or total with one of good and bad"),
        (ratio(total=source("batch.calls")), "ratioMetric: expected exactly one of good and bad, got 0"),
        (ratio(raw=source("batch.error_share")), "ratioMetric: the key 'rawType' is missing"),
        (
            ratio(raw=source("drain_s.p95"), rawType="failure"),
            "raw.metricSource.spec.metric: expected one of batch.rejected_",
        ),
        (ratio(bad=source("batch.error_share"), total=source("ordinary.calls")), "expected batch.calls, of the same phase"),
        (
            ratio(good=source("batch.calls"), total=source("batch.calls")),
            "expected one of batch.confirmed, ordinary.confirmed",
        ),
    ],
)
def test_an_indicator_that_is_none(tmp_path: Path, sli: str, said: str) -> None:
    """What its source says is read as strictly as a scenario."""
    assert said in refused(tmp_path, slo(GOOD, sli=sli))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Told as of a scenario."""
    with pytest.raises(UnusableInput, match=r"none.yaml: cannot be read: No such file or directory"):
        openslo.read(tmp_path / "none.yaml")
