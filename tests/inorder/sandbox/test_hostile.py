"""Requests that no good client makes: each gets a proper answer or a closed connection, and the next client is served."""

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inorder.sandboxes import Far, far

LINE = b"POST /1.0/view?apiKey=k&partnerId=p HTTP/1.1"
JSON = b"Content-Type: application/json"
EVENT = b'{"sessionExternalId":"ann","productId":1}'
LENGTH = b"Content-Length: 41"
CHUNKED = b"Transfer-Encoding: chunked"
CHUNKS = b"29\r\n" + EVENT + b"\r\n0\r\n\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: "


def request(*headers: bytes, line: bytes = LINE, body: bytes = EVENT, kind: bytes = JSON) -> bytes:
    """A request with these headers behind `Host` and the content type."""
    return b"\r\n".join((line, b"Host: x", kind, *headers, b"", body))


def get(target: bytes, method: bytes = b"GET", *headers: bytes) -> bytes:
    """A request without a body."""
    return b"\r\n".join((method + b" " + target + b" HTTP/1.1", b"Host: x", *headers, b"", b""))


GOOD = request(LENGTH)
OPEN, SHUT = "goes on", "is closed"
CASES: dict[str, tuple[bytes, list[int], str]] = {
    "a length that is no number": (request(b"Content-Length: abc"), [400], SHUT),
    "a negative length": (request(b"Content-Length: -1"), [400], SHUT),
    "a length with a plus": (request(b"Content-Length: +41"), [400], SHUT),
    "no length at all": (request(b"Content-Length:"), [400], SHUT),
    "a length in other digits": (request("Content-Length: ４１".encode()), [400], SHUT),
    "a length of 64 bits": (request(b"Content-Length: 18446744073709551615"), [413], OPEN),
    "a length of more than 64 bits": (request(b"Content-Length: 18446744073709551616"), [400], SHUT),
    "two lengths": (request(LENGTH, b"Content-Length: 3"), [400], SHUT),
    "a list of lengths": (request(b"Content-Length: 41, 41"), [400], SHUT),
    "a length, and chunks": (request(LENGTH, CHUNKED, body=CHUNKS), [400], SHUT),
    "chunks, and a length": (request(CHUNKED, LENGTH, body=CHUNKS), [400], SHUT),
    "chunks": (request(CHUNKED, body=CHUNKS), [200], OPEN),
    "trailers": (request(CHUNKED, body=CHUNKS[:-2] + b"Content-Type: text/plain\r\n\r\n"), [200], OPEN),
    "a length as a trailer": (request(CHUNKED, body=CHUNKS[:-2] + b"Content-Length: 1\r\n\r\n"), [400], SHUT),
    "a chunk of no number": (request(CHUNKED, body=b"zz\r\n"), [400], SHUT),
    "a chunk of negative length": (request(CHUNKED, body=b"-1\r\n"), [400], SHUT),
    "a chunk of more than 64 bits": (request(CHUNKED, body=b"1" + b"0" * 16 + b"\r\n"), [400], SHUT),
    "chunks without an end": (request(CHUNKED, body=(b"10000\r\n" + b" " * 65_536 + b"\r\n") * 17), [413], OPEN),
    "compressed chunks": (request(b"Transfer-Encoding: gzip, chunked", body=CHUNKS), [400], OPEN),
    "an unknown transfer encoding": (request(b"Transfer-Encoding: tea"), [400], SHUT),
    "a compressed body": (request(LENGTH, b"Content-Encoding: gzip"), [415], OPEN),
    "twice compressed": (request(LENGTH, b"Content-Encoding: identity", b"Content-Encoding: br"), [415], OPEN),
    "explicitly not compressed": (request(LENGTH, b"Content-Encoding: Identity"), [200], OPEN),
    "two content types": (request(LENGTH, b"Content-Type: text/plain"), [415], OPEN),
    "a body without a length": (request(), [400], SHUT),
    "three calls at once": (GOOD * 3, [200, 200, 200], OPEN),
    "a bad call between good ones": (GOOD + get(b"/none") + GOOD, [200, 404, 200], OPEN),
    "garbage behind a call": (GOOD + b"\x00garbage\r\n\r\n", [200], SHUT),
    "garbage behind two calls": (GOOD * 2 + b"\x00garbage\r\n\r\n", [200, 200], SHUT),
    "a call behind the last one": (request(LENGTH, b"Connection: close") + GOOD, [200], SHUT),
    "an absolute target": (GOOD.replace(b" /1.0", b" http://x:1/1.0"), [200], OPEN),
    "an absolute target without a path": (get(b"http://x"), [400], SHUT),
    "a target that is a host": (get(b"x:80"), [400], SHUT),
    "CONNECT": (get(b"x:80", b"CONNECT") + b"abc", [400], SHUT),
    "CONNECT to a path": (get(b"/1.0/view", b"CONNECT") + b"abc", [405], SHUT),
    "a target that is a star": (get(b"*", b"OPTIONS"), [404], OPEN),
    "NUL in the path": (get(b"/hea\x00lth"), [400], SHUT),
    "escaped NUL in the path": (get(b"/health%00"), [404], OPEN),
    "escaped NUL in the call": (GOOD.replace(b"/view", b"/view%00"), [404], OPEN),
    "broken escapes in the path": (get(b"/health%zz%f%ff"), [404], OPEN),
    "broken escapes in the key": (GOOD.replace(b"=k", b"=%zz%f%ff%00"), [200], OPEN),
    "NUL in the query": (GOOD.replace(b"=k", b"=\x00"), [400], SHUT),
    "UTF-8 in the path": (get("/hé".encode()), [400], SHUT),
    "Latin-1 in the path": (get(b"/h\xe9"), [400], SHUT),
    "a space in the path": (get(b"/he alth"), [400], SHUT),
    "dots in the path": (get(b"/1.0/../health"), [404], OPEN),
    "many parameters": (GOOD.replace(b"?", b"?" + b"a&" * 20_000), [200], OPEN),
    "a position in other digits": (get(b"/stored?after=%D9%A3"), [400], OPEN),
    "a position with an underscore": (get(b"/stored?after=1_0"), [400], OPEN),
    "a position with a space": (get(b"/stored?after=+5"), [400], OPEN),
    "a position of 5000 digits": (get(b"/stored?after=" + b"9" * 5000), [400], OPEN),
    "a position of broken escapes": (get(b"/stored?after=%ff%zz"), [400], OPEN),
    "broken bytes as a token": (get(b"/stored?after=99", b"GET", b"Authorization: Bearer \xff"), [200], OPEN),
    "HTTP/1.0": (GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"), [200], SHUT),
    "HTTP/0.9": (b"GET /health\r\n\r\n", [200], SHUT),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400], SHUT),
    "HTTP/1.2": (GOOD.replace(b"HTTP/1.1", b"HTTP/1.2"), [400], SHUT),
    "TLS": (bytes.fromhex("16030100c8010000c40303") + bytes(100), [400], SHUT),
    "every byte there is": (bytes(range(256)), [400], SHUT),
    "a client that waits to continue": (request(LENGTH, b"Expect: 100-continue"), [100, 200], SHUT),
    "one that may not continue": (request(b"Content-Length: 2000000", b"Expect: 100-continue", body=b""), [413], SHUT),
    "an unknown expectation": (request(LENGTH, b"Expect: tea"), [200], OPEN),
    "HEAD": (get(b"/health", b"HEAD"), [200], OPEN),
    "HEAD of a call": (get(b"/1.0/view", b"HEAD"), [405], OPEN),
    "HEAD of nothing": (get(b"/none", b"HEAD"), [404], OPEN),
    "OPTIONS": (get(b"/health", b"OPTIONS"), [405], OPEN),
    "OPTIONS of a call": (get(b"/1.0/view", b"OPTIONS"), [405], OPEN),
    "TRACE": (get(b"/health", b"TRACE"), [405], OPEN),
    "PROPFIND": (get(b"/health", b"PROPFIND"), [405], OPEN),
    "an unknown method": (GOOD.replace(b"POST", b"BREW"), [400], SHUT),
    "a method in small letters": (GOOD.replace(b"POST", b"post"), [400], SHUT),
    "POST where one may only read": (request(LENGTH, line=b"POST /health HTTP/1.1"), [405], OPEN),
    "GET with a body": (request(LENGTH, line=b"GET /health HTTP/1.1") + GOOD, [200, 200], OPEN),
    "a wish for WebSocket": (get(b"/health", b"GET", UPGRADE + b"websocket"), [200], SHUT),
    "a wish for another protocol": (get(b"/health", b"GET", UPGRADE + b"h2c") + GOOD, [200], SHUT),
    "a call that wishes for another": (request(LENGTH, UPGRADE + b"h2c") + b"more", [400], SHUT),
    "NUL in a header": (request(LENGTH, b"X: a\x00b"), [400], SHUT),
    "a line break in a header": (request(LENGTH, b"X: a\nb"), [400], SHUT),
    "a space before the colon": (request(LENGTH, b"X : a"), [400], SHUT),
    "a folded header": (request(LENGTH, b"X: a\r\n b"), [400], SHUT),
    "a header without a name": (request(LENGTH, b": a"), [400], SHUT),
    "bare line feeds": (GOOD.replace(b"\r\n", b"\n"), [400], SHUT),
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """One sandbox for all; at its end it has said nothing."""
    with far(tmp_path_factory.mktemp("hostile"), keep_alive_s=60) as running:
        yield running
        assert running.end() == (0, "")


