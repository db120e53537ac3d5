"""The visitors with an anomaly: what befalls the sixty events of each kind, and what a judge must find."""

from dataclasses import dataclass, field

BATCH = 20
"""Events in a batch; the last of a visitor may have fewer."""
EVENTS = 3 * BATCH
"""Events of a victim: three batches, sent one after another's success unless said otherwise."""
ODD = EVENTS
"""In `stored`, a row that is not as any event was sent; `odd` says how."""

FAILING = (
    "reordered-in-batch reordered-across-batches lost ghost phantom corrupt misrouted duplicate-unexplained "
    "vanished rewritten"
).split()
"""Anomalies that break a promise."""
ANOMALIES = (
    "reordered-in-batch reordered-across-batches lost unseen ghost phantom corrupt misrouted duplicate-unexplained "
    "duplicate-explained zombie torn recovered split vanished rewritten"
).split()

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Victim:
    """One kind. `stored`: ranges of its events (from, to), in the order in which the log holds them."""

    stored: Ranges
    found: dict[str, int]
    """Anomaly to how many a judge must find, all of them."""
    last: str = "confirmed"
    """Outcome of the last batch's only call."""
    resent: bool = False
    """Whether the second batch is sent twice, the first time without a certain answer."""
    parallel: bool = False
    """Whether the client sends the second batch while the first is in flight."""
    disorder: int = 0
    """Events out of the visitor's own order, where the client's breach left none."""
    ordinary: bool = False
    """Whether the last event is an ordinary call, sent just before the second batch and answered after it left."""
    odd: str = ""
    """`phantom`: no call carried it; `corrupt`: event 25 with another payload; `misrouted`: event 25 elsewhere."""
    earlier: Ranges = field(default=())
    """What an earlier reading of the log held, where it is not `stored`."""

    @property
    def affected(self) -> bool:
        """Whether it counts as affected: something that breaks a promise befell it, whoever is to blame."""
        return any(name in FAILING for name in self.found)


_ALL = ((0, 60),)
_WITHIN = ((0, 27), (28, 29), (27, 28), (29, 60))  # 28 before 27, of the second batch
_ACROSS = ((0, 20), (40, 60), (20, 40))  # the third batch before the second
_ODD_25 = ((0, 25), (ODD, ODD + 1), (26, 60))

VICTIMS: dict[str, Victim] = {
    "reordered-in-batch": Victim(_WITHIN, {"reordered-in-batch": 1}),
    "reordered-across-batches": Victim(_ACROSS, {"reordered-across-batches": 20}),
    "client, reordered-in-batch": Victim(_WITHIN, {"reordered-in-batch": 1}, parallel=True),
    "client, reordered-across-batches": Victim(_ACROSS, {"reordered-across-batches": 20}, parallel=True),
    "client, disorder": Victim(((20, 40), (0, 20), (40, 60)), {}, parallel=True, disorder=20),
    "lost": Victim(((0, 24), (28, 60)), {"lost": 4}),
    "ghost": Victim(_ALL, {"ghost": 20}, last="rejected"),
    "phantom": Victim(((0, 40), (ODD, ODD + 1), (40, 60)), {"phantom": 1}, odd="phantom"),
    "corrupt": Victim(_ODD_25, {"corrupt": 1}, odd="corrupt"),
    "misrouted": Victim(_ODD_25, {"misrouted": 1}, odd="misrouted"),
    "duplicate-unexplained": Victim(((0, 26), (25, 60)), {"duplicate-unexplained": 1}),
    "duplicate-explained": Victim(((0, 40), (20, 60)), {"duplicate-explained": 20}, resent=True),
    "zombie": Victim(((0, 60), (20, 40)), {"duplicate-explained": 20, "zombie": 20}, resent=True),
    "torn": Victim(((0, 50),), {"torn": 1, "recovered": 10}, last="indeterminate"),
    "recovered": Victim(_ALL, {"recovered": 20}, last="indeterminate"),
    "split": Victim(((0, 30), (59, 60), (30, 59)), {"split": 1}, ordinary=True),
}
"""Kind to victim; each kind befalls visitors of its own."""

READINGS: dict[str, Victim] = {
    "vanished": Victim(((0, 59),), {"vanished": 1}, earlier=_ALL),
    "rewritten": Victim(_ALL, {"rewritten": 2}, earlier=((0, 58), (59, 60), (58, 59))),
}
"""Those that only a second reading of the log shows."""
