"""What judging hands over: the verdict as plain data, and the frames of each run that the figures are drawn from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.warm_up import timed
from inorder.run import RunInfo
from inorder.scenario import Scenario


@dataclass(frozen=True)
class RunFrames:
    """One run (one repeat), ready to be drawn."""

    info: RunInfo
    scenario: Scenario
    calls: pd.DataFrame
    """One row a call: batch (its row in `batches`), kind, intended, ready, sent, done, outcome as in
    evidence/calls.parquet, and `phase`: that of `intended`, or "after"."""
    batches: pd.DataFrame
    """One row a batch or ordinary event: kind, events, first_intended, first_sent, ack, outcome as in
    evidence/batches.parquet, and `phase`, `response_s` (ack - first intended, inf: never confirmed), `service_s` (done -
    sent of the call that confirmed it, NaN: none)."""
    extents: dict[int, int]
    """Reordering extent (RFC 4737) of ordinary events to the number of events that have it."""
    n_reordered: dict[int, int]
    """RFC 4737 n-reordering: n to the number of ordinary events that are n-reordered and not (n+1)-reordered."""
    visibility_ms: NDArray[np.float64]
    """Done to first seen by the harness, milliseconds, without the warm-up; may be empty."""

    @cached_property
    def timed(self) -> pd.DataFrame:
        """The batches that times are taken from: without those first intended in the warm-up."""
        return timed(self.batches, self.scenario.warm_up_s)


@dataclass(frozen=True)
class Judgement:
    """The result of judging one run, or several repeats of one scenario."""

    verdict: dict[str, Any]
    """Exactly the content of verdict.json."""
    runs: list[RunFrames]
    """One a repeat."""
