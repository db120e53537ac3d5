"""One look for every figure: sizes in CSS pixels, the palette, and saving as SVG for the page and as PNG."""

import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

WIDE, NARROW = 760, 360
"""Widths in pixels; each figure is drawn for both, and the page shows the one that fits."""

LIGHT = {
    "ink": "#1b1e21",
    "ink2": "#565b60",
    "rule": "#b9bdc1",
    "grid": "#e4e6e8",
    "batch": "#0b62a4",
    "batch2": "#a9cbe6",
    "ord": "#77726a",
    "ord2": "#cdc9c1",
    "bad": "#b93a0e",
    "bad2": "#f6ddd0",
    "paper": "#fefefe",
}
DARK = {
    "ink": "#e8e6e1",
    "ink2": "#a9adb1",
    "rule": "#50565c",
    "grid": "#2c3136",
    "batch": "#6db1e6",
    "batch2": "#2d5578",
    "ord": "#b1aba0",
    "ord2": "#4d4a45",
    "bad": "#ff8f66",
    "bad2": "#4a2a1e",
    "paper": "#15181b",
}
"""The same tokens for a dark page; the SVG holds `var(--token)`, so one drawing serves both."""

INK, INK2, RULE, GRID = LIGHT["ink"], LIGHT["ink2"], LIGHT["rule"], LIGHT["grid"]
BATCH, BATCH2, ORD, ORD2 = LIGHT["batch"], LIGHT["batch2"], LIGHT["ord"], LIGHT["ord2"]
BAD, BAD2, PAPER = LIGHT["bad"], LIGHT["bad2"], LIGHT["paper"]

SMALL = 10.5
"""Size of tick texts and labels, pixels."""

_RC: dict[RcKeyType, Any] = {
    "figure.dpi": 72,
    "savefig.dpi": 72,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "svg.fonttype": "none",
    "hatch.linewidth": 0.7,
    "path.simplify_threshold": 0.3,
    "axes.edgecolor": RULE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.titlepad": 6,
    "axes.labelsize": SMALL,
    "axes.labelcolor": INK2,
    "axes.labelpad": 3,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": INK2,
    "ytick.labelcolor": INK2,
    "xtick.major.size": 3.5,
    "ytick.major.size": 0,
    "xtick.major.width": 0.8,
    "lines.solid_capstyle": "butt",
}


@dataclass(frozen=True)
class Picture:
    """A figure that can be drawn at any width, or, where there is nothing to draw, only its caption that says why."""

    name: str
    alt: str
    """What it shows, in numbers, for who cannot see it."""
    caption: str
    draw: Callable[[int], Figure] | None = None
    """From a width in pixels to the figure."""


@contextmanager
def styled() -> Iterator[None]:
    """The settings under which figures are made and saved; nothing outside is changed."""
    with matplotlib.rc_context(_RC):
        yield


def figure(width: int, height: int) -> Figure:
    """An empty figure of that many pixels: one unit of its SVG is one CSS pixel."""
    return Figure(figsize=(width / 72, height / 72), dpi=72)


def axes(parent: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place given in pixels from the upper left corner."""
    whole_width, whole_height = parent.get_size_inches() * 72
    return parent.add_axes(
        (left / whole_width, 1 - (top + height) / whole_height, width / whole_width, height / whole_height)
    )


def png(picture: Picture) -> bytes:
    """The wide form of a picture, in the light palette, at twice the resolution."""
    if picture.draw is None:
        raise ValueError(f"{picture.name} has nothing to draw")
    buffer = io.BytesIO()
    with styled():
        picture.draw(WIDE).savefig(buffer, format="png", dpi=144, metadata={"Software": None})
    return buffer.getvalue()


def svg(picture: Picture, width: int) -> str:
    """A picture as SVG to stand in a page: its ids are its own, its colours are CSS variables, its font the page's."""
    if picture.draw is None:
        raise ValueError(f"{picture.name} has nothing to draw")
    prefix = f"{picture.name}-{width}"
    buffer = io.StringIO()
    with styled(), matplotlib.rc_context({"svg.hashsalt": prefix}):
        drawn = picture.draw(width)
        drawn.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(buffer.getvalue(), prefix, picture.alt)


_VARIABLES = {colour: f"var(--{token})" for token, colour in LIGHT.items()}
_PLAIN_BLACK = {"#000000": "var(--ink)", "#ffffff": "var(--paper)"}


def _inline(text: str, prefix: str, alt: str) -> str:
    """Rewrite matplotlib's SVG: smaller, without a name space, a font or a colour of its own."""
    start = re.search(r"<svg [^>]*viewBox=\"([^\"]*)\"[^>]*>", text)
    if start is None:
        raise ValueError("no SVG")
    body = text[start.end() : text.rindex("</svg>")]
    body = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", body))
    short = {name: f"{prefix}-{number}" for number, name in enumerate(sorted(used), 1)}
    body = re.sub(r' id="([^"]+)"', lambda found: f' id="{short[found[1]]}"' if found[1] in used else "", body)
    body = re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{short[found[1]]})", body)
    body = re.sub(r'(?:xlink:)?href="#([^"]+)"', lambda found: f'href="#{short[found[1]]}"', body)
    body = re.sub(r' (d|x|y|points)="([^"]*)"', _one_decimal, body)
    body = re.sub(r' transform="rotate\(-?0(?:\.0*)? [^)]*\)"', "", body)
    body = re.sub(r"font-family:[^;\"]*;?\s*", "", body)
    body = body.replace("font-weight: 700", "font-weight: 600").replace("font-weight: bold", "font-weight: 600")
    body = re.sub(r' fill="(#[0-9a-f]{6})"', r' style="fill: \1"', body)
    body = re.sub(r"#[0-9a-f]{6}(?=[;\"])", _variable, body)
    body = re.sub(r">\s+<", "><", body)
    while "<g></g>" in body:
        body = body.replace("<g></g>", "")
    label = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    _, _, width, height = start[1].split()
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}" style="max-width: {width}px">'
        f"{body.strip()}</svg>"
    )


def _one_decimal(found: re.Match[str]) -> str:
    """Coordinates need no more than a tenth of a pixel; texts between tags are not touched."""
    values = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), found[2])
    return f' {found[1]}="{" ".join(values.split())}"'


def _variable(found: re.Match[str]) -> str:
    """The CSS variable of a colour of the palette."""
    colour = found[0]
    return _VARIABLES.get(colour) or _PLAIN_BLACK.get(colour) or colour


def identifier(text: str) -> str:
    """A short id, stable for the same text, fit for a file name."""
    return f"{zlib.crc32(text.encode()):08x}"
