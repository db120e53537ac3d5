"""The driver's connection: answers, and each way in which the wire can fail, as the outcome that it means."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest
import trustme

from inorder.driver.connection import Answer, Connection
from inorder.driver.target import Target
from inorder.errors import TargetUnavailable, UnusableInput
from inorder.targets.file import Tls
from inorder.targets.hiding import Hiding
from inorder.targets.tls import context_of
from tests.inorder.driver.scripted import OK, Exchange, Scripted

HEAD_PATH = "visitorEvents"


def target(base: str, ca_file: str | None = None) -> Target:
    query = {"apiKey": "key & secret", "partnerId": "partner"}
    tls = context_of(Tls(ca_file=ca_file)) if ca_file else None
    return Target.resolve(base, query, tls=tls)


def ask(connection: Connection, where: Target, body: bytes = b"[]", timeout_s: float = 5.0) -> Answer:
    """One request, with the time-out that the engine's tick would bring."""
    serial = connection.serial + 1
    timer = gevent.get_hub().loop.timer(timeout_s)
    timer.start(connection.expire, serial)
    answer: list[Answer] = []
    greenlet = gevent.spawn(lambda: answer.append(connection.request(where.head(HEAD_PATH), body)))
    greenlet.get()
    timer.close()
    return answer[0]


@pytest.fixture
def connect() -> Iterator[Callable[[Target], Connection]]:
    """Makes connections, and closes them at the end."""
    made: list[Connection] = []

    def make(where: Target) -> Connection:
        made.append(Connection(where.servers[0], gevent.get_hub()))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


Connect = Callable[[Target], Connection]


def test_an_error_tells_no_secret(connect: Connect) -> None:
    """A server that repeats the address it was asked for, whole or cut off by its answer's length, repeats the key."""

    def repeat(exchange: Exchange) -> None:
        told = b"%b no %b" % (b"x" * (160 if exchange.number == 2 else 0), exchange.path.encode())
        exchange.answer(b"HTTP/1.1 400 X\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))

    with Scripted(repeat) as server:
        where = Target.resolve(server.base, {"apiKey": "key & secret"}, hide=Hiding(["key & secret"]))
        connection = connect(where)
        assert ask(connection, where).error == f" no /1.0/{HEAD_PATH}?apiKey=***"
        assert ask(connection, where).error == f"{'x' * 160} no /1.0/{HEAD_PATH}?apiKey=***"


def test_a_connection_is_kept_for_the_next_request(connect: Connect) -> None:
    """Path, query and body arrive; one connection serves them all."""
    with Scripted(lambda exchange: exchange.answer()) as server:
        where = target(server.base)
        connection = connect(where)
        for body in (b"[1]", b"[2]", b"[3]"):
            assert ask(connection, where, body) == Answer("confirmed", 200, size=2)
        assert server.connections == connection.opened == 1
        assert server.requests[1] == ("/1.0/visitorEvents?apiKey=key+%26+secret&partnerId=partner", b"[2]")


def test_an_answer_may_come_in_pieces(connect: Connect) -> None:
    """Sliced into single bytes, and with a chunked body."""

    def script(exchange: Exchange) -> None:
        data = OK if exchange.number == 1 else b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        for at in range(len(data)):
            exchange.answer(data[at : at + 1])
            time.sleep(0.001)

    with Scripted(script) as server:
        where = target(server.base)
        connection = connect(where)
        assert ask(connection, where).outcome == ask(connection, where).outcome == "confirmed"
        assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "outcome", "again"),
    [(201, "confirmed", False), (400, "rejected", False), (401, "rejected", False), (413, "rejected", False),
     (429, "rejected", True), (408, "indeterminate", True), (500, "indeterminate", True), (503, "indeterminate", True)],
)  # fmt: skip
def test_a_status_is_an_outcome(connect: Connect, status: int, outcome: str, again: bool) -> None:
    """And says whether the call is worth another attempt; the body's start is kept as the reason."""
    body = b'{"error":"because"}'
    head = f"HTTP/1.1 {status} X\r\nRetry-After: 7\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with Scripted(lambda exchange: exchange.answer(head + body)) as server:
        where = target(server.base)
        answer = ask(connect(where), where)
    assert (answer.outcome, answer.status, answer.again, answer.retry_after_s) == (outcome, status, again, 7.0)
    assert answer.error == ("" if outcome == "confirmed" else '{"error":"because"}')


def test_an_answer_that_never_comes_is_indeterminate(connect: Connect) -> None:
    """The time-out ends the wait and the connection; the next request opens another."""
    release = threading.Event()

    def script(exchange: Exchange) -> None:
        if exchange.number == 1:
            release.wait(5)
        exchange.answer()

    with Scripted(script) as server:
        where = target(server.base)
        connection = connect(where)
        assert ask(connection, where, timeout_s=0.1) == Answer("indeterminate", error="timeout", again=True)
        assert ask(connection, where).outcome == "confirmed"
        assert server.connections == 2
        release.set()


