"""The evidence of a run: merged if it is not yet, and its run-wide tables as frames."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.arrays import Floats
from analysis.files import read
from analysis.tables import CONFIRMED
from inorder.merge import Merged, merge
from inorder.run import RunFolder, RunInfo
from inorder.scenario import Scenario

_CALLS = "batch kind intended ready sent done outcome status".split()
_BATCHES = "kind events first_intended first_sent ack outcome".split()


@dataclass(frozen=True)
class Evidence:
    """The evidence of one run."""

    folder: RunFolder
    info: RunInfo
    scenario: Scenario
    merged: Merged

    @cached_property
    def call_table(self) -> pa.Table:
        """calls.parquet: what times and counts are taken from."""
        return read(self.folder.evidence / "calls.parquet", _CALLS)

    @cached_property
    def batch_table(self) -> pa.Table:
        """batches.parquet: what times and counts are taken from."""
        return read(self.folder.evidence / "batches.parquet", _BATCHES)


def open_evidence(folder: RunFolder, jobs: int = 1) -> Evidence:
    """Open a run's evidence; what is missing or partial is merged again, by `jobs` processes."""
    return Evidence(folder, folder.info(), folder.scenario(), merge(folder, jobs=jobs))


def call_frame(table: pa.Table, scenario: Scenario) -> pd.DataFrame:
    """calls.parquet as a frame, with the phase of each call."""
    frame: pd.DataFrame = table.to_pandas()
    frame["phase"] = phases(scenario, frame["intended"].to_numpy())
    return frame


def batch_frame(table: pa.Table, calls: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """batches.parquet as a frame, with phase, response_s and service_s (of the call that confirmed it first)."""
    frame: pd.DataFrame = table.to_pandas()
    frame["phase"] = phases(scenario, frame["first_intended"].to_numpy())
    frame["response_s"] = frame["ack"] - frame["first_intended"]
    confirmed = calls[calls["outcome"] == CONFIRMED]
    order = np.argsort(confirmed["done"].to_numpy(), kind="stable")[::-1]
    service = np.full(len(frame), np.nan)
    # Written from the latest to the earliest, so that the earliest stays.
    service[confirmed["batch"].to_numpy()[order]] = (confirmed["done"] - confirmed["sent"]).to_numpy()[order]
    frame["service_s"] = service
    return frame


def phases(scenario: Scenario, instant_s: Floats) -> "pd.Categorical[str]":
    """The phase of each instant; "after" once all phases are over."""
    bounds = scenario.phase_bounds()
    names = [name for name, _, _ in bounds]
    number = np.searchsorted([end for _, _, end in bounds], instant_s, side="right").astype(np.int64)
    if "after" in names:  # a phase of that name takes what is left over
        number = np.minimum(number, np.where(number == len(names), names.index("after"), number))
    return pd.Categorical.from_codes(number, pd.Index(names if "after" in names else [*names, "after"]))
