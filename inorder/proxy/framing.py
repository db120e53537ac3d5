"""Where one HTTP/1.1 message ends and the next begins; nothing else of it is looked at."""

import re
from enum import Enum

from inorder.errors import InorderError

MAX_HEAD_BYTES = 65_536
MAX_MESSAGE_BYTES = 64 << 20
"""A longer message is refused: the proxy holds a message until it is whole, and its memory stays bounded."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked[ \t]*\r\n", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[^\r\n]*close[ \t]*[,\r]", re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


class BadMessage(InorderError):
    """Bytes that are no HTTP/1.1 message."""


class Side(Enum):
    """Whose messages are framed."""

    CLIENT = "requests"
    SERVER = "answers"


class Framer:
    """Cuts the bytes of one direction of a connection into messages."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._buffer = bytearray()
        self._length: int | None = None
        """Bytes of the message that has begun, where they are known."""
        self._to_end = False
        """The message ends with the connection."""
        self.bodiless: bool = False
        """The next answer has no body whatever its head says: it answers HEAD."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; returns the messages that are whole now. Raises BadMessage."""
        self._buffer += data
        messages = []
        while self._buffer and not self._to_end:
            if self._length is None:
                self._length = self._find_length()
            if self._length is None or len(self._buffer) < self._length:
                break
            messages.append(bytes(self._buffer[: self._length]))
            del self._buffer[: self._length]
            self._length = None
        if len(self._buffer) > MAX_MESSAGE_BYTES:
            raise BadMessage(f"expected messages of at most {MAX_MESSAGE_BYTES} bytes")
        return messages

    def end(self) -> bytes | None:
        """The connection has ended: the message that ends with it, or None."""
        return bytes(self._buffer) if self._to_end else None

    def _find_length(self) -> int | None:
        """Bytes of the message at the buffer's beginning; None: not known yet."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise BadMessage(f"expected heads of at most {MAX_HEAD_BYTES} bytes")
            return None
        end += 4
        head = self._buffer[:end]
        if self._side is Side.SERVER:
            status = _STATUS.match(head)
            if status is None:
                raise BadMessage("expected a status line")
            if self.bodiless or status[1].startswith(b"1") or status[1] in (b"204", b"304"):
                return end
        if _CHUNKED.search(head):
            return self._end_of_chunks(end)
        length = _LENGTH.search(head)
        if length is not None:
            return end + int(length[1])
        if self._side is Side.SERVER:
            self._to_end = True
            return None
        return end

    def _end_of_chunks(self, at: int) -> int | None:
        """Where a chunked body that begins at `at` ends, trailers included."""
        while True:
            line = self._buffer.find(b"\r\n", at)
            if line < 0:
                return None
            try:
                size = int(self._buffer[at:line].partition(b";")[0], 16)
            except ValueError:
                raise BadMessage("expected the size of a chunk") from None
            at = line + 2 + size + 2
            if size == 0:
                trailers = self._buffer.find(b"\r\n\r\n", line)
                return None if trailers < 0 else trailers + 4
            if at > len(self._buffer):
                return None


def closes(message: bytes) -> bool:
    """Whether the message says that its connection ends with it."""
    end = message.find(b"\r\n\r\n")
    return _CLOSE.search(message, 0, end + 4) is not None


def status_of(answer: bytes) -> int:
    """The status of an answer; 0: it has none."""
    found = _STATUS.match(answer)
    return int(found[1]) if found else 0


def interim(answer: bytes) -> bool:
    """Whether the answer is one that another one follows (100 Continue)."""
    return answer.startswith((b"HTTP/1.1 1", b"HTTP/1.0 1"))
