"""Reads the stored log from files that the system writes, local or at an address, also while it writes on."""

import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from inorder.errors import TargetUnavailable, UnusableInput
from inorder.readback import ways
from inorder.readback.columns import Column, WrongValue
from inorder.readback.forms import BOM, CSV, JSON_LINES, Form, form_of, opened, whole_lines, whole_records
from inorder.readback.records import Picked, check_columns, parts_of, rows_of
from inorder.readback.row import StoredRow
from inorder.readback.sources import Beginning, Source, sources_of, stamp_of
from inorder.targets.environment import all_filled

_LINES = msgspec.json.Decoder(dict[str, Any])
_ROWS = 10_000
"""Rows of a page."""
_STILL_S, _LOOKS = 0.2, 50
"""Files that make sense only as a whole must not change for so long; so often they are looked at."""


@dataclass
class _Read:
    """How far a file was read."""

    stamp: object = None
    rows: int = 0
    bytes: int = 0
    """Of JSON Lines that are not packed: where the next line begins."""
    whole: bool = True
    """Whether no half-written record was left for the next look."""


class Files:
    """The files of one log; nothing stays open between two looks."""

    sorted = False

    def __init__(self, way: ways.Files, beside: Path = Path()) -> None:
        """`beside`: what paths are relative to. Raises UnusableInput where an environment variable is not set."""
        self._way, self._beside = way, beside
        self._options = all_filled(way.options, "readback.options")
        self._picked = Picked(way.fields)
        self.begin(-1)

    def close(self) -> None:
        """Nothing is open."""

    def check(self) -> None:
        """Read the beginning of each file that is there; there may be none before the load."""
        for source in self._sources():
            for _ in self._new(source, _Read()):
                break

    def last_position(self, known: int = -1, step: int = 1, found: Callable[[int], None] | None = None) -> int:
        """The newest position, by reading all files."""
        self.begin(known)
        return max(
            (row.position for source in self._sources() for page in self._behind(source) for row in page), default=known
        )

    def check_whole(self) -> None:
        """Raise where the last record of a CSV is still without its line break."""
        for name, read in self._read.items():
            if not read.whole:
                raise TargetUnavailable(
                    f"{name}: the last record may be half-written: expected a line break behind it, and closed quotes"
                )

    def begin(self, after: int) -> None:
        """Begin with the first line of each file."""
        self._after = after
        self._read: dict[str, _Read] = {}
        self._began = time.monotonic()

    def pages(self) -> Iterator[list[StoredRow]]:
        """Rows of new files, and of what was added to those that were read."""
        sources = self._sources()
        if not sources and time.monotonic() - self._began >= (self._way.wait_s or 0):
            raise TargetUnavailable(f"readback.paths: no file is there: {', '.join(self._way.paths)}")
        if gone := self._read.keys() - {str(source) for source in sources}:
            raise TargetUnavailable(f"{min(gone)}: is gone since it was read")
        stamps = self._still(sources)
        for source in sources:
            if stamps[str(source)] != self._read.setdefault(str(source), _Read()).stamp:
                yield from self._behind(source)
                self._read[str(source)].stamp = stamps[str(source)]

    def _still(self, sources: list[Source]) -> dict[str, object]:
        """What tells the files as they are; those that make sense only as a whole must stand still for a moment."""
        stamps = {str(source): _stamp(source) for source in sources}
        whole = [source for source in sources if form_of(source) is not JSON_LINES or _packed(source)]
        for _ in range(_LOOKS):
            known = {name: read.stamp for name, read in self._read.items()}
            if not (moving := [source for source in whole if stamps[str(source)] != known.get(str(source))]):
                return stamps
            time.sleep(_STILL_S)
            now = {str(source): _stamp(source) for source in moving}
            if now == {name: stamps[name] for name in now}:
                return stamps
            stamps |= now
        raise TargetUnavailable(f"{moving[0]}: is written all the time: expected a file that stands still, or JSON Lines")

    def _sources(self) -> list[Source]:
        return sources_of(self._way.paths, self._beside, self._options)

    def _behind(self, source: Source) -> Iterator[list[StoredRow]]:
        """Pages of what a file holds behind the position at which the reading began, and was not given yet."""
        try:
            for rows in self._new(source, self._read.setdefault(str(source), _Read())):
                if wanted := [row for row in rows if row.position > self._after or row.position < 0]:
                    yield wanted
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(source, error) from None

    def _new(self, source: Source, read: _Read) -> Iterator[list[StoredRow]]:
        form = form_of(source)
        blocks = self._json(source, read) if form is JSON_LINES else self._columns(form, source, read)
        for columns, count in blocks:
            for first in range(0, count, _ROWS):
                size = min(_ROWS, count - first)
                try:
                    rows = rows_of({part: values[first : first + size] for part, values in columns.items()}, size)
                except WrongValue as wrong:
                    raise UnusableInput(f"{form.where(source, read.rows + wrong.row)}: {wrong}") from None
                read.rows += size
                yield rows

    def _columns(self, form: Form, source: Source, read: _Read) -> Iterator[tuple[Mapping[str, Column], int]]:
        """Of CSV and Parquet, which are read from the beginning each time: what stands behind the rows that were given.

        A last record of a CSV that is not whole is left for the next look; a packed file would be cut off itself.
        """
        if form is CSV and not _packed(source):
            end, read.whole = whole_records(source)
            if not read.whole:
                source = Beginning(source, end)
        parts = parts_of(self._way.fields)

        def pick(names: list[str], place: str) -> list[str]:
            check_columns(self._way.fields, names, place)
            return list(dict.fromkeys(parts.values()))

        before, given = 0, read.rows
        for block in form.blocks(source, pick):
            count = len(next(iter(block.values())))
            if (skip := max(0, given - before)) < count:
                yield {part: block[name][skip:] for part, name in parts.items()}, count - skip
            before += count
        if before < given:
            raise self._shrunk(source)

    def _json(self, source: Source, read: _Read) -> Iterator[tuple[Mapping[str, Column], int]]:
        """Of JSON Lines; a last line that is not whole is left for the next look."""
        with opened(source) as file:
            if not read.bytes and file.read(len(BOM)) == BOM:
                read.bytes = len(BOM)
            # Beyond the end of a packed file there is no place; of another there is.
            if (file.seek(read.bytes) if _packed(source) else file.seek(0, 2)) < read.bytes:
                raise self._shrunk(source)
            file.seek(read.bytes)
            for text in whole_lines(file):
                end = text.rfind(b"\n") + 1
                taken = text if _decoded(text[end:]) else text[:end]
                read.bytes += len(taken)
                if records := self._records(taken, source, read):
                    yield self._picked.columns(records), len(records)

    def _records(self, text: bytes, source: Source, read: _Read) -> list[dict[str, Any]]:
        records = _decoded(text)
        if records is not None:
            return records
        for number, line in enumerate(filter(bytes.strip, text.split(b"\n"))):
            if _decoded(line) is None:
                raise UnusableInput(f"{JSON_LINES.where(source, read.rows + number)}: expected one JSON object a line")
        return []

    def _shrunk(self, source: Source) -> TargetUnavailable:
        return TargetUnavailable(f"{source}: holds less than when it was read before")


def _stamp(source: Source) -> object:
    try:
        return stamp_of(source)
    except OSError as error:
        raise _unreadable(source, error) from None


def _unreadable(source: Source, error: Exception) -> TargetUnavailable:
    reason = getattr(error, "strerror", None) or " ".join(str(error).split())
    return TargetUnavailable(f"{source}: cannot be read: {reason}")


def _decoded(lines: bytes) -> list[dict[str, Any]] | None:
    """The objects of some lines; None: one is none."""
    try:
        return _LINES.decode_lines(lines)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _packed(source: Source) -> bool:
    return source.name.lower().endswith(".gz")
