"""What a warm-up leaves out: calls intended in it have no part in any time, ratio or rate; order is judged of all."""

from dataclasses import replace
from typing import TYPE_CHECKING

from analysis.tally import Tally

if TYPE_CHECKING:  # a process that judges buckets does without pandas
    import pandas as pd


def timed(frame: "pd.DataFrame", warm_up_s: float, column: str = "first_intended") -> "pd.DataFrame":
    """The batches, or (by `intended`) the calls, that times are taken from; the frame itself without a warm-up."""
    return frame[frame[column].to_numpy() >= warm_up_s] if warm_up_s else frame


def timed_marks(tally: Tally, batches: "pd.DataFrame", warm_up_s: float) -> Tally:
    """The tally without the drain times of visitors that came back, and the visibility of what was due, in the warm-up.

    `batches`: all of the run, for marks name a batch by its row there.
    """
    if not warm_up_s:
        return tally
    back = tally.measured("drain/intended") >= warm_up_s
    seen = batches["first_intended"].to_numpy()[tally.marked("visibility/batch")] >= warm_up_s
    kept = {
        name: [tally.measured(name)[mine]]
        for name, mine in (
            ("drain/s", back),
            ("drain/intended", back),
            ("visibility/batch", seen),
            ("visibility/ms", seen),
        )
        if name in tally.marks
    }
    return replace(tally, marks=tally.marks | kept)
