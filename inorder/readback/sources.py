"""Files by name, by pattern and by address: what is there now, in the order of names, and whether it has changed."""

import glob
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, cast

import fsspec

from inorder.errors import TargetUnavailable, UnusableInput


class Remote:
    """A file at an address that fsspec knows."""

    def __init__(self, system: Any, path: str) -> None:
        self._system, self._path = system, path
        self.name = path.rpartition("/")[2]

    def __str__(self) -> str:
        """Its address."""
        return str(self._system.unstrip_protocol(self._path))

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Open it to be read."""
        return cast(IO[bytes], self._system.open(self._path, mode))

    def stamp(self) -> object:
        """Another value where it has changed."""
        self._system.invalidate_cache()
        return self._system.ukey(self._path)


class _Limited(io.RawIOBase):
    """The beginning of a file, which it closes."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Up to the end of the beginning."""
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        """Both."""
        self._file.close()
        super().close()


class Beginning:
    """The first bytes of a file, as a file."""

    def __init__(self, source: "Source", size: int) -> None:
        self._source, self._size = source, size
        self.name: str = source.name

    def __str__(self) -> str:
        """The name of the whole."""
        return str(self._source)

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Open it to be read."""
        return cast(IO[bytes], io.BufferedReader(_Limited(cast(IO[bytes], self._source.open(mode)), self._size)))

    def stamp(self) -> object:
        """Of the whole."""
        return stamp_of(self._source)


Source = Path | Remote | Beginning


def stamp_of(source: Source) -> object:
    """Another value where a file has changed; raises OSError where it is gone."""
    if not isinstance(source, Path):
        return source.stamp()
    found = source.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def sources_of(paths: Iterable[str], beside: Path, options: Mapping[str, str]) -> list[Source]:
    """The files that are there; paths are relative to `beside`, `options` are for fsspec.

    Raises UnusableInput where an address has no way to it, TargetUnavailable where it cannot be looked at.
    """
    found: dict[str, Source] = {}
    for text in paths:
        if "://" in text:
            found |= {str(source): source for source in _remote(text, options)}
            continue
        for name in glob.glob(str(beside / text), recursive=True):
            if os.path.isfile(name):
                found[name] = Path(name)
    return [found[name] for name in sorted(found)]


def _remote(address: str, options: Mapping[str, str]) -> list[Source]:
    try:
        system, path = fsspec.core.url_to_fs(address, **options)
    except (ImportError, ValueError, TypeError) as error:
        raise UnusableInput(f"readback.paths: {address}: {' '.join(str(error).split())}") from None
    try:
        system.invalidate_cache()
        names = system.glob(path) if glob.has_magic(path) else [path] if system.isfile(path) else []
    except Exception as error:  # each system has errors of its own
        raise TargetUnavailable(f"{address}: not there: {' '.join(str(error).split()) or type(error).__name__}") from None
    return [Remote(system, name) for name in names]
