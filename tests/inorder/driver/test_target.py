"""A target of several servers: each address is resolved, checked and named, and calls are drawn evenly over them."""

import socket
from collections import Counter
from itertools import pairwise

import pytest

from inorder.driver.target import Target, bases_of, server_of
from inorder.errors import TargetUnavailable, UnusableInput
from inorder.targets import reach
from inorder.targets.system import named
from tests.inorder.driver.scripted import OK, Exchange, Scripted

ONE, TWO, THREE = "http://127.0.0.1:8101/1.0", "https://127.0.0.2:8102/eu/1.0", "http://[::1]/1.0"


@pytest.mark.parametrize(
    "given", [[ONE, TWO, THREE], f"{ONE},{TWO},{THREE}", f" {ONE}/, {TWO} ,{THREE}", [f"{ONE},{TWO}", THREE]]
)
def test_several_bases_are_given_one_by_one_or_with_commas(given: str | list[str]) -> None:
    """And the line in which they are written down gives the same target again."""
    target = Target.resolve(given, {"apiKey": "k", "partnerId": "p"})
    assert [server.base for server in target.servers] == bases_of(target.base) == [ONE, TWO, THREE]
    assert [server.address[:2] for server in target.servers] == [("127.0.0.1", 8101), ("127.0.0.2", 8102), ("::1", 80)]
    assert [server.tls is not None for server in target.servers] == [False, True, False]


def test_each_server_has_a_path_and_a_host_of_its_own() -> None:
    """In the heads of requests; the log is read back from the first."""
    target = Target.resolve([ONE, TWO], {"apiKey": "k & k", "partnerId": "p"})
    first, second = (target.head("view", server).split(b"\r\n") for server in range(2))
    assert first[:2] == [b"POST /1.0/view?apiKey=k+%26+k&partnerId=p HTTP/1.1", b"Host: 127.0.0.1:8101"]
    assert second[:2] == [b"POST /eu/1.0/view?apiKey=k+%26+k&partnerId=p HTTP/1.1", b"Host: 127.0.0.2:8102"]
    assert target.origin == "http://127.0.0.1:8101"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (f"{ONE},nonsense", r"target: expected http\(s\)://host\[:port\]/path, got 'nonsense'"),
        (f"{ONE},", "target: expected .*, got ''"),
        ([ONE, "http://[::1/1.0"], r"target: expected .*, got 'http://\[::1/1.0'"),
        (f"{ONE}, {ONE}/", "target: expected each address once, got 'http://127.0.0.1:8101/1.0' twice"),
        ([ONE, "http://u:hush@elsewhere/1.0"], "target: expected no user or password in the address of elsewhere"),
        ("http://h/1.0?apiKey=hush", r"got 'http://h/1\.0' with a query$"),
        (["http://h/1.0?apiKey=hush"] * 2, r"got 'http://h/1\.0' with a query twice$"),
        ("http://u:hush@h:port/1.0", r"got 'http://\*\*\*@h:port/1\.0'$"),
        ([ONE, "http://nowhere.invalid/1.0"], r"target: nowhere\.invalid: cannot be resolved"),
    ],
)
def test_a_bad_one_among_good_ones_is_named(given: str | list[str], said: str) -> None:
    """One line, before any load."""
    with pytest.raises(UnusableInput, match=said) as caught:
        Target.resolve(given, {"apiKey": "k", "partnerId": "p"})
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


def asked(bases: list[str]) -> None:
    """Check each server of a system."""
    system = named(bases)
    reach.check(system, system.resolve())


@pytest.mark.parametrize("status", [0, 401, 500])
def test_the_check_asks_each_server(status: int) -> None:
    """The first is healthy, the second is gone, refuses the key or fails: it is the one that is named."""

    def ill(exchange: Exchange) -> None:
        exchange.answer(OK.replace(b"200 OK", b"%d X" % status))

    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Scripted(lambda exchange: exchange.answer()) as healthy, Scripted(ill) as other:
        second = other.base if status else f"http://127.0.0.1:{port}/1.0"
        with pytest.raises(TargetUnavailable, match=f"target {second}: {f'answers {status}' if status else 'no answer'}"):
            asked([healthy.base, second])
        assert len(healthy.requests) == 1
        asked([healthy.base])


@pytest.mark.parametrize("servers", range(1, 9))
def test_calls_are_drawn_evenly_and_a_servers_successors_too(servers: int) -> None:
    """Each server takes its share, and each pair of servers takes its share of a visitor's successive batches."""
    drawn = [[server_of(f"abcdefgh{who}.b{batch}", 1, servers) for batch in range(1, 12)] for who in range(2000)]
    shares = Counter(server for mine in drawn for server in mine)
    steps = Counter(step for mine in drawn for step in pairwise(mine))
    assert len(shares) == servers
    assert len(steps) == servers**2
    # Five standard deviations of a fair draw.
    for counts in (shares, steps):
        total, share = counts.total(), 1 / len(counts)
        most = 5 * (total * share * (1 - share)) ** 0.5
        assert all(abs(count - total * share) <= most for count in counts.values())


@pytest.mark.parametrize("servers", range(2, 9))
def test_the_next_attempt_goes_to_another_server(servers: int) -> None:
    """And after as many attempts as there are servers each has been asked."""
    for who in range(200):
        attempts = [server_of(f"abcdefgh{who}.b1", attempt, servers) for attempt in range(1, servers + 1)]
        assert sorted(attempts) == list(range(servers))
