"""Places the texts of a figure where they touch neither each other nor a curve, or leaves them out."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike

from analysis.figures.style import INK2, SMALL

Place = tuple[float, float]
"""Offset of a label from its point in pixels; the sign says on which side the text stands, (7, 7) is a corner."""

_PAPER = 4.0
"""Pixels around a text that has a ground of its own."""
Labelled = tuple[float, float, str, dict[str, Any]]
"""Where a text belongs, in data coordinates; the text; how it looks."""

AROUND: tuple[Place, ...] = ((0, 7), (0, -7), (7, 7), (-7, 7), (7, -7), (-7, -7), (8, 0), (-8, 0), (0, 20), (0, -20))
RIGHT: tuple[Place, ...] = tuple((7, dy) for dy in (0, 6, -6, 12, -12, 18, -18, 24, -24, 32, -32))


def shown_texts(figure: Figure) -> list[Text]:
    """All texts of a figure that a reader sees: ticks beyond an axis, or of one that is off, are there and not drawn."""
    unseen = {text for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for text in _unseen(axes, axis)}
    found: Any = figure.findobj(Text)
    return [text for text in found if text.get_visible() and text.get_text().strip() and text not in unseen]


def _unseen(axes: Axes, axis: Axis) -> list[Text]:
    low, high = sorted(axis.get_view_interval())
    slack = 1e-6 * (high - low)
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    hidden = [tick for tick in ticks if not axes.axison or not low - slack <= tick.get_loc() <= high + slack]
    return [text for tick in hidden for text in (tick.label1, tick.label2)]


class Labels:
    """The places in a figure that are taken; made once all axes, limits, ticks and titles are set."""

    def __init__(self, figure: Figure) -> None:
        """Note the texts that stand already."""
        self._renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
        figure.draw_without_rendering()
        self._figure = figure
        self._boxes = [text.get_window_extent(self._renderer) for text in shown_texts(figure)]
        self._points = np.empty((0, 2))

    def avoid(self, axes: Axes, x: ArrayLike, y: ArrayLike) -> None:
        """Keep labels off a curve, given by its points in data coordinates."""
        points = np.column_stack([np.asarray(x, float), np.asarray(y, float)])
        points = axes.transData.transform(points[np.isfinite(points).all(axis=1)])
        if len(points) > 1:  # a straight stretch between two points is in the way too
            longest = float(np.hypot(*np.diff(points, axis=0).T).max())
            steps = np.linspace(0, 1, int(min(200, longest // 4 + 2)))[:, None, None]
            points = (points[:-1] * (1 - steps) + points[1:] * steps).reshape(-1, 2)
        self._points = np.vstack([self._points, points])

    def put(
        self,
        axes: Axes,
        x: float,
        y: float,
        text: str,
        places: Sequence[Place] = AROUND,
        touch: bool = True,
        beyond: bool = False,
        **look: Any,
    ) -> bool:
        """Write `text` at the best of `places` that are free of other texts, else say no.

        The best has the least of a curve under it. `touch`: rather on a curve than not at all; `beyond`: the text may
        leave the axes to the left or right.
        """
        return self.put_together(axes, [(x, y, text, look)], [(place,) for place in places], touch, beyond)

    def put_together(
        self,
        axes: Axes,
        texts: Sequence[Labelled],
        choices: Iterable[Sequence[Place]],
        touch: bool = True,
        beyond: bool = False,
    ) -> bool:
        """Write all of `texts`, at the best of `choices`, each of which has a place for each text; else none of them."""
        best: tuple[int, Sequence[Place], list[Bbox]] | None = None
        for places in choices:
            boxes = [self._box(axes, own, place) for own, place in zip(texts, places, strict=True)]
            frame = axes.bbox
            inside = beyond or all(box.x0 > frame.x0 - 3 and box.x1 < frame.x1 + 3 for box in boxes)
            apart = not any(_overlap(one, other) for one, other in combinations(boxes, 2))
            if not (inside and apart and all(map(self._free, boxes))):
                continue
            crossed = sum(map(self._crossed, boxes))
            if best is None or crossed < best[0]:
                best = (crossed, places, boxes)
            if crossed == 0:
                break
        if best is None or (best[0] and not touch):
            return False
        for own, place in zip(texts, best[1], strict=True):
            self._text(axes, own, place)
        self._boxes += best[2]
        return True

    def _box(self, axes: Axes, own: Labelled, place: Place) -> Bbox:
        label = self._text(axes, own, place)
        box = label.get_window_extent(self._renderer)
        if label.get_bbox_patch() is not None:  # what is written on paper hides more than its letters
            box = box.padded(_PAPER)
        label.remove()
        return box

    @staticmethod
    def _text(axes: Axes, own: Labelled, place: Place) -> Text:
        (x, y, text, look), (dx, dy) = own, place
        look = {"fontsize": SMALL, "color": INK2, "linespacing": 1.15, **look}
        beside = dx != 0 and abs(dx) != abs(dy)
        sides: dict[str, Any] = {
            "ha": "left" if dx > 0 else "right" if dx < 0 else "center",
            "va": "center" if beside or dy == 0 else "bottom" if dy > 0 else "top",
        }
        return axes.annotate(
            text, (x, y), xytext=(dx, dy), textcoords="offset points", annotation_clip=False, **(sides | look)
        )

    def _free(self, box: Bbox) -> bool:
        width, height = self._figure.bbox.width, self._figure.bbox.height
        inside = box.x0 >= 1 and box.y0 >= 1 and box.x1 <= width - 1 and box.y1 <= height - 1
        return inside and not any(_overlap(box, other) for other in self._boxes)

    def _crossed(self, box: Bbox) -> int:
        if not len(self._points):
            return 0
        x, y = self._points.T
        return int(((x > box.x0 - 2) & (x < box.x1 + 2) & (y > box.y0 - 1) & (y < box.y1 + 1)).sum())


def _overlap(one: Bbox, other: Bbox, gap: float = 2) -> bool:
    """Whether two boxes come nearer than `gap` pixels; two lines of text may stand a little closer."""
    beside = one.x1 + gap <= other.x0 or other.x1 + gap <= one.x0
    return not (beside or one.y1 - 0.5 <= other.y0 or other.y1 - 0.5 <= one.y0)
