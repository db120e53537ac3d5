"""Makes a run folder of evidence from elsewhere: what another client wrote down, and what another system says it stored."""

import errno
import math
import mmap
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq

from inorder import run, scenario
from inorder.errors import UnusableInput
from inorder.events import MAX_VISITOR
from inorder.merge import Merged, merge
from inorder.readback.files import convert
from inorder.run import Reading, RunFolder, RunInfo

_SCENARIO = """\
# Of evidence that was given without a scenario: no SLA, and no promise beyond the contract. Nothing here was driven:
# how late a call left is its client's affair, so no limit stands in the way.
name = "given-evidence"
question = "Is each visitor's order kept?"

[visitors]
count = {visitors}

[[phases]]
name = "history"
duration_s = {duration_s}

[validity]
late_start_ms_p99 = {limit}
loop_lag_ms_p99 = {limit}
cpu_share = {limit}
"""
_MOST = 999_999_999
"""The longest time that a scenario may name."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""Errors of writing: the file that is copied has no part in them."""


@dataclass(frozen=True)
class Given:
    """The files that are to be judged."""

    histories: list[Path]
    stored: list[Path]
    """Readings of one stored log, oldest first: the last one is judged, the others show what vanished since."""
    scenario: Path | None = None


def gather(given: Given, out: Path, jobs: int = 1) -> RunFolder:
    """Check and merge the files by `jobs` processes, and make the run folder `out` of them, or nothing at all.

    Raises UnusableInput that names a file as it was given, and the place in it.
    """
    # Unlike Path.exists it also sees a link to nothing, and bears a name that is too long.
    if os.path.lexists(out):
        raise UnusableInput(f"{out}: exists already; a run is never overwritten, name another --out")
    text = _scenario_text(given.scenario)
    _check_text([*given.histories, *given.stored, out])
    _check_names(given)
    unfinished = out.with_name(out.name + ".part")
    folder = RunFolder.create(unfinished, text, _info(out.name, given.scenario))
    try:
        _fill(folder, given, jobs)
        unfinished.rename(out)
    except OSError as error:
        shutil.rmtree(unfinished)
        raise UnusableInput(f"{out}: cannot be made: {error.strerror or error}") from None
    except BaseException:
        shutil.rmtree(unfinished)
        raise
    return RunFolder(out)


def _scenario_text(file: Path | None) -> str:
    if file is None:
        return ""  # told by `_fill`, once it is known whom and how long it spans
    scenario.load(file)
    return file.read_text(encoding="utf-8")


def _info(name: str, file: Path | None) -> RunInfo:
    written = None if file is None else scenario.load(file)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return RunInfo(
        run=name,
        scenario=written.name if written else "given-evidence",
        seed=written.seed if written else 1,
        started=now,
        prefix="",
        target="",
        sandbox=False,
        processes=0,
        behaviour=written.visitors.behaviour if written else "synthetic",
        versions=run.versions(),
        clock="that of the history as it was given",
        ended=now,
    )


def _check_text(paths: list[Path]) -> None:
    """Refuse names that are no UTF-8: they could not be told in run.json, the evidence or the report."""
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise UnusableInput(f"{path}: expected a name in UTF-8, got a broken byte") from None


def _check_names(given: Given) -> None:
    """Refuse a file that is given twice, and files out of the folders of different runs."""
    seen: set[Path] = set()
    first: tuple[Path, RunInfo] | None = None
    for path in [*given.histories, *given.stored]:
        real = Path(os.path.realpath(path))  # bears a circle of links, which opening then tells
        if real in seen:
            raise UnusableInput(f"{path}: given twice")
        seen.add(real)
        info = _run_of(real)
        if info is None:
            continue
        if first is not None and (info.run, info.started) != (first[1].run, first[1].started):
            theirs = f"{first[0]} is of run {first[1].run} ({first[1].started})"
            raise UnusableInput(f"{path}: is of run {info.run} ({info.started}), {theirs}: files of different runs?")
        first = first or (path, info)


