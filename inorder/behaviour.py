"""What visitors do: sessions from a synthetic model, the same for the same seed in whatever process they are made.

The model has the quantiles of real shopping sessions (docs/behaviour.md): how many events, how long between them, and
what follows what. A cursor walks one visitor's session and yields envelopes; it holds a few numbers only, since all
draws are hashes of (seed, visitor, event), so a million waiting visitors cost little.
"""

from bisect import bisect_right
from datetime import UTC, datetime
from math import exp, log
from typing import Protocol

from inorder.events import Namespace
from inorder.randomness import EventDraws, draws, unit
from inorder.templates import CARTS, CATEGORY_PATH, CATEGORY_VIEW, CLICKS, ORDERS, spread

SIZE_QUANTILES = ((0.0, 1.0), (0.5, 6.0), (0.75, 15.0), (0.9, 39.0), (0.95, 68.0), (0.99, 130.0), (1.0, 500.0))
"""Events a session: (share of sessions, at most). The 99 % knot is set so that the mean is 16.8."""
GAP_QUANTILES_S = ((0.0, 1.0), (0.05, 4.0), (0.5, 40.0), (0.75, 120.0), (0.95, 1800.0), (1.0, 28800.0))
"""Seconds between two events: (share of gaps, at most)."""
TIE_SHARE = 0.02
"""Share of gaps that are exactly zero."""

CLICK, CART, ORDER = range(3)
NEXT_SHARES = {CLICK: (0.937, 0.058, 0.005), CART: (0.882, 0.098, 0.020), ORDER: (0.700, 0.050, 0.250)}
"""What follows a click, a cart and an order; the last row is ours: a further line of the same order, or anything."""

_EPOCH = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
"""Start of the synthetic time: fixed, so that the same seed gives the same bytes."""
_SPREAD_S = 12 * 3600
_GAP_SLOTS = 4096
_CLICK_SLOTS = 256


def quantile(knots: tuple[tuple[float, float], ...], share: float) -> float:
    """The value below which `share` of the values lie: log-linear between the knots."""
    at = min(bisect_right(knots, (share, float("inf"))), len(knots) - 1)
    (low, a), (high, b) = knots[at - 1], knots[at]
    return exp(log(a) + (log(b) - log(a)) * (share - low) / (high - low))


class Cursor(Protocol):
    """A place in one visitor's session."""

    @property
    def seq(self) -> int:
        """The next event's seq."""

    def take(self, count: int, ordinary: bool) -> list[bytes]:
        """The next `count` events as canonical envelopes; `ordinary`: each is an ordinary call of its own."""


class Behaviour(Protocol):
    """Where sessions come from."""

    def size(self, number: int) -> int:
        """How many events visitor `number` makes, at least 1."""

    def cursor(self, number: int) -> Cursor:
        """The start of the session of visitor `number`."""


DAY_S = 86400


class Clock:
    """Seconds since 1970 as the API's time text, from tables: formatting a time costs two look-ups."""

    def __init__(self) -> None:
        self.times = [b"T%02d:%02d:%02d+00:00" % (s // 3600, s // 60 % 60, s % 60) for s in range(DAY_S)]
        """The second half of a time text, by the second of the day."""
        self._days: dict[int, bytes] = {}

    def date(self, day: int) -> bytes:
        """The first half of a time text, by days since 1970."""
        date = self._days.get(day)
        if date is None:
            date = self._days[day] = datetime.fromtimestamp(day * DAY_S, UTC).date().isoformat().encode()
        return date


class Synthetic:
    """The synthetic model; all tables are built here, before the clock of a run starts."""

    def __init__(self, seed: int, namespace: Namespace) -> None:
        self.seed = seed
        self.namespace = namespace
        self.events = EventDraws(seed)
        self.clock = Clock()
        self.gaps = [0 if i < TIE_SHARE * _GAP_SLOTS else self._gap(i) for i in range(_GAP_SLOTS)]
        self.next = [self._thresholds(NEXT_SHARES[kind]) for kind in (CLICK, CART, ORDER)]
        clicks, carts, orders = spread(CLICKS, _CLICK_SLOTS), spread(CARTS, _CLICK_SLOTS), spread(ORDERS, _CLICK_SLOTS)
        self.batch_tables = [clicks, carts, orders]
        online = list(clicks)
        # Half of the category views of an online visitor are told by path.
        views = [slot for slot, template in enumerate(clicks) if template is CATEGORY_VIEW]
        for slot in views[::2]:
            online[slot] = CATEGORY_PATH
        self.ordinary_tables = [online, carts, orders]

    @staticmethod
    def _gap(slot: int) -> int:
        return round(quantile(GAP_QUANTILES_S, (slot + 0.5) / _GAP_SLOTS))

    @staticmethod
    def _thresholds(shares: tuple[float, float, float]) -> tuple[int, int]:
        """16-bit bounds below which the next event is a click, or a cart."""
        return round(shares[0] * 65536), round((shares[0] + shares[1]) * 65536)

    def size(self, number: int) -> int:
        """How many events visitor `number` makes."""
        share = unit(draws(self.seed, "session", number, 1)[0])
        return max(1, min(500, round(quantile(SIZE_QUANTILES, share))))

    def cursor(self, number: int) -> "SyntheticCursor":
        """The start of the session of visitor `number`."""
        return SyntheticCursor(self, number)


class SyntheticCursor:
    """A place in a synthetic session: visitor, seq, what came before, and the synthetic time."""

    __slots__ = ("_kind", "_model", "_number", "_second", "_transaction", "seq")

    def __init__(self, model: Synthetic, number: int) -> None:
        start = draws(model.seed, "session", number, 2)[1]
        self._model = model
        self._number = number
        self._kind = CLICK
        self._second = _EPOCH + start % _SPREAD_S
        self._transaction = 0
        self.seq = 0

    def take(self, count: int, ordinary: bool) -> list[bytes]:
        """The next `count` events as canonical envelopes."""
        # The hottest loop of the driver: all that it uses is local, and an event costs one look-up a draw.
        model, number, seq, kind, second = self._model, self._number, self.seq, self._kind, self._second
        gaps, following, times = model.gaps, model.next, model.clock.times
        tables = model.ordinary_tables if ordinary else model.batch_tables
        name = model.namespace.name(number).encode()
        identity = model.namespace.base(number) + seq
        day = second // DAY_S
        date, midnight = model.clock.date(day), day * DAY_S
        bits = model.events.block(number, seq >> 4)
        envelopes = []
        for at in range(seq, seq + count):
            if not at & 15:
                bits = model.events.block(number, at >> 4)
            draw = bits[at & 15]
            before = kind
            if at:
                click, cart = following[kind]
                choice = draw & 65535
                kind = CLICK if choice < click else CART if choice < cart else ORDER
            if kind != ORDER or before != ORDER:  # lines of one order share a second and a transaction
                second += gaps[draw >> 16 & 4095]
                if second - midnight >= DAY_S:
                    day = second // DAY_S
                    date, midnight = model.clock.date(day), day * DAY_S
                if kind == ORDER:
                    self._transaction = identity
            template = tables[kind][draw >> 28 & 255]
            if kind == ORDER:
                envelopes.append(template % (identity, self._transaction, name, date, times[second - midnight]))
            else:
                envelopes.append(template % (identity, name, date, times[second - midnight]))
            identity += 1
        self.seq = seq + count
        self._kind, self._second = kind, second
        return envelopes
