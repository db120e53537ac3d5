"""What keeps others from harm: load goes to this machine, or to hosts that are named for it, at a rate with a ceiling."""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from math import inf

from inorder.driver.quota import check as check_processes
from inorder.driver.target import Server, Target
from inorder.errors import UnusableInput
from inorder.targets.file import Safety
from inorder.targets.system import Named

_HOST = re.compile(r"[A-Za-z0-9:_.-]+")


def permitted(system: Named, hosts: Sequence[str] = (), calls_per_s: float | None = None) -> Named:
    """The same system with what the command line adds: hosts that may be sent load, and a ceiling; the lower one counts."""
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise UnusableInput(f"--yes-load: expected one host as it stands in the target's address, got {host!r}")
    if calls_per_s is not None and not 1 <= calls_per_s < inf:
        raise UnusableInput(f"--max-rate: expected at least 1 call a second, got {calls_per_s:g}")
    own = system.given.safety
    ceilings = [rate for rate in (own.calls_per_s, calls_per_s) if rate is not None]
    safety = Safety([*own.load_allowed, *hosts], min(ceilings, default=None))
    return system.with_given(safety=safety)


def target_of(system: Named, processes: int = 1) -> Target:
    """Resolve a system that load is about to be made against, by so many processes.

    Raises UnusableInput with one line where it is not this machine's and nobody has said that it may be sent load, where
    the load then has no ceiling, or where each process could not make a call a second.
    """
    target = system.resolve()
    with system.naming():
        for server in target.servers:
            _check(server, system.given.safety)
    if target.calls_per_s is not None:
        check_processes(target.calls_per_s, processes)
    return target


def _check(server: Server, safety: Safety) -> None:
    host = server.hostname
    elsewhere = [address for address in server.addresses if not is_loopback(address)]
    if not elsewhere:
        return
    if len(elsewhere) < len(server.addresses):
        known = ", ".join(server.addresses)
        raise UnusableInput(
            f"target: {host} is this machine and another one ({known}); expected one of them: no load is made"
        )
    if host.lower() not in (own.lower() for own in safety.load_allowed):
        raise UnusableInput(
            f"target: {host} is not this machine ({elsewhere[0]}): no load is made without --yes-load {host}, or "
            f'load_allowed = ["{host}"] in [safety] of its target file'
        )
    if safety.calls_per_s is None:
        raise UnusableInput(
            f"target: {host} is not this machine: no load is made without a ceiling, --max-rate N or calls_per_s = N in "
            "[safety] of its target file (calls a second)"
        )


def is_loopback(address: str) -> bool:
    """Whether an IP address is of this machine's own loopback interface."""
    ip = ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return (mapped or ip).is_loopback