def exchange(port: int, sent: bytes, answers: int) -> tuple[bytes, str]:
    """What comes back for `sent`, and what becomes of the connection after so many answers."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        try:
            client.sendall(sent)
            while got.count(b"HTTP/1.1 ") < answers or b"connection: close" in got or not got.endswith((b"}", b"\n")):
                part = client.recv(1 << 20)
                if not part:
                    return got, SHUT
                got += part
            # Whoever goes on takes another call, unless the rest of a body that it refused is still to come.
            client.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                return got, OPEN if client.recv(1) else SHUT
        except (ConnectionResetError, BrokenPipeError):
            return got, SHUT
    return got, OPEN


@pytest.mark.parametrize("name", CASES)
def test_a_strange_request_is_answered_or_shut_out(sandbox: Far, name: str) -> None:
    """Never with 500; the answer is JSON where it has a body, and the next client is served."""
    sent, statuses, fate = CASES[name]
    got, became = exchange(sandbox.port, sent, len(statuses))
    assert [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", got)] == statuses
    assert became == fate
    assert got.count(b"content-type: application/") == len(statuses) - statuses.count(100)
    assert exchange(sandbox.port, GOOD, 1)[0].startswith(b"HTTP/1.1 200 ")


def test_a_refused_method_names_those_that_are_taken(sandbox: Far) -> None:
    """`Allow` is in each 405."""
    for target, methods in ((b"/1.0/view", {b"POST"}), (b"/health", {b"GET", b"HEAD"})):
        answer, _ = exchange(sandbox.port, get(target, b"PUT"), 1)
        named = answer.partition(b"\r\nallow: ")[2].partition(b"\r\n")[0]
        assert set(named.split(b", ")) == methods


def test_what_was_answered_with_an_error_is_not_stored(tmp_path: Path) -> None:
    """Of garbage behind a call only the call is."""
    with far(tmp_path, flush_ms=1, servers=1) as sandbox:
        for name in ("garbage behind a call", "a length, and chunks", "a chunk of no number", "a compressed body"):
            exchange(sandbox.port, CASES[name][0], 1)
        exchange(sandbox.port, GOOD, 1)
        rows = b""
        while rows.count(b'"position"') < 2:
            rows, _ = exchange(sandbox.port, get(b"/stored"), 1)
        assert rows.count(b'"position"') == 2
        assert sandbox.end() == (0, "")
