"""One HTTP/1.1 connection on a bare non-blocking socket: one request at a time, its answer parsed by httptools.

The socket has a watcher on gevent's loop for its whole life. An answer is read and parsed in the loop's own callback
and the waiting greenlet is switched to once, when the answer is whole; an end of the connection while no request is
open is seen at once, so that no request is written into a connection that the server has closed.
"""

import _socket  # the plain class: socket.socket may be gevent's, and its waits are not wanted here
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from errno import EINPROGRESS
from typing import Any

import gevent
import httptools

from inorder.driver.target import Server
from inorder.history import CONFIRMED, INDETERMINATE, REJECTED, Outcome

_READ, _WRITE = 1, 2
_CHUNK = 16384
_MOST_BODY = 1 << 20
_AGAIN = (BlockingIOError, InterruptedError)


@dataclass(slots=True)
class Answer:
    """How a call ended; a visitor.Answer."""

    outcome: Outcome
    status: int = 0
    """HTTP status, 0: no answer."""
    error: str = ""
    retry_after_s: float | None = None
    size: int = 0
    """Bytes of the answer's body."""
    again: bool = False


class Connection:
    """A connection to `server`, opened by the first request and again by the next one after it was lost."""

    def __init__(self, server: Server, hub: Any) -> None:
        self._server = server
        self._hub = hub
        self._socket: _socket.socket | None = None
        self._watcher: Any = None
        self._waiting: Any = None
        """The greenlet that waits for something here."""
        self._parser: Any = None
        self._tls: ssl.SSLObject | None = None
        self._tls_in = ssl.MemoryBIO()
        self._tls_out = ssl.MemoryBIO()
        self._open = False
        """A request is open: its answer is not whole yet."""
        self._fault = ""
        self._keep = True
        self._status = 0
        self.serial = 0
        """Counts the requests, so that a time-out for an earlier one is told from one for this."""
        self.opened = 0
        """How often a connection was opened."""
        self._size = 0
        self._retry_after: float | None = None
        self._excerpt = b""
        self._body = bytearray()
        """Of the answer, where it says what the answer means."""

    # What httptools calls while it parses.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep Retry-After where it is in seconds."""
        if name.lower() == b"retry-after" and value.strip().isdigit():
            self._retry_after = float(value)

    def on_body(self, body: bytes) -> None:
        """Count the body; its start is kept for the error that it may tell."""
        self._size += len(body)
        if not self._excerpt:
            self._excerpt = body[:200]
        if self._server.meaning.reads_bodies and len(self._body) < _MOST_BODY:
            self._body += body

    def on_message_complete(self) -> None:
        """The answer is whole; only now does the parser still know whether the connection is kept."""
        self._open = False
        self._keep = self._parser.should_keep_alive()
        self._status = self._parser.get_status_code()

    # What the loop calls.

    def _readable(self) -> None:
        # An exception that left this callback would be printed by gevent and lost: each becomes the call's fault.
        try:
            self._receive()
        except _AGAIN:
            return
        except (OSError, httptools.HttpParserError, ssl.SSLError) as error:
            self._lose(f"{type(error).__name__}: {error}")
        if self._fault or not self._open:
            self._wake()

    def _receive(self) -> None:
        assert self._socket is not None
        data = self._socket.recv(_CHUNK)
        if not data:
            self._lose("closed by the server")
            return
        if self._tls is None:
            self._feed(data)
            return
        self._tls_in.write(data)
        while True:
            try:
                plain = self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                return
            if not plain:
                self._lose("closed by the server")
                return
            self._feed(plain)

    def _feed(self, data: bytes) -> None:
        if not self._open:
            self._lose("bytes that answer nothing")
            return
        self._parser.feed_data(data)
        if not self._open and not self._keep:
            self._shut()

    # The life of the connection.

    def _lose(self, fault: str) -> None:
        self._fault = fault
        self._shut()

    def _shut(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._tls = None

    def close(self) -> None:
        """Close it; a greenlet that waits here is not woken."""
        self._waiting = None
        self._shut()

    def busy(self, serial: int) -> bool:
        """Whether request `serial` is still waited for."""
        return self.serial == serial and self._waiting is not None

    def expire(self, serial: int, why: str = "timeout") -> None:
        """End the wait for request `serial` (called from the loop)."""
        if self.busy(serial):
            self._lose(why)
            self._wake()

    def _wake(self) -> None:
        """Switch to the greenlet that waits, once: whatever else happens in this turn of the loop finds none."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.switch()

    def _wait(self) -> None:
        """Sleep until something here has happened; a greenlet that is killed meanwhile leaves nothing behind."""
        self._waiting = gevent.getcurrent()
        try:
            self._hub.switch()
        except BaseException:
            self.close()
            raise

    def _wait_for(self, event: int) -> None:
        """Wait until the socket can be read or written."""
        assert self._socket is not None
        watcher = self._hub.loop.io(self._socket.fileno(), event)
        watcher.start(self._wake)
        try:
            self._wait()
        finally:
            watcher.stop()
            watcher.close()

    def _connect(self) -> None:
        """Open the connection; what fails is in `_fault`."""
        self.opened += 1
        self._parser = httptools.HttpResponseParser(self)
        self._socket = _socket.socket(self._server.family, _socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        code = self._socket.connect_ex(self._server.address)
        if code == EINPROGRESS:
            self._wait_for(_WRITE)
            if self._socket is None:
                return
            code = self._socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
        if code:
            self._lose(f"connect: {os.strerror(code)}")
            return
        if self._server.tls is not None:
            self._shake_hands(self._server.tls)
            if self._socket is None:
                return
        self._watcher = self._hub.loop.io(self._socket.fileno(), _READ)
        self._watcher.start(self._readable)

    def _shake_hands(self, context: ssl.SSLContext) -> None:
        self._tls_in, self._tls_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._tls_in, self._tls_out, server_hostname=self._server.hostname)
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._push(self._tls_out.read())
                if not self._pull():
                    return
            except ssl.SSLError as error:
                self._lose(f"TLS: {error.reason or error}")
                return
            else:
                self._push(self._tls_out.read())
                return

    def _pull(self) -> bool:
        """Wait for bytes of the handshake."""
        self._wait_for(_READ)
        if self._socket is None:
            return False
        try:
            data = self._socket.recv(_CHUNK)
        except OSError as error:
            self._lose(f"TLS: {error}")
            return False
        if not data:
            self._lose("TLS: closed by the server")
            return False
        self._tls_in.write(data)
        return True

    def _push(self, data: bytes) -> int:
        """Write `data` to the socket; returns how many bytes left before a fault."""
        done = 0
        while done < len(data) and self._socket is not None:
            try:
                done += self._socket.send(data[done:] if done else data)
            except _AGAIN:
                self._wait_for(_WRITE)
            except OSError as error:
                self._lose(f"{type(error).__name__}: {error}")
        return done

    def request(self, head: bytes, body: bytes, gone: Callable[[], None] | None = None) -> Answer:
        """Send one request and wait for its answer; `expire` ends the wait. Never raises for a failure of the wire.

        `gone` is told once that the request has left, or never will.
        """
        self.serial += 1
        self._fault = ""
        if self._socket is None:
            self._connect()
            if self._socket is None:
                if gone is not None:
                    gone()
                return Answer(REJECTED, error=self._fault, again=True)
        self._open, self._size, self._retry_after, self._excerpt = True, 0, None, b""
        if self._body:
            self._body.clear()
        data = b"%b%d\r\n\r\n%b" % (head, len(body), body)
        body_begins = len(data) - len(body)
        if self._tls is None:
            left = self._push(data)
        else:
            self._tls.write(data)
            # How much of an encrypted request left is not known, so any byte counts as one of the body.
            left = len(data) if self._push(self._tls_out.read()) else 0
        if gone is not None:
            gone()
        if self._open and not self._fault:
            self._wait()
        if self._open:
            self._open = False
            if left <= body_begins:
                return Answer(REJECTED, error=self._fault, again=True)
            return Answer(INDETERMINATE, error=self._fault, again=True)
        status = self._status
        outcome, again = self._server.meaning.of(status, bytes(self._body))
        error = "" if outcome == CONFIRMED else self._server.hide(self._excerpt.decode(errors="replace"))
        return Answer(outcome, status, error, self._retry_after, self._size, again)
