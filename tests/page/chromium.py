"""Pages opened in Chromium, at a width, light or dark or printed, and what is seen of them."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
ARTIFACTS = Path(os.environ.get("INORDER_ARTIFACTS") or ROOT / ".artifacts")
"""Where screenshots are kept; git ignores the default."""
WIDE, NARROW = 1280, 400
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PATIENCE_MS = 120_000
"""For a machine that is busy with other things."""
_AXE = Path("npm/node_modules/axe-core/axe.min.js")

Box = tuple[str, float, float, float, float]
"""A text with its left, top, right and lower edge, CSS pixels."""


def executable() -> str:
    """Where Chromium is, else the test fails: a page that nobody looked at is not tested."""
    named = os.environ.get("INORDER_CHROMIUM")
    found = next(filter(None, [named, *map(shutil.which, _NAMES)]), None)
    if found is None:
        pytest.fail("no Chromium on the path: apt-get install chromium, or INORDER_CHROMIUM=/where/it/is", pytrace=False)
    return found


def axe() -> str:
    """The source of axe-core, which `make test` puts under .venv."""
    path = ROOT / ".venv" / _AXE
    if not path.is_file():
        pytest.fail(f"no {path.relative_to(ROOT)}: expected it from npm, by `make test`", pytrace=False)
    return path.read_text(encoding="utf-8")


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser for the tests of one file: while it runs, so does an event loop, which tests of other files cannot bear."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), timeout=_PATIENCE_MS)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page that is open, and what it asked for and said since."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """But for the page itself."""
    errors: list[str] = field(default_factory=list)

    def unfold(self) -> None:
        """Open all that is folded away."""
        self.page.evaluate("document.querySelectorAll('details').forEach(own => own.open = true)")

    def figures(self) -> dict[str, list[Box]]:
        """The texts of each figure that is seen, by its name."""
        return {name: [tuple(box) for box in boxes] for name, boxes in self.page.evaluate(_FIGURES).items()}

    def frames(self) -> dict[str, Box]:
        """The edges of each figure that is seen."""
        return {name: (name, *edges) for name, edges in self.page.evaluate(_FRAMES).items()}

    def beyond(self) -> list[str]:
        """Elements that reach beyond the right edge, but for those that scroll by themselves."""
        return list(self.page.evaluate(_BEYOND))

    def crowded(self) -> dict[str, list[str]]:
        """By figure the texts that stand on each other or reach beyond its edge; a figure without any is left out."""
        frames = self.frames()
        found = {name: overlapping(boxes) + cut(boxes, frames[name]) for name, boxes in self.figures().items()}
        return {name: own for name, own in found.items() if own}

    def unprintable(self) -> list[str]:
        """What is wrong with a page as it is printed: on light paper as wide as the window, with nothing folded."""
        self.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        found = [f"reaches beyond the paper: {own}" for own in self.beyond()]
        found += ["a fold that is shut"] * self.page.locator("details:not([open])").count()
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"{wide} px wider than the paper"] if wide > 0 else []
        paper = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return found + ([] if paper == "rgb(254, 254, 254)" else [f"paper of {paper}"])

    def violations(self) -> list[str]:
        """What axe-core finds, one line a rule with the first place of it."""
        self.page.evaluate(axe())
        found: list[dict[str, Any]] = self.page.evaluate("axe.run().then(result => result.violations)")
        return [f"{own['id']}: {own['help']}: {len(own['nodes'])} × {own['nodes'][0]['html'][:200]}" for own in found]


@contextmanager
def opened(
    browser: Browser, file: Path, width: int = WIDE, scheme: Any = "light", media: Any = "screen"
) -> Iterator[Opened]:
    """Open a page of a file."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.emulate_media(media=media, color_scheme=scheme)
    page.set_default_timeout(_PATIENCE_MS)
    seen = Opened(page)
    page.on("request", lambda own: seen.requests.append(own.url))
    page.on("console", lambda own: seen.errors.append(own.text) if own.type in ("error", "warning") else None)
    page.on("pageerror", lambda own: seen.errors.append(str(own)))
    page.goto(file.as_uri())
    seen.requests = [url for url in seen.requests if url != file.as_uri() and not url.startswith("data:")]
    yield seen
    page.close()


def overlapping(boxes: list[Box]) -> list[str]:
    """Pairs of texts that stand on each other. A text's box is a line high, of which its letters fill the middle."""
    found = []
    for number, (one, *a) in enumerate(boxes):
        for other, *b in boxes[number + 1 :]:
            across = min(a[2], b[2]) - max(a[0], b[0])
            down = min(a[3], b[3]) - max(a[1], b[1])
            if across > 0.5 and down > 0.3 * min(a[3] - a[1], b[3] - b[1]):
                found.append(f"“{one}” and “{other}” by {across:.0f} × {down:.0f} px")
    return found


def cut(boxes: list[Box], frame: Box) -> list[str]:
    """Texts that reach beyond the edge of their figure, sideways or by more than the blank rim of a line."""
    _, left, top, right, low = frame
    return [
        f"“{text}” at {x0:.0f}–{x1:.0f}, {y0:.0f}–{y1:.0f} px of {left:.0f}–{right:.0f}, {top:.0f}–{low:.0f}"
        for text, x0, y0, x1, y1 in boxes
        if x0 < left - 0.5 or x1 > right + 0.5 or y0 < top - 3 or y1 > low + 3
    ]


_SEEN = """[...document.querySelectorAll('figure')].flatMap(figure =>
  [...figure.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width > 0).map(svg => [figure.id, svg]))"""
_FIGURES = f"""Object.fromEntries({_SEEN}.map(([name, svg]) => [name, [...svg.querySelectorAll('text')].map(text => {{
  const box = text.getBoundingClientRect(); return [text.textContent, box.left, box.top, box.right, box.bottom] }})
  .filter(box => box[0].trim())]))"""
_FRAMES = f"""Object.fromEntries({_SEEN}.map(([name, svg]) => {{
  const box = svg.getBoundingClientRect(); return [name, [box.left, box.top, box.right, box.bottom]] }}))"""
_BEYOND = """[...document.querySelectorAll('body *')].filter(own => !own.closest('.scroll') && !own.closest('svg *')
  && own.getBoundingClientRect().right > innerWidth + 0.5 && getComputedStyle(own).position != 'absolute')
  .map(own => own.outerHTML.slice(0, 120))"""
