"""The proxy as a process: what it says, how it is controlled, and that it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from inorder.errors import TargetUnavailable
from inorder.faults.fault import Fault, parse
from inorder.faults.remote import Remote
from inorder.proxy_process import ProxyProcess
from tests.inorder.samples import views
from tests.inorder.sandboxes import KEYS, Far, far


def command(*options: str) -> list[str]:
    """The command line of a proxy."""
    return [sys.executable, "-m", "inorder", "proxy", *options]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Far]:
    """A server to stand in front of."""
    with far(tmp_path) as running:
        yield running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_by_a_signal(sandbox: Far, number: int) -> None:
    """One line, then nothing; exit code 0."""
    options = [
        "--port",
        "0",
        "--to",
        f"http://127.0.0.1:{sandbox.port}",
        "--fault",
        "inject-503:rate=1",
        "--fault",
        "reset",
    ]
    process = subprocess.Popen(command(*options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[2]
        assert line == f"inorder proxy: {address} -> http://127.0.0.1:{sandbox.port} (inject-503 100 %, reset 5 %)\n"
        assert httpx.get(f"{address}/health").status_code == 503
    finally:
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


def test_a_proxy_of_a_run_waits_for_its_start(sandbox: Far) -> None:
    """Its base has the server's path; its faults strike after the start, and are reported and changed by the control."""
    proxy = ProxyProcess(sandbox.base, [Fault("inject-429", rate=1.0), parse("latency:delay_ms=1")], 1, "t0k3n")
    control = Remote(proxy.control, "t0k3n")
    try:
        with httpx.Client(params=KEYS) as client:
            assert client.post(f"{proxy.base}/visitorEvents", json=views("ann", 1)).status_code == 200
            assert [one.struck for one in control.report()] == [0, 0]
            control.start(time.monotonic())
            assert client.post(f"{proxy.base}/visitorEvents", json=views("ann", 2)).status_code == 429
            assert [(one.fault, one.injected) for one in control.report()] == [("inject-429", 1), ("latency", 0)]
            headers = {"Authorization": "Bearer t0k3n"}
            assert httpx.put(f"{proxy.control}/control/faults", headers=headers, content=b"[]").status_code == 200
            assert client.post(f"{proxy.base}/visitorEvents", json=views("ann", 3)).status_code == 200
        assert httpx.get(f"{proxy.control}/control/faults").status_code == 401
        wrong = httpx.put(f"{proxy.control}/control/faults", headers=headers, json=[{"name": "wrong-visitor"}])
        assert (wrong.status_code, "expected a fault of the network" in wrong.text) == (400, True)
    finally:
        control.close()
        proxy.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(proxy.base)
    proxy.stop()


def test_a_proxy_that_does_not_start_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    """In one line of its own, and the run has an error."""
    with pytest.raises(TargetUnavailable, match=r"^proxy: did not start"):
        ProxyProcess("https://a", [], 1, "t")
    assert capfd.readouterr().err == "inorder: to: expected http, for the proxy has to read the requests, got 'https://a'\n"


def test_it_ends_with_its_parent(sandbox: Far) -> None:
    """A run that was killed leaves no proxy behind."""
    options = ["--with-parent", "--port", "0", "--to", f"http://127.0.0.1:{sandbox.port}"]
    process = subprocess.Popen(command(*options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().endswith("(no faults)\n")
    process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize("option", ["--port", "--control-port"])
def test_a_port_in_use_is_one_line(option: str) -> None:
    """Exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        options = ["--to", "http://127.0.0.1:9", "--port", "0", option, str(port)]
        environment = {**os.environ, "INORDER_CONTROL_TOKEN": "t"}
        ended = subprocess.run(command(*options), capture_output=True, text=True, timeout=60, env=environment)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"inorder: port {port}: in use\n")


def test_a_second_proxy_on_a_port_is_refused(sandbox: Far) -> None:
    """Its place-holder does not let others in."""
    to = f"http://127.0.0.1:{sandbox.port}"
    first = ProxyProcess(to, [], 1, "t")
    try:
        port = first.base.rpartition(":")[2]
        ended = subprocess.run(command("--to", to, "--port", port), capture_output=True, text=True, timeout=60)
    finally:
        first.stop()
    assert (ended.returncode, ended.stderr) == (2, f"inorder: port {port}: in use\n")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--host", "192.0.2.1"], "host 192.0.2.1: "),
        (["--host", ""], "host: expected an address, got ''"),
        (["--control-port", "0"], "control-port: needs INORDER_CONTROL_TOKEN"),
        (["--fault", "nonsense"], "fault 'nonsense': no such fault"),
        (["--fault", "latency:delay_ms=x"], "fault 'latency:delay_ms=x': delay_ms: expected a number"),
    ],
)
def test_bad_input_is_one_line(options: list[str], says: str) -> None:
    """Exit code 2."""
    ended = subprocess.run(
        command("--port", "0", "--to", "http://127.0.0.1:9", *options), capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"inorder: {says}")
    assert ended.stderr.count("\n") == 1
