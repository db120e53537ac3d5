"""The browser, and the page of each named case as a file."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from analysis import page, report
from tests.analysis.cases import CASES
from tests.page.chromium import launched


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a file of tests."""
    with launched() as found:
        yield found


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The page of a case, made once."""
    folder = tmp_path_factory.mktemp("pages")

    @cache
    def made(case: str) -> Path:
        judgement = CASES[case]()
        file = folder / f"{case}.html"
        file.write_text(page.render(judgement, report.pictures(judgement), Path("run-1")), encoding="utf-8")
        return file

    return made
