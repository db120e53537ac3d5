"""The control endpoints: faults in and out, the start of their clock, a reset. Their token is a secret of its own."""

import time
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inorder.asgi import bearer, is_local
from inorder.errors import UnusableInput
from inorder.faults.fault import Fault, check
from inorder.faults.injection import Report
from inorder.faults.kinds import Side
from inorder.faults.switch import Switch
from inorder.secret import Secret

MAX_BYTES = 65_536
"""Longest body that a control endpoint reads."""
_FORWARD_S = 86_400.0
"""A clock may be started so long ahead; more is a mistake."""


class Said(Struct):
    """Body of `GET /control/faults`."""

    faults: list[Report]
    zero: float | None
    """Start of the windows' clock, on this machine's CLOCK_MONOTONIC; None: not started."""


class Start(Struct, forbid_unknown_fields=True):
    """Body of `POST /control/start`."""

    monotonic: float


class Refusal(Struct):
    """Body of an answer that refuses."""

    error: str


class Control:
    """The endpoints of one process."""

    def __init__(
        self,
        switch: Switch,
        side: Side,
        token: str | None,
        anywhere: bool = False,
        reset: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`token` None: the endpoints refuse all; `anywhere`: they are open to other machines too."""
        self._switch = switch
        self._side: Side = side
        self._token = Secret(token) if token else None
        self._anywhere = anywhere
        self._reset = reset

    def routes(self) -> list[Route]:
        """For a Starlette application."""
        return [
            Route("/control/faults", self._guarded(self._faults), methods=["GET"]),
            Route("/control/faults", self._guarded(self._replace), methods=["PUT"]),
            Route("/control/start", self._guarded(self._start), methods=["POST"]),
            Route("/control/reset", self._guarded(self._forget), methods=["POST"]),
        ]

    def _guarded(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            if self._token is None:
                return _refuse(403, "forbidden: without INORDER_CONTROL_TOKEN there is no control")
            if not self._anywhere and not is_local(request.scope):
                return _refuse(403, "forbidden: control is for this machine only")
            if not self._token.is_(bearer(request.scope)):
                return _refuse(401, "unauthorized")
            return await endpoint(request)

        return guarded

    async def _faults(self, request: Request) -> Response:
        return self._said()

    async def _replace(self, request: Request) -> Response:
        try:
            faults = msgspec.json.decode(await _body(request), type=list[Fault])
            self._switch.replace([check(fault, f"[{at}]", self._side) for at, fault in enumerate(faults)])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, UnusableInput) as error:
            return _refuse(400, f"bad request: {error}")
        return self._said()

    async def _start(self, request: Request) -> Response:
        try:
            zero = msgspec.json.decode(await _body(request), type=Start).monotonic
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return _refuse(400, f"bad request: {error}")
        if not 0 <= zero <= time.monotonic() + _FORWARD_S:
            return _refuse(400, "bad request: monotonic: expected an instant of this machine's CLOCK_MONOTONIC")
        self._switch.clock.start(zero)
        return self._said()

    async def _forget(self, request: Request) -> Response:
        if self._reset is None:
            return _refuse(404, "not found")
        await self._reset()
        self._switch.replace([injection.fault for injection in self._switch.injections])
        return self._said()

    def _said(self) -> Response:
        said = Said(self._switch.report(), self._switch.clock.zero)
        return Response(msgspec.json.encode(said), media_type="application/json")


def _refuse(status: int, error: str) -> Response:
    return Response(msgspec.json.encode(Refusal(error)), status, media_type="application/json")


async def _body(request: Request) -> bytes:
    """The body, as much of it as is ever needed: a longer one is then no valid JSON."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return body[:MAX_BYTES]
    return body
