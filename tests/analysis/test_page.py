"""The page, parsed: it needs nothing else, says the verdict first, and shows every promise to every reader."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis import page, page_details, page_sections, report
from analysis.judgement import Judgement
from tests.analysis import cases
from tests.analysis.synthetic import PROMISES

VOID = {"meta", "link", "br", "img", "input", "hr", "base"}


class Parsed(HTMLParser):
    """Tags with their attributes, texts in order, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"style", "script"} & {*self.open[-1:]}:
            self.texts.append(" ".join(data.split()))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def render(case: Judgement) -> str:
    """The page of a case."""
    return page.render(case, report.pictures(case), Path("run-1"))


@cache
def html(case: str) -> str:
    """The page of a named case, made once."""
    return render(cases.CASES[case]())


@pytest.mark.parametrize("case", cases.CASES)
def test_nothing_is_requested(case: str) -> None:
    """No script, style, picture or font from elsewhere; links lead to files of the run folder or into the page."""
    parsed = Parsed(html(case))
    for tag, attributes in parsed.tags:
        for name in ("src", "srcset", "poster", "data", "action", "xlink:href"):
            assert name not in attributes, (tag, attributes)
        target = attributes.get("href")
        if target is not None:
            assert not re.match(r"(?:[a-z]+:)?//|[a-z]+:(?!,$)", target) or target == "data:,"
    style = "".join(re.findall(r"<style>(.*?)</style>", html(case), re.DOTALL))
    assert "@import" not in style
    assert set(re.findall(r"url\(([^)]{1})", html(case))) <= {"#"}
    assert re.findall(r"<script[^>]*>", html(case)) == ["<script>"]


@pytest.mark.parametrize("case", cases.CASES)
def test_tags_are_closed_and_ids_are_unique(case: str) -> None:
    """Every reference within the page finds exactly one place."""
    parsed = Parsed(html(case))
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {attributes.get("href") or "" for tag in ("a", "use") for attributes in parsed.named(tag)}
    used = {target[1:] for target in targets if target.startswith("#")} | set(re.findall(r"url\(#([^)]+)\)", html(case)))
    assert used <= set(ids)


@pytest.mark.parametrize("case", cases.CASES)
def test_every_picture_says_what_it_shows(case: str) -> None:
    """An SVG is an image with a description, or hidden from who cannot see it."""
    for attributes in Parsed(html(case)).named("svg"):
        hidden = attributes.get("aria-hidden") == "true"
        assert hidden or (attributes.get("role") == "img" and attributes.get("aria-label"))


def test_figures_describe_numbers() -> None:
    """A description that holds no number is only a title."""
    labels = [own["aria-label"] or "" for own in Parsed(html("failing")).named("svg") if "aria-label" in own]
    assert len(labels) >= 2 * 6
    assert all(re.search(r"\d", label) for label in labels)


@pytest.mark.parametrize(("case", "word"), [("passing", "PASS"), ("failing", "FAIL"), ("invalid", "INCONCLUSIVE")])
def test_the_verdict_is_the_first_heading(case: str, word: str) -> None:
    """Before it stands only which run it is; the promises come after it."""
    texts = Parsed(html(case)).texts
    body = texts[texts.index("storm") :]
    assert body.index(word) <= 4
    assert body.index(word) < body.index("Promises")
    assert next(tag for tag, _ in Parsed(html(case)).tags if tag in ("h1", "h2")) == "h1"


@pytest.mark.parametrize("case", cases.CASES)
def test_all_promises_and_all_sections_are_there(case: str) -> None:
    """In the same order on every page, so that two reports can be laid side by side."""
    parsed = Parsed(html(case))
    lines = 11 if case == "further" else 8
    names = [text for text in parsed.texts if text in {name for _, name, _ in PROMISES}]
    assert names[:lines] == [name for _, name, _ in PROMISES[:lines]]
    sections = [attributes["id"] for attributes in parsed.named("section")]
    stepped = ["capacity"] if case == "stepped" else []
    assert sections == [*stepped, "promises", "objectives", "latency", "storm", "witnesses", "reordering", "method"]


@pytest.mark.parametrize("case", cases.CASES)
def test_the_interval_says_what_it_covers(case: str) -> None:
    """Within this run, or the repeats."""
    text = " ".join(Parsed(html(case)).texts)
    assert ("from 5 repeats" if case == "repeats" else "within this run only") in text


def test_texts_from_outside_are_escaped() -> None:
    """A visitor's name, a witness, a scenario and a reason are texts, whatever stands in them."""
    bad = "<script>alert(1)</script>\"'&"
    case = cases.failing()
    case.verdict["question"] = case.verdict["scenario"] = bad
    case.verdict["reasons"] = [bad]
    case.verdict["unsupported"] = [bad]
    case.verdict["sla"][0]["name"] = bad
    case.verdict["sla"][0]["metric"] = "batch.response_ms.p95"
    for witness in case.verdict["witnesses"]:
        witness.update(visitor=bad, sentence=bad, anomaly="lost")
        witness["batches"][0]["name"] = bad
    text = render(case)
    assert "<script>alert" not in text
    assert len(re.findall("<script", text)) == 1
    assert Parsed(text).open == []


