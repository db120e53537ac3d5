"""Nothing is sent beyond this machine unless the host is named for it and the load has a ceiling; nothing here is sent."""

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
import pytest

from inorder import conduct, scenario
from inorder.driver import target as targets
from inorder.driver.connection import Connection
from inorder.errors import UnusableInput
from inorder.targets import reach, safety
from inorder.targets.file import Safety, TargetFile
from inorder.targets.system import Named
from tests.crowd_runs import ROOT
from tests.crowd_runs import scenario as small
from tests.inorder.driver.scripted import Scripted

HOSTS = {
    "shop.example": ["203.0.113.7"],
    "six.example": ["2001:db8::7", "203.0.113.7"],
    "both.example": ["127.0.0.1", "203.0.113.7"],
    "localhost": ["127.0.0.1", "::1"],
    "127.0.0.1": ["127.0.0.1"],
    "home.example": ["127.0.0.2"],
    "::ffff:127.0.0.1": ["::ffff:127.0.0.1"],
    "::ffff:203.0.113.7": ["::ffff:203.0.113.7"],
    "::1": ["::1"],
    "0.0.0.0": ["0.0.0.0"],
    "203.0.113.7": ["203.0.113.7"],
}
NOBODY = "target: {} is not this machine"
NO_CEILING = "target: {} is not this machine: no load is made without a ceiling, --max-rate N or calls_per_s = N"


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that resolve as HOSTS says, without asking anybody."""

    def told(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in HOSTS[host.lower()]]

    monkeypatch.setattr(targets, "getaddrinfo", told)


def system(*hosts: str, **given: Any) -> Named:
    """A system of these hosts."""
    bases = [f"http://{f'[{host}]' if ':' in host else host}:8099/1.0" for host in hosts]
    return Named(TargetFile(bases=bases, safety=Safety(**given)))


@pytest.mark.parametrize("host", ["localhost", "home.example", "::1", "::ffff:127.0.0.1"])
def test_this_machine_needs_no_word(host: str) -> None:
    """Nor a ceiling, whatever its loopback interface is called."""
    assert safety.target_of(system(host)).calls_per_s is None


@pytest.mark.parametrize("host", ["shop.example", "six.example", "0.0.0.0", "203.0.113.7", "::ffff:203.0.113.7"])
def test_another_machine_is_refused_in_one_line_that_says_both_ways(host: str) -> None:
    """By a name or by an address; also where the first of several addresses is named only."""
    with pytest.raises(UnusableInput) as refused:
        safety.target_of(system(host, calls_per_s=10))
    told = str(refused.value)
    assert told.startswith(NOBODY.format(host))
    assert f"--yes-load {host}" in told
    assert f'load_allowed = ["{host}"] in [safety] of its target file' in told
    assert "\n" not in told


@pytest.mark.parametrize("way", ["file", "option"])
def test_a_host_that_is_named_still_needs_a_ceiling(way: str) -> None:
    """Either may come from the target file or from the command line."""
    allowed = system("shop.example", load_allowed=["shop.example"]) if way == "file" else system("shop.example")
    named = safety.permitted(allowed, [] if way == "file" else ["shop.example"])
    with pytest.raises(UnusableInput, match=NO_CEILING.format("shop.example")):
        safety.target_of(named)
    assert safety.target_of(safety.permitted(named, [], 20.0)).calls_per_s == 20.0


@pytest.mark.parametrize(
    ("own", "given", "counts"), [(5.0, 20.0, 5.0), (20.0, 5.0, 5.0), (None, 7.0, 7.0), (7.0, None, 7.0)]
)
def test_the_lower_ceiling_counts(own: float | None, given: float | None, counts: float) -> None:
    """The command line cannot lift what the file says; a ceiling holds on this machine too."""
    assert safety.target_of(safety.permitted(system("localhost", calls_per_s=own), [], given)).calls_per_s == counts


@pytest.mark.parametrize("named", ["example", ".example", "www.shop.example", "203.0.113.7", "localhost"])
def test_the_name_must_be_the_one_in_the_address(named: str) -> None:
    """Not a part of it, nor what it resolves to."""
    with pytest.raises(UnusableInput, match=NOBODY.format("shop.example")):
        safety.target_of(safety.permitted(system("shop.example"), [named], 10.0))


def test_letters_of_either_case_are_one_name() -> None:
    """As in all names of hosts."""
    assert safety.target_of(safety.permitted(system("Shop.Example"), ["SHOP.example"], 10.0)).servers


@pytest.mark.parametrize("host", ["*", "*.example", "", "a b", "http://shop.example/", "a,b"])
def test_no_wildcard_and_no_address_is_a_host(host: str) -> None:
    """One line."""
    with pytest.raises(UnusableInput, match=r"^--yes-load: expected one host as it stands in the target's address, got "):
        safety.permitted(system("shop.example"), [host])


@pytest.mark.parametrize("rate", [0.0, -1.0, 0.5, float("nan"), float("inf")])
def test_a_ceiling_is_a_number_of_calls(rate: float) -> None:
    """At least one a second."""
    with pytest.raises(UnusableInput, match=r"^--max-rate: expected at least 1 call a second, got "):
        safety.permitted(system("localhost"), [], rate)


def test_a_name_of_this_machine_and_another_is_refused_though_it_is_named() -> None:
    """Nobody can tell which of them would be sent the load."""
    allowed = safety.permitted(system("both.example"), ["both.example"], 10.0)
    with pytest.raises(UnusableInput, match=r"^target: both.example is this machine and another one \(127.0.0.1, 203"):
        safety.target_of(allowed)


def test_a_refusal_names_the_target_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one."""
    for name in ("INORDER_API_KEY", "INORDER_PARTNER_ID"):
        monkeypatch.setenv(name, "k")
    with pytest.raises(UnusableInput, match=r"^shop\.toml: target: shop\.example is not this machine"):
        safety.target_of(replace(system("shop.example"), path=Path("shop.toml"), carrying=None))


