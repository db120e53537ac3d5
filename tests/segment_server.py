"""A small Segment-compatible system, written from the public wire format alone: it knows nothing of inorder.

`POST /v1/batch` and `/v1/track`, the write key as the user of a basic authorization. A message whose `messageId` was
there before is dropped. Each message that is stored gets `receivedAt`, and a `timestamp` that is right by the clock here.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import Message
from typing import Any

from tests.own_systems import Log, Row, Take

TYPES = ("identify", "track", "page", "screen", "group", "alias")
Spoil = Callable[[list[Row]], list[Row]]


def segment(write_key: str, spoil: Spoil = lambda rows: rows) -> Take:
    """The system; `spoil` is done to the rows of each batch before they are stored."""
    seen: set[str] = set()

    def take(log: Log, path: str, headers: Message, body: bytes) -> tuple[int, Any]:
        if path not in ("/v1/batch", "/v1/track"):
            return 404, {"error": "not found"}
        if headers["Authorization"] != "Basic " + base64.b64encode(f"{write_key}:".encode()).decode():
            return 401, {"error": "unknown write key"}
        if headers["Content-Type"] != "application/json" or len(body) > 500 * 1024:
            return 400, {"error": "expected JSON of at most 500 KB"}
        given = json.loads(body)
        messages = given["batch"] if path == "/v1/batch" else [given | {"type": "track"}]
        wrong = next((told for told in map(_wrong, messages) if told), None)
        if wrong:
            return 400, {"error": wrong}
        fresh = [message for message in messages if message["messageId"] not in seen]
        seen.update(message["messageId"] for message in fresh)
        rows = [_stored(message, message.get("sentAt", given.get("sentAt"))) for message in fresh]
        log.add(spoil(rows) if path == "/v1/batch" else rows)
        return 200, {"success": True}

    return take


def _wrong(message: dict[str, Any]) -> str | None:
    """What the public reference does not allow."""
    if message.get("type") not in TYPES:
        return "type"
    if not message.get("anonymousId") and not message.get("userId"):
        return "no anonymousId and no userId"
    if message["type"] == "track" and not message.get("event"):
        return "no event"
    if not 0 < len(message.get("messageId", "")) <= 100:
        return "messageId"
    return "too large" if len(json.dumps(message)) > 32 * 1024 else None


def _stored(message: dict[str, Any], sent_at: str) -> Row:
    """A message with the times of this side; how far the client's clock is off is told by when it says that it sent."""
    now = datetime.now(UTC)
    original = datetime.fromisoformat(message["originalTimestamp"])
    right = now - (datetime.fromisoformat(sent_at) - original)
    times = {"sentAt": sent_at, "receivedAt": now.isoformat(), "timestamp": right.isoformat()}
    return message.get("anonymousId") or message["userId"], message["event"], message | times
