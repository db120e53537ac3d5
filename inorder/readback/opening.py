"""Opens the stored log of a system in the way that its target file names, one reader a way."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from inorder.errors import UnusableInput
from inorder.readback import ways
from inorder.readback.http import ReadBack
from inorder.readback.listing import Listing
from inorder.readback.logs import Files
from inorder.readback.row import StoredRow
from inorder.readback.settle import Reader
from inorder.readback.sql import Query
from inorder.scenario import Scenario
from inorder.sla import refusal
from inorder.targets.environment import all_filled, check_headers, check_value
from inorder.targets.system import Named
from inorder.targets.tls import context_of


def reader_of(system: Named, page: int) -> Reader:
    """The reader; `page`: rows at a time. Raises UnusableInput with what of the target file is wrong."""
    way = system.given.readback
    with system.naming():
        return _Naming(system, _WAYS[type(way)](system, way, page))


class _Naming:
    """A reader whose errors name the target file."""

    def __init__(self, system: Named, reader: Reader) -> None:
        self._system, self._reader = system, reader
        self.sorted = reader.sorted

    def close(self) -> None:
        self._reader.close()

    def check(self) -> None:
        with self._system.naming():
            self._reader.check()

    def last_position(self, known: int = -1, step: int = 1, found: Callable[[int], None] | None = None) -> int:
        with self._system.naming():
            return self._reader.last_position(known, step, found)

    def check_whole(self) -> None:
        with self._system.naming():
            self._reader.check_whole()

    def begin(self, after: int) -> None:
        self._reader.begin(after)

    def pages(self) -> Iterator[list[StoredRow]]:
        pages = self._reader.pages()
        while True:
            with self._system.naming():
                rows = next(pages, None)
            if rows is None:
                return
            yield rows


def _stream(system: Named, way: ways.Stream, page: int) -> Reader:
    target = system.resolve()
    token = os.environ.get(way.token_env)
    check_value(token or "", f"readback.token_env: {way.token_env}")
    return ReadBack(way.url or target.origin, token, page, target.servers[0].tls or True)


def _listing(system: Named, way: ways.Listing, page: int) -> Reader:
    headers = all_filled(way.headers, "readback.headers")
    check_headers(headers, "readback.headers")
    if _origin(way.url) in map(_origin, system.bases):
        shared = all_filled(system.given.headers, "headers")
        check_headers(shared)
        headers = shared | headers
    secure = way.url.startswith("https:")
    return Listing(way, headers, context_of(system.given.tls, system.beside) if secure else True)


def _query(system: Named, way: ways.Query, page: int) -> Reader:
    return Query(way, page, system.beside)


def _files(system: Named, way: ways.Files, page: int) -> Reader:
    return Files(way, system.beside)


_WAYS: dict[type, Callable[[Named, Any, int], Reader]] = {
    ways.Stream: _stream,
    ways.Listing: _listing,
    ways.Query: _query,
    ways.Files: _files,
}


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def watchable(way: "ways.Stream | ways.Listing | ways.Query | ways.Files") -> bool:
    """Whether the end of the log can be looked at without reading it: what the visibility lag is measured by."""
    return isinstance(way, ways.Stream | ways.Query) or (isinstance(way, ways.Listing) and way.paging.by == "position")


def check_way(system: Named, written: Scenario, file: Path) -> None:
    """Refuse a run whose log cannot tell what the scenario asks for; raises UnusableInput."""
    way = system.given.readback
    if isinstance(way, ways.Files) and (way.wait_s or 0) >= written.readback.limit_s:
        raise UnusableInput(
            f"{system.path}: readback.wait_s: expected less than the scenario's readback.limit_s = "
            f"{written.readback.limit_s:g}, got {way.wait_s:g}"
        )
    if watchable(way):
        return
    for number, line in enumerate(written.sla):
        if line.metric.startswith("visibility_ms"):
            why = f"{line.metric} cannot be measured: {system.path} reads the log in a way that cannot tell its end alone"
            raise refusal(line, number, file, ("metric", why))
    if written.readback.live_s:
        raise UnusableInput(f"{file}: readback.live_s: {system.path} reads the log in a way that cannot tell its end alone")
