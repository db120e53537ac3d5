"""junit.xml of a comparison: a test case for the verdict, each response time and everything else that is judged."""

from typing import Any
from xml.etree import ElementTree

from analysis.compare.told import asked, change_text, interval_text, name_of, shown
from analysis.markup import legal

_ELEMENTS = {"regressed": "failure", "inconclusive": "error", "worse": "failure", "unknown": "skipped"}


def render(found: dict[str, Any]) -> str:
    """The document as text; `found`: the content of compare.json."""
    found = shown(found)
    cases = [("verdict", _ELEMENTS.get(found["verdict"]), found["headline"])]
    for time in asked(found):
        text = time["reason"] or f"{change_text(time)} {interval_text(time)}"
        cases.append((name_of(time), _ELEMENTS.get(time["word"]), f"{name_of(time)}: {text}"))
    for own in found["changes"]:
        if own["word"] != "told":
            cases.append((own["name"], _ELEMENTS.get(own["word"]), own["sentence"]))
    root = ElementTree.Element("testsuites", name="inorder compare")
    suite = ElementTree.SubElement(root, "testsuite", name=found["scenario"])
    for name, element, text in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=f"{found['scenario']}.compare", name=legal(name))
        if element:
            ElementTree.SubElement(case, element, message=legal(text))
    for own in (root, suite):
        own.set("tests", str(len(cases)))
        for key, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            own.set(key, str(sum(kind == element for _, kind, _ in cases)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
