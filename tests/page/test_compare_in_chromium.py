"""The page of a comparison as a browser shows it, for each verdict, of ordinary runs and of capacity runs."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from analysis.compare.report import compare_and_write
from tests.analysis.capacity.machines import step
from tests.analysis.compare.ladders import ladder, laid_out
from tests.analysis.compare.made import Made
from tests.page.chromium import ARTIFACTS, NARROW, WIDE, cut, opened, overlapping

NEW = Made(noise=2)
A4 = 703
"""Pixels between the margins of a printed page."""
AWAY = {
    "target": "https://a-staging-system-with-a-long-name.internal.example/tracking/1.0",
    "sandbox": False,
    "machine": {"system": "Linux 6.1.0-28-cloud-amd64", "cpus": 4},
}
VERDICTS = {
    "slower": "REGRESSED",
    "far slower": "REGRESSED",
    "wrong": "REGRESSED",
    "faster": "IMPROVED",
    "same": "NO EVIDENCE",
    "cut": "INCONCLUSIVE",
    "few": "INCONCLUSIVE",
    "takes less": "REGRESSED",
    "takes as much": "NO EVIDENCE",
    "open end": "NO EVIDENCE",
}
OTHERS = {
    "slower": lambda path: replace(NEW, slower=1.3).folder(path, **AWAY),
    "far slower": lambda path: replace(NEW, slower=4.0, slower_batches=12.0).folder(path),
    "wrong": lambda path: replace(NEW, swapped=30, lost=20, rejected=40, slower=0.8).folder(path),
    "faster": lambda path: replace(NEW, slower_batches=0.7).folder(path),
    "same": NEW.folder,
    "cut": lambda path: replace(NEW, slower=1.4).folder(path, interrupted=True),
    "few": lambda path: Made(visitors=9).folder(path),
    "takes less": lambda path: ladder(path, 100, 2),
    "takes as much": lambda path: ladder(path, 150, 3),
    "open end": lambda path: laid_out(path, [step(100), *(step(200, valid=False, number=number) for number in (2, 3))]),
}
CAPACITY = ("takes less", "takes as much", "open end")
PageOf = Callable[[str], Path]


@pytest.fixture(scope="module")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> PageOf:
    """The page of a comparison by name, made once."""
    folder = tmp_path_factory.mktemp("comparisons")
    run, capacity = Made().folder(folder / "base"), ladder(folder / "capacity", 150)

    @cache
    def made(name: str) -> Path:
        base = capacity if name in CAPACITY else run
        new = OTHERS[name](folder / name)
        return compare_and_write([base], [new], folder / f"of {name}", tolerance=0.05, tolerance_ms=0.5).page

    return made


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_is_seen_first_and_nothing_is_asked_for(browser: Browser, page_of: PageOf, name: str) -> None:
    """In the first 200 pixels, with what it rests on; each figure has a size, but where there is nothing to draw."""
    with opened(browser, page_of(name)) as seen:
        verdict = seen.page.locator("h1")
        assert verdict.inner_text().strip() == VERDICTS[name]
        assert (verdict.bounding_box() or {"y": 999})["y"] < 200
        frames = seen.frames()
        assert len(frames) == (0 if name == "few" else 1 if name in CAPACITY else 2)
        assert all(box[3] - box[1] > 300 and box[4] - box[2] > 100 for box in frames.values())
        assert seen.requests == []
        assert seen.errors == []


@pytest.mark.parametrize("width", [NARROW, 820, WIDE])
@pytest.mark.parametrize("name", VERDICTS)
def test_nothing_is_cut_and_no_label_hides_another(browser: Browser, page_of: PageOf, name: str, width: int) -> None:
    """On a telephone, a tablet and a desk, with all that folds open; the verdict keeps its margin too."""
    with opened(browser, page_of(name), width) as seen:
        seen.unfold()
        assert seen.beyond() == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.page.evaluate(_VERDICT_ENDS) <= width - 12
        frames = seen.frames()
        found = {own: overlapping(boxes) + cut(boxes, frames[own]) for own, boxes in seen.figures().items()}
        assert {own: bad for own, bad in found.items() if bad} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["slower", "wrong", "same", "cut", "takes less", "open end"])
def test_axe_finds_no_violation(browser: Browser, page_of: PageOf, name: str, scheme: str) -> None:
    """All rules of axe-core, with all that folds open."""
    with opened(browser, page_of(name), scheme=scheme) as seen:
        seen.unfold()
        assert seen.violations() == []


@pytest.mark.parametrize("name", VERDICTS)
def test_it_prints_whole(browser: Browser, page_of: PageOf, name: str) -> None:
    """Nothing is wider than the paper, what folds is open, and dark readers get light paper."""
    with opened(browser, page_of(name), A4, scheme="dark", media="print") as seen:
        assert seen.unprintable() == []


def test_each_row_says_its_verdict_in_words(browser: Browser, page_of: PageOf) -> None:
    """Without colour too: a word beside each judged time, and in its figure."""
    with opened(browser, page_of("same")) as seen:
        told = [text.strip() for text in seen.page.locator("#times > table td.is").all_inner_texts()]
        assert sorted(told) == ["open"] * 4 + ["within tolerance"] * 2
        drawn = [text for text, *_ in seen.figures()["figure-comparison-intervals"]]
        assert [text.partition("%")[2].strip() for text in drawn if text.endswith(("tolerance", "open"))] == told


@pytest.mark.parametrize("name", ["slower", "same", "faster", "takes less"])
def test_screenshots_are_kept(browser: Browser, page_of: PageOf, name: str) -> None:
    """For whoever judges a change of the page by its looks."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for width, scheme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light")):
        with opened(browser, page_of(name), width, scheme) as seen:
            shot = ARTIFACTS / f"compare-{name.replace(' ', '-')}-{width}-{scheme}.png"
            seen.page.screenshot(path=shot, full_page=True)
            assert shot.stat().st_size > 50_000


_VERDICT_ENDS = """(() => { const range = document.createRange(); range.selectNodeContents(document.querySelector('h1'));
  return range.getBoundingClientRect().right })()"""
