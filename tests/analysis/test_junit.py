"""junit.xml tells a CI server what passed, failed and could not be decided."""

from xml.etree import ElementTree

import pytest

from analysis import junit
from analysis.judgement import Judgement
from tests.analysis import cases


def outcomes(judgement: Judgement) -> dict[str, str]:
    """Name of each test case to how it ended."""
    found = {}
    for case in ElementTree.fromstring(junit.render(judgement)).iter("testcase"):
        ends = [child.tag for child in case if child.tag != "system-out"]
        found[case.get("name", "")] = ends[0] if ends else "passed"
    return found


def test_a_pass_is_green() -> None:
    """Verdict, the promises, six objectives and the conditions of a valid run, all passed."""
    assert set(outcomes(cases.passing()).values()) == {"passed"}
    assert len(outcomes(cases.passing())) >= 1 + 8 + 6 + 4


def test_a_broken_promise_and_a_missed_objective_are_failures() -> None:
    """And a line that is not decided is an error, which no gate reads as passed."""
    found = outcomes(cases.failing())
    assert found["verdict"] == "failure"
    assert found["Order across batches"] == "failure"
    assert found["Batch response time, 95th percentile"] == "failure"
    assert found["Ordinary response time, 95th percentile"] == "error"
    assert found["Uncorrupted"] == "passed"


def test_what_is_found_is_counted_in_its_unit() -> None:
    """Torn and split are batches; rows that vanished are a case of their own, for they fail the run."""
    root = ElementTree.fromstring(junit.render(cases.further()))
    messages = {own.get("name"): "".join(child.get("message", "") for child in own) for own in root.iter("testcase")}
    assert messages["Whole batches"] == "1 batch of 1 visitor against it, of 40 events checked"
    assert messages["Contiguous batches"].startswith("3 batches of 2 visitors against it, of ")
    assert "2 rows vanished and 1 row was rewritten" in str(messages["The log only grows"])
    assert outcomes(cases.further())["The log only grows"] == "failure"
    assert outcomes(cases.passing())["The log only grows"] == "passed"
    assert outcomes(cases.inconclusive())["The log only grows"] == "skipped"


def test_an_inconclusive_run_is_red_by_errors_alone() -> None:
    """A promise with nothing to check is skipped: the verdict, an error, says what that means."""
    found = outcomes(cases.inconclusive())
    assert found["verdict"] == "error"
    assert found["Nothing confirmed is lost"] == "error"
    assert found["Nothing rejected is stored"] == "skipped"
    assert "failure" not in found.values()


def test_a_fault_of_the_generator_is_an_error() -> None:
    """The system is not to blame for it."""
    assert outcomes(cases.invalid())["load generators ended well"] == "error"


@pytest.mark.parametrize("case", cases.CASES)
def test_the_counts_are_those_of_the_cases(case: str) -> None:
    """Servers trust the attributes without counting."""
    root = ElementTree.fromstring(junit.render(cases.CASES[case]()))
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(root.get(attribute, "-1")) == len([*root.iter(tag)])
        assert sum(int(suite.get(attribute, "-1")) for suite in root) == len([*root.iter(tag)])


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    """A NUL or an escape in an error text must not make the file unreadable."""
    case = cases.inconclusive()
    case.verdict["reasons"] = ["the server said \x00\x1b[31m <&>"]
    assert "said ��[31m <&>" in ElementTree.fromstring(junit.render(case)).find(".//error").get("message")  # type: ignore[union-attr, operator]
