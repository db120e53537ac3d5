"""All settings of the sandbox, checked before anything is opened."""

import os
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from inorder.errors import UnusableInput
from inorder.faults.fault import Fault
from inorder.faults.fault import parse as parse_fault
from inorder.sandbox.address import Address, Postgres, parse, shown

MAX_SERVERS = 64
MAX_PORT = 65_535


class Settings(Struct, frozen=True, kw_only=True):
    """How one sandbox is run; docs/sandbox.md says what each setting is for."""

    store: Address
    """The SQLite file, or the PostgreSQL database."""
    host: str = "127.0.0.1"
    port: int = 8099
    """0: any free port, which the start line names. Of several processes it is the first one's; the others' follow it."""
    servers: int = 4
    first_server: int = 1
    """Number of the first server; the names are s1, s2, …"""
    restart: bool = False
    """Whether a process that was killed is started again; with PostgreSQL it always is."""
    partner_id: str | None = None
    """None: any partnerId that is not empty."""
    api_key: str | None = None
    """None: any apiKey that is not empty."""
    readback_token: str | None = None
    """None: reading back is open, to clients on this machine only."""
    flush_ms: float = 100.0
    """Longest time that a server keeps an ordinary call before it stores it."""
    replication_delay_ms: float = 0.0
    """Time added between the commit of a batch and its answer, as a replica would add it."""
    commit_ms: float = 0.0
    """A commit takes at least so long, and `row_us` more for each of its rows: a slower disk than this machine's."""
    row_us: float = 0.0
    quota_per_s: float = 0.0
    """Calls a second before 429; 0: no quota."""
    max_events: int = 1000
    max_bytes: int = 1_048_576
    request_timeout_s: float = 10.0
    """A connection whose request is not whole after so long is closed."""
    max_connections: int = 16_384
    """Connections at once, fewer where the system lets the process open fewer files; one more is closed at once."""
    keep_alive_s: int = 5
    """An idle connection is closed after so long."""
    seed: int = 1
    """Of which server takes a call, of when each server flushes, and of the faults."""
    faults: tuple[Fault, ...] = ()
    """What is wrong on purpose, in the order in which it acts."""
    wait_for_start: bool = False
    """Whether the windows of the faults stay closed until the control endpoint is told the start of the load."""
    control_token: str | None = None
    """None: the control endpoints refuse all."""
    control_anywhere: bool = False
    """Whether the control endpoints are open to other machines."""

    def __repr__(self) -> str:
        """Name the store and the address only: the rest holds secrets."""
        return f"Settings(store={shown(self.store)!r}, host={self.host!r}, port={self.port})"

    @property
    def names(self) -> list[str]:
        """The names of the servers."""
        return [f"s{number}" for number in range(self.first_server, self.first_server + self.servers)]

    @property
    def processes(self) -> int:
        """How many processes serve: each server is one where the store takes several writers."""
        return self.servers if isinstance(self.store, Postgres) else 1

    def shares(self) -> list["Settings"]:
        """The settings of each process; the quota is divided, as nothing counts calls for all of them."""
        if self.processes == 1:
            return [self]
        quota = self.quota_per_s / self.servers
        return [
            structs.replace(self, servers=1, first_server=number, quota_per_s=quota)
            for number in range(self.first_server, self.first_server + self.servers)
        ]

    @classmethod
    def from_options(
        cls,
        *,
        store: str,
        host: str = "127.0.0.1",
        port: int = 8099,
        servers: int = 4,
        partner_id: str | None = None,
        api_key: str | None = None,
        readback_token: str | None = None,
        flush_ms: float = 100.0,
        replication_delay_ms: float = 0.0,
        commit_ms: float = 0.0,
        row_us: float = 0.0,
        quota_per_s: float = 0.0,
        max_events: int = 1000,
        max_bytes: int = 1_048_576,
        request_timeout_s: float = 10.0,
        max_connections: int = 16_384,
        keep_alive_s: int = 5,
        seed: int = 1,
        faults: Sequence[str] = (),
        wait_for_start: bool = False,
        control_anywhere: bool = False,
        restart: bool = False,
        environment: Mapping[str, str] = os.environ,
    ) -> "Settings":
        """Check what the command line or a scenario gave; raises UnusableInput with one line.

        `faults`: texts as the command line takes them (faults/fault.py). The secrets that no option names come from
        the environment: INORDER_API_KEY, INORDER_READBACK_TOKEN, INORDER_CONTROL_TOKEN.
        """
        _between("port", port, 0, MAX_PORT)
        _between("servers", servers, 1, MAX_SERVERS)
        _between("flush-ms", flush_ms, 1, 60_000)
        _between("replication-delay-ms", replication_delay_ms, 0, 600_000)
        _between("commit-ms", commit_ms, 0, 60_000)
        _between("row-us", row_us, 0, 1_000_000)
        _between("quota-per-s", quota_per_s, 0, 1e9)
        _between("max-events", max_events, 1, 1_000_000)
        _between("max-bytes", max_bytes, 1, 1 << 30)
        _between("request-timeout-s", request_timeout_s, 1, 86_400)
        _between("max-connections", max_connections, 1, 1_000_000)
        _between("keep-alive-s", keep_alive_s, 1, 86_400)
        for option, value in (("partner-id", partner_id), ("api-key", api_key)):
            if value == "":
                raise UnusableInput(f"{option}: expected at least one character")
        address = parse(store)
        if isinstance(address, Postgres) and port and port + servers - 1 > MAX_PORT:
            raise UnusableInput(f"port: expected at most {MAX_PORT - servers + 1} for {servers} servers, got {port}")
        return cls(
            store=address,
            host=host,
            port=port,
            servers=servers,
            partner_id=partner_id,
            api_key=api_key or environment.get("INORDER_API_KEY") or None,
            readback_token=readback_token or environment.get("INORDER_READBACK_TOKEN") or None,
            flush_ms=flush_ms,
            replication_delay_ms=replication_delay_ms,
            commit_ms=commit_ms,
            row_us=row_us,
            quota_per_s=quota_per_s,
            max_events=max_events,
            max_bytes=max_bytes,
            request_timeout_s=request_timeout_s,
            max_connections=max_connections,
            keep_alive_s=keep_alive_s,
            seed=seed,
            faults=tuple(parse_fault(fault, "server") for fault in faults),
            wait_for_start=wait_for_start,
            control_token=environment.get("INORDER_CONTROL_TOKEN") or None,
            control_anywhere=control_anywhere,
            restart=restart,
        )


def _between(option: str, value: float, low: float, high: float) -> None:
    """Refuse a number outside its bounds (NaN is outside all)."""
    if not low <= value <= high:
        raise UnusableInput(f"{option}: expected {low:.0f} to {high:.0f}, got {value:g}")