def test_each_server_must_be_named() -> None:
    """One that is does not speak for the others."""
    allowed = safety.permitted(system("localhost", "203.0.113.7", "shop.example"), ["203.0.113.7"], 10.0)
    with pytest.raises(UnusableInput, match=NOBODY.format("shop.example")):
        safety.target_of(allowed)


def test_more_processes_than_the_ceiling_are_refused() -> None:
    """Before anything is started."""
    with pytest.raises(UnusableInput, match=r"^--processes: expected at most 3, for the quota is 3 calls a second, got 4$"):
        safety.target_of(system("localhost", calls_per_s=3), 4)


def test_a_run_is_refused_before_anything_is_sent_or_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with a fault of the network, whose proxy is this machine's; no folder is left."""
    monkeypatch.setattr(reach, "check", lambda *_: pytest.fail("was asked"))
    file = small(tmp_path, sla='[[faults]]\nname = "swallow"\n')
    asked = conduct.Run(file=file, targets=["http://shop.example/1.0"])
    with pytest.raises(UnusableInput, match=NOBODY.format("shop.example")):
        conduct.conduct(asked, tmp_path / "run", 1, lambda _: None, lambda _: None)
    assert not (tmp_path / "run").exists()
    assert scenario.load(file).faults


REFUSED = """
import socket, sys
from inorder.driver import target
target.getaddrinfo = lambda host, port, **_: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.7", port))]
sys.argv = ["locust", "-f", "locustfiles/visitors.py", "--headless", "--host", "http://shop.example/1.0", *sys.argv[1:]]
from locust.main import main
main()
"""


@pytest.mark.parametrize("more", [[], ["--yes-load", "shop.example"]])
def test_locust_alone_is_refused_too(tmp_path: Path, more: list[str]) -> None:
    """One line, exit code 2."""
    command = [sys.executable, "-c", REFUSED, "--scenario", str(small(tmp_path)), "--loglevel", "CRITICAL", *more]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 2, done.stderr
    assert f"inorder: {NOBODY.format('shop.example')}" in done.stderr
    assert ("without a ceiling" in done.stderr) == bool(more)


def test_a_redirect_is_not_followed() -> None:
    """Neither by the load nor by what asks before it: an answer that names another host sends nothing there."""
    with Scripted(lambda exchange: exchange.answer()) as other:
        away = f"HTTP/1.1 307 X\r\nLocation: {other.base}/b?apiKey=hush\r\nContent-Length: 0\r\n\r\n".encode()
        with Scripted(lambda exchange: exchange.answer(away)) as server:
            near = Named(TargetFile(bases=[server.base.replace("localhost", "127.0.0.1")]))
            target = safety.target_of(near)
            with pytest.raises(UnusableInput, match=r"redirects .307. to http://localhost:.*/b; no redirect"):
                reach.check(near, target)
            answer = Connection(target.servers[0], gevent.get_hub()).request(target.head("view"), b"{}")
            assert len(server.requests) == 2
    assert (answer.outcome, answer.status) == ("rejected", 307)
    assert other.requests == []
