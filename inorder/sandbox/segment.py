"""The sandbox's side of Segment's HTTP API, from its public reference: `POST /v1/batch` and `/v1/track`.

The write key is the user of a basic authorization, and it is the sandbox's `apiKey`. A batch is stored as one of
`visitorEvents` is: one transaction, in the order passed, on disk when it is answered; `track` as an ordinary call is.
A message is stored as it was passed, under its `anonymousId` (`userId` where it has none) and its `event`. Nothing is
dropped for a `messageId` that was there before: a call that is sent again may be stored twice.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct
from starlette.types import Receive, Scope

from inorder.events import BadEvent, has_offset, refusal
from inorder.nesting import MAX_DEPTH, deeper_than
from inorder.sandbox.answers import bad_request
from inorder.sandbox.calls import body_of, named, refuse_size, store
from inorder.sandbox.gate import Gate
from inorder.sandbox.ingest import Intake, Taken
from inorder.sandbox.settings import Settings

BASE = "/v1"
BATCH, TRACK = "batch", "track"
MAX_BATCH_BYTES, MAX_MESSAGE_BYTES = 500 * 1024, 32 * 1024
"""What the public reference allows a batch and a message."""

# PostgreSQL's texts hold no NUL.
_Name = Annotated[str, Meta(min_length=1, pattern=r"\A[^\x00]*\Z")]


class Message(Struct):
    """A message of type `track`; what else it holds is kept, and looked at by nobody."""

    event: _Name
    anonymousId: _Name | None = None
    userId: _Name | None = None
    type: Literal["track"] | None = None
    """Needed in a batch; the path says it else."""
    messageId: Annotated[str, Meta(max_length=100)] | None = None
    originalTimestamp: str | None = None
    timestamp: str | None = None
    sentAt: str | None = None
    properties: dict[str, Raw] | None = None


class _Batch(Struct):
    batch: list[Raw]


_MESSAGE = msgspec.json.Decoder(Message)
_BATCH = msgspec.json.Decoder(_Batch)
_TIMES = ("originalTimestamp", "timestamp", "sentAt")
_WRONG = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Segment:
    """The calls of the API."""

    def __init__(self, settings: Settings, gate: Gate, intake: Intake) -> None:
        """`intake` gets what is accepted."""
        self._max_bytes = min(settings.max_bytes, MAX_BATCH_BYTES)
        self._max_events = settings.max_events
        self._gate = gate
        self._intake = intake

    async def take(self, scope: Scope, receive: Receive) -> None:
        """Take one call."""
        name = named(scope, BASE, (BATCH, TRACK))
        self._gate.write_key(scope)
        body = await body_of(scope, receive, self._max_bytes, too_large=400)
        try:
            body.decode()  # messages are passed on as they came, so the whole must be UTF-8
            if name == TRACK:
                self._intake.ordinary(_taken(body, None))
                return
            messages = _BATCH.decode(body).batch
        except BadEvent as bad:
            raise bad_request(bad) from None
        except _WRONG as error:
            raise bad_request(refusal(error, None, "body")) from None
        if len(messages) > self._max_events:
            raise refuse_size(f"Expected at most {self._max_events} messages, got {len(messages)}", 400)
        try:
            taken = [_taken(bytes(message), index) for index, message in enumerate(messages)]
        except BadEvent as bad:
            raise bad_request(bad) from None
        if taken:
            await store(self._intake, taken)


def _taken(body: bytes, index: int | None) -> Taken:
    """A message that is in order; raises BadEvent with its place in the batch, or Refused where it is too large."""
    if len(body) > MAX_MESSAGE_BYTES:
        raise refuse_size(f"Expected at most {MAX_MESSAGE_BYTES} bytes, got {len(body)}", 400, index)
    try:
        message = _MESSAGE.decode(body)
    except _WRONG as error:
        raise refusal(error, index, "message") from None
    where = "message." if index is not None else ""
    if deeper_than(body, MAX_DEPTH):
        raise BadEvent(index, "message", f"Expected at most {MAX_DEPTH} levels of nesting")
    if index is not None and message.type is None:
        raise BadEvent(index, "message.type", "Expected 'track'")
    visitor = message.anonymousId or message.userId
    if visitor is None:
        raise BadEvent(index, f"{where}anonymousId", "Expected it, or userId")
    for field in _TIMES:
        time = getattr(message, field)
        if time is not None and not has_offset(time):
            raise BadEvent(index, f"{where}{field}", "Expected ISO 8601 with an offset")
    return message.event, visitor, body
