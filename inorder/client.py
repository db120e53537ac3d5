"""How the client software of the visitors behaves, its bad habits among it: `[client]` of a scenario."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from inorder.bounds import Count, Positive


class Client(Struct, forbid_unknown_fields=True, frozen=True):
    """How the client software of the visitors behaves."""

    batch_size: Annotated[int, Meta(ge=1, le=1000)] = 20
    backlog: Literal["batches", "ordinary"] = "batches"
    """How the backlog is sent: by `visitorEvents`, or (a control) one ordinary call an event."""
    calls_in_flight: Annotated[int, Meta(ge=1, le=15)] = 1
    """Calls of one visitor in flight at once; above 1 the client breaks the contract (a control)."""
    visitors_per_call: Annotated[int, Meta(ge=1, le=100)] = 1
    """Above 1: a gateway collects that many visitors and sends their backlogs in common calls."""
    connections: Annotated[int, Meta(ge=1, le=15000)] = 256
    """Connections at once, over all processes."""
    connection: Literal["fresh", "kept"] = "fresh"
    """Whether a returning visitor opens a connection of its own, or takes one that is kept."""
    batch_timeout_s: Positive = 30.0
    ordinary_timeout_s: Positive = 0.5
    backoff_base_s: Positive = 0.2
    """First bound of the backoff, doubled each time; the wait is drawn between 0 and the bound (full jitter)."""
    backoff_cap_s: Positive = 10.0
    attempts: Count = 8
    """Calls of one batch before the visitor gives up, with the rest of its backlog unsent."""
    on_retry: Literal["wait", "overtake", "requeue"] = "wait"
    """While a batch backs off: the visitor waits, or sends the later ones (`overtake`: and the batch again as soon as its
    backoff is over; `requeue`: only after all the others)."""
    queue_order: Literal["made", "text"] = "made"
    """`text`: the batches are sent in the order of their numbers sorted as texts, 10 before 2."""
    flush_again_s: Positive | None = None
    """A batch without an answer for so long is sent once more while the first call is in flight."""
    queue_limit: Count | None = None
    """Events that the client keeps while it is offline: the oldest beyond them are dropped and never sent."""
    live: Literal["after", "overtakes"] = "after"
    """`overtakes`: the events made online after the return do not wait for the backlog."""

    def habits(self) -> dict[str, object]:
        """The habits of the queue that are on, by key."""
        keys = ("on_retry", "queue_order", "flush_again_s", "queue_limit", "live")
        usual = ("wait", "made", None, None, "after")
        return {key: getattr(self, key) for key, value in zip(keys, usual, strict=True) if getattr(self, key) != value}

    def misplaced_habit(self) -> str | None:
        """What a habit of the queue expects of the other keys and does not find."""
        for habit, value in self.habits().items():
            if self.backlog != "batches":
                return f"expected backlog = 'batches' with {habit} = {value!r}: it is a habit of a queue of batches"
            if self.visitors_per_call > 1:
                return f"expected visitors_per_call = 1 with {habit} = {value!r}, got {self.visitors_per_call}"
            if self.calls_in_flight > 1:
                return f"expected calls_in_flight = 1 with {habit} = {value!r}, got {self.calls_in_flight}"
        if self.flush_again_s is not None:
            if self.on_retry != "wait":
                return f"expected on_retry = 'wait' with flush_again_s, got {self.on_retry!r}"
            if self.flush_again_s >= self.batch_timeout_s:
                return (
                    f"expected flush_again_s below batch_timeout_s, got {self.flush_again_s:g} and {self.batch_timeout_s:g}"
                )
        return None
