"""junit.xml: a test case for the verdict, each promise, objective and condition of a valid run, for CI.

What failed is a `failure`; what could not be decided is an `error`, because a gate must not read it as passed; a
promise that had nothing to be checked on is `skipped`: what that means is said by the verdict, which is a case too.
"""

from typing import Any
from xml.etree import ElementTree

from analysis import findings, page_capacity, page_sections, run_checks, words
from analysis.judgement import Judgement
from analysis.markup import legal as _clean

_ELEMENTS = {
    "fail": "failure",
    "broken": "failure",
    "inconclusive": "error",
    "undecided": "error",
    "unchecked": "skipped",
}
Case = tuple[str, str | None, str]
"""Name, element (none: passed), message."""


def render(judgement: Judgement) -> str:
    """The document as text."""
    verdict = judgement.verdict
    name = str(verdict.get("scenario") or judgement.runs[0].info.scenario)
    root = ElementTree.Element("testsuites", name="inorder")
    headline = findings.headline(judgement)
    _suite(root, name, "verdict", [("verdict", _ELEMENTS.get(verdict["verdict"]), headline)])
    _suite(root, name, "promises", [*map(_promise, verdict["promises"]), _readings(judgement)])
    if stepped := page_capacity.case(judgement):
        _suite(root, name, "capacity", stepped)
    _suite(root, name, "objectives", [_objective(row) for row in page_sections.objectives(judgement)])
    _suite(root, name, "validity", [_condition(check) for check in run_checks.run_checks(judgement)])
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _promise(line: dict[str, Any]) -> Case:
    checked, found, visitors = (int(str(line[key])) for key in ("checked", "found", "visitors_found"))
    what = page_sections.found_in(line) or words.verb(found, "event", "events")
    message = (
        f"{words.count(found)} {what} of {words.plural(visitors, 'visitor')} against it, of "
        f"{words.plural(checked, 'event')} checked"
        if checked
        else "nothing was there to check it on"
    )
    return str(line["name"]), _ELEMENTS.get(str(line["verdict"])), message


def _readings(judgement: Judgement) -> Case:
    """Whether rows vanished or were rewritten: no line of the promises tells, and both fail the run."""
    anomalies = judgement.verdict["anomalies"]
    changed = anomalies.get("vanished") or anomalies.get("rewritten")
    element = "failure" if changed else None if run_checks.is_compared(judgement) else "skipped"
    return "The log only grows", element, findings.between_readings(judgement)


def _objective(row: dict[str, object]) -> Case:
    message = f"{row['value']} {row['interval']}".strip() + f", limit {row['limit']}{row['within']}"
    return str(row["statement"]), _ELEMENTS.get(str(row["verdict"])), message


def _condition(check: run_checks.RunCheck) -> Case:
    return check.name, None if check.ok else "skipped" if check.ok is None else "error", check.sentence


def _suite(root: ElementTree.Element, scenario: str, name: str, cases: list[Case]) -> None:
    """One suite with its counts."""
    suite = ElementTree.SubElement(root, "testsuite", name=name)
    for case_name, element, message in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=_clean(f"{scenario}.{name}"), name=_clean(case_name))
        if element:
            ElementTree.SubElement(case, element, message=_clean(message))
        else:
            ElementTree.SubElement(case, "system-out").text = _clean(message)
    suite.set("tests", str(len(cases)))
    for key, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(own == element for _, own, _ in cases)))
