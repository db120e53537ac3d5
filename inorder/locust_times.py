"""What Locust's own statistics said when the load had ended: `locust.json`, kept to be shown beside what was measured.

Locust counts from the send and rounds to two digits, so these are no response times (docs/timing.md). Nothing of Locust
is imported here: its entries are given.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from inorder.errors import UnusableInput


class Times(Struct, frozen=True):
    """Of the calls of one kind, milliseconds: whatever came of them, those of the warm-up too."""

    n: int
    p50: float
    p95: float
    p99: float
    max: float


class LocustTimes(Struct, frozen=True):
    """By kind; None: Locust counted no call of it."""

    batch: Times | None = None
    ordinary: Times | None = None


def write(path: Path, times: LocustTimes) -> None:
    """Write the file as a whole."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(times), indent=2) + b"\n")


def read(path: Path) -> LocustTimes | None:
    """Read the file; None where there is none. Raises UnusableInput where it is something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=LocustTimes)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise UnusableInput(f"{path}: expected Locust's times by kind: {error}") from None
