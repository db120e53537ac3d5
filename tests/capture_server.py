"""A small system like PostHog's capture API, from its public reference alone: it knows nothing of inorder.

`POST /batch/` and `/i/v0/e/`, the key as `api_key` in each body. Of an event it keeps `event`, `distinct_id`, `timestamp`
and `properties`, and no other field.
"""

import json
from email.message import Message
from typing import Any

from tests.own_systems import Log, Take

KEPT = ("event", "distinct_id", "timestamp", "properties")
TARGET = """
bases = ["{origin}"]
dialect = "segment"
[segment]
key_in = "body:api_key"
batch_path = "batch/"
track_path = "i/v0/e/"
visitor = "distinct_id"
time = "timestamp"
"""
"""A target file that describes it, with a place for its origin."""


def capture(api_key: str) -> Take:
    """The system."""

    def take(log: Log, path: str, headers: Message, body: bytes) -> tuple[int, Any]:
        given = json.loads(body)
        if path not in ("/batch/", "/i/v0/e/"):
            return 404, {"status": 0}
        if given.get("api_key") != api_key:
            return 401, {"status": 0}
        events = given["batch"] if path == "/batch/" else [given]
        log.add([(event["distinct_id"], event["event"], {field: event[field] for field in KEPT}) for event in events])
        return 200, {"status": 1}

    return take
