"""The sandbox's answers: their bodies, and the refusals that the routes raise."""

from typing import Any

import msgspec
from msgspec import Struct

from inorder.errors import InorderError
from inorder.events import BadEvent

JSON = (b"content-type", b"application/json")
Headers = tuple[tuple[bytes, bytes], ...]


class Detail(Struct, omit_defaults=True):
    """What exactly is wrong; `index` is the element of the batch, absent where it is not about one element."""

    field: str
    reason: str
    index: int | None = None


class ErrorBody(Struct):
    """Body of every answer but 200."""

    error: str
    detail: list[Detail] = []


class Health(Struct):
    """Body of `GET /health`."""

    status: str
    version: str
    servers: list[str]
    """Names of the servers in the process that answers."""
    pid: int
    """Id of that process."""


class Refused(InorderError):
    """A call that is answered with an error."""

    def __init__(self, status: int, error: str, detail: Detail | None = None, headers: Headers = ()) -> None:
        super().__init__(error)
        self.status = status
        self.body = msgspec.json.encode(ErrorBody(error, [detail] if detail else []))
        self.headers = headers


def bad_request(bad: BadEvent) -> Refused:
    """400 with the element and the field."""
    return Refused(400, "bad request", Detail(bad.field, bad.reason, bad.index))


def start(status: int, body: bytes, headers: Headers = ()) -> dict[str, Any]:
    """The ASGI message that opens an answer with a JSON `body`."""
    length = (b"content-length", b"%d" % len(body))
    return {"type": "http.response.start", "status": status, "headers": [JSON, length, *headers]}
