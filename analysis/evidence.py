"""Reads evidence/: the one place of judging that opens the files of a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.arrays import Floats
from analysis.tables import CONFIRMED, Batches, Bucket, Calls, bucket_of
from inorder.errors import UnusableInput
from inorder.merge import Merged, merge
from inorder.run import RunFolder, RunInfo
from inorder.scenario import Scenario


@dataclass(frozen=True)
class Evidence:
    """The evidence of one run; buckets are read when they are asked for."""

    folder: RunFolder
    info: RunInfo
    scenario: Scenario
    merged: Merged

    @cached_property
    def call_table(self) -> pa.Table:
        """calls.parquet."""
        return _read(self.folder, "calls.parquet")

    @cached_property
    def batch_table(self) -> pa.Table:
        """batches.parquet."""
        return _read(self.folder, "batches.parquet")

    @cached_property
    def calls(self) -> Calls:
        """The calls as arrays."""
        return Calls.of(self.call_table)

    @cached_property
    def batches(self) -> Batches:
        """The batches as arrays."""
        return Batches.of(self.batch_table)

    def bucket(self, number: int) -> Bucket:
        """Read one bucket."""
        name = f"bucket-{number:04d}.parquet"
        stored = _read(self.folder, f"stored/{name}") if self.merged.stored is not None else None
        return bucket_of(_read(self.folder, f"events/{name}"), stored)

    def buckets(self) -> Iterator[Bucket]:
        """All buckets, one after another."""
        for number in range(self.merged.buckets):
            yield self.bucket(number)


def open_evidence(folder: RunFolder) -> Evidence:
    """Open a run's evidence; what is missing or partial is merged again from the history and the stored log."""
    return Evidence(folder, folder.info(), folder.scenario(), merge(folder))


def _read(folder: RunFolder, name: str) -> pa.Table:
    path = folder.evidence / name
    try:
        return pq.read_table(path, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise UnusableInput(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None


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
