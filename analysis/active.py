"""What was wrong on purpose during a run, and which of it was active around a witness."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from inorder.faults.injection import added
from inorder.run import RunInfo

_READING = "rows"
"""Faults that count rows are of the reading of the log, not of the load."""


def faults(infos: Sequence[RunInfo]) -> list[dict[str, Any]]:
    """The key `faults`: each fault of the runs, with its counts added up over them."""
    return [msgspec.to_builtins(report) for report in added(report for info in infos for report in info.faults)]


def around(witness: dict[str, Any], found: Sequence[dict[str, Any]]) -> list[str]:
    """The faults whose windows were open while the batches of a witness were on their way."""
    named = {batch for _, batch, *_ in witness["events"]}
    times = [(own["sent"], own["done"]) for own in witness["batches"] if own["name"] in named]
    if not times:
        return [own["fault"] for own in found if own["unit"] == _READING]
    begin = min(sent for sent, _ in times)
    end = max(math.inf if done is None else done for _, done in times)
    return [
        own["fault"]
        for own in found
        if own["unit"] != _READING and own["from_s"] <= end and (own["until_s"] is None or begin < own["until_s"])
    ]


def told(witness: dict[str, Any], found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The witness, whose sentence also says which faults were active."""
    if not found:
        return witness
    names = around(witness, found)
    active = f"active: {', '.join(names)}" if names else "no fault was active"
    return witness | {"sentence": f"{witness['sentence']} ({active})", "faults": names}
