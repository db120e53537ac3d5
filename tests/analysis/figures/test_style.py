"""The SVG of a figure fits into the page: its colours, ids and font are the page's, and the same data gives the same."""

import re

from matplotlib.figure import Figure

from analysis.figures import style
from analysis.figures.style import NARROW, WIDE, Picture


def draw(width: int) -> Figure:
    """A line, a hatched area and a text with signs that mark-up knows."""
    figure = style.figure(width, 100)
    axes = style.axes(figure, 40, 20, width - 60, 50)
    axes.plot([0, 1, 2], [0, 1.23456, 2], "o-", color=style.BATCH)
    axes.fill_between([0, 1], [0, 1], hatch="////", fc=style.BAD2, ec=style.BAD)
    axes.set_title("2.25 < 3 & more")
    return figure


PICTURE = Picture("some-name", 'says "so" & <so>', "", draw)


def test_a_unit_of_the_svg_is_a_pixel_and_its_text_stays_text() -> None:
    """Text can be read, searched and set in the page's font; its numbers are not rounded like coordinates."""
    svg = style.svg(PICTURE, WIDE)
    assert svg.startswith('<svg viewBox="0 0 760 100" role="img"')
    assert ">2.25 &lt; 3 &amp; more</text>" in svg
    assert "font-family" not in svg


def test_colours_are_variables_of_the_page() -> None:
    """No colour is written as such, so that the dark page can turn all of them."""
    assert not re.search(r"#[0-9a-fA-F]{3,8}[;\"]", style.svg(PICTURE, WIDE))
    assert "var(--batch)" in style.svg(PICTURE, WIDE)
    assert style.LIGHT.keys() == style.DARK.keys()


def test_ids_of_two_widths_do_not_meet() -> None:
    """A clip path or hatch that is hidden with the other width would be missing in the one that shows."""
    wide, narrow = (set(re.findall(r' id="([^"]+)"', style.svg(PICTURE, width))) for width in (WIDE, NARROW))
    assert wide
    assert not wide & narrow
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", style.svg(PICTURE, WIDE)))
    assert used == wide


def test_the_same_picture_gives_the_same_bytes() -> None:
    """Judging again rewrites the page; what did not change must not look changed."""
    assert style.svg(PICTURE, WIDE) == style.svg(PICTURE, WIDE)
    assert style.png(PICTURE) == style.png(PICTURE)


def test_the_description_is_escaped() -> None:
    """A description with a quotation mark stays one attribute."""
    assert 'aria-label="says &quot;so&quot; &amp; &lt;so>"' in style.svg(PICTURE, WIDE)
