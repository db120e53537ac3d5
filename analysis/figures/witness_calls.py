"""The calls of a witness in time: a bar a batch, and what became of it."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis import words
from analysis.figures.labels import Labels
from analysis.figures.style import BAD, BATCH, PAPER
from analysis.figures.witness_layout import Layout, short_names

ROW = 26.0
"""Height of a row of calls, pixels."""
GONE = {
    "unseen": "not seen yet",
    "misrouted": "stored under\nanother visitor",
    "vanished": "not there now",
    "rewritten": "not there now",
}
"""What a wedge that leads nowhere means; else it is not stored."""
_ORDINALS = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th")
_FAR_S = 100_000.0
"""Instants beyond it are told from a nearer zero: the axis would have no room for their digits."""


def draw_calls(axes: Axes, calls: list[dict[str, Any]], layout: Layout) -> None:
    """One row a batch: a bar from sent to confirmed."""
    axes.set_title("Calls in time: first sent to confirmed")
    ends = [call["done"] for call in calls if call.get("done") is not None]
    first = min(call["sent"] for call in calls)
    last = max([*ends, *(call["sent"] for call in calls)])
    room = max(last - first, 0.02)
    zero = math.floor(first) if first > _FAR_S else 0
    axes.set(xlim=(first - 0.04 * room, last + 0.75 * room), ylim=(max(2, len(calls)) - 0.5, -0.5))
    axes.set_yticks(range(len(calls)), [_clipped(short_names(calls)[call["number"]]) for call in calls])
    axes.grid(visible=False)
    bad = {int(block.keys[0][0]) for block in (*layout.sent, *layout.stored) if block.bad and block.keys}
    for y, call in enumerate(calls):
        colour = BAD if call["number"] in bad else BATCH
        done = call.get("done")
        width = max((done if done is not None else call["sent"]) - call["sent"], 0.012 * room)
        hollow = done is None or call.get("outcome") != "confirmed"
        axes.barh(y, width, left=call["sent"], height=0.42, fc=PAPER if hollow else colour, ec=colour, lw=1)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value - zero:,.6f}".rstrip("0").rstrip(".")))
    since = f"{zero:,}{words.THIN}s" if zero else "the start of the run"
    axes.set_xlabel(f"seconds since {since}; row: batch")


def _clipped(name: str) -> str:
    return name if len(name) <= 8 else f"…{name[-7:]}"


def note_calls(labels: Labels, axes: Axes, calls: list[dict[str, Any]], layout: Layout, witness: dict[str, Any]) -> None:
    """What became of each batch, beside its bar."""
    order: list[int] = []
    for block in layout.stored:
        number = block.keys[0][0] if block.keys and not block.was else None
        if number is not None and number not in order:
            order.append(number)
    absent = {key[0] for key in layout.missing}
    gone = GONE.get(witness["anomaly"], "not stored").replace("\n", " ")
    for y, call in enumerate(calls):
        number, words_ = call["number"], []
        if call.get("outcome") != "confirmed":
            words_.append(str(call.get("outcome") or "no answer"))
        if (call.get("calls") or 1) > 1:
            words_.append(f"{call['calls']} calls")
        if number in order:
            place = order.index(number)
            rank = _ORDINALS[place] if place < len(_ORDINALS) else f"{place + 1}th"
            words_.append("stored" if len(order) == 1 else f"stored {rank}")
        if number in absent:
            words_.append(gone if number not in order else "in part")
        bad = any(block.bad and block.keys and block.keys[0][0] == number for block in (*layout.sent, *layout.stored))
        done = call.get("done")
        x = done if done is not None else call["sent"]
        look: dict[str, Any] = {"color": BAD, "fontweight": "bold"} if bad else {}
        labels.put(axes, x, y, ", ".join(words_), ((8, 0), (8, 3), (-8, 0)), **look)