@pytest.mark.parametrize("cut", ["close", "reset", "half an answer"])
def test_a_connection_that_ends_before_the_answer_is_indeterminate(connect: Connect, cut: str) -> None:
    """The body had left: whether it took effect is not known."""

    def script(exchange: Exchange) -> None:
        if cut == "half an answer":
            exchange.answer(OK[:25])
        exchange.reset() if cut == "reset" else exchange.close()

    with Scripted(script) as server:
        where = target(server.base)
        answer = ask(connect(where), where)
    assert (answer.outcome, answer.status, answer.again) == ("indeterminate", 0, True)
    assert answer.error


def test_nobody_there_is_a_rejection_worth_another_attempt(connect: Connect) -> None:
    """A refused connection carried nothing, so nothing can have taken effect."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    where = target(f"http://127.0.0.1:{port}/1.0")
    answer = ask(connect(where), where)
    assert answer == Answer("rejected", error="connect: Connection refused", again=True)


def test_a_connection_that_is_not_taken_times_out_as_a_rejection(connect: Connect) -> None:
    """No byte of the body left."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        where = target(f"http://127.0.0.1:{listener.getsockname()[1]}/1.0")
        # The backlog of a listener that never accepts takes a few; the next one waits.
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        answer = ask(connect(where), where, timeout_s=0.2)
        for one in waiting:
            one.close()
    assert answer == Answer("rejected", error="timeout", again=True)


def test_an_idle_connection_that_the_server_closes_is_not_used_again(connect: Connect) -> None:
    """Its end is seen at once, so the next request is not written into it."""

    def script(exchange: Exchange) -> None:
        exchange.answer()
        exchange.close()

    with Scripted(script) as server:
        where = target(server.base)
        connection = connect(where)
        for _ in range(3):
            assert ask(connection, where).outcome == "confirmed"
            gevent.sleep(0.05)
        assert server.connections == 3


def test_connection_close_is_obeyed(connect: Connect) -> None:
    """A server that announces the end is taken at its word."""
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    with Scripted(lambda exchange: exchange.answer(closing)) as server:
        where = target(server.base)
        connection = connect(where)
        assert ask(connection, where).outcome == ask(connection, where).outcome == "confirmed"
        assert server.connections == 2


def test_an_answer_that_is_no_http_is_indeterminate(connect: Connect) -> None:
    """Garbage is a fault of the call, not of the generator."""
    with Scripted(lambda exchange: exchange.answer(b"SSH-2.0-hello\r\n")) as server:
        where = target(server.base)
        assert ask(connect(where), where).outcome == "indeterminate"


def test_a_large_body_arrives_whole(connect: Connect) -> None:
    """More than the socket takes at once."""
    body = b"[" + b"1" * 8_000_000 + b"]"
    with Scripted(lambda exchange: exchange.answer()) as server:
        where = target(server.base)
        assert ask(connect(where), where, body).outcome == "confirmed"
        assert server.requests[0][1] == body


def test_a_greenlet_that_is_killed_leaves_no_connection(connect: Connect) -> None:
    """Locust kills users when a run is stopped."""
    with Scripted(lambda exchange: time.sleep(0.3)) as server:
        where = target(server.base)
        connection = connect(where)
        greenlet = gevent.spawn(connection.request, where.head(HEAD_PATH), b"[]")
        gevent.sleep(0.1)
        greenlet.kill()
        assert not connection.busy(connection.serial)
        connection.expire(connection.serial)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A server's TLS context, and the file of the authority that signed it."""
    made = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("localhost").configure_cert(context)
    file: Path = tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(file)
    return context, str(file)


def test_tls_works_like_plain(connect: Connect, authority: tuple[ssl.SSLContext, str]) -> None:
    """Kept connections, large bodies, answers in pieces."""
    context, ca_file = authority
    with Scripted(lambda exchange: exchange.answer(), tls=context) as server:
        where = target(server.base, ca_file)
        connection = connect(where)
        for body in (b"[1]", b"[" + b"2" * 300_000 + b"]", b"[3]"):
            assert ask(connection, where, body) == Answer("confirmed", 200, size=2)
        assert server.connections == 1
        assert [len(body) for _, body in server.requests] == [3, 300_002, 3]


def test_a_certificate_that_is_not_trusted_is_a_rejection(connect: Connect, authority: tuple[ssl.SSLContext, str]) -> None:
    """No byte of a call goes to a server that is not who it says."""
    with Scripted(lambda exchange: exchange.answer(), tls=authority[0]) as server:
        where = target(server.base)
        answer = ask(connect(where), where)
        assert (answer.outcome, answer.error) == ("rejected", "TLS: CERTIFICATE_VERIFY_FAILED")
        assert server.requests == []


@pytest.mark.parametrize(
    "base", ["ftp://host/1.0", "http://", "http://h:x/1.0", "http://u:p@h/1.0", "h:80", "http://h/1?x=1"]
)
def test_an_address_that_is_none_is_refused(base: str) -> None:
    """One line, before any load."""
    with pytest.raises(UnusableInput, match="target: expected"):
        target(base)


def test_a_host_that_does_not_exist_is_refused() -> None:
    """Resolving happens once, before the clock starts."""
    with pytest.raises(TargetUnavailable, match=r"nowhere\.invalid: cannot be resolved"):
        target("http://nowhere.invalid/1.0")


def test_the_key_is_not_in_what_a_target_shows() -> None:
    """Secrets stay out of logs."""
    assert "secret" not in repr(target("http://127.0.0.1:1/1.0"))
