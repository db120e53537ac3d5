"""Files by name, by pattern and by address: what is there now, in the order of names, and whether it has changed."""

import glob
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


Source = Path | Remote


def stamp_of(source: Source) -> object:
    """Another value where a file has changed; raises OSError where it is gone."""
    if isinstance(source, Remote):
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
