"""The sandbox's routes: which call is taken, and what is answered."""

import os
import re

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from inorder import __version__
from inorder.events import BATCH_CALL, ORDINARY_CALLS, BadEvent, decode_batch, decode_event
from inorder.faults.control import Control
from inorder.sandbox import openapi
from inorder.sandbox.answers import Detail, ErrorBody, Health, Refused, bad_request, start
from inorder.sandbox.faults.chain import Faulty
from inorder.sandbox.faults.step import NoAnswer
from inorder.sandbox.gate import Gate
from inorder.sandbox.ingest import Intake
from inorder.sandbox.protocol import drop
from inorder.sandbox.settings import Settings
from inorder.sandbox.store import StoreError, StoreUnsure

BASE = "/1.0"
PAGE_ROWS, MAX_PAGE_ROWS = 1000, 100_000
MAX_POSITION = (1 << 63) - 1

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_TAKEN_BODY = b"{}"
_TAKEN = (start(200, _TAKEN_BODY), {"type": "http.response.body", "body": _TAKEN_BODY})


class ClientGone(Exception):
    """The client closed its connection before its body was there: nobody to answer."""


class Calls:
    """`POST /1.0/{name}` as a bare ASGI application: all load comes through here."""

    def __init__(self, settings: Settings, gate: Gate, intake: Intake) -> None:
        """`intake` gets what is accepted."""
        self._max_bytes = settings.max_bytes
        self._max_events = settings.max_events
        self._gate = gate
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        try:
            await self._take(scope, receive)
            begin, body = _TAKEN
        except Refused as refused:
            begin = start(refused.status, refused.body, refused.headers)
            body = {"type": "http.response.body", "body": refused.body}
        except ClientGone:
            return
        except NoAnswer:
            await drop(scope, receive)
            return
        await send(begin)
        await send(body)

    async def _take(self, scope: Scope, receive: Receive) -> None:
        name = scope["path"][len(BASE) + 1 :]
        if name != BATCH_CALL and name not in ORDINARY_CALLS:
            raise Refused(404, "not found")
        if scope["method"] != "POST":
            raise Refused(405, "method not allowed", headers=((b"allow", b"POST"),))
        self._gate.call(scope["query_string"])
        body = await self._body(scope, receive)
        try:
            if name != BATCH_CALL:
                self._intake.ordinary(name, decode_event(name, body), body)
                return
            events = decode_batch(body)
        except BadEvent as bad:
            raise bad_request(bad) from None
        if len(events) > self._max_events:
            raise _too_large("body", f"Expected at most {self._max_events} events, got {len(events)}")
        try:
            await self._intake.batch(events)
        except StoreUnsure:
            raise Refused(500, "it is not known whether the batch is stored") from None
        except StoreError:
            raise Refused(503, "the batch could not be stored") from None

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The body, refused before it is read where its length is given, and while it is read where it is not."""
        kind, length = b"", b""
        for key, value in scope["headers"]:
            if key == b"content-type":
                kind = value
            elif key == b"content-length":
                length = value
            elif key == b"content-encoding" and value.lower() != b"identity":
                # What is not unpacked cannot grow.
                raise Refused(415, "unsupported media type", Detail("Content-Encoding", "Expected none"))
            elif key == b"transfer-encoding" and value.lower() != b"chunked":
                raise Refused(400, "bad request", Detail("Transfer-Encoding", "Expected chunked"))
        if kind != b"application/json" and kind.partition(b";")[0].strip().lower() != b"application/json":
            raise Refused(415, "unsupported media type", Detail("Content-Type", "Expected application/json"))
        if length and int(length) > self._max_bytes:
            raise _too_large("body", f"Expected at most {self._max_bytes} bytes, got {int(length)}")
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._max_bytes:
                raise _too_large("body", f"Expected at most {self._max_bytes} bytes")
            if not message.get("more_body"):
                return b"".join((*chunks, chunk)) if chunks else chunk
            chunks.append(chunk)


def _too_large(field: str, reason: str) -> Refused:
    return Refused(413, "too large", Detail(field, reason))


def _number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """A whole number in the query string."""
    text = request.query_params.get(name, str(default))
    value = int(text) if _WHOLE.fullmatch(text) else low - 1
    if not low <= value <= high:
        raise Refused(400, "bad request", Detail(name, f"Expected a whole number from {low} to {high}"))
    return value


def build(settings: Settings, intake: Faulty, control: Control) -> Starlette:
    """The application: `intake` gets the calls and is read back."""
    gate = Gate(settings)
    health = msgspec.json.encode(Health("ok", __version__, settings.names, os.getpid()))
    document = msgspec.json.encode(openapi.document(settings))

    async def get_health(request: Request) -> Response:
        return Response(health, media_type="application/json")

    async def get_openapi(request: Request) -> Response:
        return Response(document, media_type="application/json")

    async def get_stored(request: Request) -> Response:
        gate.readback(request.scope)
        after = _number(request, "after", -1, -1, MAX_POSITION)
        limit = _number(request, "limit", PAGE_ROWS, 1, MAX_PAGE_ROWS)
        try:
            page = await intake.page(after, limit)
        except StoreError:
            raise Refused(503, "the log could not be read") from None
        return Response(page, media_type="application/x-ndjson")

    app = Starlette(
        routes=[
            Route(f"{BASE}/{{name}}", Calls(settings, gate, intake)),
            Route("/health", get_health),
            Route("/openapi.json", get_openapi),
            Route("/stored", get_stored),
            *control.routes(),
        ],
        exception_handlers={Refused: _refused, HTTPException: _no_route},
    )
    app.router.redirect_slashes = False  # an unknown path is 404, not a redirect to a known one
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    headers = {name.decode(): value.decode() for name, value in error.headers}
    return Response(error.body, error.status, headers, "application/json")


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = msgspec.json.encode(ErrorBody(error.detail.lower()))
    return Response(body, error.status_code, error.headers, "application/json")
