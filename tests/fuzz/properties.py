"""What holds of every body, whatever its bytes: the decoder refuses it as it promises, or takes it whole."""

from inorder.events import (
    BATCH_CALL,
    ENVELOPES,
    ORDINARY_CALLS,
    BadEvent,
    Event,
    Namespace,
    canonical,
    decode_batch,
    decode_event,
    digest,
)
from inorder.readback.http import ReadBack

NAMES = (BATCH_CALL, *ORDINARY_CALLS)
_NAMESPACE = Namespace("fuzz")
_READER = ReadBack("http://127.0.0.1:1", None, 10)


def check(call: str, body: bytes) -> bool:
    """Hand `body` to the decoder of `call`: whether it was taken. Raises AssertionError, or whatever must not be raised."""
    try:
        taken = decode_batch(body) if call == BATCH_CALL else [(call, decode_event(call, body), body)]
    except BadEvent as refused:
        bad = refused
        taken = []
    if not taken:
        assert bad.reason
        assert bad.field
        return False
    for name, event, own in taken:
        assert name in (ENVELOPES if call == BATCH_CALL else ORDINARY_CALLS)
        _check_event(name, event, own)
    return True


def _check_event(name: str, event: Event, own: bytes) -> None:
    """Its own bytes are text, its canonical bytes a fixed point, and what a store gives back is the same event."""
    own.decode()
    first = canonical(name, event)
    again = decode_event(name, first[len(name) + 4 : -1])
    assert canonical(name, again) == first
    assert digest(canonical(name, again)) == digest(first)
    _NAMESPACE.identity(name, event)
    line = b'{"position":1,"visitor":"%b","name":"%b","event":%b,"server":"s1","stored_at":1.5}\n'
    stored = own.replace(b"\n", b" ").replace(b"\r", b" ")
    (row,) = _READER._rows(line % (event.sessionExternalId.encode(), name.encode(), stored))
    assert canonical(name, decode_event(name, bytes(row.event))) == first
