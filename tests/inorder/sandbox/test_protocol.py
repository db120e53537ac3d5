"""One connection of the sandbox: slow, crowding and talkative clients are shut out, and a route can hang up."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from inorder.sandbox.protocol import MAX_HEAD_BYTES, Bounds, bounded, drop
from tests.inorder.sandboxes import Far, far

HEAD = b"POST /1.0/view?apiKey=k&partnerId=p HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
EVENT = b'{"sessionExternalId":"ann","productId":1}'
CALL = HEAD + b"Content-Length: %d\r\n\r\n" % len(EVENT) + EVENT
CLOSED = (ConnectionResetError, BrokenPipeError)


def trickle(client: socket.socket, begin: bytes, drop_by_drop: bytes) -> bytes:
    """Send `begin`, then a byte each 50 ms until the sandbox hangs up; all that it answered."""
    answer = b""
    client.settimeout(0.05)
    with contextlib.suppress(*CLOSED):
        client.sendall(begin)
        for number in range(400):
            client.sendall(drop_by_drop[number % len(drop_by_drop) :][:1])
            try:
                part = client.recv(65_536)
            except TimeoutError:
                continue
            if not part:
                return answer
            answer += part
        raise AssertionError("the sandbox never hung up")
    return answer


def exchange(sandbox: Far, sent: bytes) -> bytes:
    """All that comes back until the sandbox hangs up, or has been silent for a second."""
    answer = b""
    with socket.create_connection(("127.0.0.1", sandbox.port), 1) as client, contextlib.suppress(TimeoutError, *CLOSED):
        client.sendall(sent)
        while part := client.recv(65_536):
            answer += part
    return answer


def taken(client: socket.socket) -> bool:
    """Make a call on an open connection: whether it is answered with 200."""
    client.sendall(CALL)
    answer = b""
    while not answer.endswith(b"\r\n\r\n{}"):
        part = client.recv(65_536)
        if not part:
            return False
        answer += part
    return answer.startswith(b"HTTP/1.1 200 ")


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """A sandbox that waits a second for a request, and takes ten connections; at its end it has said nothing."""
    folder = tmp_path_factory.mktemp("hasty")
    with far(folder, request_timeout_s=1, keep_alive_s=60, max_connections=10) as sandbox:
        yield sandbox
        assert sandbox.end() == (0, "")


@pytest.mark.parametrize(
    ("begin", "drops", "status"),
    [
        (b"", b"\r\n", b""),
        (b"GET /health HTTP/1.1\r\nHost: x\r\n", b"x", b""),
        (HEAD + b"Content-Length: 500\r\n\r\n", b" ", b"HTTP/1.1 408 "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", b"HTTP/1.1 408 "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x", b"HTTP/1.1 408 "),
        (CALL, b"\r\n", b"HTTP/1.1 200 "),
        (CALL + HEAD, b"x", b"HTTP/1.1 200 "),
    ],
    ids=["empty lines", "head", "body", "chunks", "chunk extension", "empty lines after a call", "second head"],
)
def test_a_request_that_trickles_is_given_up(hasty: Far, begin: bytes, drops: bytes, status: bytes) -> None:
    """With 408 where its head was whole, without a word where it was not."""
    with socket.create_connection(("127.0.0.1", hasty.port)) as client:
        answer = trickle(client, begin, drops)
    assert answer.startswith(status) if status else answer == b""
    assert answer.count(b"HTTP/1.1") == bool(status)


def test_a_connection_that_says_nothing_is_given_up(hasty: Far) -> None:
    """The first request has to come, too."""
    with socket.create_connection(("127.0.0.1", hasty.port), 10) as client:
        assert client.recv(1) == b""


def test_a_connection_that_made_its_calls_in_time_may_idle(hasty: Far) -> None:
    """Between calls only the keep-alive time counts."""
    with socket.create_connection(("127.0.0.1", hasty.port), 10) as client:
        for _ in range(2):
            assert taken(client)
            time.sleep(1.5)


def test_a_client_that_does_not_read_is_given_up(tmp_path: Path) -> None:
    """Its answers would wait in memory for ever."""
    with far(tmp_path, request_timeout_s=1) as sandbox:
        with socket.socket() as client, contextlib.suppress(*CLOSED):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", sandbox.port))
            client.settimeout(10)
            client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 3000)
            time.sleep(4)
            received = 0
            while part := client.recv(65_536):
                received += len(part)
            assert received < 20_000_000
        assert sandbox.end() == (0, "")


def test_one_connection_too_many_is_closed_at_once(hasty: Far) -> None:
    """Those before it go on, and when they are gone there is room again."""
    with contextlib.ExitStack() as opened:
        clients = [opened.enter_context(socket.create_connection(("127.0.0.1", hasty.port), 5)) for _ in range(10)]
        for client in clients:
            assert taken(client)
        with socket.create_connection(("127.0.0.1", hasty.port), 5) as late, contextlib.suppress(*CLOSED):
            assert late.recv(1) == b""
        assert taken(clients[0])
    until = time.monotonic() + 10
    while not exchange(hasty, CALL).startswith(b"HTTP/1.1 200 "):
        assert time.monotonic() < until


def test_as_many_connections_as_the_files_allow_leave_room_for_the_store(tmp_path: Path) -> None:
    """Where the system allows few files, connections are closed before the files run out."""
    with far(tmp_path, prefix=("sh", "-c", 'ulimit -n 96 && exec "$@"', "sh")) as sandbox:
        with contextlib.ExitStack() as opened:
            for _ in range(200):
                opened.enter_context(socket.create_connection(("127.0.0.1", sandbox.port), 5))
        assert exchange(sandbox, CALL).startswith(b"HTTP/1.1 200 ")
        assert sandbox.end() == (0, "")


def with_head_of(size: int) -> bytes:
    """A call whose head has about so many bytes."""
    return HEAD + b"X: " + b"x" * (size - len(HEAD)) + b"\r\nContent-Length: %d\r\n\r\n" % len(EVENT) + EVENT


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (with_head_of(MAX_HEAD_BYTES - 2000), b"HTTP/1.1 200 "),
        (with_head_of(MAX_HEAD_BYTES + 2000), b"HTTP/1.1 431 "),
        (with_head_of(1_000_000), b"HTTP/1.1 431 "),
        (b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 431 "),
        (HEAD + b"X: y\r\n" * 20_000 + b"\r\n", b"HTTP/1.1 431 "),
        (b"\r\n" * 100_000, b"HTTP/1.1 431 "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 1_000_000, b"HTTP/1.1 431 "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n" + b"X: y\r\n" * 200_000, b"HTTP/1.1 431 "),
    ],
    ids=["just fits", "a little long", "header", "line", "many headers", "empty lines", "chunk extension", "trailers"],
)
def test_what_stands_around_a_body_is_bounded(hasty: Far, sent: bytes, status: bytes) -> None:
    """A head, trailers, chunk extensions or empty lines that do not end are 431."""
    parts = [sent]
    answer = b""
    with socket.create_connection(("127.0.0.1", hasty.port), 5) as client, contextlib.suppress(*CLOSED):
        sender = threading.Thread(target=_send, args=(client, parts))
        sender.start()
        with contextlib.suppress(TimeoutError):
            client.settimeout(1)
            while part := client.recv(65_536):
                answer += part
        client.close()
        sender.join()
    assert answer.startswith(status)


def test_a_head_that_comes_in_two_parts_is_bounded(hasty: Far) -> None:
    """Each part is shorter than a head may be."""
    half = MAX_HEAD_BYTES * 2 // 3
    with socket.create_connection(("127.0.0.1", hasty.port), 5) as client:
        client.sendall(HEAD + b"X: " + b"x" * half)
        time.sleep(0.3)  # so long is enough for the sandbox to read it alone
        client.sendall(b"x" * half + b"\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 431 ")


def _send(client: socket.socket, parts: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        for part in parts:
            client.sendall(part)


def test_a_route_can_hang_up_without_an_answer(capfd: pytest.CaptureFixture[str]) -> None:
    """The client sees its connection end, the server says nothing, and the next client is served."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/drop":
            await drop(scope, receive)
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def scenario() -> int:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config = uvicorn.Config(application, http=bounded(Bounds(10, 10)), ws="none", lifespan="off", log_level="error")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server._serve([listener]))
            base = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with httpx.AsyncClient(trust_env=False) as client:
                for _ in range(3):
                    with pytest.raises(httpx.RemoteProtocolError):
                        await client.post(f"{base}/drop", content=b"x" * 100_000)
                status = (await client.get(f"{base}/")).status_code
            server.should_exit = True
            await serving
            return status

    assert asyncio.run(scenario()) == 204
    assert capfd.readouterr() == ("", "")
