"""The sandbox's side of the `visitorEvents` API: which calls are taken (docs/contract.md)."""

from starlette.types import Receive, Scope

from inorder.events import BATCH_CALL, ORDINARY_CALLS, BadEvent, decode_batch, decode_event
from inorder.sandbox.answers import bad_request
from inorder.sandbox.calls import body_of, named, refuse_size, store
from inorder.sandbox.gate import Gate
from inorder.sandbox.ingest import Intake
from inorder.sandbox.settings import Settings

BASE = "/1.0"
_NAMES = {BATCH_CALL, *ORDINARY_CALLS}


class Tracking:
    """`POST /1.0/{name}`."""

    def __init__(self, settings: Settings, gate: Gate, intake: Intake) -> None:
        """`intake` gets what is accepted."""
        self._max_bytes = settings.max_bytes
        self._max_events = settings.max_events
        self._gate = gate
        self._intake = intake

    async def take(self, scope: Scope, receive: Receive) -> None:
        """Take one call."""
        name = named(scope, BASE, _NAMES)
        self._gate.call(scope["query_string"])
        body = await body_of(scope, receive, self._max_bytes)
        try:
            if name != BATCH_CALL:
                self._intake.ordinary((name, decode_event(name, body).sessionExternalId, body))
                return
            events = decode_batch(body)
        except BadEvent as bad:
            raise bad_request(bad) from None
        if len(events) > self._max_events:
            raise refuse_size(f"Expected at most {self._max_events} events, got {len(events)}")
        await store(self._intake, [(name, event.sessionExternalId, part) for name, event, part in events])
