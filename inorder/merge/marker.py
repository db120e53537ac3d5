"""merge.json: what was merged from what, written last, so that a reader knows whether the evidence is whole."""

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

FORMAT = 2
_TAIL = 4096


class Worker(Struct):
    """One history file: its own lines, and the totals of its closing line (None: it has none)."""

    worker: str
    lines: int = 0
    calls: int = 0
    events: int = 0
    """Events that its calls carried, those of re-sends included."""
    torn: bool = False
    """Whether its last line was cut off."""
    closed: bool = False
    closed_calls: int | None = None
    closed_events: int | None = None
    interrupted: bool = False
    unsent: int = 0
    gave_up: int = 0
    crashed: int = 0
    held_back: int = 0
    loop_lag_ms_p99: float | None = None
    cpu_share: float | None = None

    @property
    def fits(self) -> bool:
        """Whether the closing line, if there is one, states as many calls and events as the file holds."""
        return not self.closed or (self.closed_calls == self.calls and self.closed_events == self.events)


class StoredLog(Struct):
    """The stored log as a whole; what only its own order shows."""

    rows: int = 0
    ties: int = 0
    """Rows at the position of the row read before."""
    descents: int = 0
    """Rows at a lower position than the row read before."""
    missing: int = 0
    """Rows without a position."""
    end: int = -1
    """The highest position."""
    first_seen_s: float | None = None
    """When the first row was seen, on the run's clock; None: not noted."""
    known: int = 0
    """Rows of a visitor of the history, by their identity: none in a log of another run."""
    positioned: bool = True
    """Whether the file tells positions; without them it tells no order."""
    identified: bool = True
    """Whether it tells seqs."""
    owned: bool = True
    """Whether it tells visitors at all, of the row or of its identity; else its rows are in no bucket."""
    routed: bool = True
    """Whether it tells under whom a row is stored."""


class Merged(Struct):
    """The content of merge.json."""

    format: int = FORMAT
    calls: int = 0
    batches: int = 0
    """Batches and ordinary events: rows of batches.parquet."""
    events: int = 0
    """Events of them, each once."""
    buckets: int = 1
    workers: list[Worker] = []
    stored: StoredLog | None = None
    """None: there was no stored log, or it could not be read."""
    stored_error: str | None = None
    earlier: list[StoredLog] = []
    """Earlier readings of the same log, oldest first."""
    sources: dict[str, str] = {}
    """File merged, relative to the run folder: its size and a checksum of its end."""
    outputs: dict[str, str] = {}
    """The same of each file written."""

    def gaps(self, processes: int) -> list[str]:
        """Where the history is not whole, so that calls may have been made that are not on file; empty: it is.

        `processes`: those of the generator, each of which closes its file; 0: a client whose files need no closing line.
        """
        torn = [worker.worker for worker in self.workers if worker.torn]
        unclosed = max(processes, len(self.workers)) - sum(worker.closed for worker in self.workers) if processes else 0
        short = [worker.worker for worker in self.workers if not worker.fits]
        found = [f"{', '.join(torn)} {'ends' if len(torn) == 1 else 'end'} within a line"] if torn else []
        if unclosed:
            found.append(f"{unclosed} closing {'line is' if unclosed == 1 else 'lines are'} missing")
        return found + (
            [f"{', '.join(short)} {'does' if len(short) == 1 else 'do'} not hold what is stated"] if short else []
        )


def fingerprint(path: Path) -> str:
    """Size and checksum of the last 4 kB: enough to see that a file grew, was cut off or was written anew."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _TAIL))
        return f"{size}:{zlib.crc32(file.read()):08x}"


def fingerprints(root: Path, paths: Iterable[Path]) -> dict[str, str]:
    """The fingerprints of `paths`, named relative to `root`."""
    return {path.relative_to(root).as_posix(): fingerprint(path) for path in sorted(paths)}


def read_whole(root: Path, marker: Path, sources: dict[str, str]) -> Merged | None:
    """The merge.json at `marker`, or None where the evidence is not whole, of an older form or of other files."""
    try:
        merged = msgspec.json.decode(marker.read_bytes(), type=Merged)
        whole = fingerprints(root, (root / name for name in merged.outputs)) == merged.outputs
    except (OSError, msgspec.MsgspecError):
        return None
    return merged if whole and merged.format == FORMAT and merged.sources == sources else None


def write(marker: Path, merged: Merged) -> None:
    """Write merge.json as a whole: a kill leaves none."""
    new = marker.with_suffix(".new")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(merged), indent=2) + b"\n")
    new.replace(marker)
