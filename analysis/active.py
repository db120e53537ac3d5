"""What was wrong on purpose during a run, and which of it was active around a witness."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from inorder.faults.injection import added
from inorder.run import RunInfo

_READING = "rows"
"""Faults that count rows are of the reading of the log, on which every witness rests; they have no window in the load."""


def faults(infos: Sequence[RunInfo]) -> list[dict[str, Any]]:
    """The key `faults`: each fault of the runs, with its counts added up over them."""
    return [msgspec.to_builtins(report) for report in added(report for info in infos for report in info.faults)]


def around(witness: dict[str, Any], found: Sequence[dict[str, Any]]) -> list[str]:
    """The faults whose windows were open while a batch of a witness was on its way, and those of the reading."""
    named = {batch for _, batch, *_ in witness["events"]}
    times = [
        (own["sent"], math.inf if own["done"] is None else own["done"])
        for own in witness["batches"]
        if own["name"] in named
    ]
    return [own["fault"] for own in found if own["unit"] == _READING or _open(own, times)]


def _open(fault: dict[str, Any], times: Sequence[tuple[float, float]]) -> bool:
    """Whether the window of a fault of the load was open at an instant of one of the times, seconds."""
    until = math.inf if fault["until_s"] is None else fault["until_s"]
    return any(fault["from_s"] <= end and begin < until for begin, end in times)


def told(witness: dict[str, Any], found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The witness, whose sentence also says which faults were active."""
    if not found:
        return witness
    names = around(witness, found)
    active = f"active: {', '.join(names)}" if names else "no fault was active"
    return witness | {"sentence": f"{witness['sentence']} ({active})", "faults": names}
