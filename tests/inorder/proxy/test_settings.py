"""Settings of the proxy that cannot be meant are refused in one line; faults are drawn as the settings say."""

import pytest

from inorder.errors import UnusableInput
from inorder.faults.fault import parse
from inorder.faults.injection import Clock, Injection
from inorder.proxy.exchange import Plan, draw
from inorder.proxy.lane import Pace
from inorder.proxy.settings import Settings


@pytest.mark.parametrize(
    ("to", "server"),
    [
        ("http://127.0.0.1:8099", ("127.0.0.1", 8099)),
        ("http://localhost:8099/1.0", ("localhost", 8099)),
        ("http://[::1]:8099/", ("::1", 8099)),
        ("http://a.example", ("a.example", 80)),
    ],
)
def test_the_server_is_read_from_its_address(to: str, server: tuple[str, int]) -> None:
    """A path belongs to the requests."""
    assert Settings.from_options(to=to).server == server


@pytest.mark.parametrize(
    "to",
    ["", "127.0.0.1:80", "ftp://a", "http://", "http://a:0", "http://a:x", "http://u:p@a", "http://a?b", "http://[::1"],
)
def test_an_address_that_is_none_is_refused(to: str) -> None:
    """One line, with what was given."""
    with pytest.raises(UnusableInput, match=r"^to: expected http://HOST:PORT, got "):
        Settings.from_options(to=to)


def test_https_is_refused() -> None:
    """The proxy could not tell requests apart."""
    with pytest.raises(UnusableInput, match=r"^to: expected http, "):
        Settings.from_options(to="https://a")


def test_a_fault_of_the_server_is_refused() -> None:
    """It says whose it is."""
    with pytest.raises(UnusableInput, match="expected a fault of the network, wrong-visitor is one of the server"):
        Settings.from_options(to="http://a", faults=["wrong-visitor"])


def drawn(*faults: str) -> Plan | None:
    """What strikes a request under these faults."""
    clock = Clock(started=True)
    return draw([Injection(parse(fault, "network"), clock, 1) for fault in faults])


def test_nothing_strikes_outside_a_window() -> None:
    """Then a request has no plan at all."""
    assert drawn("latency:from_s=1000", "down") is None


def test_latencies_add_up_within_their_jitter() -> None:
    """Each is drawn anew."""
    delays = set()
    clock = Clock(started=True)
    both = [Injection(parse(text), clock, seed) for seed, text in enumerate(["latency:delay_ms=100,jitter_ms=10"] * 2)]
    for _ in range(100):
        plan = draw(both)
        assert plan is not None
        delays.add(plan.delay_s)
    assert len(delays) == 100
    assert 0.18 <= min(delays) < 0.19 < 0.21 < max(delays) <= 0.22


@pytest.mark.parametrize(
    ("faults", "pace"),
    [
        (["bandwidth:bytes_per_s=5", "bandwidth:bytes_per_s=9"], Pace(bytes_per_s=5)),
        (["slicer:slice_bytes=5,delay_ms=2", "slicer:slice_bytes=9,delay_ms=3"], Pace(5, 0.003)),
        (["slicer:slice_bytes=5,delay_ms=2", "bandwidth:bytes_per_s=9"], Pace(5, 0.002, 9)),
        (["slicer:slice_bytes=0.5"], Pace(1, 0.001)),
    ],
)
def test_the_slowest_pace_holds(faults: list[str], pace: Pace) -> None:
    """Of several."""
    plan = drawn(*faults)
    assert plan is not None
    assert plan.pace == pace
