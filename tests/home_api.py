"""A home-made event API with paths, fields, a key and answers of its own: it knows nothing of inorder.

`POST /in/many?v=2` takes `{"app": …, "items": [item, …]}`, and `POST /in/one/KIND?v=2` one item, `{who, kind, ref, at,
data}` with `at` in milliseconds. The key is a header. It answers 202, and in its body whether the items are kept.
"""

import json
from collections.abc import Callable
from email.message import Message
from typing import Any

from tests.own_systems import Log, Row, Take

TARGET = """
bases = ["{origin}/in"]
dialect = "template"
[headers]
X-Shop-Key = "${{SHOP_KEY}}"
[outcomes]
confirmed = ["202"]
body = {{ field = "result.kept", equals = [true], otherwise = "rejected" }}
[template]
query = {{ v = "2" }}
batch_path = "many"
batch = '{{"app":"shop","items":[$events]}}'
event = '{{"who":"$visitor","kind":"$name","ref":"$identity","at":$epoch_ms,"data":$event}}'
ordinary_path = "one/$name"
"""
"""A target file that describes it, with a place for its origin."""


def home(key: str, spoil: Callable[[list[Row]], list[Row]] = lambda rows: rows) -> Take:
    """The system; `spoil` is done to the rows of each batch before they are stored."""

    def take(log: Log, path: str, headers: Message, body: bytes) -> tuple[int, Any]:
        many = path == "/in/many?v=2"
        if headers["X-Shop-Key"] != key:
            return 403, {"result": {"kept": False, "why": "key"}}
        if not many and not (path.startswith("/in/one/") and path.endswith("?v=2")):
            return 404, {"result": {"kept": False, "why": "path"}}
        given = json.loads(body)
        items = given["items"] if many else [given]
        if not all(isinstance(item["at"], int) and item["at"] > 10**12 and item["ref"].isdigit() for item in items):
            return 202, {"result": {"kept": False, "why": "item"}}
        rows = [(item["who"], item["kind"], item["data"]) for item in items]
        log.add(spoil(rows) if many else rows)
        return 202, {"result": {"kept": True}}

    return take
