"""The witness of an anomaly: the order sent above the order stored, and beside it the calls in time."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from analysis import words
from analysis.figures import style
from analysis.figures.labels import Labels
from analysis.figures.style import BAD, BAD2, BATCH, BATCH2, INK2, PAPER, SMALL, Picture
from analysis.figures.witness_calls import GONE, ROW, draw_calls, note_calls
from analysis.figures.witness_layout import Block, Layout, lay_out
from analysis.figures.witness_rows import Key

_HIGH, _LOW, _BLOCK = 100.0, 18.0, 18.0
"""Lower edges of the two rows and the height of a block, pixels."""


def picture(witness: dict[str, Any], number: int) -> Picture:
    """The picture of the witness that is number `number` of its report."""
    name = f"witness-{number}"
    layout = lay_out(witness, 300, 8, 9)
    if not layout.sent and not layout.stored:
        return Picture(name, witness["sentence"], "This witness holds nothing that could be drawn.")
    sent, stored = ([block.label for block in row if not block.was] for row in (layout.sent, layout.stored))
    things = "Events (seq)" if layout.singles else "Batches"
    alt = (
        f"{words.sentence(witness['sentence'])} {things} in the order sent: {', '.join(sent) or 'none'}; "
        f"stored: {', '.join(stored) or 'none'}."
    )
    earlier = [block for block in layout.stored if block.was]
    caption = ""
    if earlier:
        seq, place = witness["events"][0][0], words.count(_place(witness))
        what = "the row" if seq is None else f"seq {seq}"
        caption = f"Dashed: where {what} stood in an earlier reading of the log, at {place}."
        alt += f" In an earlier reading {what} stood at {place}."
    return Picture(name, alt, caption, lambda width: _draw(width, witness))


def _place(witness: dict[str, Any]) -> int:
    """The position in an earlier reading."""
    return int(witness["earlier_position"])


def _draw(width: int, witness: dict[str, Any]) -> Figure:
    wide = width == style.WIDE
    calls = witness.get("batches") or []
    tall = ROW * max(2, len(calls))
    below = 34 + tall + 42
    figure = style.figure(width, int(max(176, 26 + tall + 42) if wide else 172 + below if calls else 172))
    span = 306 if wide else 274
    layout = lay_out(witness, span, 6 if len(witness.get("stored") or []) < 40 else 8, 9)
    axes = style.axes(figure, 64, 26, span, 140)
    axes.set(xlim=(0, span), ylim=(-6, 134))
    axes.axis("off")
    axes.set_title("Order of the events (number: seq)" if layout.singles else "Order of the batches (width: events)")
    for y, name in ((_HIGH, "sent"), (_LOW, "stored")):
        axes.text(-20, y + _BLOCK / 2, name, ha="right", va="center", fontsize=SMALL, color=INK2)
    time_axes = None
    if calls:
        left, top = (436, 26) if wide else (64, 172 + 34)
        time_axes = style.axes(figure, left, top, width - left - 26, tall)
        draw_calls(time_axes, calls, layout)
    _ribbons(axes, layout)
    _blocks(axes, layout)
    labels = Labels(figure)
    _names(labels, axes, layout)
    _gone(labels, axes, layout, witness)
    if time_axes is not None:
        note_calls(labels, time_axes, calls, layout, witness)
    return figure


def _ribbons(axes: Axes, layout: Layout) -> None:
    """From where each run stands in the sent row to where it is stored; what is out of place on top, hatched."""
    for block in sorted(layout.stored, key=lambda own: own.bad):
        if block.was:
            _trace(axes, layout, block)
            continue
        if not block.keys:
            _wedge(axes, block.x, block.x + block.width, _LOW + _BLOCK, 26)
            continue
        span = layout.span(block.keys)
        if span is None:
            continue
        top, bottom = _HIGH, _LOW + _BLOCK
        corners = [(span[0], top), (span[1], top), (block.x + block.width, bottom), (block.x, bottom)]
        if block.bad:
            look: dict[str, Any] = {"fc": BAD2, "ec": BAD, "hatch": "////", "lw": 1, "zorder": 3}
        else:
            look = {"fc": BATCH2, "ec": "none", "alpha": 0.4, "zorder": 1}
        axes.add_patch(Polygon(corners, closed=True, clip_on=False, **look))
    for keys in _neighbours(layout.missing):
        span = layout.span(keys)
        if span is not None:
            _wedge(axes, *span, _HIGH, -28)


def _trace(axes: Axes, layout: Layout, block: Block) -> None:
    """Two dashed lines from where an event was sent to where it stood, between which there is nothing now."""
    span = layout.span(block.keys) if block.keys else None
    if span is None:
        return
    for top, bottom in zip(span, (block.x, block.x + block.width), strict=True):
        axes.plot([top, bottom], [_HIGH, _LOW + _BLOCK], color=BAD, lw=1, ls=(0, (3, 2)), zorder=2, clip_on=False)


def _wedge(axes: Axes, left: float, right: float, y: float, depth: float) -> None:
    """A hatched triangle that leads nowhere."""
    corners = [(left, y), (right, y), ((left + right) / 2, y + depth)]
    axes.add_patch(Polygon(corners, closed=True, fc=BAD2, ec=BAD, hatch="////", lw=1, zorder=3, clip_on=False))


def _neighbours(keys: list[Key]) -> list[list[Key]]:
    """Runs of events that follow each other in one batch."""
    runs: list[list[Key]] = []
    for key in keys:
        if runs and key == (runs[-1][-1][0], runs[-1][-1][1] + 1):
            runs[-1].append(key)
        else:
            runs.append([key])
    return runs


def _blocks(axes: Axes, layout: Layout) -> None:
    for y, row in ((_HIGH, layout.sent), (_LOW, layout.stored)):
        for block in row:
            colour = BAD if block.bad or block.was else BATCH
            face = PAPER if block.hollow else colour
            shape: dict[str, Any] = {"fc": face, "ec": colour, "lw": 1.2, "ls": (0, (3, 2)) if block.was else "-"}
            axes.add_patch(Rectangle((block.x, y), block.width, _BLOCK, zorder=4, clip_on=False, **shape))
            if _fits(block):
                text = colour if block.hollow else PAPER
                look: dict[str, Any] = {"ha": "center", "va": "center", "fontweight": "bold", "fontsize": SMALL}
                axes.text(block.x + block.width / 2, y + _BLOCK / 2 - 0.5, block.label, color=text, zorder=5, **look)
    if not layout.sent:
        axes.text(4, _HIGH + _BLOCK / 2, "no call", va="center", fontsize=SMALL, color=INK2)
    if not layout.stored:
        axes.text(4, _LOW + _BLOCK / 2, "nothing of these", va="center", fontsize=SMALL, color=INK2)
    for here, end in ((layout.more_before, 0), (layout.more_after, -1)):
        if here and layout.sent:
            block = layout.sent[end]
            x = block.x - 3 if end == 0 else block.x + block.width + 3
            axes.text(x, _HIGH + _BLOCK / 2, "…", ha="right" if end == 0 else "left", va="center", color=INK2)


def _fits(block: Block) -> bool:
    return 7.4 * len(block.label) + 2 <= block.width


def _names(labels: Labels, axes: Axes, layout: Layout) -> None:
    """Numbers that do not fit into their block, and positions of the evidence, as far as there is room."""
    for y, row, down in ((_HIGH + _BLOCK, layout.sent, 1), (_LOW, layout.stored, -1)):
        for block in row:
            middle = block.x + block.width / 2
            if not _fits(block):
                colour = BAD if block.bad or block.was else INK2
                labels.put(axes, middle, y, block.label, ((0, 3 * down),), beyond=True, color=colour)
            elif block.was:
                continue  # its position is told in words
            elif block.position is not None:
                text = f"at {words.count(block.position)}"
                labels.put(axes, middle, y, text, ((0, -3), (0, -15)), color=INK2)


def _gone(labels: Labels, axes: Axes, layout: Layout, witness: dict[str, Any]) -> None:
    """What the wedges and hatchings mean."""
    text = GONE.get(witness["anomaly"], "not stored")
    if witness["anomaly"] == "misrouted" and witness.get("stored_under"):
        text = f"stored under\n{witness['stored_under']}"
    look: dict[str, Any] = {"color": BAD, "fontweight": "bold"}
    for keys in _neighbours(layout.missing)[:3]:
        span = layout.span(keys)
        if span:
            labels.put(axes, sum(span) / 2, _HIGH - 28, text, ((0, -2), (9, -2), (-9, -2), (7, 0), (-7, 0)), **look)
    for block in layout.stored:
        x = block.x + block.width / 2
        if block.was:
            text = f"stood at {words.count(_place(witness))}"
            labels.put(axes, x, _LOW, text, ((0, -3), (0, -15), (0, -27)), beyond=True, **look)
        elif not block.keys:
            text = "sent by no call" if witness["events"][0][0] is not None else "no readable identity"
            labels.put(axes, x, _LOW + _BLOCK + 26, text, ((0, 2), (9, 4), (-9, 4)), **look)
        elif block.bad and witness["anomaly"] == "rewritten" and witness.get("earlier_position") is None:
            labels.put(axes, x, _LOW, "not here before", ((0, -15), (0, -3)), beyond=True, **look)
        elif block.bad and witness["anomaly"] == "rewritten" and not any(own.was for own in layout.stored):
            labels.put(axes, x, _LOW, "was another row", ((0, -15), (0, -3)), beyond=True, **look)
        elif block.bad and witness["anomaly"] == "corrupt":
            labels.put(axes, block.x + block.width, _LOW + _BLOCK, "payload differs", ((4, 12), (4, 24)), **look)
        elif block.bad and "duplicate" in witness["anomaly"] and not layout.singles:
            labels.put(axes, x, _LOW, "stored again", ((0, -3),), beyond=True, **look)
