"""The sandbox's routes: what leads where, and what it answers besides calls."""

import os
import re

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inorder import __version__
from inorder.faults.control import Control
from inorder.sandbox import openapi
from inorder.sandbox.answers import Detail, ErrorBody, Health, Refused
from inorder.sandbox.calls import Calls
from inorder.sandbox.faults.chain import Faulty
from inorder.sandbox.gate import Gate
from inorder.sandbox.segment import Segment
from inorder.sandbox.settings import Settings
from inorder.sandbox.store import StoreError
from inorder.sandbox.tracking import BASE, Tracking

PAGE_ROWS, MAX_PAGE_ROWS = 1000, 100_000
MAX_POSITION = (1 << 63) - 1

_WHOLE = re.compile(r"-?[0-9]{1,19}")


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
            Route(f"{BASE}/{{name}}", Calls(Tracking(settings, gate, intake).take, b"{}")),
            Route("/v1/{name}", Calls(Segment(settings, gate, intake).take, b'{"success":true}')),
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
