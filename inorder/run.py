"""The run folder: what a run leaves behind, where each part lies, and the facts about the run itself (run.json)."""

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec
from msgspec import Struct

from inorder import scenario as scenarios
from inorder.errors import UnusableInput
from inorder.faults.injection import Report
from inorder.scenario import Scenario
from inorder.sla import Sla

_PARTS = ("inorder", "locust", "gevent", "httptools", "msgspec", "pandas", "numpy", "pyarrow", "scipy", "matplotlib")


class Reading(Struct):
    """How the reading back went."""

    rows: int = 0
    """Rows kept: of this run's visitors, or carrying an identity of this run."""
    foreign: int = 0
    """Rows of others, left out."""
    complete: bool = False
    """Whether the log was read to its end without an error."""
    settled: bool = False
    """Whether it then did not grow for the settle time."""
    after: int = -1
    """Position at which the log stood before the run; reading starts behind it."""
    settle_s: float = 0.0
    unanswered_s: float = 0.0
    """For so long from the end of the load a call without an answer may still be stored: no log has settled before."""
    waited_s: float = 0.0
    """From the end of the load to the last look at the log, seconds."""
    error: str | None = None
    again: int | None = None
    """Rows kept when the whole log was read a second time; None: it was read once."""
    again_error: str | None = None
    """Why the second reading was not finished."""


class LiveReading(Struct):
    """How the end of the log was looked at during the load, for the visibility lag."""

    every_s: float
    looks: int
    error: str | None = None
    """Why the last look failed: then nothing of it is used."""


class Stopped(Struct):
    """Why the load ended before its time: a line of the SLA was lost for certain."""

    line: int
    """Its number among the lines of the scenario, from 0."""
    name: str
    at_s: float
    """Seconds of the run."""
    sentence: str


class Worker(Struct):
    """One process of the generator, as `inorder run` saw it end."""

    name: str
    closed: bool


class RunInfo(Struct):
    """What is known of a run besides its history: `run.json`."""

    run: str
    scenario: str
    seed: int
    started: str
    """Wall clock, ISO 8601, UTC."""
    prefix: str
    """What the names of the run's visitors begin with."""
    target: str
    """Base address of the system under test, without secrets; several are separated by ", "."""
    sandbox: bool
    """Whether the run started its own sandbox."""
    processes: int
    """Generator processes that were meant to run."""
    target_file: str | None = None
    """Where the target file of the run lies; None: the system was named by its addresses."""
    calls_per_s: float | None = None
    """The quota that the load kept to."""
    repeat: int = 1
    behaviour: str = "synthetic"
    versions: dict[str, str] = {}
    machine: dict[str, str | int] = {}
    clock: str = "CLOCK_MONOTONIC of one machine, zero at the start of the load"
    ended: str | None = None
    load_s: float | None = None
    """From the start of the load to the end of the last generator process, seconds."""
    exit_code: int | None = None
    """Exit code of the generator."""
    interrupted: bool = False
    reading: Reading | None = None
    stopped: Stopped | None = None
    live: LiveReading | None = None
    """None: the log was only read after the load."""
    faults: list[Report] = []
    """What was wrong on purpose, and how often it did harm."""

    @property
    def settled(self) -> bool:
        """Whether the stored log was read to its end after it had settled."""
        return self.reading is not None and self.reading.complete and self.reading.settled


def versions() -> dict[str, str]:
    """The versions of the parts that shape a result."""
    found = {"python": platform.python_version()}
    for part in _PARTS:
        try:
            found[part] = metadata.version(part)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int]:
    """What the machine is."""
    return {"system": f"{platform.system()} {platform.release()}", "cpus": os.cpu_count() or 0}


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run folder."""

    path: Path
    added: tuple[Sla, ...] = ()
    """Lines that it is judged by beside those of its scenario."""

    @property
    def scenario_file(self) -> Path:
        """The scenario as it was run."""
        return self.path / "scenario.toml"

    @property
    def info_file(self) -> Path:
        """`run.json`."""
        return self.path / "run.json"

    @property
    def history(self) -> Path:
        """Folder of the history, one `*.jsonl` a worker."""
        return self.path / "history"

    @property
    def evidence(self) -> Path:
        """Folder of the merged evidence (Parquet)."""
        return self.path / "evidence"

    @property
    def metrics_file(self) -> Path:
        """The run's counters as Prometheus text."""
        return self.path / "metrics.prom"

    @property
    def stored_file(self) -> Path:
        """The stored log as it was read back, in the order read (FORMATS: stored log)."""
        return self.evidence / "stored.parquet"

    @property
    def locust_file(self) -> Path:
        """`locust.json`: what Locust's own statistics said; absent where the load was made without it."""
        return self.path / "locust.json"

    @property
    def live_file(self) -> Path:
        """How far the log could be read when, during the load (readback/live.py)."""
        return self.evidence / "live.parquet"

    def earlier_files(self) -> list[Path]:
        """Earlier readings of the same log, oldest first; the one in `stored_file` is the last."""
        numbered = {
            int(path.stem.removeprefix("earlier-")): path
            for path in self.evidence.glob("earlier-*.parquet")
            if path.stem.removeprefix("earlier-").isdecimal()
        }
        return [numbered[number] for number in sorted(numbered)]

    @classmethod
    def create(cls, path: Path, scenario_text: str, info: RunInfo) -> "RunFolder":
        """Make a new run folder; raises UnusableInput where `path` exists: a run is never overwritten."""
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise UnusableInput(f"{path}: exists already; a run is never overwritten, name another --out") from None
        except OSError as error:
            raise UnusableInput(f"{path}: cannot be made: {error.strerror}") from None
        folder = cls(path)
        folder.history.mkdir()
        folder.evidence.mkdir()
        folder.scenario_file.write_text(scenario_text, encoding="utf-8")
        folder.write_info(info)
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Open an existing run folder; raises UnusableInput where it is none."""
        folder = cls(path)
        for part in (folder.scenario_file, folder.info_file, folder.history):
            if not part.exists():
                raise UnusableInput(f"{path}: no run folder: {part.name} is missing")
        return folder

    def write_info(self, info: RunInfo) -> None:
        """Replace `run.json` as a whole, so that a kill leaves the old or the new one."""
        new = self.info_file.with_suffix(".new")
        new.write_bytes(msgspec.json.format(msgspec.json.encode(info), indent=2) + b"\n")
        new.replace(self.info_file)

    def info(self) -> RunInfo:
        """Read `run.json`."""
        try:
            return msgspec.json.decode(self.info_file.read_bytes(), type=RunInfo)
        except msgspec.MsgspecError as error:
            raise UnusableInput(f"{self.info_file}: no run.json of a run: {error}") from None

    def scenario(self) -> Scenario:
        """Read the scenario as it was run, with the name and the seed that it ran under, and the lines that are added."""
        info, written = self.info(), scenarios.load(self.scenario_file)
        lines = [*written.sla, *self.added]
        return msgspec.structs.replace(written, name=info.scenario, seed=info.seed, sla=lines)
