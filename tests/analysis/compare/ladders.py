"""Capacity runs made up to be compared: the answer of a queue that is stepped, in the folder that such a run leaves."""

import zlib
from pathlib import Path

import numpy as np

from analysis.capacity.answer import answer
from analysis.capacity.measured import Step
from inorder.stepping import Stepping
from tests.analysis.capacity.machines import stepped
from tests.analysis.compare.made import Made, judged_into

SCENARIO = """question = "How much can it take?"
name = "capacity"
[visitors]
count = 1
[capacity]
from_per_s = {from_per_s}
to_per_s = 1200.0
[[sla]]
metric = "batch.response_ms.p50"
max = 100
"""
SETTINGS = Stepping(from_per_s=12, to_per_s=1200)


def ladder(path: Path, capacity_per_s: float, seed: int = 1) -> Path:
    """The folder of a capacity run of a queue of four servers that takes `capacity_per_s` batches a second."""
    return laid_out(path, stepped(np.random.default_rng(seed), 4, capacity_per_s))


def laid_out(path: Path, steps: list[Step], from_per_s: float = 12.0) -> Path:
    """The folder of a capacity run of these steps; its first step's own run is there, and small."""
    # Another noise for another name: two runs with the same history would be copies.
    Made(visitors=30, noise=zlib.crc32(path.name.encode())).folder(path / "steps" / "1", scenario="capacity")
    (path / "scenario.toml").write_text(SCENARIO.format(from_per_s=from_per_s))
    found = {
        "verdict": "pass",
        "anomalies": {},
        "visitors": {"total": 30, "affected": 0},
        "latency_ms": {},
        "capacity": answer(steps, SETTINGS, None),
    }
    return judged_into(path, found)
