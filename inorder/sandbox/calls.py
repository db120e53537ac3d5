"""Tracking calls as a bare ASGI application, whatever API they are of: all load comes through here."""

from collections.abc import Awaitable, Callable, Container, Sequence

from starlette.types import Receive, Scope, Send

from inorder.sandbox.answers import Detail, Refused, start
from inorder.sandbox.faults.step import NoAnswer
from inorder.sandbox.ingest import Intake, Taken
from inorder.sandbox.protocol import drop
from inorder.sandbox.store import StoreError, StoreUnsure

Take = Callable[[Scope, Receive], Awaitable[None]]
"""Takes one call; it is accepted when this returns. Raises what is answered else: Refused, NoAnswer, ClientGone."""


class ClientGone(Exception):
    """The client closed its connection before its body was there: nobody to answer."""


class Calls:
    """The calls of one API."""

    def __init__(self, take: Take, said: bytes) -> None:
        """`said`: the body of the answer to a call that was taken."""
        self._take_call = take
        self._taken = (start(200, said), {"type": "http.response.body", "body": said})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        try:
            await self._take_call(scope, receive)
            begin, body = self._taken
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


def named(scope: Scope, base: str, names: Container[str]) -> str:
    """The name of the call behind the path `base`; refuses one that is not of `names` (404), or not posted (405)."""
    name: str = scope["path"][len(base) + 1 :]
    if name not in names:
        raise Refused(404, "not found")
    if scope["method"] != "POST":
        raise Refused(405, "method not allowed", headers=((b"allow", b"POST"),))
    return name


async def body_of(scope: Scope, receive: Receive, max_bytes: int, too_large: int = 413) -> bytes:
    """The body, refused before it is read where its length is given, and while it is read where it is not.

    `too_large`: the status of a body of more than `max_bytes`.
    """
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
    if length and int(length) > max_bytes:
        raise refuse_size(f"Expected at most {max_bytes} bytes, got {int(length)}", too_large)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > max_bytes:
            raise refuse_size(f"Expected at most {max_bytes} bytes", too_large)
        if not message.get("more_body"):
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)


def refuse_size(reason: str, status: int = 413, index: int | None = None) -> Refused:
    """The refusal of a body, or of the element `index` of it, that is too large."""
    return Refused(status, "too large", Detail("body" if index is None else "message", reason, index))


async def store(intake: Intake, events: Sequence[Taken]) -> None:
    """Let a batch be stored; refuses with what is known of it where that fails."""
    try:
        await intake.batch(events)
    except StoreUnsure:
        raise Refused(500, "it is not known whether the batch is stored") from None
    except StoreError:
        raise Refused(503, "the batch could not be stored") from None
