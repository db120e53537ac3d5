"""The pages of a capacity run, of a plan and of a fault matrix as a browser shows them: the same is asked of each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from analysis.catalogue import ANOMALIES
from analysis.faults import page as faults_page
from analysis.faults.rows import as_json, finding
from analysis.planning import report as planning
from inorder.matrix import rows
from inorder.matrix.drive import MATRIX_FILE
from tests.analysis.faults.test_rows import info, verdict
from tests.analysis.figures.test_planning import plan
from tests.page.chromium import NARROW, WIDE, opened

PAGES = ("capacity", "plan", "matrix")
BETWEEN = 500
"""A small window: too wide for a telephone's page, too narrow for a table of nine columns."""


def matrix() -> list[dict[str, Any]]:
    """The content of faults.json: every row of the matrix, with what it expects found where that is an anomaly."""
    made = []
    for row in rows.load(MATRIX_FILE).rows:
        found = {row.expected.replace("-", "_"): 3} if row.expected in ANOMALIES else {}
        blamed = {"system": 3, "of": "fail"} if row.blame == "system" else {}
        made.append(as_json(row, [finding(row, 1, f"runs/{row.fault}-1", verdict(**blamed, **found), info(row.fault, 3))]))
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, page_of: Callable[[str], Path]) -> dict[str, Path]:
    """Each page as a file."""
    folder = tmp_path_factory.mktemp("others")
    faults = folder / "faults.html"
    faults.write_text(faults_page.render(matrix(), "faults-1", 12.0), encoding="utf-8")
    storms = plan([500, 6000], [5.0, 60.0, 480.0], 5.0)
    return {"capacity": page_of("stepped"), "plan": planning.write(storms, folder / "plan"), "matrix": faults}


@pytest.mark.parametrize("width", [NARROW, BETWEEN, WIDE])
@pytest.mark.parametrize("name", PAGES)
def test_it_fits_and_asks_for_nothing(browser: Browser, files: dict[str, Path], name: str, width: int) -> None:
    """Nothing is requested, nothing reaches beyond the edge, and no label of a figure hides another."""
    with opened(browser, files[name], width) as seen:
        seen.unfold()
        assert (seen.requests, seen.errors) == ([], [])
        assert seen.page.locator("h1").is_visible()
        assert seen.beyond() == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert bool(seen.figures()) == (name != "matrix")
        assert seen.crowded() == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(browser: Browser, files: dict[str, Path], name: str, scheme: str) -> None:
    """All rules of axe-core, with all that folds open."""
    with opened(browser, files[name], scheme=scheme) as seen:
        seen.unfold()
        assert seen.violations() == []


def test_a_plan_need_not_be_scrolled_sideways(browser: Browser, files: dict[str, Path]) -> None:
    """In a small window its cells stand below each other, and each says of how many visitors it is."""
    with opened(browser, files["plan"], NARROW) as seen:
        assert seen.page.locator(".scroll").evaluate("own => own.scrollWidth <= own.clientWidth")
        shown = "own => getComputedStyle(own, '::before').content"
        assert seen.page.locator("tbody td").first.evaluate(shown) == '"500 visitors: "'


@pytest.mark.parametrize("width", [NARROW, BETWEEN])
def test_a_matrix_need_not_be_scrolled_sideways(browser: Browser, files: dict[str, Path], width: int) -> None:
    """In a small window a row is a card, whose cells say what they are, and its result is in sight."""
    with opened(browser, files["matrix"], width) as seen:
        for table in seen.page.locator(".scroll").all():
            assert table.evaluate("own => own.scrollWidth <= own.clientWidth")
        result = seen.page.locator("tbody td.is").first.bounding_box()
        assert result is not None
        assert result["x"] + result["width"] <= width
        shown = "own => getComputedStyle(own, '::before').content"
        assert seen.page.locator("tbody td").first.evaluate(shown) == '"expected "'


def test_the_law_of_a_capacity_run_has_room_for_its_steps(browser: Browser, files: dict[str, Path]) -> None:
    """Its axis is logarithmic, and says so."""
    with opened(browser, files["capacity"]) as seen:
        texts = [box[0] for box in seen.figures()["figure-capacity"]]
        assert "calls in flight (log scale)" in texts
        assert seen.page.locator("#capacity tbody tr").count() == 8
