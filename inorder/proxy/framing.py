"""Where each HTTP/1.1 message of a stream of bytes ends, so that a fault strikes whole requests; nothing is changed."""

import httptools

MAX_HEAD = 262_144
"""A longer head is not followed: the parser would keep it all in memory."""


class Framer:
    """Follows one direction of a connection, message by message.

    The parser tells that a message is over, not where: it is fed in pieces that end where a message may end. That is
    after a line in heads and chunked bodies, and after the counted bytes of a body with a Content-Length.
    """

    def __init__(self, answers: bool) -> None:
        """`answers`: the direction from the server to the client."""
        self._answers = answers
        self.lost = False
        """What came is no HTTP/1.1, or no more (an upgrade): ends are not known from here on."""
        self.whole = False
        """What `take` took last ends a message."""
        self.inside = False
        """Part of a message was taken, and its end was not."""
        self.method = b""
        """Of a request, once its head is there."""
        self.to_head = False
        """Set before an answer: it answers a HEAD, and has no body whatever its head says."""
        self.status = 0
        self.keep = True
        """Whether the connection is kept after the last whole message."""
        self._renew()

    def _renew(self) -> None:
        self._parser: httptools.HttpResponseParser | httptools.HttpRequestParser = (
            httptools.HttpResponseParser(self) if self._answers else httptools.HttpRequestParser(self)
        )
        self._begin()

    def _begin(self) -> None:
        self._length: int | None = None
        self._coded = False
        self._headed = False
        self._left = 0
        self._endless = False
        self._line_bytes = 0

    @property
    def until_close(self) -> bool:
        """Whether the message ends with the connection."""
        return self._endless

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep what says how long the body is (called by the parser)."""
        name = name.lower()
        if name == b"content-length":
            self._length = int(value)
        elif name == b"transfer-encoding":
            self._coded = True

    def on_headers_complete(self) -> None:
        """Know how the body ends (called by the parser)."""
        self._headed = True
        if isinstance(self._parser, httptools.HttpRequestParser):
            self.method = self._parser.get_method()
        else:
            self.status = self._parser.get_status_code()
            self._endless = not self._coded and self._length is None
        if not self._coded:
            self._left = self._length or 0

    def on_message_complete(self) -> None:
        """The message is whole (called by the parser)."""
        self.whole = True
        self.keep = self._parser.should_keep_alive()

    def take(self, data: bytes, start: int) -> int:
        """Take bytes of one message, from `start` on: up to its end, or all; returns where they end."""
        self.whole = False
        while start < len(data) and not self.whole:
            if self.lost:
                return len(data)
            end = self._reach(data, start)
            self._feed(data if end - start == len(data) else memoryview(data)[start:end])
            start = end
        self.inside = not self.whole
        if self.whole:
            self._begin()
        return start

    def _reach(self, data: bytes, start: int) -> int:
        """How far the parser can be fed without going past the end of the message."""
        if self._left:
            end = min(len(data), start + self._left)
            self._left -= end - start
            return end
        if self._endless:
            return len(data)
        if not self._headed and not self._line_bytes:
            # The usual case, a head that comes in one piece: the first empty line ends it.
            end = data.find(b"\r\n\r\n", start) + 4
            if end > 3:
                self._line_bytes += end - start
                return end
        end = data.find(b"\n", start) + 1 or len(data)
        self._line_bytes += end - start
        return end

    def _feed(self, piece: bytes | memoryview) -> None:
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            # A request may ask for another protocol; the server decides. CONNECT and 101 are decided.
            self.lost = self.status == 101 if self._answers else self.method == b"CONNECT"
            self._renew()
            return
        except httptools.HttpParserError:
            self.lost = True
            return
        if self._headed:
            self._line_bytes = 0
        if self._line_bytes > MAX_HEAD:
            self.lost = True
        if self.to_head and self._headed:
            self.keep = self._parser.should_keep_alive()
            self.whole = True
            self._renew()
