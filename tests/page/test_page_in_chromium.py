"""The page as a browser shows it: it needs nothing else, fits, reads by keyboard and aloud, and no label hides another."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.analysis.cases import CASES
from tests.page.chromium import ARTIFACTS, NARROW, WIDE, cut, opened, overlapping

PageOf = Callable[[str], Path]
FOUR = ("passing", "failing", "inconclusive", "invalid")
A4 = 703
"""Pixels between the margins of a printed page."""


@pytest.mark.parametrize("case", CASES)
def test_it_renders_and_asks_for_nothing(browser: Browser, page_of: PageOf, case: str) -> None:
    """The verdict is seen at once, every figure has a size, and neither a file nor an address is requested."""
    with opened(browser, page_of(case)) as seen:
        verdict = seen.page.locator("h1")
        assert verdict.is_visible()
        assert (verdict.bounding_box() or {"y": 999})["y"] < 200
        assert all(box[3] - box[1] > 100 and box[4] - box[2] > 100 for box in seen.frames().values())
        assert seen.requests == []
        assert seen.errors == []


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("case", CASES)
def test_nothing_reaches_beyond_the_edge_and_no_label_hides_another(
    browser: Browser, page_of: PageOf, case: str, width: int
) -> None:
    """With all that folds open, and in the font of the browser, which is not the one that figures are laid out with.

    Only a table in a frame of its own scrolls sideways.
    """
    with opened(browser, page_of(case), width) as seen:
        seen.unfold()
        assert seen.beyond() == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.figures() or case == "empty"
        assert seen.crowded() == {}


def test_a_label_on_another_is_seen() -> None:
    """Else the test above would hold for any page."""
    above, below, aside = ("a", 0.0, 0.0, 20.0, 12.0), ("b", 10.0, 6.0, 30.0, 18.0), ("c", 21.0, 0.0, 30.0, 12.0)
    assert overlapping([above, aside]) == []
    assert overlapping([above, below]) == ["“a” and “b” by 10 × 6 px"]
    assert cut([above], ("figure", 0.0, 0.0, 19.0, 12.0)) == ["“a” at 0–20, 0–12 px of 0–19, 0–12"]


def test_witnesses_open_by_keyboard(browser: Browser, page_of: PageOf) -> None:
    """By the tabulator to the fold, by Enter open and shut; the focus is seen; so is the fold that holds more of them."""
    with opened(browser, page_of("failing")) as seen:
        rows = seen.page.locator("#witness-of-1 table").first
        assert not rows.is_visible()
        seen.page.locator("#witnesses h2").click()
        for _ in range(30):
            seen.page.keyboard.press("Tab")
            if seen.page.evaluate("document.activeElement.matches('#witness-of-1 summary')"):
                break
        assert seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        seen.page.keyboard.press("Enter")
        assert rows.is_visible()
        seen.page.keyboard.press("Enter")
        assert not rows.is_visible()
        seen.page.locator("#witnesses .grid > div > details > summary").focus()
        seen.page.keyboard.press("Space")
        assert seen.page.locator("#witnesses .grid > div > details .witness").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("case", FOUR)
def test_axe_finds_no_violation(browser: Browser, page_of: PageOf, case: str, scheme: str) -> None:
    """Contrast, names, roles, order of headings, tables: all rules of axe-core, with all that folds open."""
    with opened(browser, page_of(case), scheme=scheme) as seen:
        seen.unfold()
        assert seen.violations() == []


@pytest.mark.parametrize("case", [*FOUR, "stopped", "sliced", "stepped"])
def test_it_prints_whole(browser: Browser, page_of: PageOf, case: str) -> None:
    """Folds are opened for it, and nothing is wider than the paper; dark readers get light paper."""
    with opened(browser, page_of(case), A4, scheme="dark", media="print") as seen:
        assert seen.unprintable() == []


@pytest.mark.parametrize("case", ["passing", "failing"])
def test_screenshots_are_kept(browser: Browser, page_of: PageOf, case: str) -> None:
    """For whoever judges a change of the page by its looks."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for width, scheme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light")):
        with opened(browser, page_of(case), width, scheme) as seen:
            shot = ARTIFACTS / f"{case}-{width}-{scheme}.png"
            seen.page.screenshot(path=shot, full_page=True)
            assert shot.stat().st_size > 100_000
