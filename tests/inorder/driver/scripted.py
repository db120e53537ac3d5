"""A real HTTP server on loopback whose every answer is written by the test."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
RESET = struct.pack("ii", 1, 0)


class Exchange:
    """One request on one connection, and what the test does with it."""

    def __init__(self, connection: socket.socket, path: str, body: bytes, number: int) -> None:
        self.connection = connection
        self.path = path
        self.body = body
        self.number = number
        """Counts the requests of the server, from 1."""
        self.keep = True

    def answer(self, data: bytes = OK) -> None:
        """Send `data`."""
        self.connection.sendall(data)

    def close(self) -> None:
        """End the connection."""
        self.keep = False

    def reset(self) -> None:
        """End the connection with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.keep = False


class Scripted:
    """Serves `script` in threads; counts connections and requests."""

    def __init__(self, script: Callable[[Exchange], None], tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.requests: list[tuple[str, bytes]] = []
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def base(self) -> str:
        """The base address for a target."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}/1.0"

    def __enter__(self) -> "Scripted":
        self._spawn(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            # Only a shutdown wakes the thread that reads from it.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, work: Callable[..., None], *values: object) -> None:
        thread = threading.Thread(target=work, args=values, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection, connection.makefile("rb") as lines:
                while request := lines.readline():
                    length = 0
                    while (line := lines.readline()).strip():
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    body = lines.read(length)
                    path = request.split()[1].decode()
                    with self._lock:
                        self.requests.append((path, body))
                        number = len(self.requests)
                    exchange = Exchange(connection, path, body, number)
                    self._script(exchange)
                    if not exchange.keep:
                        return
        except (OSError, ValueError):
            return
