"""The catalogue of faults: what each does, what one strike of it is drawn for, and what it counts."""

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["server", "network"]
Unit = Literal["events", "batches", "rows", "requests"]


@dataclass(frozen=True)
class Kind:
    """One kind of fault."""

    name: str
    side: Side
    does: str
    """What it does, as a sentence without a subject; its parameters are filled in."""
    unit: Unit = "events"
    """What its count of injections counts: each event, batch, row of the log or request once."""
    rate: float = 0.05
    """Share of the batches (of the network: of the requests) that it strikes, where none is given."""
    parameters: dict[str, float] = field(default_factory=dict)
    """The settings that it takes beside rate and window, with their defaults."""


def _server(name: str, does: str, unit: Unit = "events", rate: float = 0.05, **parameters: float) -> Kind:
    return Kind(name, "server", does, unit, rate, parameters)


def _network(name: str, does: str, rate: float = 0.05, **parameters: float) -> Kind:
    return Kind(name, "network", does, "requests", rate, parameters)


_ALL = (
    # What is lost.
    _server(
        "acknowledge-before-persisting",
        "answers at once and persists every {delay_ms:g} ms; it strikes such rounds, which a crash takes instead",
        delay_ms=40,
    ),
    _server(
        "failover-loses-tail",
        "fails over to a standby that lacks what was stored in the last {delay_ms:g} ms; a batch triggers it",
        rate=0.005,
        delay_ms=150,
    ),
    _server("partial-commit-prefix", "stores only the beginning of a batch, and confirms it"),
    _server("partial-commit-subset", "stores a batch with gaps, and confirms it"),
    _server("partial-commit-unanswered", "stores only the beginning of a batch, and never answers", "batches"),
    _server("drops-one-event", "confirms a batch with one of its events dropped"),
    _server(
        "drops-equal-payloads",
        "takes events of a visitor with one name and one second for duplicates, and drops all but the first",
        rate=1.0,
    ),
    # What the client cannot know.
    _server("commit-then-drop-answer", "commits, then closes the connection without an answer"),
    _server("504-then-commit", "answers 504, and commits {delay_ms:g} ms later", delay_ms=300),
    _server(
        "commit-after-next-batch",
        "lets a call time out (it gives no answer for {delay_ms:g} ms), and commits it after the visitor's next batch",
        delay_ms=1000,
    ),
    _server("429-but-applied", "commits, and answers 429"),
    _server("503-but-applied", "commits, and answers 503"),
    _server("400-but-applied", "commits, and answers 400"),
    # What is out of order.
    _server("worker-pool-per-event", "gives each event of a batch to a worker of its own"),
    _server(
        "async-by-shard",
        "confirms a batch at once, and applies it when its shard gets to it, in 0 to {delay_ms:g} ms",
        rate=0.3,
        delay_ms=300,
    ),
    _server(
        "merged-by-time",
        "spreads a batch over partitions whose clocks differ, and merges them by time every {delay_ms:g} ms",
        rate=0.3,
        delay_ms=50,
    ),
    _server(
        "sorted-by-timestamp",
        "stores what arrives within {delay_ms:g} ms by the time that the events carry, in whole seconds",
        rate=1.0,
        delay_ms=50,
    ),
    # What is stored wrongly.
    _server("wrong-visitor", "stores one event of a batch under another visitor"),
    _server("altered-payload", "stores one event of a batch with another time zone"),
    # What is read wrongly.
    _server("replica-lags", "reads the log later from a replica that lacks its newest part", "rows", 1.0),
    _server("replica-loses", "reads the log later from a replica that lacks some rows", "rows"),
    _server("replica-reorders", "reads the log later from a replica that has swapped neighbouring rows", "rows"),
    # The way between client and server.
    _network(
        "latency",
        "holds each answer back for {delay_ms:g} ms, give or take {jitter_ms:g} ms",
        1.0,
        delay_ms=50,
        jitter_ms=20,
    ),
    _network("bandwidth", "lets {bytes_per_s:,.0f} bytes a second through, in either direction", 1.0, bytes_per_s=200_000),
    _network(
        "slicer",
        "passes bytes on in slices of {slice_bytes:g} bytes, {delay_ms:g} ms apart",
        1.0,
        slice_bytes=200,
        delay_ms=1,
    ),
    _network("slow-close", "closes connections {delay_ms:g} ms after they should be", 1.0, delay_ms=300),
    _network("down", "refuses connections, and resets those that are open (it counts these)", 1.0),
    _network("timeout", "passes nothing on, and closes the connection after {delay_ms:g} ms", delay_ms=1000),
    _network("reset", "resets the connection: before the request is passed on, or in the middle of the answer"),
    _network("swallow", "passes the request on, and swallows the answer"),
    _network("inject-429", "answers 429 itself, and passes nothing on"),
    _network("inject-503", "answers 503 itself, and passes nothing on"),
    _network("replay", "passes the request on twice, and answers once"),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
"""By name."""
