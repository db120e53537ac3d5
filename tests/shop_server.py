"""A small system under test for tests: takes the API's calls, keeps them in its own log, and can be wrong in one way."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.inorder.driver.scripted import OK, Exchange

Row = dict[str, Any]


class Shop:
    """The script of a server: `refuses` says why an event is not taken, `shows` what the stored log tells of it."""

    def __init__(
        self,
        refuses: Callable[[str, Row], str | None] = lambda name, event: None,
        shows: Callable[[list[Row]], Iterable[Row]] = lambda rows: rows,
        readable: bool = True,
    ) -> None:
        self._refuses = refuses
        self._shows = shows
        self._readable = readable
        self.rows: list[Row] = []
        """As the stored log tells them."""

    def __call__(self, exchange: Exchange) -> None:
        """Answer a call, or tell the stored log."""
        path = urlsplit(exchange.path)
        if path.path == "/stored":
            self._tell(exchange, parse_qs(path.query))
            return
        body, name = json.loads(exchange.body), path.path.rpartition("/")[2]
        events = [item for envelope in body for item in envelope.items()] if isinstance(body, list) else [(name, body)]
        why = next(filter(None, (self._refuses(name, event) for name, event in events)), None)
        if why:
            text = json.dumps({"error": why})
            exchange.answer(f"HTTP/1.1 400 X\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            return
        for name, event in events:
            row = {"position": len(self.rows), "visitor": event["sessionExternalId"], "name": name, "event": event}
            self.rows.append(row | {"server": "shop-1"})
        exchange.answer()

    def _tell(self, exchange: Exchange, query: dict[str, list[str]]) -> None:
        if not self._readable:
            exchange.answer(OK.replace(b"200 OK", b"404 X"))
            return
        after, limit = int(query["after"][0]), int(query["limit"][0])
        rows = [row for row in self._shows(self.rows) if row["position"] > after][:limit]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        exchange.answer(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())


def without_identity(rows: list[Row]) -> list[Row]:
    """The log of a system that keeps no long numbers."""
    return [row | {"event": json.loads(re.sub(r"[0-9]{13,}", "1", json.dumps(row["event"])))} for row in rows]


def tied(rows: list[Row]) -> list[Row]:
    """The log of a system whose positions are coarse times."""
    return [row | {"position": row["position"] // 3} for row in rows]


def altered(rows: list[Row]) -> list[Row]:
    """The log of a system that keeps the time of the last event only."""
    return [row | {"event": row["event"] | {"timestamp": "2020-01-01T00:00:00+00:00"}} for row in rows]


def without_event(rows: list[Row]) -> list[Row]:
    """The log of a system that tells no server, and the identity alone of what was sent."""
    return [{key: row[key] for key in ("position", "visitor", "name", "event")} for row in rows]