def _run_of(path: Path) -> RunInfo | None:
    """The run in whose folder a file lies, if it lies in one."""
    folder = RunFolder(path.parent.parent)
    if path.parent not in (folder.history, folder.evidence) or not folder.info_file.exists():
        return None
    try:
        return folder.info()
    except UnusableInput:
        return None  # a run.json of somebody else


def _fill(folder: RunFolder, given: Given, jobs: int) -> None:
    """Put all into the folder, and check the whole."""
    copies = _copy_names(folder, given.histories)
    for copy, path in copies.items():
        _copy_history(path, copy)
    *earlier, last = given.stored
    for number, path in enumerate(earlier, 1):
        convert(path, folder.evidence / f"earlier-{number}.parquet")
    rows = convert(last, folder.stored_file)
    try:
        merged = merge(folder, jobs=jobs)
    except UnusableInput as error:
        raise UnusableInput(_as_given(str(error), copies)) from None
    _check_merged(merged, given)
    info = folder.info()
    info.processes = len(given.histories) if any(worker.closed for worker in merged.workers) else 0
    info.reading = Reading(rows=rows, complete=True, settled=True)
    folder.write_info(info)
    if given.scenario is None:
        text = _SCENARIO.format(visitors=_visitors(folder), duration_s=_duration_s(folder), limit=_MOST)
        folder.scenario_file.write_text(text, encoding="utf-8")


def _copy_names(folder: RunFolder, histories: list[Path]) -> dict[Path, Path]:
    """Where each history is copied to: under its own name, numbered where names would clash or change the order."""
    stems = [path.stem for path in histories]
    if stems != sorted(set(stems)):
        digits = len(str(len(stems)))
        stems = [f"{number:0{digits}}-{stem}" for number, stem in enumerate(stems, 1)]
    return {folder.history / f"{stem}.jsonl": path for stem, path in zip(stems, histories, strict=True)}


def _copy_history(given: Path, copy: Path) -> None:
    """Copy a history; a last line that is whole but for its line break gets one, for other writers may leave it out.

    Whole is any JSON: what is no history line is then refused with its place, and not taken for cut off.
    """
    try:
        shutil.copyfile(given, copy)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise
        raise UnusableInput(f"{given}: cannot be read: {error.strerror or error}") from None
    if not copy.stat().st_size:
        raise UnusableInput(f"{given}: no history: expected one JSON object a line")
    with copy.open("rb+") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            last = text[text.rfind(b"\n") + 1 :]
        try:
            msgspec.json.decode(last)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        file.seek(0, 2)
        file.write(b"\n")


def _as_given(message: str, copies: dict[Path, Path]) -> str:
    """An error in the words of the user, who knows no copies."""
    # The longest first: one name may be the beginning of another.
    for copy in sorted(copies, key=lambda path: len(str(path)), reverse=True):
        message = message.replace(str(copy), str(copies[copy]))
    return message


def _check_merged(merged: Merged, given: Given) -> None:
    """Refuse what holds nothing to judge, or nothing in common."""
    if not merged.calls:
        raise UnusableInput(f"{', '.join(map(str, given.histories))}: no 'sent' line: expected at least one call")
    for path, log in zip(given.stored, [*merged.earlier, merged.stored], strict=True):
        if log is not None and log.owned and not log.known:
            raise UnusableInput(f"{path}: no row is of a visitor of the history: files of different runs?")


def _visitors(folder: RunFolder) -> int:
    """How many visitors the history has, as far as a scenario can name them."""
    count = 0
    for path in folder.evidence.glob("events/bucket-*.parquet"):
        count += len(pq.read_table(path, columns=["visitor"])["visitor"].unique())
    return min(max(count, 1), MAX_VISITOR)


def _duration_s(folder: RunFolder) -> int:
    """Whole seconds from zero of the history's clock to behind its last instant, as far as a scenario can name them."""
    calls = pq.read_table(folder.evidence / "calls.parquet", columns=["intended", "sent", "done"])
    # fmax passes over the NaN of a call without an answer.
    last = np.fmax.reduce([np.fmax.reduce(column.to_numpy()) for column in calls.columns])
    return int(min(max(math.floor(last) + 1, 1), _MOST))
