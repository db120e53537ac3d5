"""The sandbox as a process: it says when it listens, ends cleanly, and a kill takes nothing that it confirmed."""

import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.inorder.samples import event, views
from tests.inorder.sandboxes import KEYS, Far, Place, far, in_store, lines, start


def test_the_start_line_tells_the_address_and_how_open_it_is(tmp_path: Path) -> None:
    """Once it listens; without a key it says that any will do."""
    with far(tmp_path, servers=3) as sandbox:
        assert httpx.get(f"http://127.0.0.1:{sandbox.port}/health").json()["status"] == "ok"
    assert sandbox.line.startswith(f"inorder sandbox: http://127.0.0.1:{sandbox.port}/1.0 (3 servers; sqlite:")
    assert sandbox.line.endswith("; any partnerId, any apiKey; read-back open on this machine)\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: int) -> None:
    """Exit code 0, nothing said, and the ordinary events that a server still kept are stored."""
    with far(tmp_path, flush_ms=60_000, servers=2) as sandbox:
        for product in range(10):
            assert httpx.post(f"{sandbox.base}/view", params=KEYS, json=event(productId=product)).status_code == 200
        ended = sandbox.end(number)
    assert ended == (0, "")
    assert sorted(in_store(tmp_path)["ann"]) == list(range(10))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log.sqlite"]


def test_a_signal_lets_waiting_batches_be_answered(place: Place) -> None:
    """A batch that waits for its replication delay is confirmed, then the process ends."""
    answers: list[int] = []

    def send(sandbox: Far) -> None:
        answers.append(httpx.post(f"{sandbox.base}/visitorEvents", params=KEYS, json=views("ann", 1)).status_code)

    with far(place, replication_delay_ms=500) as sandbox:
        waiting = threading.Thread(target=send, args=(sandbox,))
        waiting.start()
        time.sleep(0.2)
        assert sandbox.end() == (0, "")
        waiting.join()
    assert answers == [200]


def test_a_kill_takes_nothing_that_was_confirmed(place: Place) -> None:
    """kill -9 under load: every confirmed batch is in the file, whole and in order; what was not may be, whole."""
    confirmed: dict[str, int] = {}

    def visitor(name: str, sandbox: Far) -> None:
        sent = 0
        with httpx.Client() as client:
            while True:
                batch = views(name, *range(sent, sent + 20))
                try:
                    answer = client.post(f"{sandbox.base}/visitorEvents", params=KEYS, json=batch)
                except httpx.HTTPError:
                    return
                assert answer.status_code == 200
                sent += 20
                confirmed[name] = sent

    with far(place) as sandbox:
        visitors = [threading.Thread(target=visitor, args=(f"v{n}", sandbox)) for n in range(8)]
        for thread in visitors:
            thread.start()
        time.sleep(0.7)
        assert sandbox.end(signal.SIGKILL)[0] == -signal.SIGKILL
        for thread in visitors:
            thread.join()
    found = in_store(place)
    assert sum(confirmed.values()) > 0
    for name, sent in confirmed.items():
        assert found[name] == list(range(len(found[name])))
        assert len(found[name]) in (sent, sent + 20)
    with far(place) as sandbox:
        page = httpx.get(f"http://127.0.0.1:{sandbox.port}/stored", params={"limit": 100_000}).content
        assert len(lines(page)) == sum(len(seen) for seen in found.values())


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """And the store is not even made."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = start(tmp_path, port=port)
        said, _ = process.communicate(timeout=20)
    assert (process.returncode, said) == (2, f"port {port}: in use\n")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_host_is_not_every_address(tmp_path: Path) -> None:
    """Whoever means every address says so."""
    said, _ = start(tmp_path, host="").communicate(timeout=60)
    assert said == "host: expected an address, got ''; every address of this machine is 0.0.0.0\n"


def test_a_host_that_is_not_here_is_one_line(tmp_path: Path) -> None:
    """It names the host."""
    process = start(tmp_path, host="192.0.2.1")
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 2
    assert said.startswith("host 192.0.2.1: ")
    assert said.count("\n") == 1


def test_clients_that_go_away_while_they_wait_make_no_noise(place: Place) -> None:
    """Their batches are stored all the same: an answer that nobody hears undoes nothing."""
    body = msgspec.json.encode(views("ann", 1))
    head = f"POST /1.0/visitorEvents?apiKey=k&partnerId=p HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    call = head.encode() + b"Content-Type: application/json\r\n\r\n" + body
    with far(place) as sandbox:
        for _ in range(300):
            with socket.create_connection(("127.0.0.1", sandbox.port)) as client:
                client.sendall(call)
        # What has not even been accepted is lost with the process, so all must be in before it ends.
        until = time.monotonic() + 30
        while len(in_store(place).get("ann", ())) < 300 and time.monotonic() < until:
            time.sleep(0.1)
        assert sandbox.end() == (0, "")
    assert len(in_store(place)["ann"]) == 300


def test_a_body_cut_off_in_the_middle_is_not_stored(place: Place) -> None:
    """Nobody is there to answer, and nothing is said."""
    body = msgspec.json.encode(views("ann", 1))
    head = f"POST /1.0/visitorEvents?apiKey=k&partnerId=p HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 9}\r\n"
    with far(place) as sandbox:
        with socket.create_connection(("127.0.0.1", sandbox.port)) as client:
            client.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        assert sandbox.end() == (0, "")
    assert in_store(place) == {}


def test_a_long_body_that_is_announced_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    """The answer is there although the body never comes."""
    head = b"POST /1.0/visitorEvents?apiKey=k&partnerId=p HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n"
    with far(tmp_path) as sandbox, socket.create_connection(("127.0.0.1", sandbox.port), 10) as client:
        client.sendall(head + b"Content-Type: application/json\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 413")