def test_no_verdict_is_told_by_colour_alone() -> None:
    """Beside each verdict stands a word, and an icon whose shape differs."""
    text = html("failing")
    for shape, word in (("good", "held"), ("bad", "BROKEN"), ("bad", "FAIL"), ("open", "inconclusive")):
        assert re.search(rf'href="#icon-{shape}"/></svg>{word}<', text)


def test_light_and_dark_and_print_are_served() -> None:
    """By the reader's setting; the palette is the one of the figures."""
    text = html("passing")
    assert "prefers-color-scheme:dark" in text
    assert "@media print" in text
    assert "--batch:#0b62a4" in text
    assert "--batch:#6db1e6" in text


def test_a_broken_promise_leads_to_its_witness() -> None:
    """The number of visitors is a link to the proof."""
    text = html("failing")
    assert '<a href="#witness-of-1">33 visitors</a>' in text
    assert 'id="witness-of-1"' in text


def test_each_kind_is_shown_before_the_second_of_any() -> None:
    """And how many more there are is said once, behind the last of its kind."""
    case = cases.failing()
    names = ("lost", "lost", "corrupt", "ghost", "phantom", "split")
    case.verdict["witnesses"] = [cases.WITNESSES["lost"] | {"anomaly": name, "more": 7} for name in names]
    shown = page_details.witnesses(case, {})
    assert [own["anomaly"] for own in shown["open"]] == ["lost", "corrupt", "ghost", "phantom"]
    assert [(own["anomaly"], own["number"]) for own in shown["folded"]] == [("split", 6), ("lost", 2)]
    assert [own["more"] for own in (*shown["open"], *shown["folded"])] == [0, 7, 7, 7, 7, 7]


def test_what_a_scenario_promises_is_not_told_as_only_counted() -> None:
    """Torn and split are lines of the table then, in batches; what is left of the catalogue is still named."""
    text = " ".join(Parsed(html("further")).texts)
    assert "Also counted: 1 event stored without a certain answer (recovered)." in text
    assert "Also looked for, and not found: unseen and duplicate-explained." in text
    rows = re.findall(r"<b>(Whole|Contiguous) batches</b>.*?<td data-l=\"found\"><b>(\d)</b> (\w+)</td>", html("further"))
    assert rows == [("Whole", "1", "batch"), ("Contiguous", "3", "batches")]


def test_what_changed_between_readings_is_told_in_rows() -> None:
    """It fails the run, and no line of the promises tells it."""
    text = " ".join(Parsed(html("further")).texts)
    assert "Between two readings of the log 2 rows vanished and 1 row was rewritten, which a log that only grows" in text
    assert "No row vanished or was rewritten between two readings of the log." in " ".join(Parsed(html("passing")).texts)
    assert "Not looked for: rows that vanish or are rewritten" in " ".join(Parsed(html("inconclusive")).texts)


def test_a_row_of_an_earlier_reading_is_told_where_it_stood() -> None:
    """In the caption below the picture, and with the rows, also where no call and no stored row is known of it."""
    text = " ".join(Parsed(html("further")).texts)
    assert "Dashed: where seq 10 stood in an earlier reading of the log, at 70,010." in text
    assert "In an earlier reading of the log it stood at 70,010." in text
    assert "In an earlier reading of the log it stood at 8." in text


def test_a_row_without_identity_has_no_seq() -> None:
    """Whatever number stands in its place in the table."""
    case = cases.further()
    own = cases.WITNESSES["moved-no-call"]
    case.verdict["witnesses"] = [own | {"events": [[None, None, None, 5]], "stored": [[5, 0, None]]}]
    [shown] = page_details.witnesses(case, {})["open"]
    assert shown["stored"] == [("5", "unknown", "none")]


def test_the_breach_of_the_client_is_told_beside_the_promises() -> None:
    """What is out of order by the client's own doing is not the system's fault."""
    text = " ".join(Parsed(html("client")).texts)
    assert "The client broke its rules: 5,120 times" in text
    assert "9,320 events of 2,011 visitors" in text


@pytest.mark.parametrize("name", ["passing", "client"])
def test_what_the_client_did_to_its_own_sequence_is_told_where_it_did(name: str) -> None:
    """Whether or not it kept the rules; where there is nothing of it, nothing is said."""
    case = getattr(cases, name)()
    silent = " ".join(page_sections.client(case))
    assert "never sent" not in silent
    assert "the client's doing" not in silent
    case.verdict["client"] = {"out_of_sequence": 1200, "never_sent": 1}
    told = page_sections.client(case)
    assert told[-3:] == [
        "1,200 events of batches were sent after a later event of the same visitor.",
        "1 event was never sent, though later ones were.",
        "That is the client's doing, and decides nothing.",
    ]


def test_no_path_of_the_machine_is_on_the_page() -> None:
    """A report is passed on."""
    for case in cases.CASES:
        assert not re.search(r"/(?:home|root|tmp|work|Users)/", html(case))


def test_a_run_of_the_name_of_its_scenario_is_named_once() -> None:
    """In the title and in the header."""
    case = cases.passing()
    name = case.verdict["scenario"]
    for folder, header in ((name, [name]), ("run-1", [name, "run-1"])):
        parsed = Parsed(page.render(case, report.pictures(case), Path(folder)))
        assert parsed.texts[0] == f"PASS: {', '.join(header)}"
        assert parsed.texts[1 : 1 + len(header)] == header
        assert parsed.texts[1 + len(header)] not in header
